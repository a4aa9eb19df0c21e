"""Few epochs that stand for many: Gauss quadrature over the visits of a season.

Parallax factors and time are smooth over a season, so that sums over its visits are
those over few nodes, with the moments of the visits' epochs.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from .schedule import SurveyPlan
from .seasons import seasons

NODES = 3
"""Nodes of a stretch of time: moments up to the fifth are exact."""

LONGEST = 0.27
"""Longest stretch [Julian yr]: a season; parallax factors are nearly a polynomial."""


class TimeNodes(NamedTuple):
    """Epochs that stand for more.

    Attributes
    ----------
    epoch
        Julian years, TCB.
    number
        Of visits that each stands for.
    """

    epoch: Float[np.ndarray, "k"]
    number: Float[np.ndarray, "k"]


def stretches(plan: SurveyPlan) -> Int[np.ndarray, "p"]:
    """Return in which stretch of time each plate is: seasons, or parts of long ones.

    Parameters
    ----------
    plan
        Of the survey.
    """
    edges = []
    for season in seasons(plan.schedule, plan.target, plan.middle):
        parts = max(int(np.ceil((season.end - season.begin) / LONGEST)), 1)
        edges.append(np.linspace(season.begin, season.end, parts + 1)[:-1])
    found: np.ndarray = np.searchsorted(np.concatenate(edges), plan.middle, "right")
    return found


def time_nodes(epoch: Float[np.ndarray, "n"], most: int = NODES) -> TimeNodes:
    """Return few epochs with the moments of many.

    Parameters
    ----------
    epoch
        Of the visits.
    most
        How many nodes at most; where there are no more visits, they are the nodes.

    References
    ----------
    Golub & Welsch 1969, Math. Comp. 23, 221: nodes are eigenvalues of the matrix of the
    recurrence of the polynomials that are orthogonal over the visits.
    """
    if len(epoch) <= most:
        return TimeNodes(np.array(epoch, dtype=float), np.ones(len(epoch)))
    middle, half = float(np.mean(epoch)), float(np.ptp(epoch)) or 1.0
    x = (epoch - middle) / half
    diagonal, side = _recurrence(x, most)
    matrix = np.diag(diagonal) + np.diag(side, 1) + np.diag(side, -1)
    nodes, vectors = np.linalg.eigh(matrix)
    return TimeNodes(middle + half * nodes, len(epoch) * vectors[0] ** 2)


def _recurrence(x: np.ndarray, most: int) -> tuple[list[float], list[float]]:
    """Return the coefficients of the recurrence, by Stieltjes' procedure."""
    before, now = np.zeros_like(x), np.full_like(x, len(x) ** -0.5)
    diagonal: list[float] = []
    side: list[float] = []
    for _ in range(most):
        diagonal.append(float(now @ (x * now)))
        step = (x - diagonal[-1]) * now - (side[-1] * before if side else 0.0)
        size = float(np.linalg.norm(step))
        if len(diagonal) == most or size < 1e-9:
            break
        side.append(size)
        before, now = now, step / size
    return diagonal, side


__all__ = ["TimeNodes", "stretches", "time_nodes"]
