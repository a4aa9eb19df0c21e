"""Microlensing: a dark mass passes in front of a star and displaces and brightens it.

With u the place of the source from the lens in units of the Einstein radius θ_E, the
centre of both images is displaced by ``θ_E u / (u² + 2)`` away from the lens, and they
are brighter by ``(u² + 2) / (u (u² + 4)^½)`` (Paczynski 1986, ApJ 304, 1; Dominik &
Sahu 2000, ApJ 534, 213, eqs. 9 and 10). The lens moves uniformly as the barycentre sees
it: its parallax relative to the source is left out.

Lenses are drawn from round numbers: masses from 0.3 to 10 of the Sun's, uniform in the
logarithm, relative parallaxes of 0.02 to 0.2 mas, relative motions Normal with 4 mas/yr
in each direction, impact parameters to 3 Einstein radii. ``θ_E² = κ M π_rel`` with
κ = 8.144 mas a solar mass (Gould 2000, ApJ 542, 785).
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

KAPPA = 8.144  # mas a solar mass
LIGHTEST, HEAVIEST = 0.3, 10.0  # solar masses
NEAREST, FARTHEST = 0.02, 0.2
"""Parallax of the lens relative to the source [mas], the least and the greatest."""

SPEED = 4.0  # mas/yr
WIDEST = 3.0
"""Largest impact parameter, in Einstein radii."""


class Lenses(NamedTuple):
    """Lenses of stars, one for each lensed star.

    Attributes
    ----------
    row
        Of the star in its population.
    epoch
        Of the closest approach, Julian year of TCB.
    radius
        Einstein radius [mas].
    place
        Of the source from the lens at that epoch, East and North [mas].
    motion
        Of the source relative to the lens, East and North [mas/yr].
    """

    row: Int[np.ndarray, "k"]
    epoch: Float[np.ndarray, "k"]
    radius: Float[np.ndarray, "k"]
    place: Float[np.ndarray, "k 2"]
    motion: Float[np.ndarray, "k 2"]


def draw_lenses(
    rng: np.random.Generator,
    row: Int[np.ndarray, "k"],
    first: float,
    last: float,
) -> Lenses:
    """Draw a lens for each of some stars, by the module's distributions.

    Parameters
    ----------
    rng
        Random numbers.
    row
        Rows of the stars.
    first, last
        Between what epochs the closest approaches are, Julian years of TCB.
    """
    n = len(row)
    mass = np.exp(rng.uniform(np.log(LIGHTEST), np.log(HEAVIEST), n))
    radius = np.sqrt(KAPPA * mass * rng.uniform(NEAREST, FARTHEST, n))
    motion = rng.normal(0.0, SPEED, (n, 2))
    across = np.stack([-motion[:, 1], motion[:, 0]], axis=-1)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    impact = radius * rng.uniform(-WIDEST, WIDEST, n)
    return Lenses(
        row=row,
        epoch=rng.uniform(first, last, n),
        radius=radius,
        place=impact[:, None] * across,
        motion=motion,
    )


def lensed_offset(
    lenses: Lenses, time: Float[np.ndarray, "k t"]
) -> Float[np.ndarray, "k t 2"]:
    """Return where the light's centre is from the source, East and North [mas].

    Parameters
    ----------
    lenses
        Of k stars.
    time
        Of each, Julian years of TCB when the light reaches the barycentre.
    """
    place = _place(lenses, time)
    square = np.sum(place**2, axis=-1, keepdims=True)
    # u / (u² + 2) times θ_E, with u = place / θ_E.
    offset: np.ndarray = place / (square / lenses.radius[:, None, None] ** 2 + 2.0)
    return offset


def magnification(
    lenses: Lenses, time: Float[np.ndarray, "k t"]
) -> Float[np.ndarray, "k t"]:
    """Return by what factor stars are brighter, 1 or more.

    Parameters
    ----------
    lenses, time
        As in `lensed_offset`.
    """
    place = _place(lenses, time)
    u = np.linalg.norm(place, axis=-1) / lenses.radius[:, None]
    # A point behind a point would be infinitely bright; stars have a size.
    u = np.maximum(u, 1e-3)
    return (u**2 + 2.0) / (u * np.sqrt(u**2 + 4.0))


def _place(lenses: Lenses, time: np.ndarray) -> np.ndarray:
    elapsed = (time - lenses.epoch[:, None])[:, :, None]
    place: np.ndarray = lenses.place[:, None, :] + elapsed * lenses.motion[:, None, :]
    return place


__all__ = ["Lenses", "draw_lenses", "lensed_offset", "magnification"]
