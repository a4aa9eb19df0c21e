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

    def even(amount: np.ndarray) -> np.ndarray:
        """Return the even part of the change of positions, twice."""
        y, d = moves @ amount, (detectors @ amount).reshape(-1, PER_DETECTOR)
        return sum(
            linearised(
                problem.instrument,
                parameters,
                sign * y[:5],
                parameters.coefficients + sign * y[5:-1],
                parameters.skew + sign * y[-1],
                parameters.detectors + sign * d,
                taking=taking,
            )[0]
            - here
            for sign in (1.0, -1.0)
        )

    unit = np.eye(m)
    own = [even(unit[i]) for i in range(m)]
    low = np.tril_indices(m)
    second = np.empty((here.size, m, m))
    for i, j in zip(*low, strict=True):
        mixed = 0.5 * (even(unit[i] + unit[j]) - own[i] - own[j]) if i != j else own[i]
        second[:, i, j] = second[:, j, i] = mixed
    found = -together @ scaled_least_squares(others, second.reshape(here.size, -1))
    out = np.zeros((layout.size, m * m))
    out[layout.exposures] = spread_common(parameters, found[:5])
    out[layout.distortion], out[layout.skew] = found[5:-1], found[-1]
    unit = np.where(width > 0, width, np.inf)
    return out.reshape(-1, m, m) / np.outer(unit, unit)


__all__ = ["mode_curvature"]
