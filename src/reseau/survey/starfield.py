"""The star field that comes with reseau: synthetic stars at the Galactic centre.

A small file holds what `make_starfield` makes: no real star is in it. It covers
1.3 x 1.3 degrees around (l, b) = (-0.3, 0.1) degrees, with stars of Hw = 8 to 14.5 that
a Gaia-like catalogue would hold (G < 20.7). The file keeps rounded integers, columns of
`QUANTA`; ``examples/make_starfield.py`` writes it anew.
"""

from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType

import numpy as np

from reseau.constants import DEGREE, MILLIARCSECOND

from .galactic import CENTRE, equatorial, equatorial_motion

StarField = Mapping[str, np.ndarray]
"""Columns of stars under Gaia's names and units, with `phot_hw_mag`; epoch 2016.0."""

FILE = "starfield.npz"

QUANTA: Mapping[str, tuple[str, float]] = MappingProxyType(
    {
        "l": ("<i2", 10.0 * MILLIARCSECOND),
        "b": ("<i4", 10.0 * MILLIARCSECOND),
        "phot_hw_mag": ("<i2", 0.01),
        "phot_g_mean_mag": ("<i2", 0.01),
        "bp_rp": ("<i2", 0.01),
        "parallax": ("<i2", 0.01),
        "pm_l": ("<i2", 0.05),
        "pm_b": ("<i2", 0.05),
    }
)
"""Type in the file and unit of the last digit [rad, mag, mas, mas/yr] of each column.

In the file `l` and `b` count from the field's edge, and the stars are sorted by `l`, of
which it holds the differences; each column is kept as one row of bytes for the lowest
byte of all its numbers, one for the next, and so on. That makes it a third shorter.
"""

SIDE = 1.3 * DEGREE
"""Of the field [rad]."""

HALF_SIDE = int(0.5 * SIDE / QUANTA["l"][1])

FIRST_ID = 4_050_000_000_000_000_001
ID_STEP, ID_MASK = np.uint64(0x9E3779B97F4A7C15), np.uint64(2**53 - 1)
"""Ids run through 2^53 numbers by an odd step, so that they do not repeat."""


def load_starfield() -> StarField:
    """Return the embedded star field.

    Returns
    -------
    Columns `source_id` (int64, 19 digits), `ra`, `dec` [deg], `parallax` [mas], `pmra`,
    `pmdec` [mas/yr], `phot_hw_mag`, `phot_g_mean_mag`, `bp_rp` [mag]: true values at
    the reference epoch 2016.0.

    Examples
    --------
    >>> from reseau.survey import load_starfield
    >>> len(load_starfield()["source_id"])
    27000
    """
    with (
        resources.files(__package__).joinpath("data", FILE).open("rb") as stream,
        np.load(stream, allow_pickle=False) as stored,
    ):
        return star_columns(
            {
                name: _from_bytes(stored[name], kind)
                for name, (kind, _) in QUANTA.items()
            }
        )


def to_bytes(values: np.ndarray) -> np.ndarray:
    """Return the lowest bytes of all numbers in one row, the next in another, ..."""
    return values.view(np.uint8).reshape(len(values), -1).T.copy()


def _from_bytes(rows: np.ndarray, kind: str) -> np.ndarray:
    return rows.T.copy().view(kind)[:, 0]


def star_columns(stored: Mapping[str, np.ndarray]) -> StarField:
    """Return the star field whose rounded columns these are.

    Parameters
    ----------
    stored
        Integers, the columns of `QUANTA`.
    """
    along = np.cumsum(stored["l"], dtype=np.int64)
    whole = dict(stored, l=along - HALF_SIDE, b=stored["b"] - HALF_SIDE)
    values = {name: whole[name] * step for name, (_, step) in QUANTA.items()}
    longitude, latitude = CENTRE[0] + values.pop("l"), CENTRE[1] + values.pop("b")
    ra, dec = equatorial(longitude, latitude)
    pmra, pmdec = equatorial_motion(
        longitude, latitude, along=values.pop("pm_l"), across=values.pop("pm_b")
    )
    return MappingProxyType(
        {
            "source_id": star_ids(0, len(ra)),
            "ra": ra / DEGREE,
            "dec": dec / DEGREE,
            "pmra": pmra,
            "pmdec": pmdec,
            **values,
        }
    )


def star_ids(first: int, n: int) -> np.ndarray:
    """Return identifiers of synthetic stars, unique and of 19 digits.

    Parameters
    ----------
    first
        Running number of the first star.
    n
        How many.
    """
    numbers = np.arange(first, first + n, dtype=np.uint64)
    return FIRST_ID + ((numbers * ID_STEP) & ID_MASK).astype(np.int64)


__all__ = [
    "QUANTA",
    "StarField",
    "load_starfield",
    "star_columns",
    "star_ids",
    "to_bytes",
]
