"""The reddening of a catalogue's own stars: E(J-Ks) by cell from giants, with errors.

Giants of the bulge and its red clump have a colour that their brightness tells to some
0.1 mag, so that the colours of a few hundred of them give the reddening of a cell to
0.02 mag. Three things would spoil a plain mean of colours and are modelled instead:
stars before and behind the clump have less and more than the map's reddening, by the
distance profile; stars of the foreground have little; and stars that are so reddened
that a survey does not see them are not there, which biases a mean towards the bluer
ones (see `colour_likelihood`). Cells are joined until they have stars enough.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from jaxtyping import Bool, Float, Int
from scipy import sparse

from reseau.errors import (
    AssumedErrorWarning,
    CatalogueError,
    ConfigError,
    DegeneracyError,
    explain,
    missing_columns_error,
    warn,
)
from reseau.tables import columns_of, place_of, table_from

from .blocks import TILE, Blocks, joined
from .clump import wrapped
from .colour_likelihood import (
    ColourModel,
    ColourScale,
    Limits,
    Posterior,
    bin_of,
    posterior_of,
)
from .curves import LARGEST
from .giants import GiantSettings, GiantTemplate, distances, template_of
from .laws import ExtinctionLaw, read_law
from .maps import GridMap
from .profiles import DistanceProfile, read_profile

logger = logging.getLogger(__name__)

ASSUMED_ERROR = 0.05
"""Of magnitudes whose errors nobody gave [mag]."""

PLAUSIBLE = (2.0, 30.0)
"""Magnitudes outside are none, as 0, -9.99 and 99.9 are none."""

SCATTERS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3)
FOREGROUNDS = (0.0, 0.03, 0.1, 0.2, 0.35)
"""Among what the scatter inside cells and the share of the foreground are chosen."""

CHOSEN_OF = 150
"""Blocks by which they are chosen."""

TemplateOf = Callable[[float, float], GiantTemplate]


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
    """

    step: tuple[float, float] = (0.025, 0.025)
    least: int = 150
    bands: tuple[str, str] = ("J", "Ks")
    blue_limits: tuple[float, float] | None = None
    red_limits: tuple[float, float] | None = None
    largest: float = 8.0
    reference: float = 0.75
    temperature: float = 4000.0

    def __post_init__(self) -> None:
        wrong = [
            text
            for text, good in (
                (f"step = {self.step}", min(self.step) > 0.0),
                (f"least = {self.least}", self.least >= 1),
                (f"largest = {self.largest}", 0.0 < self.largest <= 0.6 * LARGEST),
                (f"bands = {self.bands}", self.bands in (("J", "Ks"), ("H", "Ks"))),
            )
            if not good
        ]
        if wrong:
            raise ConfigError(
                explain(
                    given=", ".join(wrong),
                    wanted=f"steps > 0 deg, 1 star or more, at most {0.6 * LARGEST:g} "
                    "mag of reddening, J or H and Ks",
                    where="ReddeningSettings",
                    todo="correct the values",
                )
            )


@dataclass(frozen=True)
class MeasuredReddening:
    """The reddening of cells, with errors.

    Attributes
    ----------
    map
        E(J-Ks) in VVV's bands at the red clump's mean distance, and its scatter inside
        cells, as a map to redden stars with.
    error
        1σ of the map's reddening [mag]; cells of a block have one error in common.
    block
        Number of the block that a cell is in; -1: none.
    stars
        Used in the cell's block.
    bounded
        False where stars do not say how great the reddening is at most.
    notes
        Counts of what was left out, by reason.
    """

    map: GridMap
    error: Float[np.ndarray, "n_l n_b"]
    block: Int[np.ndarray, "n_l n_b"]
    stars: Int[np.ndarray, "n_l n_b"]
    bounded: Bool[np.ndarray, "n_l n_b"]
    notes: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Stars:
    """Stars with both magnitudes, and the errors of these."""

    longitude: np.ndarray
    latitude: np.ndarray
    blue: np.ndarray
    red: np.ndarray
    blue_error: np.ndarray
    red_error: np.ndarray


def reddening_of_catalogue(
    catalogue: object,
    *,
    law: ExtinctionLaw | None = None,
    profile: DistanceProfile | None = None,
    template: TemplateOf | None = None,
    settings: ReddeningSettings | None = None,
) -> MeasuredReddening:
    """Measure the reddening of a catalogue's cells, with errors.

    Parameters
    ----------
    catalogue
        A table in a file or in memory with `l` and `b`, or `ra` and `dec` [deg], and
        2MASS' `J`, `H`, `Ks` and `J_error` and so on [mag], of which those of the two
        bands of the colour are used.
    law
        Of extinction; None: Wang & Chen 2019.
    profile
        How the reddening grows with distance; None: with a central molecular zone.
    template
        Of the stars in a direction, longitude and latitude [deg]; None: giants in round
        numbers, `GiantSettings`. One of the model of the Galaxy is better.
    settings
        See `ReddeningSettings`.

    Raises
    ------
    CatalogueError
        A column is missing, or no row has both magnitudes.
    DegeneracyError
        No star is within the limits.

    Warns
    -----
    AssumedErrorWarning
        The table has no errors of magnitudes.
    """
    settings = settings or ReddeningSettings()
    law, profile = law or read_law(), profile or read_profile()
    stars, notes = _stars_of(catalogue, settings)
    scale = scale_of(law, settings)
    if template is None:
        template = giants_in_round_numbers(profile, scale)
    limits = Limits(
        settings.blue_limits or _limits_of(stars.blue),
        settings.red_limits or _limits_of(stars.red),
    )
    logger.info("complete in %s from %s, in %s from %s", *_told(settings, limits))
    field_of = _Field(stars, settings, scale, limits, template)
    return field_of.measured(notes)


def _told(settings: ReddeningSettings, limits: Limits) -> tuple[object, ...]:
    return settings.bands[0], limits.blue, settings.bands[1], limits.red


def scale_of(law: ExtinctionLaw, settings: ReddeningSettings) -> ColourScale:
    """Return how reddening, colour excess and extinction go together by a law.

    Parameters
    ----------
    law
        Of extinction; of one with quadrants, their mean.
    settings
        Bands, reference and temperature of the stars.
    """
    reddening = np.arange(0.0, LARGEST + 0.01, 0.05)
    found = law.extinction_of(
        reddening, settings.bands, temperature=settings.temperature
    )
    blue, red = found.T
    return ColourScale(reddening, blue - red, np.stack([red, blue]), settings.reference)


def giants_in_round_numbers(
    profile: DistanceProfile,
    scale: ColourScale,
    giants: GiantSettings | None = None,
) -> TemplateOf:
    """Return templates of giants in round numbers, in any direction.

    Parameters
    ----------
    profile
        How the reddening grows with distance.
    scale
        Of the colour J - Ks.
    giants
        Their numbers.
    """
    chosen = giants or GiantSettings()
    slope = float(scale.extinction[0, 1] / scale.excess[1])

    def template(longitude: float, latitude: float) -> GiantTemplate:
        direction, distance = (longitude, latitude), distances()
        return template_of(
            profile,
            direction,
            distance,
            chosen.density(direction, distance),
            [chosen.population()],
            slope=slope,
            reference=scale.reference,
        )

    return template


def _stars_of(
    catalogue: object, settings: ReddeningSettings
) -> tuple[_Stars, dict[str, int]]:
    table, where = table_from(catalogue, what="the catalogue"), place_of(catalogue)
    present = {name.lower(): name for name in reversed(table.column_names)}
    wanted = [band.lower() for band in settings.bands]
    lacking = [
        b for b, low in zip(settings.bands, wanted, strict=True) if low not in present
    ]
    has_place = {"l", "b"} <= set(present) or {"ra", "dec"} <= set(present)
    if lacking or not has_place:
        missing = lacking + ([] if has_place else ["l", "b"])
        raise missing_columns_error(missing, table.column_names, "the catalogue", where)
    longitude, latitude = _place(table, present)
    magnitudes = [_column(table, present[name]) for name in wanted]
    errors = [_errors(table, present, name) for name in wanted]
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
    return _Stars(*(value[good] for value in values)), notes


def _column(table: pa.Table, name: str) -> np.ndarray:
    return np.asarray(columns_of(table.select([name]))[name], float)


def _place(table: pa.Table, present: dict[str, str]) -> tuple[np.ndarray, np.ndarray]:
    if {"l", "b"} <= set(present):
        return wrapped(_column(table, present["l"])), _column(table, present["b"])
    import erfa

    ra, dec = (np.radians(_column(table, present[name])) for name in ("ra", "dec"))
    longitude, latitude = np.degrees(erfa.icrs2g(ra, dec))
    return wrapped(longitude), latitude


def _errors(table: pa.Table, present: dict[str, str], band: str) -> np.ndarray | None:
    for name in (f"{band}_error", f"e_{band}", f"{band}_err", f"{band}err"):
        if name in present:
            found = _column(table, present[name])
            known = np.isfinite(found) & (found > 0.0) & (found < 1.0)
            return np.where(known, found, ASSUMED_ERROR)
    return None


def _limits_of(magnitude: np.ndarray) -> tuple[float, float]:
    """Return between what all stars are there: to half a mag before the most counts."""
    edges = np.arange(PLAUSIBLE[0], PLAUSIBLE[1] + 0.1, 0.2)
    number, _ = np.histogram(magnitude, edges)
    faint = edges[int(np.argmax(number))] - 0.4
    bright = float(np.percentile(magnitude, 0.1))
    return min(bright, faint - 1.0), float(faint)


def _noise_of(stars: _Stars) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Return 1σ of colours of magnitudes, of the errors that the stars have."""
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


class _Field:
    """Stars in cells, measured tile by tile."""

    def __init__(
        self,
        stars: _Stars,
        settings: ReddeningSettings,
        scale: ColourScale,
        limits: Limits,
        template: TemplateOf,
    ) -> None:
        self.settings, self.scale, self.limits = settings, scale, limits
        self.template, self.noise = template, _noise_of(stars)
        step_l, step_b = settings.step
        middle = float(np.median(stars.longitude))
        # Stars on both sides of a longitude of 180 deg are beside one another.
        lon = middle + wrapped(stars.longitude - middle)
        self.first = (
            float(np.floor(lon.min() / step_l) * step_l),
            float(np.floor(stars.latitude.min() / step_b) * step_b),
        )
        self.i = np.floor((lon - self.first[0]) / step_l + 1e-9).astype(np.int64)
        self.j = np.floor((stars.latitude - self.first[1]) / step_b + 1e-9).astype(
            np.int64
        )
        self.shape = (int(self.i.max()) + 1, int(self.j.max()) + 1)
        self.excess = stars.blue - stars.red - scale.reference
        self.brightness = stars.red - scale.of_red(self.excess)

    def measured(self, notes: dict[str, int]) -> MeasuredReddening:
        """Return the reddening of all cells."""
        excess, error, inside = (np.full(self.shape, np.nan) for _ in range(3))
        block, stars = np.full(self.shape, -1), np.zeros(self.shape, np.int64)
        bounded = np.zeros(self.shape, bool)
        used = 0
        tile = (self.i // TILE) * (self.shape[1] // TILE + 1) + self.j // TILE
        order = np.argsort(tile, kind="stable")
        names, begin = np.unique(tile[order], return_index=True)
        for part in np.split(order, begin[1:]):
            at, blocks, found, scatter = self._of_tile(part)
            if found is None:
                continue
            number = blocks.number
            excess[at], error[at] = found.mean[number], found.sigma[number]
            inside[at] = scatter * found.mean[number]
            bounded[at] = found.bounded[number]
            stars[at] = blocks.stars[number]
            block[at] = np.where(blocks.stars[number] > 0, number + block.max() + 1, -1)
            used += int(blocks.stars.sum())
        if not used:
            raise self._nothing()
        for values in (excess, error, inside):
            values[stars == 0] = np.nan
        notes = {**notes, "used": used, "tiles": len(names)}
        name = "measured of the catalogue's giants"
        grid = GridMap(name, self.first, self.settings.step, excess, inside)
        return MeasuredReddening(grid, error, block, stars, bounded, notes)

    def _nothing(self) -> DegeneracyError:
        blue, red = self.settings.bands
        return DegeneracyError(
            explain(
                given=f"{len(self.i)} stars, none of them a giant within the limits "
                f"{self.limits.blue} of {blue} and {self.limits.red} of {red}",
                wanted="giants of the bulge in both bands",
                where="reddening_of_catalogue",
                todo="give blue_limits and red_limits, or other bands",
            )
        )

    def _of_tile(
        self, part: np.ndarray
    ) -> tuple[tuple[slice, slice], Blocks, Posterior | None, float]:
        """Return where a tile is, its blocks, their reddening, and its scatter."""
        corner = [int(c[part[0]]) // TILE * TILE for c in (self.i, self.j)]
        ends = [min(c + TILE, n) for c, n in zip(corner, self.shape, strict=True)]
        at = slice(corner[0], ends[0]), slice(corner[1], ends[1])
        size = (ends[0] - corner[0], ends[1] - corner[1])
        model = self._model(corner, size)
        bins = bin_of(model, self.brightness[part], self.excess[part])
        part, bins = part[bins >= 0], bins[bins >= 0]
        cell = (self.i[part] - corner[0]) * size[1] + self.j[part] - corner[1]
        number = np.bincount(cell, minlength=size[0] * size[1]).reshape(size)
        blocks = joined(number, self.settings.least)
        if len(part) == 0:
            return at, blocks, None, 0.0
        of_star = blocks.number.ravel()[cell]
        n_bins = model.allowed().size
        counts = sparse.csr_matrix(
            (np.ones(len(part)), (of_star, bins)), (len(blocks.level), n_bins)
        )
        scatter, foreground = _chosen(model, counts)
        logger.info(
            "tile at cell %s: scatter %g, foreground %g", corner, scatter, foreground
        )
        log_shares = model.log_shares(scatter, foreground)
        return at, blocks, posterior_of(counts, log_shares, model.grid), scatter

    def _model(self, corner: list[int], size: tuple[int, int]) -> ColourModel:
        middle = [
            first + step * (c + 0.5 * n)
            for first, step, c, n in zip(
                self.first, self.settings.step, corner, size, strict=True
            )
        ]
        return ColourModel(
            self.template(middle[0], middle[1]),
            self.scale,
            self.limits,
            self.noise,
            self.settings.largest,
        )


def _chosen(model: ColourModel, counts: sparse.csr_matrix) -> tuple[float, float]:
    """Return scatter and foreground of the greatest evidence, one after the other."""
    rows = np.unique(np.linspace(0, counts.shape[0] - 1, CHOSEN_OF).astype(np.int64))
    some = counts[rows]

    def evidence(scatter: float, foreground: float) -> float:
        shares = model.log_shares(scatter, foreground)
        return posterior_of(some, shares, model.grid).evidence

    foreground = FOREGROUNDS[1]
    scatter = max(SCATTERS, key=lambda s: evidence(s, foreground))
    foreground = max(FOREGROUNDS, key=lambda f: evidence(scatter, f))
    scatter = max(SCATTERS, key=lambda s: evidence(s, foreground))
    return scatter, foreground


__all__ = [
    "MeasuredReddening",
    "ReddeningSettings",
    "giants_in_round_numbers",
    "reddening_of_catalogue",
    "scale_of",
]
