"""The reference catalogue of a survey: the truth as Gaia would have published it.

Stars brighter than a limit in G have an entry. Its parameters are the true ones at the
catalogue's epoch, plus what a binary's orbit or another kind's offset leaves in the
fit, plus errors of the stated covariance, plus a floor that neighbours share. Some
entries are wrong: those of binaries that nobody knows of, whose orbits left something
in the fit, and those of other stars.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from jaxtyping import Array, Bool, Float, Int, Int8, Int16

from reseau._compiled import quick_jit
from reseau._precision import in_double
from reseau.constants import ARCSECOND, DEGREE, MILLIARCSECOND
from reseau.errors import ConfigError, explain
from reseau.sky import (
    angles_from_direction,
    direction_from_angles,
    displaced,
    propagate,
)

from .binaries import draw_orbits, orbit_offset
from .population import SINGLE, Population
from .reference_errors import RELEASES, TWO, draw_covariances, draw_solved
from .references import PARAMETERS
from .sky_floor import smooth_fields
from .star_config import ReferenceConfig
from .star_motion import offsets
from .stars import Columns, astrometry
from .wrong_references import enlarged, fit_epochs, fitted_parameters

STREAMS = ("solved", "covariance", "errors", "floor", "wrong", "orbits", "mismatch")
RIGHT, UNKNOWN_BINARY, MISMATCH = range(3)
CHUNK = 4096
"""Stars at a time whose orbits are fitted."""


@dataclass(frozen=True, eq=False)
class SurveyReferences:
    """A catalogue made from the truth, and how it came about.

    Attributes
    ----------
    columns
        Of the table: Gaia's names and units, `phot_hw_mag`, `is_reference`, and
        `astrometric_params_solved` (3, 31 or 95 for 2, 5 or 6 parameters). NaN is what
        a solution with two parameters does not have.
    row
        Of each entry's star in the population.
    wrong
        Of each source of the population, whether its entry is wrong; false without one.
    reason
        Of each entry: 0 right, 1 of a binary that nobody knows of, 2 of another star.
        Entries of the population's own binaries, accelerated and lensed stars count as
        right: what their orbits leave in them is in `change`.
    change
        What orbits and the like left in the five parameters, ra·cos dec, dec, parallax,
        pmra, pmdec [mas, mas/yr].
    floor
        What is shared with neighbours, of the same.
    left_out
        How many sources have no entry, by reason.
    """

    columns: Mapping[str, np.ndarray]
    row: Int[np.ndarray, "k"]
    wrong: Bool[np.ndarray, "n"]
    reason: Int8[np.ndarray, "k"]
    change: Float[np.ndarray, "k 5"]
    floor: Float[np.ndarray, "k 5"]
    left_out: Mapping[str, int]


@in_double
def survey_references(
    config: ReferenceConfig, stars: Population, rng: np.random.Generator
) -> SurveyReferences:
    """Return a Gaia-like catalogue of a population.

    Parameters
    ----------
    config
        Errors, and what is wrong.
    stars
        True sources.
    rng
        Random numbers. Each part has a stream of its own: wrong entries leave the
        others as they are.

    Raises
    ------
    ConfigError
        Entries are to be of other stars, and there are no others.
    """
    rngs = dict(zip(STREAMS, rng.spawn(len(STREAMS)), strict=True))
    known = np.isfinite(stars.phot_g_mean_mag)
    row = np.flatnonzero(known & (stars.phot_g_mean_mag <= config.faintest_g_mag))
    left_out = {
        "no_g_magnitude": int(np.sum(~known)),
        "faint": int(np.sum(known)) - len(row),
    }
    held = stars.taken(row)
    g = held.phot_g_mean_mag
    solved = draw_solved(rngs["solved"], config, g)
    covariance = draw_covariances(rngs["covariance"], config, g, solved)
    place, true = _at_epoch(held, config.epoch)
    reason = _draw_reasons(rngs["wrong"], config, held, solved)
    change = _left_by_kinds(config, held, place)
    change += _left_by_unknown(rngs["orbits"], config, held, place, reason, covariance)
    widths = np.repeat([config.floor_mas, config.floor_mas_per_yr], [3, 2])
    floor = np.zeros((len(row), 5))
    if np.any(widths > 0.0):
        scale = config.floor_scale_deg * DEGREE
        floor = widths * smooth_fields(rngs["floor"], place, scale=scale, fields=5)
    normal = rngs["errors"].standard_normal((len(row), 5))
    random = np.einsum("nij,nj->ni", np.linalg.cholesky(covariance), normal)
    if config.floor == "stated":
        covariance = covariance + np.diag(widths**2)
    found = true + change + floor + random
    columns = _table(held, config, place, found, covariance, solved)
    columns = _mismatched(rngs["mismatch"], config, columns, place, reason)
    wrong = np.zeros(len(stars), dtype=bool)
    wrong[row] = reason != RIGHT
    return SurveyReferences(
        columns=columns,
        row=row,
        wrong=wrong,
        reason=reason,
        change=change,
        floor=floor,
        left_out=left_out,
    )


def _at_epoch(
    stars: Population, epoch: float
) -> tuple[Float[np.ndarray, "n 3"], Float[np.ndarray, "n 5"]]:
    """Return directions at an epoch, and the five parameters there [mas, mas/yr]."""
    elapsed = np.full(len(stars), epoch - stars.ref_epoch)
    ra, dec = stars.ra * DEGREE, stars.dec * DEGREE
    place, six = _carried(ra, dec, astrometry(stars.columns()), elapsed)
    return np.asarray(place), np.asarray(six)[:, :5] / MILLIARCSECOND


@quick_jit
def _carried(ra: Array, dec: Array, six: Array, elapsed: Array) -> tuple[Array, Array]:
    return propagate(direction_from_angles(ra, dec), six, elapsed)


@quick_jit
def _angles(place: Array, offset: Array) -> tuple[Array, Array]:
    return angles_from_direction(displaced(place, offset))


def _draw_reasons(
    rng: np.random.Generator,
    config: ReferenceConfig,
    stars: Population,
    solved: Int16[np.ndarray, "n"],
) -> Int8[np.ndarray, "n"]:
    """Return which entries are wrong, and how: of single stars that have motions."""
    able = (stars.kind == SINGLE) & (solved != TWO)
    single = rng.permutation(np.flatnonzero(able))
    reason = np.full(len(stars), RIGHT, dtype=np.int8)
    chosen = single[: round(config.wrong_fraction * len(stars))]
    half = len(chosen) // 2
    binaries = {"binaries": len(chosen), "mismatches": 0, "both": half}[config.wrong]
    reason[chosen[:binaries]] = UNKNOWN_BINARY
    reason[chosen[binaries:]] = MISMATCH
    if np.any(reason == MISMATCH) and len(stars) < 2:
        raise ConfigError(
            explain(
                given=f"wrong = {config.wrong!r} in a catalogue of {len(stars)} entry",
                wanted="entries of other stars to take in its place",
                where="the references of a survey",
                todo='choose wrong = "binaries", or give more stars',
            )
        )
    return reason


def _left_by_kinds(
    config: ReferenceConfig, stars: Population, place: Float[np.ndarray, "n 3"]
) -> Float[np.ndarray, "n 5"]:
    """Return what the population's own orbits and the like leave in the fit."""
    release = RELEASES[config.errors]
    epochs = fit_epochs(release.first, release.last)
    change = np.zeros((len(stars), 5))
    rows = np.flatnonzero(stars.kind != SINGLE)
    for first in range(0, len(rows), CHUNK):
        some = rows[first : first + CHUNK]
        time = np.repeat(epochs[None], len(some), axis=0)
        offset = offsets(stars.taken(some), time)
        change[some] = fitted_parameters(place[some], offset, epochs, config.epoch)
    return change


def _left_by_unknown(
    rng: np.random.Generator,
    config: ReferenceConfig,
    stars: Population,
    place: Float[np.ndarray, "n 3"],
    reason: Int8[np.ndarray, "n"],
    covariance: Float[np.ndarray, "n 5 5"],
) -> Float[np.ndarray, "n 5"]:
    """Return what orbits that are not in the truth leave in the fit."""
    release = RELEASES[config.errors]
    epochs = fit_epochs(release.first, release.last)
    change = np.zeros((len(stars), 5))
    rows = np.flatnonzero(reason == UNKNOWN_BINARY)
    for first in range(0, len(rows), CHUNK):
        some = rows[first : first + CHUNK]
        orbits = draw_orbits(rng, some, stars.parallax[some])
        offset = orbit_offset(orbits, np.repeat(epochs[None], len(some), axis=0))
        found = fitted_parameters(place[some], offset, epochs, config.epoch)
        change[some] = enlarged(found, covariance[some], config.wrong_by_sigma)
    return change


def _table(
    stars: Population,
    config: ReferenceConfig,
    place: Float[np.ndarray, "n 3"],
    found: Float[np.ndarray, "n 5"],
    covariance: Float[np.ndarray, "n 5 5"],
    solved: np.ndarray,
) -> Columns:
    """Return the columns of the table; what a solution lacks is NaN."""
    n = len(stars)
    ra, dec = _angles(place, found[:, :2] * MILLIARCSECOND)
    width = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    correlation = covariance / (width[:, :, None] * width[:, None, :])
    table = {
        "source_id": stars.source_id,
        "ref_epoch": np.full(n, config.epoch),
        "ra": np.asarray(ra) / DEGREE,
        "dec": np.asarray(dec) / DEGREE,
        **{name: found[:, i] for i, name in enumerate(PARAMETERS) if i > 1},
        **{f"{name}_error": width[:, i] for i, name in enumerate(PARAMETERS)},
        **{
            f"{PARAMETERS[i]}_{PARAMETERS[j]}_corr": correlation[:, i, j]
            for i, j in combinations(range(5), 2)
        },
    }
    has_position = {"source_id", "ref_epoch", "ra", "dec", "ra_error", "dec_error"}
    for name in table.keys() - has_position - {"ra_dec_corr"}:
        table[name] = np.where(solved == TWO, np.nan, table[name])
    table["astrometric_params_solved"] = solved
    for name in ("phot_g_mean_mag", "phot_hw_mag", "bp_rp"):
        table[name] = getattr(stars, name)
    table["is_reference"] = np.ones(n, dtype=bool)
    return table


def _mismatched(
    rng: np.random.Generator,
    config: ReferenceConfig,
    table: Columns,
    place: Float[np.ndarray, "n 3"],
    reason: Int8[np.ndarray, "n"],
) -> Columns:
    """Return the table where some stars have the entry of another.

    That other is not a star of the survey: it lies within a disc about the star, and
    has all else from an entry drawn at random, but for Hw, which is not Gaia's.
    """
    rows = np.flatnonzero(reason == MISMATCH)
    n, k = len(reason), len(rows)
    if not k:
        return table
    other = (rows + rng.integers(1, n, k)) % n
    radius = config.mismatch_arcsec * ARCSECOND * np.sqrt(rng.uniform(0.0, 1.0, k))
    angle = rng.uniform(0.0, 2.0 * np.pi, k)
    offset = radius[:, None] * np.stack([np.sin(angle), np.cos(angle)], axis=-1)
    ra, dec = _angles(place[rows], offset)
    own = {"source_id", "phot_hw_mag"}
    changed = {name: values.copy() for name, values in table.items()}
    for name in table.keys() - own:
        changed[name][rows] = table[name][other]
    changed["ra"][rows] = np.asarray(ra) / DEGREE
    changed["dec"][rows] = np.asarray(dec) / DEGREE
    return changed


__all__ = [
    "MISMATCH",
    "RIGHT",
    "UNKNOWN_BINARY",
    "SurveyReferences",
    "survey_references",
]
