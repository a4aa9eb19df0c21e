"""What a solved plate says about its sources, with ids, epoch and observer."""

import hashlib

import numpy as np
import pyarrow as pa

from reseau.datasets import Dataset
from reseau.datasets.information import Information
from reseau.solvers import Solution
from reseau.tables import columns_of

from .preparation import Prepared

_TELLING = ("source_id", "ra", "dec", "ref_epoch", "parallax", "pmra", "pmdec")
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
        reference=reference_digest(dataset.reference),
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


def reference_digest(reference: pa.Table | None) -> str:
    """Return a digest of a catalogue of references; empty where there is none.

    Parameters
    ----------
    reference
        Its table.
    """
    if reference is None:
        return ""
    found = hashlib.sha256()
    columns = columns_of(reference)
    for name in _TELLING:
        if name in columns:
            found.update(name.encode())
            found.update(np.ascontiguousarray(np.ma.filled(columns[name])).tobytes())
    return found.hexdigest()[:16]


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


__all__ = ["information_of", "reference_digest"]
