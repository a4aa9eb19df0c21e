"""What a solved plate says about its sources, with ids, epoch and observer."""

import hashlib

import numpy as np
import pyarrow as pa
from jaxtyping import Int

from reseau.catalogue.parameters import plain_column
from reseau.datasets import Dataset
from reseau.datasets.information import Information
from reseau.solvers import Solution
from reseau.tables import Index, columns_of

from .preparation import Prepared

_TELLING = ("ra", "dec", "ref_epoch", "parallax", "pmra", "pmdec")
"""Columns of a catalogue that tell it from another."""


def information_of(
    prepared: Prepared, solution: Solution, dataset: Dataset
) -> Information | None:
    """Return what a plate says about its sources.

    Parameters
    ----------
    prepared, solution
        The plate, solved with its information; others have none.
    dataset
        That it is of.
    """
    found = solution.information
    if found is None:
        return None
    problem = solution.problem
    chi2, number = _goodness(solution)
    return Information(
        plate_id=prepared.plate_id,
        epoch=prepared.epoch,
        observer=np.mean(np.asarray(problem.exposures.position), axis=0),
        source_id=prepared.source_id[found.row],
        direction=found.direction,
        gradient=found.gradient,
        blocks=found.blocks,
        columns=found.columns,
        share=found.share,
        left_out=found.left_out,
        epsilon=found.epsilon,
        chi2=chi2[found.row],
        n_measurements=number[found.row],
        digest=_digest(prepared),
        reference=_of_references(prepared.source_id[found.row], dataset.reference),
    )


def _goodness(solution: Solution) -> tuple[np.ndarray, np.ndarray]:
    """Return χ² and the number of measurements of each source, as they counted."""
    source = np.asarray(solution.problem.measurements.source)
    square = np.sum(solution.residuals.pull**2, axis=1)
    good = np.ones(source.size)
    if solution.reliability is not None:
        good = 1.0 - solution.reliability.outlier_probability
    n = len(solution.parameters.offset)
    return (
        np.bincount(source, good * square, minlength=n),
        np.bincount(source, good, minlength=n),
    )


def reference_digests(reference: pa.Table) -> Int[np.ndarray, "n"]:
    """Return a digest of each row of a catalogue of references: which star, where.

    Parameters
    ----------
    reference
        Its table.
    """
    columns = columns_of(reference)
    n = reference.num_rows
    found = columns["source_id"].astype(np.uint64)
    for name in _TELLING:
        values = plain_column(columns, name, n)
        values = np.where(np.isnan(values), np.nan, values + 0.0)  # one NaN, one zero
        found = _mixed(found ^ values.view(np.uint64))
    return found.view(np.int64)


def _mixed(values: np.ndarray) -> np.ndarray:
    """Return numbers of 64 bits, each bit of which depends on all of the given ones.

    The finaliser of SplitMix64 (Steele, Lea & Flood 2014).
    """
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        values = (values ^ (values >> np.uint64(shift))) * np.uint64(factor)
    return values ^ (values >> np.uint64(31))


def _of_references(
    source_id: Int[np.ndarray, "n"], reference: pa.Table | None
) -> Int[np.ndarray, "n"]:
    """Return the digests of sources that are among the references, else zero."""
    if reference is None:
        return np.zeros(source_id.size, dtype=np.int64)
    row = Index(reference["source_id"].to_numpy(), "source").rows_of(source_id)
    return np.where(row >= 0, reference_digests(reference)[row], 0)


def _digest(prepared: Prepared) -> str:
    """Return a digest of the measurements: whose, when and where."""
    found = hashlib.sha256()
    measured = prepared.problem.measurements
    for values in (
        prepared.source_id,
        prepared.problem.exposures.epoch,
        measured.source,
        measured.exposure,
        measured.pixel,
    ):
        found.update(np.ascontiguousarray(np.asarray(values)).tobytes())
    return found.hexdigest()[:16]


__all__ = ["information_of", "reference_digests"]
