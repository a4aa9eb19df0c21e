"""What stars of a line of sight look like without dust, and how much of it is theirs.

A template holds, for each magnitude that stars have without their extinction, how their
intrinsic colours and their shares of the reddening are distributed: giants of the bulge
have 1, more or less, stars nearer have less. It is made of the densities of populations
along the line of sight, their stars, and a profile of the reddening.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from reseau.errors import ShapeError, explain

from .clump import clump_distance
from .profiles import DistanceProfile

COLOUR_STEP, SHARE_STEP = 0.03, 0.01
COLOURS = (-0.5, 2.5)
"""Beyond these intrinsic colours are taken for the ends [mag]."""

BRIGHTNESS = np.arange(8.0, 14.01, 0.25)
"""Edges of bins of the magnitude without extinction [mag]."""


class Population(NamedTuple):
    """Stars of one component, alike at every distance.

    Attributes
    ----------
    magnitude
        Absolute, in the redder band of the colour [mag].
    colour
        Intrinsic [mag].
    weight
        Share of the component's stars.
    """

    magnitude: Float[np.ndarray, "q"]
    colour: Float[np.ndarray, "q"]
    weight: Float[np.ndarray, "q"]


@dataclass(frozen=True)
class GiantTemplate:
    """Distribution of intrinsic colour and share of the reddening, by magnitude.

    Attributes
    ----------
    brightness
        Edges of bins of the magnitude without extinction [mag].
    share, colour
        Middles of bins of the share of the reddening, and of the colour [mag].
    weight
        Of stars in bins of brightness, share and colour; any normalisation.
    """

    brightness: Float[np.ndarray, "edges"]
    share: Float[np.ndarray, "k"]
    colour: Float[np.ndarray, "m"]
    weight: Float[np.ndarray, "n k m"]

    def __post_init__(self) -> None:
        wanted = (len(self.brightness) - 1, len(self.share), len(self.colour))
        if self.weight.shape != wanted:
            raise ShapeError(
                explain(
                    given=f"weights of the shape {self.weight.shape}",
                    wanted=f"{wanted}: bins of brightness, share and colour",
                    where="GiantTemplate",
                    todo="give one weight of each bin",
                )
            )


def template_of(
    profile: DistanceProfile,
    direction: tuple[float, float],
    distance: Float[np.ndarray, "d"],
    density: Float[np.ndarray, "p d"],
    populations: Sequence[Population],
    *,
    slope: float,
    reference: float,
    brightness: Float[np.ndarray, "edges"] = BRIGHTNESS,
) -> GiantTemplate:
    """Return the template of a direction.

    Parameters
    ----------
    profile
        How the reddening grows with distance.
    direction
        Galactic longitude and latitude [deg].
    distance
        Rising [pc].
    density
        Of stars of each population per pc of the line of sight and solid angle.
    populations
        Of each row of `density`.
    slope, reference
        Extinction over colour excess, and the colour [mag] that stars are taken to
        have: a star's extinction is told by its colour, so that one that is redder by
        itself is thought brighter.
    brightness
        Edges of bins [mag].

    Returns
    -------
    Shares and colours that lie beyond the ends of their bins are in the last ones.
    """
    lon, lat = (np.full(len(distance), angle) for angle in direction)
    part = profile.share(lon, lat, distance)
    modulus = 5.0 * np.log10(distance) - 5.0
    width = np.gradient(distance)
    shares = np.arange(0.5 * SHARE_STEP, max(2.0, part.max()) + SHARE_STEP, SHARE_STEP)
    used = [_coarse(p) for p in populations]
    low = min(float(p.colour.min()) for p in used)
    high = max(float(p.colour.max()) for p in used)
    colours = np.arange(low, high + COLOUR_STEP, COLOUR_STEP)
    shape = (len(brightness) - 1, len(shares), len(colours))
    k = np.clip((part / SHARE_STEP).astype(np.int64), 0, len(shares) - 1)
    total = np.zeros(np.prod(shape))
    for each, along in zip(used, density, strict=True):
        if not along.any():
            continue
        m = np.rint((each.colour - low) / COLOUR_STEP).astype(np.int64)
        thought = each.magnitude - slope * (each.colour - reference)
        step = _joined(modulus, k, along * width)
        seen = thought + step.modulus[:, None]
        w = np.searchsorted(brightness, seen, side="right") - 1
        inside = (w >= 0) & (w < shape[0])
        cell = (w * shape[1] + step.share[:, None]) * shape[2] + m
        number = step.number[:, None] * each.weight
        total += np.bincount(cell[inside], number[inside], minlength=len(total))
    return GiantTemplate(brightness, shares, colours, total.reshape(shape))


FINE = 0.05
"""Steps of magnitude that populations are rounded to [mag]."""


def _coarse(population: Population) -> Population:
    """Return a population with stars of about the same place joined."""
    known = (population.weight > 0.0) & (population.magnitude < 6.0)
    magnitude = population.magnitude[known]
    colour = np.clip(population.colour[known], *COLOURS)
    key = np.stack([np.rint(magnitude / FINE), np.rint(colour / COLOUR_STEP)], axis=1)
    place, index = np.unique(key.astype(np.int64), axis=0, return_inverse=True)
    weight = np.bincount(index.ravel(), population.weight[known], minlength=len(place))
    return Population(place[:, 0] * FINE, place[:, 1] * COLOUR_STEP, weight)


class _Steps(NamedTuple):
    """Steps of the line of sight: distance modulus, bin of the share, stars."""

    modulus: np.ndarray
    share: np.ndarray
    number: np.ndarray


def _joined(modulus: np.ndarray, share: np.ndarray, number: np.ndarray) -> _Steps:
    """Return steps with those of about the same distance and share joined."""
    key = np.stack([np.rint(modulus / FINE), share]).astype(np.int64)
    place, index = np.unique(key, axis=1, return_inverse=True)
    total = np.bincount(index.ravel(), number, minlength=place.shape[1])
    mean = np.bincount(index.ravel(), number * modulus, minlength=place.shape[1])
    known = total > 0.0
    return _Steps(mean[known] / total[known], place[1][known], total[known])


@dataclass(frozen=True)
class GiantSettings:
    """Red giants of the bulge and of the disc before it, in round numbers.

    Attributes
    ----------
    clump_magnitude, clump_colour
        Of the red clump, M_Ks and J - Ks [mag]: Ruiz-Dern et al. 2018, A&A 609, A116,
        for the magnitude.
    clump_scatter
        1σ of its magnitudes [mag].
    clump_share
        Stars of the clump over those of the branch within a magnitude of it.
    ascent
        Growth of the colour with a magnitude of brightness on the branch [mag].
    colour_scatter
        1σ of colours about the branch [mag].
    steepness
        Of the branch's luminosity function, log10 of its growth by a magnitude.
    bulge_depth, nuclear_depth
        1σ of distances of the bulge and the nuclear disc [pc].
    nuclear_share
        Of the giants at the centre that are the nuclear disc's.
    disc_share
        Density of the disc at the centre, if it went on, over the bulge's there.
    disc_length
        Radial scale of the disc [pc].
    centre
        Distance of the Galactic centre [pc].
    """

    clump_magnitude: float = -1.61
    clump_colour: float = 0.66
    clump_scatter: float = 0.2
    clump_share: float = 0.8
    ascent: float = 0.10
    colour_scatter: float = 0.06
    steepness: float = 0.28
    bulge_depth: float = 800.0
    nuclear_depth: float = 120.0
    nuclear_share: float = 0.3
    disc_share: float = 0.05
    disc_length: float = 2600.0
    centre: float = 8160.0

    def population(self) -> Population:
        """Return the giants, from 7 mag above the clump to 2 below it."""
        magnitude = np.arange(-7.0, 1.0, 0.05)
        branch = 10.0 ** (self.steepness * (magnitude - self.clump_magnitude))
        bump = _normal(magnitude, self.clump_magnitude, self.clump_scatter)
        number = branch + 2.0 * self.clump_share * bump
        ridge = self.clump_colour - self.ascent * (magnitude - self.clump_magnitude)
        off = np.linspace(-3.0, 3.0, 13)
        colour = ridge[:, None] + self.colour_scatter * off
        weight = number[:, None] * np.exp(-0.5 * off**2)
        weight = weight / weight.sum()
        every = np.broadcast_to(magnitude[:, None], colour.shape)
        return Population(every.ravel(), colour.ravel(), weight.ravel())

    def density(
        self, direction: tuple[float, float], distance: Float[np.ndarray, "d"]
    ) -> Float[np.ndarray, "1 d"]:
        """Return the density of giants per pc and solid angle, in any unit.

        Parameters
        ----------
        direction
            Galactic longitude and latitude [deg].
        distance
            [pc].
        """
        lon, lat = (np.array([angle]) for angle in direction)
        centre = clump_distance(lon, lat, centre=self.centre)
        wide = np.exp(-0.5 * ((distance - centre) / self.bulge_depth) ** 2)
        narrow = np.exp(-0.5 * ((distance - centre) / self.nuclear_depth) ** 2)
        bulge = (1.0 - self.nuclear_share) * wide + self.nuclear_share * narrow
        disc = self.disc_share * np.exp(np.abs(distance - centre) / -self.disc_length)
        # A disc about the centre is densest there; before it, it is the foreground.
        return ((bulge + disc) * distance**2)[None, :]


def _normal(x: np.ndarray, mean: float, sigma: float) -> np.ndarray:
    scale = 1.0 / (sigma * np.sqrt(2.0 * np.pi))
    return scale * np.exp(-0.5 * ((x - mean) / sigma) ** 2)


def distances() -> Float[np.ndarray, "d"]:
    """Return distances of a line of sight, dense about the centre [pc]."""
    far = np.arange(500.0, 7000.0, 25.0), np.arange(9600.0, 14000.0, 25.0)
    return np.concatenate([far[0], np.arange(7000.0, 9600.0, 4.0), far[1]])


__all__ = [
    "BRIGHTNESS",
    "GiantSettings",
    "GiantTemplate",
    "Population",
    "distances",
    "template_of",
]
