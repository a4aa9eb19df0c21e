"""A small plate with outliers and wrong references, and densities that know of them."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from plates import make_plate
from quick import quick_jit
from reseau.constants import MILLIARCSECOND
from reseau.model import DEFAULT_FREE
from reseau.model.likelihood import likelihood_named, prior_named
from reseau.sky import displaced
from reseau.solvers import Robust

SOURCES = 45
LOOSE = 10.0
"""References are loosened by this, so that the measurements say something beside them:
of a source that its reference alone holds, 1 % to be wrong is most of the variance."""

_displaced = quick_jit(displaced)


class Spoiled(NamedTuple):
    """A problem, which measurements are outliers and which references are wrong."""

    problem: object
    outliers: np.ndarray
    wrong: np.ndarray


def loose_plate():
    """Return a clean plate of 30 measured sources and 4 exposures, as for NUTS."""
    # With the skew free, what the detectors do together can be undone exactly.
    free = (*DEFAULT_FREE, "skew")
    problem = make_plate(sources=SOURCES, exposures=4, free=free).problem
    loose = np.asarray(problem.prior.information) / LOOSE**2
    return replace(problem, prior=replace(problem.prior, information=loose))


def spoiled_plate():
    """Return the plate with four outliers of some 60σ and two references 100σ off."""
    problem = loose_plate()
    rng = np.random.default_rng(9)
    measurements, prior = problem.measurements, problem.prior
    count = np.bincount(measurements.source, minlength=SOURCES)
    rich = np.flatnonzero(count[measurements.source] == count.max())
    outliers = np.sort(rng.choice(rich, 4, replace=False))
    pixel = np.array(measurements.pixel)
    pixel[outliers] += rng.normal(0, 0.6, (4, 2))
    hit = np.isin(np.arange(SOURCES), measurements.source[outliers])
    known = np.asarray(prior.information)[:, 0, 0] > 0
    candidates = np.flatnonzero(known & (count == count.max()) & ~hit)
    wrong = np.sort(rng.choice(candidates, 2, replace=False))
    off = np.zeros((SOURCES, 2))
    off[wrong] = np.array([[600.0, -400.0], [-300.0, 500.0]]) * MILLIARCSECOND
    direction = np.asarray(_displaced(np.asarray(prior.direction), off))
    problem = replace(
        problem,
        measurements=replace(measurements, pixel=pixel),
        prior=replace(prior, direction=direction),
    )
    return Spoiled(problem, outliers, wrong)


def densities(name):
    """Return heavy tails of measurements and references by name."""
    return Robust(likelihood_named(name), prior_named(name))


def source_sigma(solution, rows):
    """Return σ of both coordinates of some sources [rad]."""
    return np.sqrt(solution.source_covariance[rows][:, [0, 1], [0, 1]])
