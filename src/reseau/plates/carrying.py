"""References carried from their catalogue's epoch to a plate's epoch and observer.

The only place where a plate meets a catalogue's epoch. Motion and what it is uncertain
by need the two epochs and no observer; parallax and the light's way across the
observer's orbit need an observer and are left out without one. What had to be left out
is said, with its size.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from reseau._compiled import quick_jit
from reseau._words import counted
from reseau.catalogue import Astrometry
from reseau.constants import DEGREE, MILLIARCSECOND
from reseau.errors import LeftOutWarning, MissingAstrometryWarning, warn
from reseau.sky import (
    direction_and_covariance,
    direction_at,
    direction_from_angles,
    roemer_delay,
)

from .surroundings import Seen

HELD = MILLIARCSECOND / 1000
"""A position without error, and what carries it: below 1 µas it is held fixed [rad]."""

SHORT = 0.02
"""Years that exposures of a plate may be apart before motion between them is told."""

SMALL = 0.3
"""What stars move between exposures [mas] that is told however short it takes."""

FEWEST_ROWS = 64
"""Rows that are compiled for at least; then powers of two, so that few shapes are."""

_UNITS = np.array([MILLIARCSECOND] * 5 + [1.0])


class Carried(NamedTuple):
    """References as the plate sees them.

    Attributes
    ----------
    direction
        Geometric directions from the observer at the plate's epoch, (n, 3); from the
        barycentre where the observer is not known.
    covariance
        Of East and North [rad²], (n, 2, 2). It means nothing for a position that has
        no prior.
    fixed
        Which are held: given without errors and carried without any, (n,).
    """

    direction: np.ndarray
    covariance: np.ndarray
    fixed: np.ndarray


def carry(
    found: Astrometry, row: np.ndarray, epoch: np.ndarray, observer: Seen
) -> Carried:
    """Carry references to a plate.

    Parameters
    ----------
    found
        The catalogue.
    row
        Its rows that the plate has measured.
    epoch
        Of the exposures, Julian years TCB; NaN: not known.
    observer
        Where the exposures were taken.

    Returns
    -------
    Directions and covariances. Where one of the two epochs is missing no motion is
    applied, where the observer is not known no parallax. A position without errors is
    exact at its own epoch only: it moves as others do, and gets the error of what
    moved it (motions, their wide prior where there are none, parallaxes).

    Warns
    -----
    LeftOutWarning
        Motion or parallax is known and could not be applied.
    MissingAstrometryWarning
        Positions without errors got errors on the way.
    """
    for sentence in left_out(found, row, epoch, observer):
        warn(sentence, LeftOutWarning)
    mean, covariance = found.mean[row], np.nan_to_num(found.covariance[row])
    covariance = covariance * _UNITS[:, None] * _UNITS[None, :]
    elapsed = np.nan_to_num(np.mean(epoch) - found.epoch[row])
    place = np.mean(observer.position, axis=0)
    angles = mean[:, 0] * DEGREE, mean[:, 1] * DEGREE
    (direction,) = _padded(_directions, *angles)
    two = covariance[:, :2, :2]
    if elapsed.any() or place.any():
        parameters = mean * _UNITS
        parameters[:, :2] = 0.0
        rows = direction, parameters, covariance, elapsed
        direction, two = _padded(partial(_carry, place), *rows)
    exact = found.fixed[row]
    size = np.sqrt(np.trace(two, axis1=1, axis2=2))
    fixed = exact & (size < HELD)
    _warn_of_moved(size[exact & ~fixed], elapsed[exact & ~fixed])
    two = two + np.where(exact, HELD**2, 0.0)[:, None, None] * np.eye(2)
    return Carried(direction, two, fixed)


def _warn_of_moved(size: np.ndarray, elapsed: np.ndarray) -> None:
    """Say that positions without errors have errors where the plate is."""
    if size.size == 0:
        return
    years = np.abs(elapsed).max()
    warn(
        f"{counted(size.size, 'positions')} without errors are exact at their own "
        f"epoch only: carried to the plate ({years:.3g} years) they have errors, "
        f"median {np.median(size) / np.sqrt(2) / MILLIARCSECOND:.3g} mas in each "
        "coordinate, of motions and parallaxes or of the wide prior where they are "
        "missing",
        MissingAstrometryWarning,
    )


def _padded(
    function: Callable[..., tuple[Array, ...]], *rows: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Apply a compiled function to rows, the last repeated up to a usual number."""
    n = len(rows[0])
    if n == 0:
        shapes = jax.eval_shape(function, *rows)
        return tuple(np.zeros(s.shape, s.dtype) for s in shapes)
    size = max(FEWEST_ROWS, 1 << (n - 1).bit_length())
    index = np.minimum(np.arange(size), n - 1)
    found = function(*(part[index] for part in rows))
    return tuple(np.asarray(part)[:n] for part in found)


@quick_jit
def _carry(
    place: Array, start: Array, parameters: Array, covariance: Array, elapsed: Array
) -> tuple[Array, Array]:
    # As Gaia counts time: when the light reaches the barycentre, from where the star
    # is then; from where it was decades ago would be 0.4 µas of 10 arcsec/yr.
    then = direction_at(start, parameters, elapsed, jnp.zeros(3))
    elapsed = elapsed + roemer_delay(then, place)
    return direction_and_covariance(start, parameters, covariance, elapsed, place)


@quick_jit
def _directions(ra: Array, dec: Array) -> tuple[Array]:
    return (direction_from_angles(ra, dec),)


def left_out(
    found: Astrometry, row: np.ndarray, epoch: np.ndarray, observer: Seen
) -> list[str]:
    """Return what a plate's references lack at the plate, with its size, in words.

    Parameters
    ----------
    found, row, epoch, observer
        As in `carry`.
    """
    if row.size == 0:
        return []
    speed = np.hypot(found.mean[row, 3], found.mean[row, 4])
    sentences = _without_motion(speed, found.epoch[row], epoch)
    sentences += _between_exposures(found.mean[row], epoch, observer)
    parallax = np.abs(found.mean[row, 2])
    if not observer.known and parallax.any():
        sentences.append(
            f"the references have parallaxes ({_sizes(parallax, 'mas')}) but nobody "
            "said where the observer was: parallax is not applied, nor aberration (at "
            "most 20.6 arcsec in the pointing and 1e-4 of the scale); for a table say "
            "--observer geocentre (or orbit, or site:LAT,LON,HEIGHT), for a dataset "
            "observer in dataset.toml"
        )
    return sentences


def _without_motion(
    speed: np.ndarray, ref_epoch: np.ndarray, epoch: np.ndarray
) -> list[str]:
    """Return what is not applied because one of the two epochs is missing."""
    unknown = bool(np.isnan(epoch).any())
    lacking = np.isnan(ref_epoch) | unknown
    known = ref_epoch[np.isfinite(ref_epoch)]
    differ = known.size > 0 and float(np.ptp(known)) > SHORT
    moving = lacking & (speed > 0)
    if not moving.any() and not (unknown and differ):
        return []
    have = f"proper motions ({_sizes(speed[moving], 'mas/yr')})" if moving.any() else ""
    if known.size and unknown:
        have += f"{' and ' if have else ''}ref_epoch {_years(known)}"
    lack = "but the detections have no epoch"
    todo = "--epoch 2026.0 or --columns epoch=NAME"
    if known.size == 0 and unknown:
        lack = "but neither they nor the detections have an epoch"
        todo = "say ref_epoch=NAME where the references' columns are chosen "
        todo += "(--reference-columns; --columns of a single table), and --epoch 2026.0"
    elif not unknown:
        lack = f"but {int(moving.sum())} of them no ref_epoch"
        todo = "say ref_epoch=2016.0 (of Gaia DR3; 1991.25 of Hipparcos) or which "
        todo += "column it is, ref_epoch=NAME, where the references' columns are "
        todo += "chosen (--reference-columns; --columns of a single table)"
    year = f"; a year leaves out up to {speed[moving].max():.3g} mas" if have else ""
    year = year if moving.any() else ""
    return [f"the references have {have} {lack}: motion is not applied{year}; {todo}"]


def _between_exposures(
    mean: np.ndarray, epoch: np.ndarray, observer: Seen
) -> list[str]:
    """Return what the stars of one plate move between its exposures.

    Parameters
    ----------
    mean
        Parameters of the references.
    """
    known = epoch[np.isfinite(epoch)]
    span = float(np.ptp(known)) if known.size else 0.0
    speed, parallax = np.hypot(mean[:, 3], mean[:, 4]), np.abs(mean[:, 2])
    base = _base(span, observer)
    moved = speed * _farthest(known) + parallax * base if known.size else 0.0 * speed
    still = int(np.count_nonzero(speed == 0))
    if span <= SHORT and not np.any(moved > SMALL):
        return []
    have = []
    if speed.any():
        have.append(f"proper motions ({_sizes(speed[speed > 0], 'mas/yr')})")
    if parallax.any() and base > 0:
        have.append(f"parallaxes ({_sizes(parallax[parallax > 0], 'mas')})")
    told = f"the exposures of this plate are {span:.3g} years apart (epochs "
    told += f"{_years(known)}) and stars of a plate stand still: "
    if have:
        told += f"{' and '.join(have)} of the references leave out up to "
        told += f"{moved.max():.3g} mas"
    if still and span > SHORT:
        told += (
            f"{', and ' if have else ''}{still:,} of {speed.size:,} references have "
        )
        told += "no proper motion: what these moved between the exposures is left out"
    return [f"{told}; solve each epoch by itself"]


def _base(span: float, observer: Seen) -> float:
    """Return how far the observer was from the middle, at most [au]."""
    if observer.known:
        place = np.asarray(observer.position)
        return float(np.linalg.norm(place - place.mean(axis=0), axis=1).max())
    return float(np.sin(np.pi * min(span, 0.5)))


def _farthest(epoch: np.ndarray) -> float:
    return float(np.abs(epoch - epoch.mean()).max())


def _sizes(values: np.ndarray, unit: str) -> str:
    return f"median {np.median(values):.3g}, at most {values.max():.3g} {unit}"


def _years(epoch: np.ndarray) -> str:
    first, last = epoch.min(), epoch.max()
    return f"{first:.6g}" if first == last else f"{first:.6g} to {last:.6g}"


__all__ = ["Carried", "carry", "left_out"]
