"""Whether positions, measured or of references, are coarser than their errors."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from reseau.constants import MILLIARCSECOND
from reseau.datasets import Dataset
from reseau.tables.precision import step_in, warn_of_steps

MAS = 3_600_000.0
"""Milliarcseconds in a degree."""


def judge_precision(table: pa.Table, dataset: Dataset, where: str | Path) -> None:
    """Say so where x and y, or ra and dec, arrive coarser than their errors.

    Parameters
    ----------
    table
        Of detections, with our names, as it was read.
    dataset
        What was made of it.
    where
        For messages.
    """
    measured = {n: _median(dataset.measurements, f"{n}_error") for n in ("x", "y")}
    steps = {n: step_in(table, n, dataset.unit, where) for n in ("x", "y")}
    warn_of_steps(steps, measured, dataset.unit, "their error", where)
    if dataset.reference is not None and {"ra", "dec"} <= set(table.column_names):
        judge_places(table, dataset.reference, dataset, where)


def judge_places(
    table: pa.Table, reference: pa.Table, dataset: Dataset, where: str | Path
) -> None:
    """Say so where reference positions arrive coarser than their errors.

    Parameters
    ----------
    table
        With ra and dec as they were read.
    reference
        Validated; positions without errors are compared with those of `dataset`'s
        measurements.
    dataset
        For those errors, and the scale of its instrument.
    where
        For messages.
    """
    cos_dec = float(np.median(np.cos(np.deg2rad(reference["dec"].to_numpy()))))
    steps = {n: MAS * step_in(table, n, "deg", where) for n in ("ra", "dec")}
    steps["ra"] *= cos_dec
    errors = {n: _median(reference, f"{n}_error") for n in ("ra", "dec")}
    of_what = "their error"
    if not all(np.isfinite(e) for e in errors.values()):
        errors = dict.fromkeys(("ra", "dec"), _measured_on_sky(dataset))
        of_what = "the error of a measurement"
    warn_of_steps(steps, errors, "mas", of_what, where)


def _measured_on_sky(dataset: Dataset) -> float:
    # [mas]
    instrument = dataset.instrument
    size = np.median(np.asarray(instrument.detectors.pitch))
    error = _median(dataset.measurements, "x_error")
    return float(error * size / np.mean(np.asarray(instrument.focal)) / MILLIARCSECOND)


def _median(table: pa.Table, name: str) -> float:
    values = table[name].to_numpy()
    values = values[np.isfinite(values)]
    return float(np.median(values)) if len(values) else float("nan")


__all__ = ["judge_places", "judge_precision"]
