"""The minimum of a plate's objective by `scipy.optimize.least_squares`.

From the dense residual vector and its Jacobian; SciPy knows nothing of tiles,
elimination, or how the plate solver starts. Priors are Normal.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.optimize import least_squares

from quick import quick_jit
from reseau.model import Parameters, Problem, free_columns, prior_widths
from reseau.solvers.plate import calibration_pulls

from .dense import residual_vector


class Found(NamedTuple):
    """What SciPy returns, and how its unknowns are steps of the parameters.

    Attributes
    ----------
    result
        Of `least_squares`; twice its cost is the objective.
    free
        Which steps are unknowns: two of each source, then the shared parameters.
    unit
        Size of each step for an unknown of one.
    step
        Makes a step of unknowns.
    """

    result: Any
    free: np.ndarray
    unit: np.ndarray
    step: Callable[[np.ndarray], jax.Array]


def by_scipy(problem: Problem, point: Parameters, **settings: Any) -> Found:
    """Return SciPy's minimum, sought from a point.

    Parameters
    ----------
    problem, point
        The plate, and where to start.
    settings
        Tolerances, as `least_squares` takes them.
    """
    vector = residual_vector(problem, point)
    widths = prior_widths(problem)
    n = 2 * problem.prior.direction.shape[0]
    seen = np.zeros(n // 2, dtype=bool)
    seen[problem.measurements.source] = True
    free = np.concatenate(
        [np.repeat(seen, 2), free_columns(problem.layout, problem.free, widths)]
    )
    held = np.isfinite(widths) & (widths > 0)
    offset = calibration_pulls(problem, point)[held]

    # Axes turned about themselves: on plates this small a step of the attitude
    # adds to the shift from its prior.
    def whole(step):
        prior = jnp.asarray(offset) + step[n:][held] / widths[held]
        return jnp.concatenate([vector(step), prior])

    compiled, slope = quick_jit(whole), quick_jit(jax.jacfwd(whole))
    size = np.linalg.norm(np.asarray(slope(jnp.zeros(free.size))), axis=0)
    unit = 1 / np.where(size > 0, size, 1.0)

    def full(z):
        step = np.zeros(free.size)
        step[free] = z * unit[free]
        return jnp.asarray(step)

    result = least_squares(
        lambda z: np.asarray(compiled(full(z))),
        np.zeros(int(free.sum())),
        jac=lambda z: np.asarray(slope(full(z)))[:, free] * unit[free],
        **settings,
    )
    return Found(result, free, unit, full)
