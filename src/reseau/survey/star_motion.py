"""Where the sources of a population are seen at any epoch, and how bright.

Stars move uniformly through space (`sky.direction_at`, exact for any parallax), at the
time when their light reaches the barycentre (Roemer). On top of that come the orbits of
binaries, accelerations and lenses, as offsets towards East and North; solar-system
bodies are where the ephemeris has them. Directions are from the observer, geometric:
motion and parallax in, deflection and aberration not.
"""

import numpy as np
from jaxtyping import Array, Float

from reseau._compiled import quick_jit
from reseau._precision import in_double
from reseau.constants import DEGREE, MILLIARCSECOND
from reseau.errors import ShapeError
from reseau.observers import Ephemeris
from reseau.sky import direction_at, direction_from_angles, displaced, roemer_delay

from .accelerations import accelerated_offset
from .binaries import orbit_offset
from .lenses import lensed_offset, magnification
from .population import Population
from .solar_system import body_directions
from .stars import astrometry

Times = Float[np.ndarray, "m"]
Places = Float[np.ndarray, "m 3"]


@in_double
def directions(
    stars: Population,
    epochs: Times,
    observers: Places,
    *,
    ephemeris: str | Ephemeris = "builtin",
) -> Float[np.ndarray, "n m 3"]:
    """Return unit vectors from observers to sources, one for each source and epoch.

    Parameters
    ----------
    stars
        True sources.
    epochs
        At the observers, Julian years of TCB.
    observers
        Barycentric positions at these epochs, ICRS axes [au].
    ephemeris
        Of solar-system bodies: "builtin", "de440", or one that was opened.

    Returns
    -------
    Geometric directions, ICRS, before deflection and aberration.

    Raises
    ------
    ShapeError
        There are not as many observers as epochs.
    ConfigError
        The ephemeris does not have a body, or not at an epoch.
    """
    if observers.shape != (len(epochs), 3):
        raise ShapeError(
            f"{len(epochs)} epochs and observers of shape {observers.shape}: wanted "
            f"({len(epochs)}, 3)"
        )
    n = len(stars)
    found = np.empty((n, len(epochs), 3))
    parameters = _padded(np.stack([stars.ra, stars.dec], axis=-1) * DEGREE)
    six = _padded(astrometry(stars.columns()))
    start = _starts(parameters[:, 0], parameters[:, 1])
    for k, (epoch, place) in enumerate(zip(epochs, observers, strict=True)):
        elapsed = np.asarray(_elapsed(start, epoch - stars.ref_epoch, place))
        offset = np.zeros((len(six), 2))
        time = stars.ref_epoch + elapsed[:n, None]
        offset[:n] = offsets(stars, time)[:, 0] * MILLIARCSECOND
        found[:, k] = np.asarray(_seen(start, six, elapsed, place, offset))[:n]
    if len(stars.bodies.row):
        found[stars.bodies.row] = body_directions(
            stars.bodies, epochs, observers, ephemeris=ephemeris
        )
    return found


def plate_directions(
    stars: Population,
    epochs: Times,
    observers: Places,
    *,
    motion: str = "held",
    ephemeris: str | Ephemeris = "builtin",
) -> Float[np.ndarray, "n k 3"]:
    """Return the directions of sources during the exposures of one plate.

    Parameters
    ----------
    stars, epochs, observers, ephemeris
        As in `directions`, one row an exposure.
    motion
        "held": at the mean epoch from the mean observer, k = 1. "moving": at each
        exposure's own, k = m.
    """
    if motion == "held":
        epochs = np.array([np.mean(epochs)])
        observers = np.mean(observers, axis=0, keepdims=True)
    return directions(stars, epochs, observers, ephemeris=ephemeris)


def offsets(
    stars: Population, time: Float[np.ndarray, "n t"]
) -> Float[np.ndarray, "n t 2"]:
    """Return how far sources are off their uniform motion, East and North [mas].

    Parameters
    ----------
    stars
        True sources; single ones are not off at all.
    time
        Of each, Julian years of TCB when the light reaches the barycentre.
    """
    found = np.zeros((*time.shape, 2))
    orbits, pulls, lenses = stars.orbits, stars.accelerations, stars.lenses
    found[orbits.row] = orbit_offset(orbits, time[orbits.row])
    found[pulls.row] = accelerated_offset(pulls, time[pulls.row])
    found[lenses.row] = lensed_offset(lenses, time[lenses.row])
    return found


def magnitudes(stars: Population, epochs: Times) -> Float[np.ndarray, "n m"]:
    """Return Hw of each source at each epoch; only lensed stars vary.

    Parameters
    ----------
    stars
        True sources.
    epochs
        Julian years, TCB.
    """
    found = np.repeat(stars.phot_hw_mag[:, None], len(epochs), axis=1)
    row = stars.lenses.row
    time = np.repeat(epochs[None], len(row), axis=0)
    found[row] -= 2.5 * np.log10(magnification(stars.lenses, time))
    return found


def _padded(values: np.ndarray) -> np.ndarray:
    """Return rows with some zeros after them, so that few shapes are compiled."""
    n = max(len(values), 16)
    step = 2 ** max(int(np.log2(n)) - 3, 0)
    size = -(-n // step) * step
    rest = np.zeros((size - len(values), *values.shape[1:]))
    return np.concatenate([np.nan_to_num(values), rest])


@quick_jit
def _starts(ra: Array, dec: Array) -> Array:
    return direction_from_angles(ra, dec)


@quick_jit
def _elapsed(start: Array, elapsed: Array, observer: Array) -> Array:
    return elapsed + roemer_delay(start, observer)


@quick_jit
def _seen(
    start: Array, six: Array, elapsed: Array, observer: Array, offset: Array
) -> Array:
    return displaced(direction_at(start, six, elapsed, observer), offset)


__all__ = ["directions", "magnitudes", "offsets", "plate_directions"]
