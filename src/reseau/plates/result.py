"""A solution as the columns of its files (DESIGN, section 3), and its summary."""

import functools
import platform
import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from itertools import combinations
from typing import Any

import numpy as np
from jaxtyping import Float

from reseau._precision import in_double
from reseau.constants import ARCSECOND, DEGREE, MILLIARCSECOND
from reseau.model import PER_EXPOSURE, parameter_names
from reseau.model.participation import taking_part
from reseau.plates.judgement.collective import Collective, without_common_part
from reseau.plates.judgement.own_errors import measurement_pulls, prior_pulls
from reseau.plates.judgement.verdict import (
    IN_SCATTER,
    WorstPulls,
    is_of_measurements,
    worst_pulls,
)
from reseau.solvers import Solution, source_errors
from reseau.solvers.reported import SET_ASIDE

from .naming import name_of
from .on_the_plane import attitudes
from .preparation import Prepared

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

Columns = dict[str, Any]
MILLIMETRE = 1000.0
WORST = 10
_EXPOSURE = ("ra", "dec", "pa", "focal_x_mm", "focal_y_mm")
_EXPOSURE_UNITS = np.array([ARCSECOND] * 3 + [MILLIMETRE] * 2)


@in_double
def source_columns(prepared: Prepared, solution: Solution) -> Columns:
    """Return the columns of ``sources.parquet``; all sources here were measured."""
    n = prepared.source_id.size
    ra, dec = solution.source_angles()
    errors = source_errors(solution)
    free = solution.source_covariance[:, 0, 0] != 0
    counts = np.bincount(prepared.problem.measurements.source, minlength=n)
    return {
        "source_id": prepared.source_id,
        "plate_id": np.full(n, prepared.plate_id, dtype=np.int32),
        "epoch": np.full(n, prepared.epoch),
        "ra": ra / DEGREE,
        "dec": dec / DEGREE,
        "ra_error": errors.ra / MILLIARCSECOND,
        "dec_error": errors.dec / MILLIARCSECOND,
        "ra_dec_corr": np.where(free, errors.corr, np.nan),
        "n_measurements": counts.astype(np.int32),
        "is_reference": prepared.is_reference,
        "prior_pull": solution.prior_pull,
        "wrong_probability": np.full(n, np.nan)
        if solution.references is None
        else solution.references.wrong_probability,
        "flags": np.zeros(n, dtype=np.int32)
        if solution.flags is None
        else np.asarray(solution.flags).astype(np.int32),
        **prepared.photometry,
    }


def exposure_columns(prepared: Prepared, solution: Solution) -> Columns:
    """Return the columns of the solution's ``exposures.parquet``."""
    layout, parameters = prepared.problem.layout, solution.parameters
    n = layout.n_exposures
    attitude = attitudes(np.asarray(parameters.axes))
    focal = np.asarray(parameters.focal)
    values = np.concatenate([attitude / DEGREE, focal / MILLIMETRE], axis=1)
    covariance = _exposure_covariances(solution, attitude[:, 1])
    open_ = layout.by_exposure(solution.undetermined)[:, :PER_EXPOSURE]
    values[open_] = np.nan
    with np.errstate(invalid="ignore", divide="ignore"):
        sigma = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
        corr = covariance / (sigma[:, :, None] * sigma[:, None, :])
    corr = np.clip(corr, -1.0, 1.0)  # tied focal lengths round to above one
    sigma[open_] = np.nan
    columns: Columns = {
        "exposure_id": prepared.exposure_id,
        "plate_id": np.full(n, prepared.plate_id, dtype=np.int32),
    }
    for i, name in enumerate(_EXPOSURE):
        columns[name] = values[:, i]
        columns[f"{name}_error"] = sigma[:, i] / _EXPOSURE_UNITS[i]
    for i, j in combinations(range(PER_EXPOSURE), 2):
        columns[f"{_EXPOSURE[i]}_{_EXPOSURE[j]}_corr"] = corr[:, i, j]
    return columns


def _exposure_covariances(solution: Solution, dec: np.ndarray) -> np.ndarray:
    """Return the covariances of ra·cos dec, dec, pa, F_x, F_y of each exposure.

    A step towards East turns the direction of North under the camera by the step times
    tan(dec), so the position angle takes part in it.
    """
    n = dec.size
    start = np.arange(n) * solution.problem.layout.per_exposure
    rows = start[:, None] + np.arange(PER_EXPOSURE)
    blocks = solution.shared_covariance[rows[:, :, None], rows[:, None, :]]
    lever = np.tile(np.eye(PER_EXPOSURE), (n, 1, 1))
    lever[:, 2, 0] = np.tan(dec)
    return lever @ blocks @ lever.transpose(0, 2, 1)


def residual_columns(prepared: Prepared, solution: Solution) -> Columns:
    """Return the columns of ``residuals.parquet``."""
    measurements = prepared.problem.measurements
    detectors = np.asarray(prepared.problem.instrument.detectors.ids, dtype=np.int32)
    found = solution.residuals
    sigma = np.sqrt(np.diagonal(measurements.covariance, axis1=1, axis2=2))
    n, judged = found.pixel.shape[0], solution.reliability
    redundancy = redundancies(solution)
    return {
        "exposure_id": prepared.exposure_id[measurements.exposure],
        "detector_id": detectors[measurements.detector],
        "source_id": prepared.source_id[measurements.source],
        "x": measurements.pixel[:, 0],
        "y": measurements.pixel[:, 1],
        "x_error": sigma[:, 0],
        "y_error": sigma[:, 1],
        "dx": found.pixel[:, 0],
        "dy": found.pixel[:, 1],
        "dxi": found.sky[:, 0] / MILLIARCSECOND,
        "deta": found.sky[:, 1] / MILLIARCSECOND,
        "pull_x": found.pixel[:, 0] / sigma[:, 0],
        "pull_y": found.pixel[:, 1] / sigma[:, 1],
        "weight": np.ones(n) if judged is None else judged.weight,
        "outlier_probability": np.full(n, np.nan)
        if judged is None
        else judged.outlier_probability,
        "redundancy_x": redundancy[:, 0],
        "redundancy_y": redundancy[:, 1],
    }


def redundancies(solution: Solution) -> Float[np.ndarray, "m 2"]:
    """Return the variances of residuals in x and y over those of the measurements.

    NaN where a method does not tell.

    Parameters
    ----------
    solution
        Of one plate.
    """
    stated = np.asarray(solution.problem.measurements.covariance)
    whitened = solution.residual_covariance()
    if whitened is None:
        return np.full(stated.shape[:2], np.nan)
    # L W Lᵀ over L Lᵀ on the diagonal, of which y has the parts ρ and √(1 − ρ²).
    width = np.sqrt(stated[:, 0, 0] * stated[:, 1, 1])
    along = stated[:, 0, 1] / width
    across = np.sqrt(1.0 - along**2)
    of_y = along**2 * whitened[:, 0, 0] + across**2 * whitened[:, 1, 1]
    of_y += along * across * (whitened[:, 0, 1] + whitened[:, 1, 0])
    return np.stack([whitened[:, 0, 0], of_y], axis=1)


def judged_pulls(
    prepared: Prepared, solution: Solution, common: Sequence[Collective] = ()
) -> list[WorstPulls]:
    """Return the worst measurements and prior pulls, with what chance gives.

    Those of measurements and of sources are in units of their own σ (`own_errors`),
    not of the data's, as they are in the files.

    Parameters
    ----------
    common
        What calibration priors have in common, which is told once and not again of
        each.
    """
    measurements = prepared.problem.measurements
    pull = measurement_pulls(solution)

    def source_name(row: Any) -> str:
        return name_of(prepared.names, "source", prepared.source_id[row])

    def measurement(row: int) -> str:
        source = source_name(measurements.source[row // 2])
        exposure = name_of(
            prepared.names,
            "exposure",
            prepared.exposure_id[measurements.exposure[row // 2]],
        )
        return f"source {source} on exposure {exposure}, {'xy'[row % 2]}"

    names = _calibration_names(prepared)
    return [
        worst_pulls("measurements", pull.ravel(), measurement, keep=WORST),
        worst_pulls(
            "source priors",
            _believed(solution),
            lambda row: f"source {source_name(row)}",
            dimensions=2,
            keep=WORST,
        ),
        worst_pulls(
            "calibration priors",
            without_common_part(solution.calibration_pull, common),
            lambda row: names[row],
            keep=WORST,
        ),
    ]


def _believed(solution: Solution) -> Float[np.ndarray, "n_src"]:
    """Return the pulls of sources' priors; NaN where one counts for next to nothing."""
    pull, judged = prior_pulls(solution), solution.reliability
    if judged is None or judged.reference_prior is None or solution.references is None:
        return pull
    wrong = np.nan_to_num(solution.references.wrong_probability) > 0.5
    return np.where(wrong, np.nan, pull)


def in_scatter(pulls: Sequence[WorstPulls], solution: Solution) -> list[WorstPulls]:
    """Return pulls with those of measurements in units of what the residuals show.

    Parameters
    ----------
    pulls
        As of `judged_pulls`.
    solution
        Whose sigma0 is that unit.
    """
    sigma0 = solution.sigma0
    if not (np.isfinite(sigma0) and sigma0 > 0):
        return list(pulls)
    own = (measurement_pulls(solution) / sigma0).ravel()
    return [
        replace(
            p,
            what=IN_SCATTER,
            worst=tuple((name, size / sigma0) for name, size in p.worst),
            n_beyond=int(np.count_nonzero(np.abs(own) > p.limit)),
        )
        if is_of_measurements(p)
        else p
        for p in pulls
    ]


def _calibration_names(prepared: Prepared) -> list[str]:
    labels = prepared.labels
    return parameter_names(prepared.problem, labels.exposures, labels.detectors)


def _error_scales(solution: Solution) -> dict[str, Any]:
    """Return what tells of the errors, for the summary; null where nothing does."""
    scales = solution.error_scales
    return {
        "dof_of_errors": None
        if solution.redundancy is None
        else solution.redundancy.of_errors,
        "error_scales": None
        if scales is None
        else {name: scale._asdict() for name, scale in scales._asdict().items()},
    }


def summary_of(
    prepared: Prepared,
    solution: Solution,
    pulls: list[WorstPulls],
    common: Sequence[Collective] = (),
) -> dict[str, Any]:
    """Return what ``summary.json`` holds of the solution itself."""
    residual = solution.residuals.pixel
    counts = counts_for_rms(solution)
    return {
        "result": solution.result.name.lower(),
        "message": solution.result.value,
        "converged": solution.converged,
        "chi2": solution.chi2,
        "dof": solution.dof,
        "sigma0": solution.sigma0,
        "sigma0_error": solution.error_scale.error,
        **_error_scales(solution),
        "n_iterations": len(solution.history),
        "n_sources": int(prepared.source_id.size),
        "n_reference": int(prepared.is_reference.sum()),
        "n_exposures": int(prepared.exposure_id.size),
        "n_measurements": int(residual.shape[0]),
        "n_shared_parameters": prepared.problem.layout.size,
        "free": list(prepared.problem.free),
        "free_network": prepared.problem.free_network,
        "residual_rms": float(np.sqrt(np.mean(residual[counts] ** 2)))
        if counts.any()
        else float("nan"),
        "residual_unit": prepared.unit,
        "datum": solution.datum,
        "datum_modes": list(solution.datum_modes),
        "datum_without": [
            int(prepared.problem.instrument.detectors.ids[d])
            for d in without_part_in_datum(solution)
        ],
        "datum_change_sigma": solution.datum_change,
        "null_directions": list(solution.null_directions),
        "undetermined": _undetermined(prepared, solution),
        "still_moving": _still_moving(prepared, solution),
        "dropped": {
            name: {"count": len(ids), "first": ids[:WORST]}
            for name, ids in prepared.dropped.items()
        },
        "missing_astrometry": prepared.missing,
        "outliers": {
            p.what: {
                "expected_largest": p.expected,
                "limit": p.limit,
                "beyond_limit": p.n_beyond,
                "worst": [{"name": n, "pull": v} for n, v in p.worst],
            }
            for p in pulls
        },
        "common_pulls": [group.as_dict() for group in common],
        "history": [i._asdict() for i in solution.history],
    }


def without_part_in_datum(solution: Solution) -> list[int]:
    """Return the rows of detectors that take no part in the datum."""
    if not solution.datum_modes:
        return []
    return [int(d) for d in np.flatnonzero(~taking_part(solution.problem))]


def _still_moving(prepared: Prepared, solution: Solution) -> str | None:
    """Return the name of what took the last largest step, if that was too large."""
    # The steps of a sampler's solution are those of the one that it started from.
    if solution.converged or not solution.history or solution.draws is not None:
        return None
    names = _calibration_names(prepared)
    index = solution.history[-1].moving
    if index < len(names):
        return names[index]
    row, coordinate = divmod(index - len(names), 2)
    return f"{('ra', 'dec')[coordinate]} of source {prepared.source_id[row]}"


def _undetermined(prepared: Prepared, solution: Solution) -> list[str]:
    names = _calibration_names(prepared)
    return [names[i] for i in np.flatnonzero(solution.undetermined)]


def counts_for_rms(solution: Solution) -> np.ndarray:
    """Return which measurements count: all that heavy tails have not set aside."""
    if solution.reliability is None:
        return np.ones(len(solution.residuals.pixel), dtype=bool)
    return np.asarray(solution.reliability.weight) > SET_ASIDE


def versions() -> dict[str, str]:
    """Return versions of what computed a result."""
    return dict(_versions())


@functools.cache
def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in (
        "reseau",
        "jax",
        "jaxlib",
        "numpyro",
        "numpy",
        "scipy",
        "astropy",
        "pyarrow",
    ):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "unknown"
    return found


def peak_memory() -> float:
    """Return the largest resident size of this process so far [MiB]; NaN: not told."""
    if resource is None:  # Windows
        return float("nan")
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (2.0**20 if sys.platform == "darwin" else 2.0**10)
