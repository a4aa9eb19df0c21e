"""Expectations of heavy-tailed terms over a Normal of the unknowns.

Where the unknowns are Normal and the model linear over their width, each whitened
residual is Normal: of mean r̄ and covariance L, what is left of the unknowns' in the
pixels (`leverage`). A term ½ρ(|r|²) has the gradient ρ' r and the curvature
W = ρ' I + 2ρ'' r rᵀ; with z standard normal in the plane and L = A Aᵀ ::

    E[½ρ], E[ρ' r], E[W]     over r = r̄ + A z, by Gauss-Hermite in both coordinates

so that no number of draws enters, and no noise. The gradient by r̄ of the first is the
second, and by L half the third (Bonnet; Price). W may be negative along r̄; where it
is to stay positive, the clipped one of `weighted` is averaged beside it.

References
----------
Opper & Archambeau 2009, Neural Comput. 21, 786 (expectations of each term are all that
a Normal needs); Abramowitz & Stegun 1964, 25.4.46 (Gauss-Hermite).
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from reseau.model.likelihood import Likelihood

from .heavy_tails import CLIPPED, as_priors, bend
from .objective import Objective, OfPriors, Terms
from .plan import Batch

NODES = 7
"""Nodes of the quadrature in each of the two coordinates."""


class Averages(Objective):
    """What the terms of measurements and priors give on average.

    Attributes
    ----------
    curvature, gradient, loss
        E[W], E[ρ'r] of the whitened residuals and E[ρ] of each measurement.
    prior_curvature, prior_gradient, prior_loss
        Of each source's prior, in its tangent plane [rad⁻², rad⁻¹, 1].
    """

    curvature: Float[Array | np.ndarray, "2 2 *m"]
    gradient: Float[Array | np.ndarray, "2 *m"]
    loss: Float[Array | np.ndarray, "*m"]
    prior_curvature: Float[Array | np.ndarray, "n 2 2"]
    prior_gradient: Float[Array | np.ndarray, "n 2"]
    prior_loss: Float[Array | np.ndarray, "n"]

    def of_batch(self, batch: Batch) -> "Averages":
        """Return the averages of a batch's measurements, at their places."""
        return Averages(
            at_places(self.curvature, batch),
            at_places(self.gradient, batch),
            at_places(self.loss, batch),
            np.zeros((0, 2, 2)),
            np.zeros((0, 2)),
            np.zeros(0),
        )

    def terms(self, residual: Float[Array, "k 2 n"], full: Bool[Array, "k n"]) -> Terms:
        """Return the averages in place of one residual's terms."""
        del full
        shape = residual[:, 0].shape
        (xx, xy), (_, yy) = jnp.asarray(self.curvature)
        gradient = jnp.asarray(self.gradient)
        return Terms(
            jnp.stack([xx, xy, yy]).reshape(3, *shape),
            gradient.reshape(2, *shape),
            jnp.asarray(self.loss).reshape(shape),
        )

    def priors(
        self,
        information: Float[np.ndarray, "n 2 2"],
        offset: Float[np.ndarray, "n 2"],
    ) -> OfPriors:
        """Return the average factors, which stand in place of the priors."""
        del information, offset
        return as_priors(self)


def at_places(
    values: Array | np.ndarray, batch: Batch
) -> Float[np.ndarray, "*values b s n"]:
    """Return what belongs to the measurements, (..., m), at the places of a batch.

    Returns
    -------
    Values (..., b, s, n), zero at empty places.
    """
    found, row = np.asarray(values), batch.row
    taken = np.take(found, row, axis=-1, mode="clip")
    return np.where(row < found.shape[-1], taken, 0.0)


def turned(matrix: Array | np.ndarray, columns: Array) -> Array:
    """Return matrices (2, 2, b, s, n) times whitened columns (b s, p, 2, n)."""
    x, y = columns[:, :, 0], columns[:, :, 1]
    wide = jnp.asarray(matrix).reshape(2, 2, -1, columns.shape[-1])
    (xx, xy), (yx, yy) = ((m[:, None] for m in row) for row in wide)
    return jnp.stack([xx * x + xy * y, yx * x + yy * y], axis=2)


class Smoothed(eqx.Module):
    """Averages of one likelihood over Normal residuals.

    Attributes
    ----------
    exact, clipped
        E[W], and that of W with its negative part cut.
    gradient
        E[ρ'r].
    loss, weight
        E[ρ] and E[ρ'].
    """

    exact: Float[Array, "2 2 m"]
    clipped: Float[Array, "2 2 m"]
    gradient: Float[Array, "2 m"]
    loss: Float[Array, "m"]
    weight: Float[Array, "m"]


def smoothed(
    likelihood: Likelihood | None,
    residual: Float[np.ndarray, "m 2"],
    spread: Float[np.ndarray, "m 2 2"],
) -> Smoothed:
    """Return averages over Normal residuals.

    Parameters
    ----------
    likelihood
        Of a residual; None: Normal, whose averages need no quadrature.
    residual, spread
        Mean and covariance of the whitened residuals.
    """
    mean = jnp.asarray(residual.T)
    covariance = jnp.asarray(np.moveaxis(spread, 0, -1))
    if likelihood is None:
        return _of_normal(mean, covariance)
    node, mass = np.polynomial.hermite_e.hermegauss(NODES)
    mass = mass / mass.sum()
    nodes = np.stack(np.meshgrid(node, node), axis=-1).reshape(-1, 2)
    masses = np.outer(mass, mass).ravel()
    return _smoothed(likelihood, mean, covariance, jnp.asarray(nodes), masses)


@jax.jit
def _of_normal(mean: Array, covariance: Array) -> Smoothed:
    one = jnp.ones(mean.shape[1])
    unit = jnp.eye(2)[:, :, None] * one
    square = jnp.sum(mean**2, axis=0) + covariance[0, 0] + covariance[1, 1]
    return Smoothed(unit, unit, mean, square, one)


@jax.jit
def _smoothed(
    likelihood: Likelihood, mean: Array, covariance: Array, nodes: Array, masses: Array
) -> Smoothed:
    """Sum over the nodes, one at a time, so that memory is that of the residuals."""
    root = _root_2x2(covariance)

    def add(sums: Smoothed, at: tuple[Array, Array]) -> tuple[Smoothed, None]:
        node, mass = at
        r = mean + root[:, 0] * node[0] + root[:, 1] * node[1]
        found = _at_point(likelihood, r)
        return jax.tree.map(lambda total, value: total + mass * value, sums, found), (
            None
        )

    m = mean.shape[1]
    shapes = ((2, 2, m), (2, 2, m), (2, m), (m,), (m,))
    nothing = Smoothed(*(jnp.zeros(shape) for shape in shapes))
    found, _ = jax.lax.scan(add, nothing, (nodes, jnp.asarray(masses)))
    return found


def _at_point(likelihood: Likelihood, r: Array) -> Smoothed:
    """Return what is to be averaged, at residuals (2, m)."""
    square = jnp.sum(r**2, axis=0)
    weight = likelihood.weight(square)
    outer = r[:, None] * r[None]
    unit = jnp.eye(2)[:, :, None] * weight
    return Smoothed(
        exact=unit + 2.0 * likelihood.curvature(square) * outer,
        clipped=unit + bend(likelihood, square, jnp.asarray(CLIPPED)) * outer,
        gradient=weight * r,
        loss=likelihood.loss(square),
        weight=weight,
    )


def _root_2x2(matrix: Array) -> Array:
    """Return lower Cholesky factors of matrices (2, 2, m) that may be singular."""
    a = jnp.sqrt(jnp.maximum(matrix[0, 0], 0.0))
    b = matrix[1, 0] / jnp.where(a > 0, a, 1.0)
    c = jnp.sqrt(jnp.maximum(matrix[1, 1] - b * b, 0.0))
    return jnp.stack([jnp.stack([a, jnp.zeros_like(a)]), jnp.stack([b, c])])


__all__ = ["NODES", "Averages", "Smoothed", "at_places", "smoothed", "turned"]
