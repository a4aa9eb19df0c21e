"""Solve a plate with heavy-tailed likelihoods of measurements and reference priors.

The objective is Σρ(s), the states (good or bad) of all data summed out. It has many
minima, so the way to the good one matters:

1. Least squares gives a calibration that is off by the outliers, not by the instrument.
2. A few reweighted steps with a wide Student density, its width that of the residuals'
   median, bring residuals down until the good ones stand out.
3. Each reference is judged by its cavity (`references`); one that is likely wrong
   starts from where its measurements put it.
4. Steps on the objective with its curvature where that is regular (`weighted`), sources
   taken to their own minima after each (`settling`). Fractions and widths of the broad
   components are then fitted (EM), references judged again, and 4. repeated while
   anything changes.

References
----------
Black & Rangarajan 1996, IJCV 19, 57 (graduated robust estimation); Dempster, Laird &
Rubin 1977, JRSS B 39, 1.
"""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy import special

from reseau.equations.curvature import prior_curvature
from reseau.equations.equations import Equations, equations_at
from reseau.equations.heavy_tails import (
    CLIPPED,
    REWEIGHTED,
    HeavyTails,
    weights,
    wrong_shares,
)
from reseau.equations.plan import Plan
from reseau.equations.residuals import residuals_at
from reseau.equations.source_minima import settle
from reseau.equations.sources import source_covariances, source_steps
from reseau.model import Parameters, Problem, take_step
from reseau.model.likelihood import (
    OUTLIER_FRACTION,
    OUTLIER_WIDTH,
    Likelihood,
    Mixture,
    Student,
    student_prior,
)
from reseau.solvers.gauss_newton import Optimum, Report, Settings, gauss_newton

from .references import (
    Cavity,
    ReferenceTest,
    expected_offset,
    find_cavity,
    judge_references,
)
from .relocation import reconsidered

MEDIAN = 2.0 * np.log(2.0)
"""Median of s for Normal residuals, χ² of two degrees of freedom."""

WIDE = 2.0
"""Degrees of freedom of the density that the reweighted steps begin with."""

MOST = 0.5
"""Largest fraction of outliers; with more, it is the stated errors that are wrong."""

NARROWEST = 5.0
"""The broad component stays this much broader than the stated errors."""

SETTLED = 0.3
"""Relative change of fractions and widths that shifts the border between good and bad,
at about 4.5σ, by less than a tenth of σ."""


@dataclass(frozen=True)
class Robust:
    """What is not to be misled by bad data, and how.

    Attributes
    ----------
    likelihood
        Of the measurements; None: Normal.
    reference_prior
        Of the references' positions; None: Normal.
    estimate
        Whether fractions and widths of mixtures are fitted; else as given.
    rounds
        How often references are judged and fractions fitted, at most.
    reweighted
        Steps with the wide density, at most.
    """

    likelihood: Likelihood | None = None
    reference_prior: Likelihood | None = None
    estimate: bool = True
    rounds: int = 5
    reweighted: int = 12


class Reliability(NamedTuple):
    """What a robust solution thinks of its data.

    Attributes
    ----------
    weight
        By which the inverse covariance of each measurement counts, ρ'.
    outlier_probability
        That each measurement is an outlier.
    outlier_fraction, outlier_width
        Of the measurements, and σ of the outliers in units of the stated one.
    prior_weight
        By which the prior of each source counts; NaN where there is none.
    references
        Verdict on each reference.
    ambiguous
        Sources whose exact curvature was too weak to be used, or negative.
    likelihood, reference_prior
        As fitted.
    apart
        Sources with two likely positions far apart, one with a right and one with a
        wrong reference; None where modes are not told apart.
    """

    weight: np.ndarray
    outlier_probability: np.ndarray
    outlier_fraction: float
    outlier_width: float
    prior_weight: np.ndarray
    references: ReferenceTest
    ambiguous: np.ndarray
    likelihood: Likelihood | None
    reference_prior: Likelihood | None
    apart: np.ndarray | None = None


class RobustOptimum(NamedTuple):
    """Where a robust solution ended.

    Attributes
    ----------
    optimum
        With the equations of the exact curvature.
    reliability
        Of the data.
    prior_information
        Curvature by which the sources' priors entered [rad⁻²].
    prior_gradient
        Their gradients [rad⁻¹]; None: by the weights of `reliability`.
    """

    optimum: Optimum
    reliability: Reliability
    prior_information: np.ndarray
    prior_gradient: np.ndarray | None = None


class _Point(NamedTuple):
    """The posterior at an optimum, and what it says of the references."""

    equations: Equations
    information: np.ndarray
    ambiguous: np.ndarray
    cavity: Cavity
    references: ReferenceTest


def solve_robustly(
    problem: Problem,
    tiles: Plan,
    first: Optimum,
    robust: Robust,
    settings: Settings,
    report: Report | None = None,
) -> RobustOptimum:
    """Go from least squares to the optimum of a heavy-tailed objective.

    Parameters
    ----------
    tiles
        Measurements as `plan_tiles` laid them out.
    first
        Where least squares ended, not necessarily converged.
    robust
        The likelihoods.
    settings
        When to stop.
    report
        Called after each iteration with its figures.
    """
    n = problem.prior.direction.shape[0]
    prior = None if problem.free_network else robust.reference_prior
    terms = HeavyTails(robust.likelihood, prior, np.full(n, CLIPPED))
    point = _approach(problem, tiles, first.parameters, terms, robust.reweighted)
    terms = _refit(problem, tiles, point, terms, robust)
    history = list(first.history)
    settled = np.zeros(n, dtype=bool)
    if terms.reference_prior is not None:
        found = _posterior_at(problem, tiles, point, terms.bounded(REWEIGHTED), robust)
        terms = _with_references(terms, found.references, robust)
        point, _ = _relocate(problem, point, terms, found, settled, every=True)
    patience = settings._replace(patient=False)
    for round_ in range(robust.rounds):
        point, terms = settle(problem, tiles, point, terms)
        optimum = gauss_newton(problem, tiles, point, patience, report, terms)
        history += optimum.history
        point, terms = optimum.parameters, optimum.terms or terms
        found = _posterior_at(problem, tiles, point, terms, robust, optimum.equations)
        new = _refit(problem, tiles, point, terms, robust)
        new = _with_references(new, found.references, robust)
        moved = point
        if isinstance(new.reference_prior, Mixture):
            moved, settled = _relocate(problem, point, new, found, settled)
        if round_ == 0:
            moved = reconsidered(problem, tiles, moved, new)
        if round_ == robust.rounds - 1 or (moved is point and _same(new, terms)):
            break
        point, terms = moved, new
    # What was found belongs to the last optimum, not to where one might go on.
    optimum = Optimum(point, found.equations, history, optimum.result)
    return RobustOptimum(
        optimum,
        reliability_at(problem, tiles, point, terms, found.references, found.ambiguous),
        found.information,
    )


def _approach(
    problem: Problem,
    tiles: Plan,
    point: Parameters,
    terms: HeavyTails,
    steps: int,
) -> Parameters:
    """Take reweighted steps until the residuals' median is that of good ones.

    Two at least: one outlier among thirty good measurements may have drawn its source
    so far that all thirty look bad, while the median over the plate says nothing.
    """
    wide = None if terms.reference_prior is None else student_prior()
    scale = np.inf
    for i in range(steps):
        likelihood = None
        if terms.likelihood is not None:
            square = np.sum(residuals_at(problem, tiles, point).pull ** 2, axis=1)
            found = max(1.0, float(np.sqrt(np.median(square) / MEDIAN)))
            if not np.isfinite(found) or (i >= 2 and found > 0.9 * scale):
                break
            scale = found
            likelihood = Student(jnp.asarray(WIDE), jnp.asarray(scale))
        elif i >= 2:
            break
        moved = _one_step(
            problem, tiles, point, HeavyTails(likelihood, wide, terms.bound)
        )
        if moved is None:
            break
        point = moved
    return point


def _one_step(
    problem: Problem, tiles: Plan, point: Parameters, terms: HeavyTails
) -> Parameters | None:
    """Take one reweighted step; None where it is not finite."""
    equations = equations_at(problem, tiles, point, 0.0, terms.bounded(REWEIGHTED))
    shared = equations.step()
    offset, _ = source_steps(
        equations.system, tiles, shared, problem.prior.direction.shape[0]
    )
    if not (np.all(np.isfinite(shared)) and np.all(np.isfinite(offset))):
        return None
    return take_step(point, shared, offset)


def _posterior_at(
    problem: Problem,
    tiles: Plan,
    point: Parameters,
    terms: HeavyTails,
    robust: Robust,
    equations: Equations | None = None,
) -> _Point:
    """Return the posterior with given curvature, and the references judged by it.

    Parameters
    ----------
    equations
        With that curvature, if at hand.
    """
    n = problem.prior.direction.shape[0]
    if equations is None:
        equations = equations_at(problem, tiles, point, 0.0, terms)
    ambiguous = np.asarray(terms.bound) == CLIPPED
    covariance = source_covariances(equations.system, tiles, equations.root, n)
    information, gradient = prior_curvature(problem, point, terms)
    cavity = find_cavity(np.asarray(point.offset), covariance, information, gradient)
    fitted = terms.reference_prior
    references = judge_references(
        cavity,
        np.asarray(problem.prior.information),
        **(
            {"start": (float(fitted.fraction), float(fitted.width))}
            if isinstance(fitted, Mixture)
            else {}
        ),
        estimate=robust.estimate or not isinstance(fitted, Mixture),
    )
    return _Point(equations, information, ambiguous, cavity, references)


def _relocate(
    problem: Problem,
    point: Parameters,
    terms: HeavyTails,
    found: _Point,
    settled: np.ndarray,
    every: bool = False,
) -> tuple[Parameters, np.ndarray]:
    """Move references that are in the wrong one of two minima to the other.

    Each at most once: where the other is no minimum it will come back. With `every`
    all references go to where they belong by their verdict.

    Returns
    -------
    The parameters, the same object if nothing moved, and which have been moved.
    """
    prior = terms.reference_prior
    if prior is None:
        return point, settled
    information = np.asarray(problem.prior.information)
    offset = np.asarray(point.offset)
    wrong = np.nan_to_num(found.references.wrong_probability) > MOST
    square = np.einsum("ni,nij,nj->n", offset, information, offset)
    half = 0.5 * weights(prior, np.zeros(1))[0]
    away = weights(prior, square) < half
    moving = found.cavity.known & (every | ((wrong != away) & ~settled))
    if not moving.any():
        return point, settled
    width = np.where(wrong, found.references.width, 1.0)
    place = expected_offset(found.cavity, information, width)
    shift = np.where(moving[:, None], place - offset, 0.0)
    size = problem.layout.size
    return take_step(point, np.zeros(size), shift), settled | moving


def _refit(
    problem: Problem,
    tiles: Plan,
    point: Parameters,
    terms: HeavyTails,
    robust: Robust,
) -> HeavyTails:
    """Return the terms with the measurements' mixture fitted to the residuals."""
    old = terms.likelihood
    if not (isinstance(old, Mixture) and robust.estimate):
        return terms
    square = np.sum(residuals_at(problem, tiles, point).pull ** 2, axis=1)
    fraction, width, _ = fit_outliers(square)
    new = Mixture(jnp.asarray(fraction), jnp.asarray(width))
    return HeavyTails(new, terms.reference_prior, terms.bound)


def _with_references(
    terms: HeavyTails, found: ReferenceTest, robust: Robust
) -> HeavyTails:
    """Return the terms with the references' mixture as they were judged."""
    if not (isinstance(terms.reference_prior, Mixture) and robust.estimate):
        return terms
    new = Mixture(jnp.asarray(found.fraction), jnp.asarray(found.width))
    return HeavyTails(terms.likelihood, new, terms.bound)


def _same(new: HeavyTails, old: HeavyTails) -> bool:
    """Return whether fractions and widths have settled."""
    pairs = zip(
        jax.tree.leaves((new.likelihood, new.reference_prior)),
        jax.tree.leaves((old.likelihood, old.reference_prior)),
        strict=True,
    )
    return all(abs(np.log(float(a) / float(b))) < SETTLED for a, b in pairs)


def fit_outliers(square: np.ndarray) -> tuple[float, float, np.ndarray]:
    """Fit fraction and width of outliers to squared whitened residuals, by EM.

    With one imagined outlier of the starting width among a hundred measurements, so
    that data without any have an answer.

    Parameters
    ----------
    square
        s of each measurement.

    Returns
    -------
    Fraction, width in units of the stated σ, and probability of each to be an outlier.
    """
    fraction, width = OUTLIER_FRACTION, OUTLIER_WIDTH

    def broad() -> np.ndarray:
        odds = np.log(fraction / (1.0 - fraction)) - 2.0 * np.log(width)
        return np.asarray(special.expit(odds + 0.5 * (1.0 - width**-2) * square))

    for _ in range(100):
        bad = broad()
        total = float(bad.sum())
        new = min((total + 1.0) / (square.size + 1.0 / OUTLIER_FRACTION), MOST)
        wide = float(bad @ square) + 2.0 * OUTLIER_WIDTH**2
        spread = max(float(np.sqrt(wide / (2.0 * (total + 1.0)))), NARROWEST)
        change = max(abs(np.log(new / fraction)), abs(np.log(spread / width)))
        fraction, width = new, spread
        if change < 1e-3:
            break
    return fraction, width, broad()


def reliability_at(
    problem: Problem,
    tiles: Plan,
    point: Parameters,
    terms: HeavyTails,
    references: ReferenceTest,
    ambiguous: np.ndarray,
) -> Reliability:
    """Return what a solution thinks of its data.

    Parameters
    ----------
    point
        Where the solution is.
    terms
        Densities of the data, as fitted.
    references
        Verdict on each of them.
    ambiguous
        Sources whose exact curvature was not used.
    """
    square = np.sum(residuals_at(problem, tiles, point).pull ** 2, axis=1)
    weight = np.ones_like(square)
    fraction, width, outlier = 0.0, np.nan, np.zeros_like(square)
    if terms.likelihood is not None:
        weight = weights(terms.likelihood, square)
        fraction, width, outlier = fit_outliers(square)
    if isinstance(terms.likelihood, Mixture):
        outlier = wrong_shares(terms.likelihood, square)
        fraction = float(terms.likelihood.fraction)
        width = float(terms.likelihood.width)
    information = np.asarray(problem.prior.information)
    offset = np.asarray(point.offset)
    square = np.einsum("ni,nij,nj->n", offset, information, offset)
    prior_weight = np.ones_like(square)
    if terms.reference_prior is not None:
        prior_weight = weights(terms.reference_prior, square)
    known = np.any(information != 0, axis=(1, 2)) & ~np.asarray(problem.free_network)
    return Reliability(
        weight=weight,
        outlier_probability=outlier,
        outlier_fraction=fraction,
        outlier_width=width,
        prior_weight=np.where(known, prior_weight, np.nan),
        references=references,
        ambiguous=ambiguous,
        likelihood=terms.likelihood,
        reference_prior=terms.reference_prior,
    )


__all__ = [
    "Reliability",
    "Robust",
    "RobustOptimum",
    "fit_outliers",
    "reliability_at",
    "solve_robustly",
]
