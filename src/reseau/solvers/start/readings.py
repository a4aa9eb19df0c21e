"""What else positions may mean: a mirror, another focal length, other units.

Where references fit together well only when they are read otherwise than they were, no
solution is of use, and how they fit says what to correct. Each reading is tried by
`find_consensus`, so that a few wrong identifications beside do not hide it.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from reseau.constants import ARCSECOND
from reseau.errors import CatalogueError, ConfigError, explain
from reseau.model import Problem

from .alignment import Agreement, Alignment, Pairs, agreement_of
from .consensus import CERTAIN, Consensus

MOST_EXPOSURES = 3
"""Exposures that other readings are tried on, those with most references."""

MOST = 0.5
"""Share that has to agree for a reading to count as right."""

SURE = 0.8
"""Share that has to agree for no other reading to be tried."""

TIGHT = 0.1
"""Distance of those that agree, in radii of the field, beyond which nothing is right.

A distortion is smaller; a field that is squeezed to a line fits itself as well.
"""

FAR_OFF = 0.2
"""Relative error of a focal length that cannot be meant."""

FAR_SIGMA = 10.0
"""The same in units of its prior's width."""


class Reading(NamedTuple):
    """Another meaning of ra and dec.

    Attributes
    ----------
    words
        As in "they fit with ...".
    todo
        What to correct.
    directions
        Gives ra and dec as meant of those as read [rad]; None where it cannot be.
    """

    words: str
    todo: str
    directions: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray] | None]


def _of_hours(ra: np.ndarray, dec: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    return (15.0 * ra, dec) if np.all(np.degrees(ra) <= 24.0) else None


def _of_radians(
    ra: np.ndarray, dec: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | None:
    inside = np.all(np.abs(dec) <= np.radians(0.5 * np.pi))
    inside &= np.all(ra <= np.radians(2.0 * np.pi))
    return (np.degrees(ra), np.degrees(dec)) if inside else None


def _exchanged(ra: np.ndarray, dec: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    signed = np.where(ra > np.pi, ra - 2.0 * np.pi, ra)
    return (dec, signed) if np.all(np.abs(signed) <= 0.5 * np.pi) else None


READINGS = (
    Reading(
        "ra in hours",
        "multiply ra by 15, or say its unit, e.g. --columns ra=ra[hourangle]",
        _of_hours,
    ),
    Reading(
        "ra and dec in radians",
        "say their unit, e.g. --columns ra=ra[rad],dec=dec[rad]",
        _of_radians,
    ),
    Reading(
        "ra and dec exchanged",
        "exchange the columns, e.g. --columns ra=dec,dec=ra",
        _exchanged,
    ),
)


class _Tally(NamedTuple):
    """How well stars fit, over some exposures."""

    exposures: int
    n: int
    agree: int
    surprise: float
    within: float
    relative: float

    def __str__(self) -> str:
        size = self.within / ARCSECOND
        if self.agree <= 2 * self.exposures:  # Any two stars fit.
            return f"no three of {self.n}"
        text = f"{size:.2g}" if size < 100 else f"{size:,.0f}"
        return f'{self.agree} of {self.n} to {text}"'

    @property
    def sound(self) -> bool:
        """Return whether enough agree, by more than chance."""
        tight = self.relative <= TIGHT
        return tight and self.agree >= MOST * self.n and self.surprise > CERTAIN


def _tally(found: list[Consensus]) -> _Tally:
    return _Tally(
        len(found),
        sum(c.agrees.size for c in found),
        sum(int(c.agrees.sum()) for c in found),
        sum(c.surprise for c in found),
        max((c.within / c.scale for c in found), default=0.0),
        max((c.within / c.radius for c in found), default=0.0),
    )


def check_readings(problem: Problem, pairs: Pairs, found: Alignment) -> None:
    """Refuse positions that fit together only when they are read otherwise.

    Parameters
    ----------
    pairs
        The references with their detections.
    found
        What they agree on.

    Raises
    ------
    ConfigError
        They fit in a mirror, or with another focal length.
    CatalogueError
        They fit with other units or columns of ra and dec.
    """
    doubtful = found.doubtful
    if not doubtful or int(found.aligned.sum()) > len(doubtful):
        return
    as_read = _tally([a.consensus for a in doubtful])
    sure = as_read.sound and as_read.agree >= SURE * as_read.n
    if sure and _scale_is_meant(problem, found.scale):
        return
    largest = sorted(doubtful, key=lambda a: -a.rows.size)[:MOST_EXPOSURES]
    _check_units(problem, pairs, largest)
    _check_parity(problem, doubtful, as_read)
    if as_read.sound and not _scale_is_meant(problem, found.scale):
        _refuse_scale(problem, found.scale, as_read)


def _in_a_mirror(doubtful: Sequence[Agreement]) -> _Tally | None:
    """Return how well all fit in a mirror; None where they do not."""
    found = [a.mirrored for a in doubtful if a.mirrored is not None]
    told = _tally(found)
    return told if len(found) == len(doubtful) and told.sound else None


def _check_parity(
    problem: Problem, doubtful: tuple[Agreement, ...], as_read: _Tally
) -> None:
    """Refuse positions that fit the sky only in a mirror."""
    mirrored = _in_a_mirror(doubtful)
    if mirrored is None or mirrored.surprise < as_read.surprise + CERTAIN:
        return
    parity = problem.instrument.parity
    exposures = "exposure" + "s" * (len(doubtful) > 1)
    raise ConfigError(
        explain(
            given=f"positions that are mirrored on {len(doubtful)} {exposures}: in a "
            f"mirror {mirrored} fit together, as they are {as_read}",
            wanted=f"the instrument's parity of {parity:+d}",
            where=f"instrument {problem.instrument.name}, key optics.parity",
            todo=f"set parity = {-parity}, or check the sign of x or y (counted from "
            "the top?), their order, the sign of dec, or the identification of the "
            "stars",
        )
    )


def _scale_is_meant(problem: Problem, scale: float) -> bool:
    """Return whether an error of the focal length may be one that is to be fitted."""
    instrument = problem.instrument
    width = float(instrument.focal_sigma) / float(np.mean(instrument.focal))
    near = abs(np.log(scale)) < max(FAR_OFF, FAR_SIGMA * width)
    return bool(near or instrument.distortion.carries_scale)


def _refuse_scale(problem: Problem, scale: float, as_read: _Tally) -> None:
    """Refuse a focal length that is not that of the positions."""
    instrument = problem.instrument
    nominal = float(np.mean(instrument.focal))
    raise ConfigError(
        explain(
            given=f"positions that fit with a focal length of "
            f"{1e-3 * nominal * scale:.5g} mm ({as_read}), {scale:.4g} times the "
            "instrument's",
            wanted=f"positions made with {1e-3 * nominal:.6g} mm, or near it",
            where=f"instrument {instrument.name}, key optics.focal_length_mm",
            todo="correct the focal length, or the size of the pixels, or the unit of "
            "x and y: they are all alike in this",
        )
    )


def _check_units(problem: Problem, pairs: Pairs, tried: list[Agreement]) -> None:
    """Refuse ra and dec that fit in another unit or order."""
    as_read, mirrored = _tally([a.consensus for a in tried]), _in_a_mirror(tried)
    bar = max(as_read.surprise, 0.0 if mirrored is None else mirrored.surprise)
    ra = np.arctan2(pairs.star[:, 1], pairs.star[:, 0]) % (2.0 * np.pi)
    dec = np.arcsin(np.clip(pairs.star[:, 2], -1.0, 1.0))
    unknown = np.full((3, 3), np.nan)
    for reading in READINGS:
        meant = reading.directions(ra, dec)
        if meant is None:
            continue
        cos = np.cos(meant[1])
        star = [cos * np.cos(meant[0]), cos * np.sin(meant[0]), np.sin(meant[1])]
        other = pairs._replace(star=np.stack(star, axis=1))
        found = [agreement_of(problem, other, a.exposure, unknown) for a in tried]
        told = _tally([a.consensus for a in found if a is not None])
        if told.sound and told.surprise > bar + CERTAIN:
            raise CatalogueError(
                explain(
                    given=f"positions that fit together with {reading.words} "
                    f"({told}), and not as they are read ({as_read})",
                    wanted="ra and dec in degrees, ICRS",
                    where="references, columns ra and dec",
                    todo=reading.todo,
                )
            )


__all__ = ["check_readings"]
