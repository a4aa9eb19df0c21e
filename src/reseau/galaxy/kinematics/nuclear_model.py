"""The self-consistent nuclear disc and the nuclear cluster, and their moments.

``examples/make_nuclear_moments.py`` writes the shipped tables with these functions.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float
from scipy.interpolate import RectBivariateSpline

from .jeans import solve_jeans
from .multipole import Density, Multipole
from .quasi_isothermal import Circles, LocalMoments, QuasiIsothermal, local_moments
from .staeckel import Place

Array = Float[np.ndarray, "*#batch"]

MASS = 9.7e8
"""Of the nuclear disc [Msun] (Sormani et al. 2022)."""
FOCUS = 100.0
"""Δ of the coordinates that actions are taken in [pc]: suits orbits of 50 to 300 pc."""
DISTANCES = np.geomspace(0.5, 2000.0, 40)
"""Distances from the centre at which the density is computed [pc]."""
LATITUDES = np.linspace(0.0, 1.0, 16) ** 2
"""Sines of the latitudes at which it is computed."""
FAINTEST = 1e-12
"""Least density, relative to the greatest, of which a logarithm is taken."""
ON_AXIS = 1e-3
"""Radius that stands for the axis, relative to the distance."""


def cluster_density(radius: Array, height: Array) -> Array:
    """Return the density of the nuclear star cluster [Msun / pc³].

    Parameters
    ----------
    radius, height
        Where [pc].

    Notes
    -----
    Chatzopoulos et al. (2015, MNRAS 447, 948): a flattened Dehnen profile of 6.1e7
    Msun, slope 0.71, scale 5.9 pc, axis ratio 0.73.
    """
    mass, scale, slope, ratio = 6.1e7, 5.9, 0.71, 0.73
    a = np.maximum(np.hypot(radius, height / ratio), 1e-6)
    factor = (3.0 - slope) * mass * scale / (4.0 * np.pi * ratio)
    return factor / (a**slope * (a + scale) ** (4.0 - slope))


def first_disc_density(radius: Array, height: Array) -> Array:
    """Return the density that the nuclear disc's frequencies are taken of [Msun / pc³].

    Parameters
    ----------
    radius, height
        Where [pc].

    Notes
    -----
    Sormani et al. (2020, MNRAS 499, 7), eq. 24, times 0.9, as in Sormani et al. (2022).
    """
    a = np.hypot(radius, height / 0.37)
    inner = 2228.85 * np.exp(-((a / 5.0617) ** 0.7194))
    return 0.9 * (inner + 1699.75 * np.exp(-((a / 24.6) ** 0.7933)))


@dataclass(frozen=True)
class DiscModel:
    """A state of the iteration towards the self-consistent nuclear disc.

    Attributes
    ----------
    density
        Of the disc, of radius and height [Msun / pc³].
    function
        Distribution function of the actions.

    Notes
    -----
    There is no black hole in the potential, as in the published model: within some 10
    pc of one the coordinates of `FOCUS` would not suit it. Of the disc's stars 0.3 per
    cent are that near.
    """

    density: Density
    function: QuasiIsothermal = field(default_factory=QuasiIsothermal)

    @cached_property
    def potential(self) -> Multipole:
        """Potential of disc and cluster."""
        return Multipole(lambda r, z: self.density(r, z) + cluster_density(r, z))

    @cached_property
    def circles(self) -> Circles:
        """Circular orbits whose frequencies are taken: always the first potential's."""
        return Circles(
            Multipole(lambda r, z: first_disc_density(r, z) + cluster_density(r, z))
        )

    def at(self, radius: float, height: float) -> LocalMoments:
        """Return the moments at a place, the density up to the function's factor.

        Parameters
        ----------
        radius, height
            Where [pc].
        """
        near = max(radius, ON_AXIS * max(height, DISTANCES[0]))
        place = Place(self.potential, near, height, FOCUS)
        return local_moments(self.function, self.circles, place)

    def next(self) -> "DiscModel":
        """Return the model whose density is that of this one's stars."""
        sine = LATITUDES
        values = np.array(
            [
                [
                    self.at(r * np.sqrt(1.0 - s**2), r * s).density
                    for s in np.minimum(sine, 1.0 - 1e-9)
                ]
                for r in DISTANCES
            ]
        )
        values = np.maximum(values, FAINTEST * values.max())
        spline = RectBivariateSpline(
            np.log(DISTANCES), np.sqrt(sine), np.log(values), kx=3, ky=3
        )
        shape = _Interpolated(spline)
        return replace(self, density=_Scaled(shape, MASS / _mass(shape)))


@dataclass(frozen=True)
class _Interpolated:
    """A density interpolated in the logarithm of distance and the root of sin b."""

    spline: RectBivariateSpline

    def __call__(self, radius: Array, height: Array) -> Array:
        r = np.maximum(np.hypot(radius, height), DISTANCES[0])
        sine = np.abs(height) / np.maximum(np.hypot(radius, height), 1e-12)
        inside = r <= DISTANCES[-1]
        found = np.exp(
            self.spline.ev(np.log(np.minimum(r, DISTANCES[-1])), np.sqrt(sine))
        )
        return np.where(inside, found, 0.0)


@dataclass(frozen=True)
class _Scaled:
    """A density times a factor."""

    density: Density
    factor: float

    def __call__(self, radius: Array, height: Array) -> Array:
        return self.factor * self.density(radius, height)


def _mass(density: Density) -> float:
    """Return the mass of a density up to the last of `DISTANCES`."""
    x, wx = np.polynomial.legendre.leggauss(400)
    s, ws = np.polynomial.legendre.leggauss(200)
    logarithm = 0.5 * (x + 1.0) * np.log(DISTANCES[-1] / 1e-2) + np.log(1e-2)
    wx = 0.5 * wx * np.log(DISTANCES[-1] / 1e-2)
    r, sine = np.exp(logarithm)[:, None], 0.5 * (s + 1.0)
    rho = density(r * np.sqrt(1.0 - sine**2), r * sine)
    return float(4.0 * np.pi * (wx * r[:, 0] ** 3) @ rho @ (0.5 * ws))


def self_consistent_disc(iterations: int = 8) -> DiscModel:
    """Return the nuclear disc whose potential is that of its own stars and the cluster.

    Parameters
    ----------
    iterations
        From the first density on; 8 leave changes of less than one per cent.
    """
    model = DiscModel(first_disc_density)
    for _ in range(iterations):
        model = model.next()
    return model


def cluster_moments(
    disc: Density, black_hole: float, radius: Array, height: Array
) -> tuple[Array, Array]:
    """Return the meridional dispersion and the root mean square in azimuth [km/s].

    Parameters
    ----------
    disc
        Density of the nuclear disc [Msun / pc³].
    black_hole
        Mass of Sgr A* [Msun].
    radius, height
        Where [pc].
    """
    potential = Multipole(lambda r, z: disc(r, z) + cluster_density(r, z), black_hole)
    distance = np.hypot(radius, height)
    at = np.maximum(radius, ON_AXIS * distance)
    found = solve_jeans(cluster_density, potential, at, height)
    return np.sqrt(found.meridional), np.sqrt(found.azimuthal)


__all__ = [
    "DiscModel",
    "cluster_density",
    "cluster_moments",
    "first_disc_density",
    "self_consistent_disc",
]
