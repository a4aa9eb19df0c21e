"""The solution of a plate whose equations are not finite: it says so, and no more."""

import numpy as np

from reseau.equations.plan import Plan
from reseau.equations.residuals import residuals_at
from reseau.model import Problem
from reseau.solvers.start.trusted import Strays

from .gauss_newton import Optimum
from .solution import Solution


def lost_solution(
    problem: Problem,
    tiles: Plan,
    optimum: Optimum,
    strays: Strays | None,
    seconds: dict[str, float],
) -> Solution:
    """Return a solution of which nothing is known.

    Parameters
    ----------
    tiles
        Measurements as `plan_tiles` laid them out.
    optimum
        Where the iteration ended.
    strays
        Measurements that do not belong there.
    seconds
        Time spent, by stage.
    """
    n, p = problem.prior.direction.shape[0], problem.layout.size
    return Solution(
        problem=problem,
        parameters=optimum.parameters,
        source_covariance=np.full((n, 2, 2), np.nan),
        shared_covariance=np.full((p, p), np.nan),
        undetermined=np.ones(p, dtype=bool),
        prior_pull=np.full(n, np.nan),
        calibration_pull=np.full(p, np.nan),
        residuals=residuals_at(problem, tiles, optimum.parameters),
        chi2=float("nan"),
        dof=float("nan"),
        redundancy=None,
        history=optimum.history,
        result=optimum.result,
        datum="none: nothing was solved",
        null_directions=(),
        seconds=seconds,
        strays=strays,
    )


__all__ = ["lost_solution"]
