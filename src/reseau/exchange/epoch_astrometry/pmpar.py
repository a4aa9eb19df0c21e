"""Positions of VLBI as the program pmpar reads them: year, RA, ±, Dec, ±.

Right ascension is hours or sexagesimal with its error in seconds of time, declination
degrees or sexagesimal with its error in arcseconds. ``epoch = `` is a year or an MJD.
"""

import numpy as np

from reseau.motions.epoch_astrometry import EpochAstrometry
from reseau.motions.epoch_positions import factors_at, offsets_from, two_dimensional

from .text import TextFile, are_numbers

MJD_J2000 = 51_544.5
ROW = "year, right ascension, its error [s], declination, its error [arcsec]"


def is_pmpar(text: TextFile) -> bool:
    """Return whether the file has positions in hours, minutes, seconds and degrees."""
    return any(_is_row(line) for line in text.lines)


def read_pmpar(
    text: TextFile, observer: str = "geocentre", reference_epoch: float | None = None
) -> EpochAstrometry:
    """Return the positions relative to the first one.

    Parameters
    ----------
    text
        The file.
    observer
        Where the telescope is, for parallax factors.
    reference_epoch
        [Julian year]; None: that of the file, or 2000.0 as pmpar has it.
    """
    rows, epoch = [], 2000.0
    for line, number in zip(text.lines, text.numbers, strict=True):
        words = line.split("#")[0].split()
        if _is_row(line):
            rows.append(_position(text, words, line, number))
        elif words[0].lower() == "epoch":
            epoch = _year(text, words[-1], line, number)
    values = np.array(rows)
    epoch = epoch if reference_epoch is None else reference_epoch
    place = values[0, [1, 3]]
    narrower = np.cos(np.deg2rad(place[1]))
    error = np.stack([15.0 * narrower * values[:, 2], values[:, 4]], axis=1) * 1000.0
    return two_dimensional(
        values[:, 0],
        offsets_from(values[:, 1], values[:, 3], place),
        error,
        reference_epoch=epoch,
        factors=factors_at(values[:, 0], place, observer),
        place=place[None],
        origin="VLBI positions",
    )


def _is_row(line: str) -> bool:
    words = line.split("#")[0].split()
    return (
        len(words) >= 5
        and words[1].count(":") == 2
        and words[3].count(":") == 2
        and are_numbers(words[:1])
    )


def _position(
    text: TextFile, words: list[str], line: str, number: int
) -> tuple[float, ...]:
    parts = [words[1].split(":"), words[3].lstrip("+-").split(":")]
    if not are_numbers([words[0], words[2], words[4], *parts[0], *parts[1]]):
        raise text.wrong(line, ROW, number)
    (h, m, s), (d, am, asec) = ([float(p) for p in each] for each in parts)
    sign = -1.0 if words[3].startswith("-") else 1.0
    errors = float(words[2]), float(words[4])
    if min(errors) <= 0.0:
        raise text.wrong(line, "errors greater than zero", number)
    ra = 15.0 * (h + m / 60.0 + s / 3600.0)
    dec = sign * (d + am / 60.0 + asec / 3600.0)
    return float(words[0]), ra, errors[0], dec, errors[1]


def _year(text: TextFile, word: str, line: str, number: int) -> float:
    if not are_numbers([word]):
        raise text.wrong(line, "a year or an MJD after epoch =", number)
    value = float(word)
    return value if value < 10_000.0 else 2000.0 + (value - MJD_J2000) / 365.25


__all__ = ["is_pmpar", "read_pmpar"]
