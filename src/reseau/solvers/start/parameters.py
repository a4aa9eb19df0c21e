"""Where a solution starts: attitudes from matched references, sources from detections.

An exposure with two references needs no good pointing estimate (`alignment`). Sources
without a prior start at the mean of their measurements, projected back to the sky.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool

from reseau._compiled import quick_jit
from reseau._usual import in_chunks
from reseau.errors import CatalogueError, explain, some
from reseau.instrument import NoDistortion
from reseau.model import Parameters, Problem, nominal_parameters
from reseau.sky import geometric_direction

from .alignment import (
    MINIMUM_REFERENCES,
    Agreement,
    align,
    camera_directions,
    matched_pairs,
    sum_by,
    surroundings_of,
)
from .distortion import start_distortion
from .leaving_out import without
from .readings import check_readings

NOTABLE = 3e-3
"""Relative error of a focal length that steps of the solver would not take at once."""


class Start(NamedTuple):
    """A starting point.

    Attributes
    ----------
    problem
        The problem, sources without a prior moved to where they were detected.
    parameters
        Starting values.
    aligned
        Whether each exposure's attitude came from its references.
    strays
        Which measurements are far from where most references of their exposure put
        them.
    doubtful
        The exposures whose references do not all agree.
    """

    problem: Problem
    parameters: Parameters
    aligned: Bool[np.ndarray, "n_exp"]
    strays: Bool[np.ndarray, "n_meas"]
    doubtful: tuple[Agreement, ...] = ()


def find_start(problem: Problem) -> Start:
    """Return a starting point for a plate.

    Raises
    ------
    CatalogueError
        If an exposure has neither an estimated attitude nor enough references, or
        references that fit only when they are read otherwise, as ra in hours.
    ConfigError
        If references fit only in a mirror, or with quite another focal length.
    """
    nominal = nominal_parameters(problem)
    camera = camera_directions(problem)
    pairs = matched_pairs(problem, camera, _has_prior(problem))
    found = align(problem, np.asarray(nominal.axes), pairs)
    check_readings(problem, pairs, found)
    axes, aligned = found.axes, found.aligned
    _check_attitudes(axes)
    direction = _detected_directions(problem, axes, _completed(problem, camera))
    seen = np.bincount(problem.measurements.source, minlength=direction.shape[0]) > 0
    known = _has_prior(problem) | ~seen
    chosen = np.where(known[:, None], problem.prior.direction, direction)
    moved = _replace_directions(problem, chosen)
    focal = np.asarray(nominal.focal) * _focal_change(problem, found.scale)
    parameters = replace(nominal, axes=axes, focal=focal)
    parameters = start_distortion(without(moved, found.strays), parameters)
    return Start(moved, parameters, aligned, found.strays, found.doubtful)


def _has_prior(problem: Problem) -> np.ndarray:
    """Return which sources have a direction that is to be trusted."""
    informed = np.any(np.asarray(problem.prior.information) != 0, axis=(1, 2))
    known = informed | np.asarray(problem.prior.fixed)
    return known & ~np.asarray(problem.free_network)


_geometric = quick_jit(geometric_direction)


def _focal_change(problem: Problem, scale: float) -> float:
    """Return by what to multiply the focal lengths: 1 where they are about right."""
    free = "scale" in problem.free and float(problem.instrument.focal_sigma) > 0
    return scale if free and abs(np.log(scale)) > NOTABLE else 1.0


def _check_attitudes(axes: np.ndarray) -> None:
    """Refuse exposures of which nothing tells where they point."""
    bad = np.flatnonzero(~np.all(np.isfinite(axes), axis=(1, 2)))
    if bad.size:
        raise CatalogueError(
            explain(
                given=f"no estimated attitude, and fewer than {MINIMUM_REFERENCES} "
                f"references at different places, on {bad.size} of {axes.shape[0]} "
                "exposures",
                wanted="ra, dec, pa of each exposure, or references spread over it",
                where=f"exposures, rows {some(bad)} (from 0)",
                todo="give the pointings, e.g. with --pointing TABLE",
            )
        )


def _completed(problem: Problem, camera: np.ndarray) -> np.ndarray:
    """Return directions with those that the nominal distortion cannot give.

    A distortion that is far off may fold the plane, so that a place in it comes from
    nowhere; without distortion there is always a direction.
    """
    missing = ~np.all(np.isfinite(camera), axis=1)
    if not missing.any():
        return camera
    plain = replace(
        problem.instrument,
        distortion=NoDistortion(),
        coefficients=np.zeros(0),
        coefficient_sigma=np.zeros(0),
    )
    found = camera_directions(replace(problem, instrument=plain))
    return np.where(missing[:, None], found, camera)


def _detected_directions(
    problem: Problem, axes: np.ndarray, camera: np.ndarray
) -> np.ndarray:
    """Return the mean direction of each source's measurements, ICRS."""
    measurements = problem.measurements
    exposure = np.asarray(measurements.exposure)
    seen = np.zeros_like(camera)
    for i in range(3):
        seen += camera[:, i, None] * axes[exposure, i]
    seen = in_chunks(_geometric, seen, surroundings_of(problem, exposure))
    n = problem.prior.direction.shape[0]
    total = sum_by(np.asarray(measurements.source), seen, n)
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return total / np.where(length > 0, length, 1.0)


def _replace_directions(problem: Problem, direction: np.ndarray) -> Problem:
    """Return the problem with other directions to start from."""
    return replace(problem, prior=replace(problem.prior, direction=direction))


__all__ = ["Start", "find_start"]
