"""The calibration of a solution: its table, and the instrument that was fitted."""

from dataclasses import replace
from typing import Any

import equinox as eqx
import numpy as np

from reseau.constants import DEGREE
from reseau.instrument import Instrument
from reseau.model import (
    DETECTOR_NAMES,
    PER_EXPOSURE,
    nominal_vector,
    shared_vector,
)
from reseau.model.terms import fitted_terms, term_names, term_units
from reseau.solvers import Solution

from .preparation import Prepared

Columns = dict[str, Any]


def calibration_columns(
    prepared: Prepared, solution: Solution
) -> tuple[Columns, np.ndarray]:
    """Return the columns of ``calibration.parquet`` and their covariance."""
    problem, parameters = prepared.problem, solution.parameters
    layout, instrument = problem.layout, problem.instrument
    own = layout.by_exposure(np.arange(layout.size))[:, PER_EXPOSURE:]
    part = np.append(np.arange(layout.size)[layout.calibration], own)
    detectors = np.asarray(parameters.detectors)
    n_common = layout.n_coefficients + 1
    names = [*instrument.distortion.names, "skew"]
    units = [*instrument.distortion.units, ""]
    ids = instrument.detectors.ids
    names += list(DETECTOR_NAMES) * len(ids)
    units += ["um", "um", "deg", "um", "um"] * len(ids)
    of_detector = [*[None] * n_common, *np.repeat(ids, len(DETECTOR_NAMES)).tolist()]
    of_exposure: list[int | None] = [None] * len(names)
    for which, many in (
        ("plate", [None]),
        ("detector", ids),
        ("exposure", prepared.exposure_id.tolist()),
    ):
        some_names = term_names(instrument, which)
        names += some_names * len(many)
        units += term_units(instrument, which) * len(many)
        each = np.repeat(np.asarray(many, dtype=object), len(some_names)).tolist()
        nobody = [None] * len(each)
        of_detector += each if which == "detector" else nobody
        of_exposure += each if which == "exposure" else nobody
    factor = np.array([DEGREE if u == "deg" else 1.0 for u in units])
    value = (
        np.concatenate(
            [
                np.asarray(parameters.coefficients),
                [float(parameters.skew)],
                detectors.ravel(),
                np.asarray(parameters.terms),
                np.asarray(parameters.exposure_terms).ravel(),
            ]
        )
        / factor
    )
    covariance = solution.shared_covariance[np.ix_(part, part)]
    covariance = covariance / np.outer(factor, factor)
    open_ = solution.undetermined[part]
    error = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    columns = {
        "name": names,
        "unit": units,
        "value": np.where(open_, np.nan, value),
        "error": np.where(open_, np.nan, error),
        "prior_pull": solution.calibration_pull[part],
        "exposure_id": of_exposure,
        "detector_id": of_detector,
    }
    return columns, covariance


def fitted_instrument(prepared: Prepared, solution: Solution) -> Instrument:
    """Return the instrument with the fitted values and the given prior widths.

    The focal lengths, and the terms that each exposure has, are the exposures' means.
    Undetermined values stay nominal.
    """
    problem, parameters = prepared.problem, solution.parameters
    instrument, layout = problem.instrument, problem.layout
    open_ = solution.undetermined

    def settled(value: np.ndarray, nominal: np.ndarray, part: slice) -> np.ndarray:
        return np.where(open_[part].reshape(np.shape(nominal)), nominal, value)

    detectors = np.asarray(parameters.detectors)
    nominal = instrument.detectors
    values = np.where(open_, nominal_vector(problem), shared_vector(parameters))
    fitted = fitted_terms(
        instrument, values[layout.terms], layout.by_exposure(values)[:, PER_EXPOSURE:]
    )
    terms = tuple(
        replace(term, values=v)
        for term, v in zip(instrument.terms, fitted, strict=True)
    )
    return eqx.tree_at(
        lambda i: (
            i.focal,
            i.coefficients,
            i.skew,
            i.detectors.centre,
            i.detectors.theta,
            i.detectors.pitch,
        ),
        replace(instrument, terms=terms),
        (
            np.mean(np.asarray(parameters.focal), axis=0),
            settled(
                np.asarray(parameters.coefficients),
                np.asarray(instrument.coefficients),
                layout.distortion,
            ),
            np.asarray(parameters.skew),
            detectors[:, :2] if detectors.size else np.asarray(nominal.centre),
            detectors[:, 2],
            detectors[:, 3:],
        ),
    )


__all__ = ["calibration_columns", "fitted_instrument"]
