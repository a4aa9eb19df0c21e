"""Velocities of a disc from a table of its azimuthal velocity's quantiles."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float
from scipy.special import ndtri

from .moments import Cylinder, CylindricalMoments
from .shu import ShuDisc, shape_exponent

Numbers = Float[np.ndarray, "n"]
Vectors = Float[np.ndarray, "n 3"]

INNERMOST, OUTERMOST = 500.0, 30_000.0
"""Radii between which the azimuthal velocity is tabulated [pc]."""
RADII = 104
"""Number of them, in equal steps of the logarithm: 4 per cent."""
HIGHEST = 10_000.0
"""Height up to which it is tabulated [pc]; beyond it, it is as there."""
HEIGHTS = 11
"""Number of them, in equal steps of the square root."""
NORMALS = np.linspace(-4.5, 4.5, 61)
"""Standard normal numbers whose quantiles are tabulated; they are 7e-6 apart from 1."""
GUIDING = np.geomspace(60.0, 60_000.0, 1500)
"""Guiding radii that the distribution is integrated over [pc]."""
LEAST = 1e-14
"""Smallest probability that a quantile is taken of."""


@dataclass(frozen=True)
class DiscTable:
    """Azimuthal velocities of a disc on a grid of radius and height.

    Attributes
    ----------
    disc
        What is tabulated.

    Notes
    -----
    Quantiles of the velocity over the circular speed's decrease with height are linear
    in the logarithm of the radius, in the square root of the height, and in the
    standard normal number they belong to: the velocity is close to Gaussian, so that
    few of them do.

    Inside 500 pc the distribution function says that nearly no star is bound to a
    radius so small, and what it leaves are stars of 1000 km/s. There the velocities
    about the mean are those at 500 pc, and the mean falls in proportion to the radius,
    as the circular speed does.
    """

    disc: ShuDisc

    @cached_property
    def radius(self) -> Numbers:
        """Radii of the grid [pc]."""
        return np.geomspace(INNERMOST, OUTERMOST, RADII)

    @cached_property
    def height(self) -> Numbers:
        """Heights of the grid [pc]."""
        return np.linspace(0.0, np.sqrt(HIGHEST), HEIGHTS) ** 2

    @cached_property
    def _tables(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Quantiles (radius, height, normal), mean and variance (radius, height).

        Of the velocity times the vertical factor of the circular speed.
        """
        shape = (RADII, HEIGHTS)
        quantiles = np.empty((*shape, len(NORMALS)))
        mean, variance = np.empty(shape), np.empty(shape)
        ratio = GUIDING / self.radius[:, None]
        exponent = shape_exponent(ratio)
        for k, height in enumerate(self.height):
            at = np.full_like(GUIDING, height)
            logarithm, concentration = self.disc.guiding_weight(GUIDING, at)
            weight = np.exp(logarithm + concentration * exponent) * GUIDING
            weight /= weight.sum(axis=1, keepdims=True)  # steps are equal in ln R_g
            velocity = self.disc.curve.speed(GUIDING, np.zeros_like(at)) * ratio
            mean[:, k] = (weight * velocity).sum(axis=1)
            deviation = velocity - mean[:, k, None]
            variance[:, k] = (weight * deviation**2).sum(axis=1)
            for i in range(RADII):
                normal = _normal_scores(weight[i])
                quantiles[i, k] = np.interp(NORMALS, normal, velocity[i])
        return quantiles, mean, variance

    def moments(self, place: Cylinder) -> CylindricalMoments:
        """Return the moments of the velocity at places."""
        _, mean, variance = self._tables
        corners, weights = self._corners(place)
        rotation = sum(w * mean.take(c) for c, w in zip(corners, weights, strict=True))
        spread = sum(
            w * variance.take(c) for c, w in zip(corners, weights, strict=True)
        )
        factor = self.disc.curve.vertical_factor(place.height)
        return CylindricalMoments(
            rotation=rotation / factor * np.minimum(place.radius / INNERMOST, 1.0),
            sigma_r=self.disc.radial_dispersion(place.radius),
            sigma_phi=np.sqrt(spread) / factor,
            sigma_z=self.disc.vertical_dispersion(place.radius),
            correlation=np.zeros_like(place.radius),
        )

    def draw(self, place: Cylinder, rng: np.random.Generator) -> Vectors:
        """Draw velocities outwards, in azimuth and upwards [km/s].

        Parameters
        ----------
        place
            Where the stars are.
        rng
            Of which three numbers are taken for each star.
        """
        normal = rng.standard_normal((len(place.radius), 3))
        normal[:, 0] *= self.disc.radial_dispersion(place.radius)
        normal[:, 1] = self.azimuthal(place, normal[:, 1])
        normal[:, 2] *= self.disc.vertical_dispersion(place.radius)
        return normal

    def azimuthal(self, place: Cylinder, normal: Numbers) -> Numbers:
        """Return azimuthal velocities [km/s] of standard normal numbers.

        Parameters
        ----------
        place
            Where the stars are.
        normal
            Of each star; the velocity has the same probability of being exceeded.
        """
        step = NORMALS[1] - NORMALS[0]
        within = np.clip((normal - NORMALS[0]) / step, 0.0, len(NORMALS) - 1.0000001)
        first = within.astype(np.int64)
        part = within - first
        corners, weights = self._corners(place)
        table = self._tables[0].reshape(-1)
        found = np.zeros_like(within)
        for corner, weight in zip(corners, weights, strict=True):
            flat = corner * len(NORMALS) + first
            low = table.take(flat)
            low += part * (table.take(flat + 1) - low)
            low *= weight
            found += low
        found -= self._slower(place)
        found /= self.disc.curve.vertical_factor(place.height)
        return found

    def _slower(self, place: Cylinder) -> Numbers:
        """Return by how much stars inside the grid rotate slower than at its edge.

        Times the vertical factor, as the tables.
        """
        short = 1.0 - np.minimum(place.radius / INNERMOST, 1.0)
        slower = np.zeros_like(short)
        rows = np.flatnonzero(short)
        if len(rows):
            _, along, part = self._cell(place.height[rows])
            edge = self._tables[1][0]
            mean = edge[along] * (1.0 - part) + edge[along + 1] * part
            slower[rows] = short[rows] * mean
        return slower

    def _cell(self, height: Numbers) -> tuple[Numbers, np.ndarray, Numbers]:
        step = np.sqrt(HIGHEST) / (HEIGHTS - 1)
        scaled = np.minimum(np.sqrt(np.abs(height)) / step, HEIGHTS - 1.0000001)
        cell = scaled.astype(np.int64)
        return scaled, cell, scaled - cell

    def _corners(
        self, place: Cylinder
    ) -> tuple[tuple[np.ndarray, ...], tuple[Numbers, ...]]:
        """Return flat indices of the four grid points around places, and weights."""
        step = np.log(OUTERMOST / INNERMOST) / (RADII - 1)
        outwards = np.log(np.maximum(place.radius, INNERMOST) / INNERMOST) / step
        np.minimum(outwards, RADII - 1.0000001, out=outwards)
        i = outwards.astype(np.int64)
        out = outwards - i
        _, k, up = self._cell(place.height)
        corner = i * HEIGHTS + k
        corners = (corner, corner + 1, corner + HEIGHTS, corner + HEIGHTS + 1)
        both = out * up
        return corners, (1.0 - out - up + both, up - both, out - both, both)


def _normal_scores(weight: Numbers) -> Numbers:
    """Return the standard normal numbers of the middles of cells, increasing.

    Parameters
    ----------
    weight
        Probabilities of the cells, which add up to 1.
    """
    below = np.cumsum(weight) - 0.5 * weight
    above = np.cumsum(weight[::-1])[::-1] - 0.5 * weight
    lower = below < 0.5
    tail = ndtri(np.maximum(np.where(lower, below, above), LEAST))
    return np.where(lower, tail, -tail)


__all__ = ["DiscTable"]
