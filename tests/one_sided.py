"""Plates whose references are all on one side of the field, some of them wrong."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from plates import make_plate
from quick import quick_jit
from reseau.sky import displaced, tangent_offset

SOURCES = 160

_displaced, _tangent_offset = quick_jit(displaced), quick_jit(tangent_offset)


class OneSided(NamedTuple):
    """A problem, true directions, distance to the East [rad], wrong references."""

    problem: object
    direction: np.ndarray
    east: np.ndarray
    wrong: np.ndarray


def one_sided(seed, wrong=0.08, *, both_sides=False):
    """Return a plate with references in the West, a part of them 5 to 20σ off.

    Three exposures, a cubic distortion; the detectors are known.
    """
    free = ("sources", "attitude", "scale", "distortion")
    plate = make_plate(
        sources=SOURCES, exposures=3, seed=seed, references=1.0, noise=0.002, free=free
    )
    problem, rng = plate.problem, np.random.default_rng(seed + 1000)
    middle = plate.direction.mean(axis=0)
    middle = np.tile(middle / np.linalg.norm(middle), (SOURCES, 1))
    east = np.asarray(_tangent_offset(plate.direction, middle))[:, 0]
    information = np.array(problem.prior.information)
    covariance = np.linalg.inv(information)
    if not both_sides:
        information[east > 0] = 0.0
    known = information[:, 0, 0] > 0
    bad = known & (rng.uniform(size=SOURCES) < wrong)
    angle = rng.uniform(0.0, 2.0 * np.pi, SOURCES)
    size = rng.uniform(5.0, 20.0, (SOURCES, 1)) * bad[:, None]
    shift = size * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    shift = np.einsum("nij,nj->ni", np.linalg.cholesky(covariance), shift)
    direction = np.asarray(_displaced(np.asarray(problem.prior.direction), shift))
    truth, detectors = plate.truth.detectors, problem.instrument.detectors
    detectors = replace(
        detectors, centre=truth[:, :2], theta=truth[:, 2], pitch=truth[:, 3:]
    )
    problem = replace(
        problem,
        instrument=replace(problem.instrument, detectors=detectors),
        prior=replace(problem.prior, direction=direction, information=information),
    )
    return OneSided(problem, plate.direction, east, bad)
