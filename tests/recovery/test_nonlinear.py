"""Two hundred random plates for each distortion that is not linear, from none.

Run by ``make recovery``.
"""

import sys

import numpy as np
import pytest
from scipy import stats

from reseau.solvers import solve_plate
from warped import LAYOUTS, MODELS, make_warped

PLATES = 200
MOST = 15
FALSE_ALARM = 1e-6


@pytest.mark.recovery
@pytest.mark.parametrize("model", MODELS)
def test_every_plate_converges_to_its_noise(model, monkeypatch):
    layouts = list(LAYOUTS)
    counts, failed, chances = [], [], []
    passes = _counted(monkeypatch, "_linearise")
    for seed in range(PLATES):
        plate = make_warped(model, layouts[seed % len(layouts)], seed)
        passes.clear()
        solution = solve_plate(plate.problem)
        counts.append(len(solution.history) + len(passes))
        if not solution.converged:
            failed.append((seed, solution.result.name))
        chances.append(stats.chi2.sf(solution.chi2, solution.dof))
    assert not failed
    assert max(counts) <= MOST, np.flatnonzero(np.array(counts) > MOST)
    assert min(chances) > FALSE_ALARM / PLATES
    assert stats.kstest(chances, "uniform").pvalue > FALSE_ALARM


def _counted(monkeypatch, name):
    """Return a list that grows by one whenever the start calls a function."""
    module, calls = sys.modules["reseau.solvers.start.distortion"], []
    function = getattr(module, name)

    def counted(*arguments):
        calls.append(name)
        return function(*arguments)

    monkeypatch.setattr(module, name, counted)
    return calls
