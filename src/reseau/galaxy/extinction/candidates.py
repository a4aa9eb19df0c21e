"""The stars that a reddening is measured of: their columns, errors and limits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from reseau._windows import Window
from reseau.errors import (
    AssumedErrorWarning,
    CatalogueError,
    ConfigError,
    explain,
    missing_columns_error,
    warn,
)
from reseau.tables import place_of

from .clump import wrapped
from .curves import LARGEST
from .star_columns import (
    by_small_letters,
    error_names,
    name_of,
    numbers_of,
    place_names,
    table_of_stars,
)

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
    window
        Box in Galactic coordinates outside of which stars are left out; None: all.
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
    window: Window | None = None

    def __post_init__(self) -> None:
        limits = [pair for pair in (self.blue_limits, self.red_limits) if pair]
        rising = all(bright < faint for bright, faint in limits)
        wrong = [
            text
            for text, good in (
                (f"step = {self.step}", min(self.step) > 0.0),
                (f"limits = {limits}", rising),
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
                    wanted="steps > 0 deg, limits from bright to faint, 1 star or "
                    "more, a floor from 0 to below 1, J or H and Ks, and a largest "
                    f"reddening of at most {0.6 * LARGEST:g} mag",
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
    table, where = table_of_stars(catalogue), place_of(catalogue)
    present = by_small_letters(table.column_names)
    wanted = [name_of(band, present) for band in settings.bands]
    lacking = [b for b, n in zip(settings.bands, wanted, strict=True) if n is None]
    place = place_names(present)
    if lacking or not place:
        missing = lacking + ([] if place else ["l", "b"])
        raise missing_columns_error(missing, table.column_names, "the catalogue", where)
    longitude, latitude = _place(table, present, where)
    names = [name for name in wanted if name is not None]
    magnitudes = [numbers_of(table, present[name], "mag", where) for name in names]
    errors = [_errors(table, present, name, where) for name in names]
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
    if settings.window is not None:
        inside = settings.window.contains(longitude, latitude)
        notes["outside the window"] = int((good & ~inside).sum())
        _check_window(settings.window, (longitude[good], latitude[good]), where)
        good &= inside
    if any(e is None for e in errors):
        warn(
            f"{where}: no errors of {' or '.join(settings.bands)}; {ASSUMED_ERROR} mag "
            "are assumed",
            AssumedErrorWarning,
        )
    full = [np.full(len(good), ASSUMED_ERROR) if e is None else e for e in errors]
    values = (longitude, latitude, *magnitudes, *full)
    return GiantCandidates(*(value[good] for value in values)), notes


def _check_window(
    window: Window, place: tuple[np.ndarray, np.ndarray], where: str
) -> None:
    """Refuse a window without any star, and say where stars are."""
    if window.contains(*place).any():
        return
    # From the middle of all on, so that stars on both sides of 180 deg are together.
    middle = float(np.median(place[0]))
    spans = (middle + wrapped(place[0] - middle), place[1])
    (west, east), (south, north) = (np.percentile(p, (0.0, 100.0)) for p in spans)
    raise CatalogueError(
        explain(
            given=f"no star in the window {window}",
            wanted="a window with stars",
            where=where,
            todo=f"the stars are at {west:.3f} <= l <= {east:.3f}, "
            f"{south:.3f} <= b <= {north:.3f} deg",
        )
    )


def _place(
    table: pa.Table, present: Mapping[str, str], where: str
) -> tuple[np.ndarray, np.ndarray]:
    names = place_names(present)
    first, second = (numbers_of(table, present[n], "deg", where) for n in names)
    if names == ("l", "b"):
        return wrapped(first), second
    import erfa

    longitude, latitude = np.degrees(erfa.icrs2g(np.radians(first), np.radians(second)))
    return wrapped(longitude), latitude


def _errors(
    table: pa.Table, present: Mapping[str, str], name: str, where: str
) -> np.ndarray | None:
    for error in error_names(name):
        if error in present:
            found = numbers_of(table, present[error], "mag", where)
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
