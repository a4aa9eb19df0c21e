"""Positions, parallaxes and motions of stars beside the truth of a simulation."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
import pyarrow as pa
from jaxtyping import Array, Bool, Float, Int

from reseau._compiled import quick_jit
from reseau._usual import in_chunks
from reseau.constants import DEGREE, MILLIARCSECOND
from reseau.datasets import read_truth
from reseau.diagnostics.motion_recovery import PARAMETERS
from reseau.errors import CatalogueError, explain
from reseau.motions.averages import Averaged
from reseau.motions.catalogue import positions_of
from reseau.motions.stars import POSITIONS, UNITS, Stars
from reseau.sky import direction_from_angles, propagate, tangent_offset
from reseau.tables import columns_of
from reseau.tables.ids import ABSENT, Index

Columns = Mapping[str, np.ndarray]

TRUTH_COLUMNS = ("ref_epoch", "barycentric_ra", "barycentric_dec")
"""What a truth of motions has at least; parallax and motions may be absent: zero."""


class Estimates(NamedTuple):
    """Five parameters of stars, wherever they are from.

    Attributes
    ----------
    source_id
        Of the stars.
    epoch
        Reference epochs, Julian years TCB.
    ra, dec
        Barycentric [deg].
    values
        Parallax, pmra, pmdec [mas, mas/yr].
    covariance
        Of ra·cos(dec), dec and these.
    is_reference
        Which have a prior.
    positions_only
        Which have no parallax and motion of their own.
    """

    source_id: Int[np.ndarray, "n"]
    epoch: Float[np.ndarray, "n"]
    ra: Float[np.ndarray, "n"]
    dec: Float[np.ndarray, "n"]
    values: Float[np.ndarray, "n 3"]
    covariance: Float[np.ndarray, "n 5 5"]
    is_reference: Bool[np.ndarray, "n"]
    positions_only: Bool[np.ndarray, "n"]

    def rows(self, chosen: np.ndarray) -> "Estimates":
        """Return some of the stars."""
        return Estimates(*(values[chosen] for values in self))


def catalogue_estimates(table: pa.Table) -> Estimates:
    """Return what the table of a catalogue says.

    Parameters
    ----------
    table
        As `COMBINED`.
    """
    columns = columns_of(table)
    sigma = np.stack([columns[f"{name}_error"] for name in PARAMETERS], axis=-1)
    shape = np.zeros((*sigma.shape, 5))
    shape[:, range(5), range(5)] = 1.0
    for i, j in combinations(range(5), 2):
        corr = columns[f"{PARAMETERS[i]}_{PARAMETERS[j]}_corr"]
        shape[:, i, j] = shape[:, j, i] = corr
    return Estimates(
        source_id=columns["source_id"],
        epoch=columns["ref_epoch"],
        ra=columns["ra"],
        dec=columns["dec"],
        values=np.stack([columns[name] for name in PARAMETERS[2:]], axis=-1),
        covariance=shape * sigma[:, :, None] * sigma[:, None, :],
        is_reference=np.asarray(columns["is_reference"], dtype=bool),
        positions_only=columns["astrometric_params_solved"] == POSITIONS,
    )


def averaged_estimates(stars: Stars, averaged: Averaged) -> Estimates:
    """Return what averages over plates say.

    Parameters
    ----------
    stars
        That the averages are of.
    averaged
        NaN where plates do not determine a star.
    """
    parameters = stars.parameters.copy()
    parameters[:, : stars.size] = averaged.parameters
    known = np.all(np.isfinite(parameters[:, :5]), axis=1)
    moved = np.where(known[:, None], parameters, 0.0)
    ra, dec = positions_of(replace(stars, parameters=moved))
    found = Estimates(
        source_id=stars.source_id,
        epoch=stars.epoch,
        ra=ra,
        dec=dec,
        values=parameters[:, 2:5] / UNITS[2:5],
        covariance=averaged.covariance[:, :5, :5] / UNITS[:5, None] / UNITS[:5],
        is_reference=stars.is_reference,
        positions_only=stars.solved_for == POSITIONS,
    )
    return found.rows(known)


def motion_truth(
    path: str | Path, plates: Sequence[int], wanted: np.ndarray
) -> Columns:
    """Return what is true of stars, each once.

    Parameters
    ----------
    path
        Dataset of a survey, or its folder ``truth``.
    plates
        On which the stars may be.
    wanted
        Identifiers; what plates say of others is left away.

    Raises
    ------
    CatalogueError
        The truth knows of no motions, or of none of the stars.
    """
    parts: list[pa.Table] = []
    missing = np.unique(wanted)
    for plate in plates:
        table = read_truth(path, plate=plate).sources
        lacking = [name for name in TRUTH_COLUMNS if name not in table.column_names]
        if lacking:
            raise CatalogueError(
                explain(
                    given=f"a truth without {', '.join(lacking)}",
                    wanted="true positions, parallaxes and motions of the stars",
                    where=str(path),
                    todo="give the dataset of a survey: reseau simulate survey",
                )
            )
        ids = table["source_id"].to_numpy()
        new, first = np.unique(ids, return_index=True)
        parts.append(table.take(pa.array(first[np.isin(new, missing)])))
        missing = np.setdiff1d(missing, new)
        if not missing.size:
            break
    columns = columns_of(pa.concat_tables(parts, promote_options="default"))
    if not columns["source_id"].size:
        raise CatalogueError(
            explain(
                given=f"none of the {wanted.size} sources is in the truth",
                wanted="the truth of the survey that was solved",
                where="column source_id of the catalogue and of the truth",
                todo="name the truth that belongs to this catalogue",
            )
        )
    return columns


def matched(
    estimates: Estimates, truth: Columns
) -> tuple[Estimates, Columns, list[int]]:
    """Return rows of both that belong together, and ids that the truth lacks.

    Parameters
    ----------
    estimates
        Of stars.
    truth
        As of `motion_truth`.
    """
    row = Index(truth["source_id"], "source").rows_of(estimates.source_id)
    known = row != ABSENT
    true = {name: values[row[known]] for name, values in truth.items()}
    unmatched = [int(i) for i in estimates.source_id[~known]]
    return estimates.rows(known), true, unmatched


def motion_errors(estimates: Estimates, truth: Columns) -> Float[np.ndarray, "n 5"]:
    """Return estimates minus truth at the estimates' epochs [mas, mas/yr].

    Positions as offsets ra·cos(dec) and dec.

    Parameters
    ----------
    estimates, truth
        Row by row the same star.
    """
    n = estimates.source_id.size
    six = np.zeros((n, 6))
    for i, name in enumerate((*PARAMETERS[2:], "radial_velocity"), 2):
        if name in truth:
            six[:, i] = np.nan_to_num(truth[name].astype(float)) * UNITS[i]
    offset, carried = in_chunks(
        _from_truth,
        np.stack([truth["barycentric_ra"], truth["barycentric_dec"]], -1) * DEGREE,
        six,
        estimates.epoch - truth["ref_epoch"],
        np.stack([estimates.ra, estimates.dec], axis=-1) * DEGREE,
    )
    shift = estimates.values - carried[:, 2:5] / UNITS[2:5]
    return np.concatenate([offset / MILLIARCSECOND, shift], axis=1)


@quick_jit
def _from_truth(
    angles: Array, six: Array, elapsed: Array, found: Array
) -> tuple[Array, Array]:
    start = direction_from_angles(angles[:, 0], angles[:, 1])
    true, carried = propagate(start, six, elapsed)
    place = direction_from_angles(found[:, 0], found[:, 1])
    return jax.numpy.asarray(tangent_offset(place, true)), carried


__all__ = [
    "Estimates",
    "averaged_estimates",
    "catalogue_estimates",
    "matched",
    "motion_errors",
    "motion_truth",
]
