"""Steps that follow the curved valley of the common modes.

The common modes of the detectors (`model.gauge`) are known from wide priors alone, so
that steps along them are large, and a linear one leaves the valley in which predicted
pixels stay as they are: the objective rises, and the next step only comes back.
`follow_valley` moves along the modes by the finite transformation instead.

One thing the finite transformation may need is not there where the skew is held: turned
and stretched differently along X and Y, detectors would need a skew proportional to
the product of both. Where these two are known from priors alone, the objective along
them is a fourth-degree polynomial, with valleys along both axes that cross.
`valley_step` minimises it, instead of the parabola of Gauss-Newton.
"""

import numpy as np
import scipy.optimize
from jaxtyping import Float

from reseau.equations.equations import Equations
from reseau.model import Parameters, Problem, free_columns, prior_widths
from reseau.model.gauge import Datum, move_along
from reseau.model.mode_curvature import mode_curvature

NEGLIGIBLE = 1e-4
"""Steps along the modes [σ] that need not follow the valley."""

GRADIENT, RELATIVE, MOST_STEPS = 1e-4, 1e-10, 100
"""When the minimum along the modes is reached: gradient [σ], its part of that at the
start, and steps at most."""


def follow_valley(
    problem: Problem,
    point: Parameters,
    datum: Datum,
    root: Float[np.ndarray, "p q"],
    shared: Float[np.ndarray, "p"],
) -> Float[np.ndarray, "p"]:
    """Return a step of the shared parameters, its part along common modes made finite.

    What is not free stays where it is.

    Parameters
    ----------
    point
        Where the step begins.
    datum
        As `find_datum` found it there.
    root
        A root of the shared parameters' covariance.
    shared
        The step to first order.
    """
    gain = datum.gain()
    amount, width = gain @ shared, np.linalg.norm(gain @ root, axis=1)
    if np.all(np.abs(amount) < NEGLIGIBLE * width):
        return shared
    curved = move_along(problem, point, datum, amount) - datum.directions @ amount
    curved = np.where(_free(problem), curved, 0.0)
    return shared + curved if np.all(np.isfinite(curved)) else shared


def _free(problem: Problem) -> np.ndarray:
    return free_columns(problem.layout, problem.free, prior_widths(problem))


def _missing_skew(
    problem: Problem, point: Parameters, datum: Datum, width: Float[np.ndarray, "m"]
) -> Float[np.ndarray, "m m"]:
    """Return second derivatives, by the modes' amounts, of the skew that is not there.

    Zero where the skew is free.
    """
    n, skew = width.size, problem.layout.skew
    if n < 2 or _free(problem)[skew]:
        return np.zeros((n, n))
    return np.asarray(mode_curvature(problem, point, datum, width)[skew])


def valley_step(
    problem: Problem, point: Parameters, datum: Datum, equations: Equations
) -> Float[np.ndarray, "p"]:
    """Return the step of the shared parameters, to first order.

    Parameters
    ----------
    point
        Where the step begins, and the equations are.
    datum
        As `find_datum` found it there.

    Notes
    -----
    With x = Vz, V the root of the inverse of S, and e = ½mᵀEm what is missing of the
    skew after moves along the modes by m = Gx, pixels are those at x but for a skew
    less by e. The objective is, up to a constant ::

        |z − z₀|² − 2e cᵀz + 2e g + h e²      c = Vᵀs, z₀ = Vᵀ(right-hand side)

    with g, h and s the skew's right-hand side, diagonal entry and column of S. Across
    the modes it is a parabola for every e, which leaves a polynomial in their
    components t = Qᵀz alone, with m = Rᵀt from (GV)ᵀ = QR.
    """
    root = equations.root
    whole = root.T @ equations.right
    sensitive = (datum.gain() @ root).T
    along, triangle = np.linalg.qr(sensitive)
    start = along.T @ whole
    if not np.linalg.norm(start) > 0.0:
        return np.asarray(root @ whole)
    width = np.linalg.norm(sensitive, axis=0)
    missing = _missing_skew(problem, point, datum, width)
    if not (np.any(missing) and np.all(np.isfinite(missing))):
        return np.asarray(root @ whole)
    corner, skew = equations.system.corner, problem.layout.skew
    matrix, right = np.asarray(corner.matrix), np.asarray(corner.right)
    across = root.T @ matrix[:, skew]
    slope = along.T @ across
    across = across - along @ slope
    t, missed = _lowest(
        start,
        slope,
        triangle @ missing @ triangle.T,
        float(right[skew]) - float(across @ whole),
        float(matrix[skew, skew]) - float(across @ across),
    )
    return np.asarray(root @ (whole + along @ (t - start) + across * missed))


def _lowest(
    start: np.ndarray, slope: np.ndarray, bend: np.ndarray, pull: float, weight: float
) -> tuple[np.ndarray, float]:
    """Minimise |t − start|² − 2e slopeᵀt + 2e pull + weight e², with e = ½tᵀ bend t.

    Down from t = 0, where one is.

    Returns
    -------
    t and e there.
    """

    def value(t: np.ndarray) -> float:
        e = 0.5 * t @ bend @ t
        return float(
            np.sum((t - start) ** 2) + e * (2.0 * (pull - slope @ t) + weight * e)
        )

    def gradient(t: np.ndarray) -> np.ndarray:
        turned = bend @ t
        e = 0.5 * t @ turned
        return 2.0 * (t - start - e * slope + (pull - slope @ t + weight * e) * turned)

    def hessian(t: np.ndarray) -> np.ndarray:
        turned = bend @ t
        e = 0.5 * t @ turned
        mixed = np.outer(turned, slope)
        inner = np.eye(t.size) - mixed - mixed.T + weight * np.outer(turned, turned)
        return 2.0 * (inner + (pull - slope @ t + weight * e) * bend)

    first = np.zeros_like(start)
    # With residuals of 10¹⁰σ an absolute tolerance would never be met.
    near = max(GRADIENT, RELATIVE * float(np.linalg.norm(gradient(first))))
    found = scipy.optimize.minimize(
        value,
        first,
        jac=gradient,
        hess=hessian,
        method="trust-exact",
        options={"gtol": near, "maxiter": MOST_STEPS},
    )
    return found.x, float(0.5 * found.x @ bend @ found.x)


__all__ = ["follow_valley", "valley_step"]
