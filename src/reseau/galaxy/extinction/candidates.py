"""The stars that a reddening is measured of: their columns, errors and limits."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from reseau.errors import (
    AssumedErrorWarning,
    CatalogueError,
    ConfigError,
    explain,
    missing_columns_error,
    warn,
)
from reseau.tables import columns_of, place_of, table_from

from .clump import wrapped
from .curves import LARGEST

ASSUMED_ERROR = 0.05
"""Of magnitudes whose errors nobody gave [mag]."""

PLAUSIBLE = (2.0, 30.0)
"""Magnitudes outside are none, as 0, -9.99 and 99.9 are none."""


@dataclass(frozen=True, kw_only=True)
class ReddeningSettings:
    """How the reddening of a catalogue is measured.

    Attributes
    ----------
    step
        Size of cells in longitude and latitude [deg].
    least
        Stars that a block of cells has at least, where it is not as large as it may be.
    bands
        Bluer and redder band of the colour: J or H, and Ks.
    blue_limits, red_limits
        Magnitudes between which all stars are in the catalogue; None: told from the
        counts, half a magnitude before they are greatest.
    largest
        Greatest reddening that is thought possible [mag].
    reference
        Colour that giants have about [mag].
    temperature
        Of giants [K], for the width of the bands.
    floor
        Least error, as a share of the reddening: what templates are good for.
    """

    step: tuple[float, float] = (0.025, 0.025)
    least: int = 150
    bands: tuple[str, str] = ("J", "Ks")
    blue_limits: tuple[float, float] | None = None
    red_limits: tuple[float, float] | None = None
    largest: float = 8.0
    reference: float = 0.75
    temperature: float = 4000.0
    floor: float = 0.005

    def __post_init__(self) -> None:
        wrong = [
            text
            for text, good in (
                (f"step = {self.step}", min(self.step) > 0.0),
                (f"least = {self.least}", self.least >= 1),
                (f"floor = {self.floor}", 0.0 <= self.floor < 1.0),
                (f"largest = {self.largest}", 0.0 < self.largest <= 0.6 * LARGEST),
                (f"bands = {self.bands}", self.bands in (("J", "Ks"), ("H", "Ks"))),
            )
            if not good
        ]
        if wrong:
            raise ConfigError(
                explain(
                    given=", ".join(wrong),
                    wanted=f"steps > 0 deg, 1 star or more, a floor from 0 to below 1, "
                    f"at most {0.6 * LARGEST:g} mag of reddening, J or H and Ks",
                    where="ReddeningSettings",
                    todo="correct the values",
                )
            )


@dataclass(frozen=True)
class GiantCandidates:
    """Stars with both magnitudes of a colour.

    Attributes
    ----------
    longitude, latitude
        Galactic coordinates [deg].
    blue, red, blue_error, red_error
        Magnitudes and their errors [mag].
    """

    longitude: np.ndarray
    latitude: np.ndarray
    blue: np.ndarray
    red: np.ndarray
    blue_error: np.ndarray
    red_error: np.ndarray


def candidates_of(
    catalogue: object, settings: ReddeningSettings
) -> tuple[GiantCandidates, dict[str, int]]:
    """Return the stars of a catalogue that have a place and both magnitudes.

    Parameters
    ----------
    catalogue
        A table in a file or in memory.
    settings
        Of which the bands are used.

    Returns
    -------
    The stars, and counts of all rows and of those left out.
    """
    table, where = table_from(catalogue, what="the catalogue"), place_of(catalogue)
    present = {name.lower(): name for name in reversed(table.column_names)}
    wanted = [_name_of(band, present) for band in settings.bands]
    lacking = [b for b, n in zip(settings.bands, wanted, strict=True) if n is None]
    has_place = {"l", "b"} <= set(present) or {"ra", "dec"} <= set(present)
    if lacking or not has_place:
        missing = lacking + ([] if has_place else ["l", "b"])
        raise missing_columns_error(missing, table.column_names, "the catalogue", where)
    longitude, latitude = _place(table, present)
    names = [name for name in wanted if name is not None]
    magnitudes = [_column(table, present[name]) for name in names]
    errors = [_errors(table, present, name) for name in names]
    good = np.isfinite(longitude) & np.isfinite(latitude)
    for value in magnitudes:
        good &= (value > PLAUSIBLE[0]) & (value < PLAUSIBLE[1])
    notes = {"stars": len(good), "without place or magnitudes": int((~good).sum())}
    if not good.any():
        raise CatalogueError(
            explain(
                given=f"{len(good)} rows, none with a place and both magnitudes",
                wanted=f"magnitudes of {' and '.join(settings.bands)} from 2 to 30",
                where=where,
                todo="give the columns in mag, and 2MASS' bands",
            )
        )
    if any(e is None for e in errors):
        warn(
            f"{where}: no errors of {' or '.join(settings.bands)}; {ASSUMED_ERROR} mag "
            "are assumed",
            AssumedErrorWarning,
        )
    full = [np.full(len(good), ASSUMED_ERROR) if e is None else e for e in errors]
    values = (longitude, latitude, *magnitudes, *full)
    return GiantCandidates(*(value[good] for value in values)), notes


def _name_of(band: str, present: dict[str, str]) -> str | None:
    low = band.lower()
    for name in (low, f"phot_{low}_mag", f"{low}mag", f"{low}_mag"):
        if name in present:
            return name
    return None


def _column(table: pa.Table, name: str) -> np.ndarray:
    return np.asarray(columns_of(table.select([name]))[name], float)


def _place(table: pa.Table, present: dict[str, str]) -> tuple[np.ndarray, np.ndarray]:
    if {"l", "b"} <= set(present):
        return wrapped(_column(table, present["l"])), _column(table, present["b"])
    import erfa

    ra, dec = (np.radians(_column(table, present[name])) for name in ("ra", "dec"))
    longitude, latitude = np.degrees(erfa.icrs2g(ra, dec))
    return wrapped(longitude), latitude


def _errors(table: pa.Table, present: dict[str, str], name: str) -> np.ndarray | None:
    for error in (f"{name}_error", f"e_{name}", f"{name}_err", f"{name}err"):
        if error in present:
            found = _column(table, present[error])
            known = np.isfinite(found) & (found > 0.0) & (found < 1.0)
            return np.where(known, found, ASSUMED_ERROR)
    return None


def limits_of(magnitude: np.ndarray) -> tuple[float, float]:
    """Return between what magnitudes all stars are there, told from their counts.

    Parameters
    ----------
    magnitude
        Of the stars [mag].
    """
    edges = np.arange(PLAUSIBLE[0], PLAUSIBLE[1] + 0.1, 0.2)
    number, _ = np.histogram(magnitude, edges)
    faint = edges[int(np.argmax(number))] - 0.4
    bright = float(np.percentile(magnitude, 0.1))
    return min(bright, faint - 1.0), float(faint)


def noise_of(stars: GiantCandidates) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Return 1σ of colours as a function of magnitudes, of the errors that stars have.

    Parameters
    ----------
    stars
        With errors.
    """
    tables = [
        _median_errors(*pair)
        for pair in ((stars.red, stars.red_error), (stars.blue, stars.blue_error))
    ]

    def noise(red: np.ndarray, blue: np.ndarray) -> np.ndarray:
        parts = [
            np.interp(value, *known)
            for value, known in zip((red, blue), tables, strict=True)
        ]
        return np.hypot(*parts)

    return noise


def _median_errors(
    magnitude: np.ndarray, error: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(magnitude, kind="stable")
    parts = np.array_split(order, max(min(60, len(order) // 20), 1))
    middle = [float(np.median(magnitude[part])) for part in parts]
    # Of variances: a few poor magnitudes widen a distribution more than many good ones.
    spread = [float(np.sqrt(np.mean(error[part] ** 2))) for part in parts]
    return np.array(middle), np.array(spread)


__all__ = [
    "GiantCandidates",
    "ReddeningSettings",
    "candidates_of",
    "limits_of",
    "noise_of",
]
