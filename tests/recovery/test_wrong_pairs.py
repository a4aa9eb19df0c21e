"""Wrong identifications: one in 20, two exchanged, 20 per cent; a plate and an orbit.

The attitude is judged in its own σ; who is wrong is named by the start, which does not
depend on the likelihood.
"""

from dataclasses import replace
from functools import cache
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from reseau.diagnostics.comparison.calibration import true_parameters
from reseau.diagnostics.comparison.solution import compared_solution
from reseau.errors import Result
from reseau.instrument import attitude_difference
from reseau.model.likelihood import likelihood_named
from reseau.plates import SolveOptions
from reseau.solvers import Robust, solve_plate
from reseau.tables import columns_of
from reseau.verbs.simulate import simulate
from reseau.verbs.solve import solve
from spoilt import plate_of_pairs

CASES = {
    "one of 20": (20, 1),
    "two of 40 exchanged": (40, 2),
    "40 of 200": (200, 40),
}
LIKELIHOODS = ("normal", "student", "mixture")
CHANCE = 1e-6
"""Of a false alarm of one assertion."""


class Outcome(NamedTuple):
    """How a contaminated plate was solved.

    Attributes
    ----------
    result
        How the iteration ended.
    pull
        Errors of the attitudes, whitened by their covariance, one exposure a row.
    named
        Sources that were named.
    wrong
        Sources that are wrong.
    """

    result: Result
    pull: np.ndarray
    named: np.ndarray
    wrong: np.ndarray


def exchange(n: int, wrong: int, rng: np.random.Generator) -> np.ndarray:
    """Return an order of `n` rows in which some have gone to others' places."""
    order = np.arange(n)
    some = rng.choice(n, max(wrong, 2), replace=False)
    order[some] = np.roll(some, 1)
    if wrong == 1:
        order[some[1]] = some[1]  # that place is taken twice
    return order


def outcome(solution, axes, wrong) -> Outcome:
    """Compare the attitudes of a solution with the truth."""
    off = np.asarray(attitude_difference(solution.parameters.axes, axes))
    own = np.arange(len(off))[:, None] * 5 + np.arange(3)
    covariance = solution.shared_covariance[own[:, :, None], own[:, None, :]]
    root = np.linalg.cholesky(covariance)
    strays = solution.strays
    rows = strays.rows[strays.certain] if strays is not None else []
    return Outcome(
        solution.result,
        np.linalg.solve(root, off[:, :, None])[:, :, 0],
        np.unique(solution.problem.measurements.source[rows]),
        np.flatnonzero(wrong),
    )


@cache
def on_a_plate(case: str, likelihood: str, seed: int = 0) -> Outcome:
    """Solve one exposure of fixed references."""
    n, wrong = CASES[case]
    problem, axes = plate_of_pairs(n, seed=seed)
    order = exchange(n, wrong, np.random.default_rng(seed + 1))
    direction = np.asarray(problem.prior.direction)[order]
    problem = replace(problem, prior=replace(problem.prior, direction=direction))
    chosen = likelihood_named(likelihood)
    robust = None if chosen is None else Robust(likelihood=chosen)
    solution = solve_plate(problem, robust=robust)
    return outcome(solution, axes, order != np.arange(n))


@cache
def simulated():
    """Return a small orbit with its truth."""
    return simulate(small=True, seed=5)


@cache
def on_an_orbit(case: str, likelihood: str) -> Outcome:
    """Solve an orbit, as many in a hundred of its references wrong."""
    made = simulated()
    reference = made.dataset.reference
    n, wrong = CASES[case]
    rows = np.flatnonzero(np.isfinite(reference["ra_error"].to_numpy()))
    wrong = 2 if wrong == 2 else round(rows.size * wrong / n)
    order = np.arange(reference.num_rows)
    order[rows] = rows[exchange(rows.size, wrong, np.random.default_rng(3))]
    for name in ("ra", "dec"):
        index = reference.column_names.index(name)
        field, values = reference.schema.field(name), reference[name].to_numpy()[order]
        reference = reference.set_column(index, field, pa.array(values))
    dataset = replace(made.dataset, reference=reference)
    solved = solve(dataset, options=SolveOptions(likelihood=likelihood))
    truth = columns_of(made.truth.exposures)
    true = true_parameters(compared_solution(solved), made.truth.instrument, truth)
    ids = solved.prepared.source_id
    moved = reference["source_id"].to_numpy()[order != np.arange(order.size)]
    return outcome(solved.solution, true.axes, np.isin(ids, moved))


@pytest.mark.recovery
@pytest.mark.parametrize("where", [on_a_plate, on_an_orbit])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("likelihood", LIKELIHOODS[1:])
def test_heavy_tails_survive_wrong_identifications(where, case, likelihood):
    found = where(case, likelihood)
    assert found.result is Result.SUCCESSFUL
    square = float(np.sum(found.pull**2))
    assert stats.chi2.sf(square, found.pull.size) > CHANCE
    assert set(found.named) == set(found.wrong)


@pytest.mark.recovery
@pytest.mark.parametrize("where", [on_a_plate, on_an_orbit])
@pytest.mark.parametrize("case", CASES)
def test_least_squares_names_them_all_the_same(where, case):
    found = where(case, "normal")
    assert set(found.named) == set(found.wrong)
