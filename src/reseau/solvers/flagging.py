"""What to know of each source before its position is used: the bits of `flags`.

"Near a wrong reference" is not a distance: a reference acts on other sources through
the calibration of the exposures that met both. What all wrong references together
would have done to a source, had they been believed, follows exactly from the
covariances of the Gaussian posterior: with f = (C_prior + C_cavity)⁻¹ δ the force by
which each pulls from outside its cavity, the sources move by −Cov f.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from reseau.equations.curvature import prior_curvature
from reseau.equations.equations import Equations
from reseau.equations.heavy_tails import HeavyTails
from reseau.equations.plan import Plan
from reseau.flags import flag_value
from reseau.model import Parameters, Problem
from reseau.solvers.posterior.gaussian import spread_by_covariance
from reseau.solvers.robust.outlook import RobustOutlook, foresee_robust, in_sigma
from reseau.solvers.robust.references import (
    Cavity,
    ReferenceTest,
    find_cavity,
    judge_references,
)
from reseau.solvers.robust.robust import RobustOptimum

from .extrapolation import Extrapolation, find_extrapolated

NEAR = 0.5
"""Shift by wrong references, in σ, from which a source counts as near them: it would
have raised the mean squared error of the source by a quarter."""

FEW = 4
"""With fewer good measurements an outlier cannot be told from the others."""

DOMINANT = 0.9
"""Share of the information on a position that its own reference gives."""


class SourceJudgement(NamedTuple):
    """What is known of the sources beside their positions.

    Attributes
    ----------
    flags
        Bits of each source.
    references
        Verdict on each reference.
    extrapolation
        Where the references do not reach; None without equations.
    outlook
        What a robust solution would change; None of one, and without equations.
    """

    flags: Int[np.ndarray, "n"]
    references: ReferenceTest
    extrapolation: Extrapolation | None
    outlook: RobustOutlook | None


def source_flags(
    problem: Problem,
    tiles: Plan,
    equations: Equations | None,
    parameters: Parameters,
    covariance: Float[np.ndarray, "n 2 2"],
    robust: RobustOptimum | None = None,
    sigma0: float = 1.0,
) -> SourceJudgement:
    """Return the flags of all sources and what they rest on.

    Parameters
    ----------
    equations
        Of the optimum, which the covariances come from; None of a solver that has
        none, and then no robust solution either.
    parameters
        Values at the optimum.
    covariance
        Of the sources [rad²].
    robust
        How a robust solution ended; None of least squares.
    sigma0
        Of the fit.
    """
    n = covariance.shape[0]
    prior = None if robust is None else robust.reliability.reference_prior
    stated, pull = prior_curvature(
        problem, parameters, HeavyTails(None, None, np.zeros(n))
    )
    used = stated if robust is None else robust.prior_information
    if prior is not None and robust is not None:
        pull = _believed_pull(pull, robust)
    cavity = find_cavity(np.asarray(parameters.offset), covariance, used, pull)
    if robust is None:
        # Fractions are not fitted: EM would cost as much as an iteration.
        references = judge_references(cavity, stated, estimate=False)
    else:
        references = robust.reliability.references
    moved, extrapolation = np.zeros(n), None
    if equations is not None:
        if prior is not None and references.wrong.any():
            force = _forces(cavity, stated, references.wrong)
            shift = spread_by_covariance(equations, tiles, force[:, :, None])[:, :, 0]
            moved = in_sigma(shift, covariance)
        extrapolation = find_extrapolated(problem, tiles, equations, covariance)
    named = {
        "wrong_reference": references.wrong,
        "near_wrong_reference": (moved > NEAR) & ~references.wrong,
        **_by_measurements(problem, robust),
        "no_reference": ~np.any(stated != 0, axis=(1, 2)),
        "prior_dominated": _dominated(used, covariance),
        "held": np.asarray(problem.prior.fixed),
        "ambiguous": _ambiguous(robust, n),
        "extrapolated": np.zeros(n, dtype=bool)
        if extrapolation is None
        else extrapolation.beyond,
    }
    outlook = None
    if prior is None and equations is not None:
        offset = np.asarray(parameters.offset)
        outlook = foresee_robust(
            problem, tiles, equations, cavity, offset, covariance, sigma0=sigma0
        )
    return SourceJudgement(_as_bits(named, n), references, extrapolation, outlook)


def _believed_pull(pull: np.ndarray, robust: RobustOptimum) -> np.ndarray:
    """Return how far priors pull where their tails are heavy."""
    if robust.prior_gradient is not None:
        return robust.prior_gradient
    return pull * np.nan_to_num(robust.reliability.prior_weight)[:, None]


def _as_bits(named: Mapping[str, np.ndarray], n: int) -> np.ndarray:
    """Return the flags of n sources, given where each of them is set."""
    flags = np.zeros(n, dtype=np.int32)
    for name, mask in named.items():
        flags |= np.where(mask, flag_value(name), 0).astype(np.int32)
    return flags


def _ambiguous(robust: RobustOptimum | None, n: int) -> np.ndarray:
    """Return the sources whose posterior is not one peak."""
    if robust is None:
        return np.zeros(n, dtype=bool)
    found = robust.reliability
    return found.ambiguous if found.apart is None else found.ambiguous | found.apart


def _forces(cavity: Cavity, stated: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """Return what pulls at the wrong references if they are believed [rad⁻¹]."""
    out = np.zeros_like(cavity.offset)
    rows = np.flatnonzero(wrong)
    # (Λ⁻¹ + C)⁻¹ = Λ (1 + C Λ)⁻¹, which needs no reference that is good in both.
    precision = stated[rows]
    total = np.eye(2) + cavity.covariance[rows] @ precision
    solved = precision @ np.linalg.solve(total, cavity.offset[rows][:, :, None])
    out[rows] = -np.nan_to_num(solved[:, :, 0], nan=0.0, posinf=0.0, neginf=0.0)
    return out


def _by_measurements(
    problem: Problem, robust: RobustOptimum | None
) -> dict[str, np.ndarray]:
    """Return the flags that come from a source's measurements."""
    source = np.asarray(problem.measurements.source)
    n = problem.prior.direction.shape[0]
    bad = np.zeros(source.size, dtype=bool)
    if robust is not None:
        bad = robust.reliability.outlier_probability > 0.5
    total = np.bincount(source, minlength=n)
    outliers = np.bincount(source, weights=bad, minlength=n)
    return {
        "outliers": outliers > 0,
        "mostly_outliers": (outliers > 0) & (2 * outliers >= total),
        "few_measurements": total - outliers < FEW,
    }


def _dominated(used: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Return where the prior gives nearly all, by trace(Λ_prior Cov) out of 2."""
    return np.asarray(np.einsum("nij,nji->n", used, covariance) > 2.0 * DOMINANT)


__all__ = ["NEAR", "SourceJudgement", "source_flags"]
