"""How the common modes bend: what undoes them, to second order.

Along a mode the detectors move in a straight line, and all else so that no pixel moves
(`gauge.move_along`). The second derivatives of that curve say how far a straight step
leaves the valley.
"""

import numpy as np
from jaxtyping import Float

from .companions import (
    companions,
    linearised,
    positions,
    scaled_least_squares,
    spread_common,
)
from .gauge import Datum, moved_detectors
from .parameters import PER_DETECTOR, Parameters, layout_of
from .problem import Problem


def mode_curvature(
    problem: Problem,
    parameters: Parameters,
    datum: Datum,
    width: Float[np.ndarray, "m"],
) -> Float[np.ndarray, "p m m"]:
    """Return second derivatives, by the modes' amounts, of what undoes the modes.

    Parameters
    ----------
    datum
        As `find_datum` found it at `parameters`.
    width
        Amounts over which derivatives are taken, by differences.

    Notes
    -----
    Positions p depend on the detectors d and on what undoes their motion, y. From
    p(y, d) = constant along d'' = 0 follows p_y y'' = −p'', the second derivative of p
    along the straight line (y', d').
    """
    layout, m = layout_of(parameters), width.size
    if not m:
        return np.zeros((layout.size, 0, 0))
    detectors = datum.directions[layout.detectors] * width
    none = np.zeros(5)
    start = (none, parameters.coefficients, parameters.skew, parameters.detectors)
    taking = moved_detectors(parameters, datum.directions)
    here, columns = linearised(problem.instrument, parameters, *start, taking=taking)
    together = companions(problem)
    n = parameters.detectors.size
    others = columns[:, :-n] @ together
    moves = -together @ scaled_least_squares(others, columns[:, -n:] @ detectors)

    # The even parts of changes along each mode and each two, twice: a quadratic form.
    low = np.tril_indices(m)
    unit = np.eye(m)
    amounts = unit[low[0]] + np.where((low[0] != low[1])[:, None], unit[low[1]], 0.0)
    both = np.concatenate([amounts, -amounts])
    y, d = both @ moves.T, (both @ detectors.T).reshape(len(both), -1, PER_DETECTOR)
    bent = positions(
        problem.instrument,
        parameters,
        y[:, :5],
        np.asarray(parameters.coefficients) + y[:, 5:-1],
        np.asarray(parameters.skew) + y[:, -1],
        np.asarray(parameters.detectors) + d,
        taking=taking,
    )
    even = bent[: len(amounts)] + bent[len(amounts) :] - 2.0 * here
    of = np.empty((m, m), dtype=int)
    of[low] = of[low[::-1]] = np.arange(len(amounts))
    own = even[of[np.arange(m), np.arange(m)]]
    second = np.empty((here.size, m, m))
    for row, (i, j) in enumerate(zip(*low, strict=True)):
        mixed = 0.5 * (even[row] - own[i] - own[j]) if i != j else own[i]
        second[:, i, j] = second[:, j, i] = mixed
    found = -together @ scaled_least_squares(others, second.reshape(here.size, -1))
    out = np.zeros((layout.size, m * m))
    out[layout.exposures] = spread_common(parameters, found[:5])
    out[layout.distortion], out[layout.skew] = found[5:-1], found[-1]
    unit = np.where(width > 0, width, np.inf)
    return out.reshape(-1, m, m) / np.outer(unit, unit)


__all__ = ["mode_curvature"]
