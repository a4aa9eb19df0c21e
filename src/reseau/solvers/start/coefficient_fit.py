"""Coefficients of a distortion model from what is known of polynomials of the field.

A problem of a few unknowns that looks at no measurement: the displacement by the model
is compared with polynomials on a grid. It may have several minima, and is solved from
several starts.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy.optimize
from jaxtyping import Array, Float

from reseau._compiled import quick_jit
from reseau.instrument import Distortion, Instrument, Legendre
from reseau.model import Problem

DEGREE = 7
"""Total degree of the polynomials."""

GRID = 17
"""Points along a side of the field where model and polynomials are compared."""

MARGIN = 1.05
"""Side of the grid, in sides of the rectangle that was measured."""

FOLLOWED = 3
"""Starts that are followed to their minimum at least."""

EXPLAINED = 0.01
"""Least sum of squares, of that without distortion, at which no more are followed."""

BY_CHANCE = 10.0
"""The same in squares of the misfit of one of the numbers that are compared."""

EVALUATIONS = 30
"""Of the small problem, from one start."""

ROUGH, FINE = 1e-3, 1e-10
"""Tolerances that tell minima apart, and that find one."""

GRADIENT = 1e-5
"""Gradient at the end of Newton's method [1/σ]."""


class Field(NamedTuple):
    """The part of the focal plane that was measured, and polynomials over it.

    Attributes
    ----------
    x, y
        Points that cover it [µm].
    polynomial
        The polynomials, all degrees from 0.
    fit
        From values at the points to coefficients, (n_terms, n_points).
    """

    x: Float[np.ndarray, "n"]
    y: Float[np.ndarray, "n"]
    polynomial: Legendre
    fit: Float[np.ndarray, "t n"]


class Reduced(NamedTuple):
    """What a linearised plate says of the polynomials' coefficients q [µm].

    χ² is, up to a constant, |root q − right|².
    """

    root: Float[np.ndarray, "r q"]
    right: Float[np.ndarray, "r"]


def measured_field(problem: Problem) -> Field:
    """Return points and polynomials over the rectangle that was measured."""
    detectors, measurements = problem.instrument.detectors, problem.measurements
    pixel, on = np.asarray(measurements.pixel), np.asarray(measurements.detector)
    centre, pitch = np.asarray(detectors.centre)[on], np.asarray(detectors.pitch)[on]
    origin, theta = np.asarray(detectors.origin)[on], np.asarray(detectors.theta)[on]
    u, v = ((pixel - origin) * pitch).T
    x = centre[:, 0] + np.cos(theta) * u - np.sin(theta) * v
    y = centre[:, 1] + np.sin(theta) * u + np.cos(theta) * v
    nodes = MARGIN * np.cos(np.pi * (np.arange(GRID) + 0.5) / GRID)
    ticks = [0.5 * (c.max() + c.min() + np.ptp(c) * nodes) for c in (x, y)]
    u, v = (g.ravel() for g in np.meshgrid(*ticks))
    polynomial = _polynomial(
        problem.instrument.distortion, max(np.abs(u).max(), np.abs(v).max())
    )
    basis = np.asarray(_basis(polynomial, u, v))
    return Field(u, v, polynomial, np.linalg.pinv(basis.T))


def _polynomial(model: Distortion, half: float) -> Legendre:
    """Return polynomials for a field of about a given half side.

    Of few sizes: what is compiled depends on it.
    """
    power = round(math.log2(half / model.normalisation))
    return Legendre(
        normalisation=model.normalisation * 2.0**power, degree=DEGREE, minimum_degree=0
    )


@quick_jit
def _basis(polynomial: Legendre, x: Array, y: Array) -> Array:
    return polynomial.basis(x, y)


@quick_jit
def _displacement(model: Distortion, x: Array, y: Array, coefficients: Array) -> Array:
    there = model.displace(x, y, coefficients)
    return jnp.stack([there[0] - x, there[1] - y])


@quick_jit
def _with_slopes(
    model: Distortion, x: Array, y: Array, coefficients: Array
) -> tuple[Array, Array]:
    """Return displacements (s, 2, n) and derivatives (s, 2, n, p), s coefficients."""

    def both(c: Array) -> tuple[Array, Array]:
        found = _displacement(model, x, y, c)
        return found, found

    slopes, found = jax.vmap(jax.jacfwd(both, has_aux=True))(coefficients)
    return found, slopes


@quick_jit
def _bend(
    model: Distortion, x: Array, y: Array, coefficients: Array, weight: Array
) -> Array:
    """Return the second derivatives of a weighted sum of displacements."""
    return jax.hessian(lambda c: jnp.sum(weight * _displacement(model, x, y, c)))(
        coefficients
    )


def polynomials_of(
    model: Distortion, field: Field, coefficients: Float[Array | np.ndarray, "p"]
) -> Float[np.ndarray, "q"]:
    """Return the polynomials nearest to the displacement by a model [µm].

    Those of x, then those of y.
    """
    found = _displacement(model, field.x, field.y, jnp.asarray(coefficients))
    return (np.asarray(found) @ field.fit.T).ravel()


def what_is_left(
    model: Distortion, field: Field, coefficients: Float[Array | np.ndarray, "p"]
) -> float:
    """Return the rms of the displacement less the nearest polynomials [µm]."""
    found = np.asarray(
        _displacement(model, field.x, field.y, jnp.asarray(coefficients))
    )
    basis = np.asarray(_basis(field.polynomial, field.x, field.y))
    return float(np.sqrt(np.mean((found - (found @ field.fit.T) @ basis) ** 2)))


def coefficient_pulls(
    instrument: Instrument, coefficients: Float[Array | np.ndarray, "p"]
) -> Float[np.ndarray, "p"]:
    """Return shifts from the prior means in units of the widths; 0 where held."""
    sigma = np.asarray(instrument.coefficient_sigma)
    shift = np.asarray(coefficients) - np.asarray(instrument.coefficients)
    return np.where(sigma > 0, shift / np.where(sigma > 0, sigma, 1.0), 0.0)


class _Misfit:
    """Sums of squares of a plate's misfit and of the priors, by the free coefficients.

    Unknowns z are shifts from the prior's means in units of its widths. What was
    computed last is kept.

    Parameters
    ----------
    instrument, field, reduced
        As in `fit_coefficients`.
    """

    def __init__(self, instrument: Instrument, field: Field, reduced: Reduced) -> None:
        self.model, self.field = instrument.distortion, field
        self.nominal = np.asarray(instrument.coefficients)
        sigma = np.asarray(instrument.coefficient_sigma)
        self.free = np.flatnonzero(sigma > 0)
        sigma = sigma[self.free]
        # A coefficient without a prior is measured in units of what a model expects.
        expected = self.model.widths(0.1 * self.model.normalisation)[self.free]
        self.known = np.isfinite(sigma)
        self.unit = np.where(self.known, sigma, expected)
        root = reduced.root.reshape(len(reduced.root), 2, -1)
        self.of_values = np.einsum("raq,qn->ran", root, field.fit)
        self.right = reduced.right
        self._last: tuple[bytes, np.ndarray, np.ndarray] | None = None

    def scaled(self, coefficients: np.ndarray) -> np.ndarray:
        """Return the unknowns of coefficients, one set a row."""
        return (coefficients - self.nominal)[..., self.free] / self.unit

    def coefficients(self, z: np.ndarray) -> np.ndarray:
        """Return the coefficients, those that are held included."""
        values = np.tile(self.nominal, (*z.shape[:-1], 1))
        values[..., self.free] += self.unit * z
        return values

    def several(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return residuals (s, m) and their derivatives (s, m, p) at z (s, p)."""
        found, slopes = _with_slopes(
            self.model, self.field.x, self.field.y, self.coefficients(z)
        )
        slopes = np.asarray(slopes)[..., self.free] * self.unit
        of_field = np.einsum("ran,san->sr", self.of_values, np.asarray(found))
        by = np.einsum("ran,sanp->srp", self.of_values, slopes)
        prior = np.broadcast_to(np.diag(1.0 * self.known), (len(z), *2 * z.shape[1:]))
        return (
            np.concatenate([of_field - self.right, self.known * z], axis=1),
            np.concatenate([by, prior], axis=1),
        )

    def _at(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if self._last is None or self._last[0] != z.tobytes():
            residual, slope = self.several(z[None])
            self._last = z.tobytes(), residual[0], slope[0]
        return self._last[1:]

    def residual(self, z: np.ndarray) -> np.ndarray:
        """Return the residuals, of the field and then of the priors."""
        return self._at(z)[0]

    def slope(self, z: np.ndarray) -> np.ndarray:
        """Return their derivatives."""
        return self._at(z)[1]

    def curvature(self, z: np.ndarray) -> np.ndarray:
        """Return the second derivatives of half the sum of squares."""
        residual, slope = self._at(z)
        field, of_field = self.field, residual[: len(self.of_values)]
        weight = np.einsum("r,ran->an", of_field, self.of_values)
        bent = _bend(self.model, field.x, field.y, self.coefficients(z), weight)
        bent = np.asarray(bent)[np.ix_(self.free, self.free)]
        return np.asarray(slope.T @ slope + bent * np.outer(self.unit, self.unit))


def fit_coefficients(
    instrument: Instrument,
    field: Field,
    reduced: Reduced,
    current: Float[Array | np.ndarray, "p"],
) -> Float[np.ndarray, "p"]:
    """Return the coefficients that fit polynomials and prior best.

    Parameters
    ----------
    instrument
        Model and prior.
    field, reduced
        Polynomials and what is known of them.
    current
        Coefficients to try as well, beside those that the model starts from.
    """
    misfit, sigma = _Misfit(instrument, field, reduced), instrument.coefficient_sigma
    starts = instrument.distortion.starts(misfit.nominal, np.asarray(sigma))
    starts = misfit.scaled(np.vstack([np.asarray(current), starts]))
    found = _minimum(misfit, _best_of(misfit, starts), FINE)
    z = found.x if found.success else _newton(misfit, found.x)
    return misfit.coefficients(z)


def _best_of(misfit: _Misfit, starts: np.ndarray) -> np.ndarray:
    """Return roughly the lowest minimum, of those that starts lead to.

    A minimum that explains only part of the displacement is not the one looked for:
    more starts are followed as long as there are some.
    """
    none = np.zeros_like(starts[0])
    enough = max(
        EXPLAINED * float(np.sum(misfit.residual(none) ** 2)),
        BY_CHANCE * misfit.right.size,
    )
    best, least = none, np.inf
    for i, z in enumerate(_by_promise(misfit, starts)):
        if i >= FOLLOWED and 2.0 * least < enough:
            break
        found = _minimum(misfit, z, ROUGH)
        if found.cost < least:
            best, least = found.x, found.cost
    return best


def _by_promise(misfit: _Misfit, starts: np.ndarray) -> list[np.ndarray]:
    """Return starts in the order of promise, each also after one linear step.

    Coefficients on which nothing depends there stay: a centre of no distortion.
    """
    residual, slope = misfit.several(starts)
    moved = starts.copy()
    for i in range(len(starts)):
        active = np.any(slope[i, : misfit.right.size] != 0, axis=0)
        if np.all(np.isfinite(slope[i])) and np.all(np.isfinite(residual[i])):
            step = np.linalg.lstsq(slope[i][:, active], -residual[i], rcond=None)[0]
            moved[i, active] += step
    candidates = np.concatenate([moved, starts])
    cost = np.sum(misfit.several(candidates)[0] ** 2, axis=1)
    order = np.argsort(np.where(np.isfinite(cost), cost, np.inf), kind="stable")
    return [candidates[i] for i in order if np.isfinite(cost[i])]


def _minimum(
    misfit: _Misfit, start: np.ndarray, tolerance: float
) -> scipy.optimize.OptimizeResult:
    """Return a minimum, from one start."""
    return scipy.optimize.least_squares(
        misfit.residual,
        start,
        jac=misfit.slope,
        x_scale="jac",
        ftol=tolerance,
        xtol=tolerance,
        gtol=tolerance,
        max_nfev=EVALUATIONS,
    )


def _newton(misfit: _Misfit, start: np.ndarray) -> np.ndarray:
    """Return the minimum near a point, by Newton's method.

    Where the data say little, the second derivatives of the model count, and without
    them the way is long.
    """
    size = np.linalg.norm(misfit.slope(start), axis=0)
    scale = 1.0 / np.where(size > 0, size, 1.0)

    def value(z: np.ndarray) -> float:
        cost = 0.5 * float(np.sum(misfit.residual(scale * z) ** 2))
        return cost if np.isfinite(cost) else np.inf

    def gradient(z: np.ndarray) -> np.ndarray:
        slope, residual = misfit.slope(scale * z), misfit.residual(scale * z)
        return np.asarray(scale * (slope.T @ residual))

    def hessian(z: np.ndarray) -> np.ndarray:
        return misfit.curvature(scale * z) * np.outer(scale, scale)

    found = scipy.optimize.minimize(
        value,
        start / scale,
        jac=gradient,
        hess=hessian,
        method="trust-exact",
        options={"maxiter": EVALUATIONS, "gtol": GRADIENT},
    )
    return np.asarray(scale * found.x)


__all__ = [
    "Field",
    "Reduced",
    "coefficient_pulls",
    "fit_coefficients",
    "measured_field",
    "polynomials_of",
    "what_is_left",
]
