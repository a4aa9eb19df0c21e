"""A start from those measurements that most references of their exposure agree with.

What a few wrong identifications do to least squares has no bound, and the way back from
there may be barred. So the plate is first solved as if they had not been measured.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from reseau.equations.plan import Plan, plan_tiles
from reseau.equations.residuals import residuals_at
from reseau.errors import Result
from reseau.solvers.gauss_newton import Optimum, Settings, gauss_newton

from .consensus import BEYOND, CERTAIN
from .leaving_out import without
from .parameters import Start

ROUGHLY = 3.0
"""Largest step, in σ, at which it ends."""

FAR = 10.0
"""Least residual of a stray [σ]."""


class Strays(NamedTuple):
    """Measurements that are far from where most references put them.

    Attributes
    ----------
    rows
        Of the measurements.
    away
        Observed minus predicted there, at the solution of all others [pixel].
    certain
        Whether the others of their exposure are enough to tell who is wrong.
    exposure, references, agree
        Exposures whose references do not all agree, how many references they have, and
        how many of these agree by more than chance.
    """

    rows: Int[np.ndarray, "k"]
    away: Float[np.ndarray, "k 2"]
    certain: Bool[np.ndarray, "k"]
    exposure: Int[np.ndarray, "e"]
    references: Int[np.ndarray, "e"]
    agree: Int[np.ndarray, "e"]


def trusted_start(
    start: Start, tiles: Plan, settings: Settings
) -> tuple[Optimum | None, Strays | None]:
    """Return the solution without strays, and these; None where there are none.

    Parameters
    ----------
    start
        As `find_start` found it.
    tiles
        All measurements, as `plan_tiles` laid them out.
    settings
        When to stop.
    """
    if not start.doubtful:
        return None, None
    problem, rows = start.problem, np.flatnonzero(start.strays)
    found = None
    if rows.size:
        rough = settings._replace(tolerance=max(ROUGHLY, settings.tolerance))
        few = without(problem, rows)
        part = plan_tiles(few)
        found = gauss_newton(few, part, start.parameters, rough)
        if found.result in (Result.NOT_FINITE, Result.NO_DESCENT):
            found = found._replace(parameters=start.parameters)
    point = start.parameters if found is None else found.parameters
    left = residuals_at(problem, tiles, point)
    rows = rows[_stand_out(left.pull, start.strays)[rows]]
    strays = _strays(start, rows, left.pixel[rows])
    return found, strays if rows.size or np.any(strays.agree == 0) else None


def _stand_out(
    pull: Float[np.ndarray, "n 2"], strays: Bool[np.ndarray, "n"]
) -> Bool[np.ndarray, "n"]:
    """Return what is far from where the solution of the others puts it.

    In the corners of a field a distortion may be larger than all others agree within;
    once it is fitted, what it moved is where it belongs.
    """
    size = np.linalg.norm(pull, axis=1)
    others = size[~strays & np.isfinite(size)]
    limit = max(FAR, BEYOND * float(np.max(others, initial=0.0)))
    return ~(size <= limit)


def _strays(start: Start, rows: np.ndarray, away: np.ndarray) -> Strays:
    certain = np.zeros(len(start.strays), dtype=bool)
    table = np.zeros((len(start.doubtful), 3), dtype=int)
    for line, agreement in zip(table, start.doubtful, strict=True):
        told = agreement.consensus.surprise > CERTAIN
        certain[agreement.rows] = told
        agree = int(agreement.consensus.agrees.sum()) if told else 0
        line[:] = agreement.exposure, agreement.rows.size, agree
    return Strays(rows, away, certain[rows], *table.T)


__all__ = ["Strays", "trusted_start"]
