"""What a heavy-tailed likelihood makes of residuals and derivatives in the equations.

The objective is Σρ(s) over measurements and over reference priors. Its second
derivative in a whitened residual r is ``W = ρ' I + 2ρ'' r rᵀ``; along r that is
``ρ' + 2sρ''``, negative in the redescending part. How much of the second term is
used is set by a bound b for each source: ``max(2ρ'', −bρ'/s)``, so that

- b = 0 is iterative reweighting: the matrix C₀ = ΣJᵀρ'J of a parabola that touches
  the objective from above (ρ is concave in s), so that its step never raises it;
- b = ½ leaves along each residual at least half of its weight, C ≥ ½C₀. A step
  d = C⁻¹g changes the parabola by −gᵀd + ½dᵀC₀d ≤ −gᵀd + dᵀCd = 0: it never raises
  the objective either, and is Newton's own where curvature is positive enough;
- b = ∞ is the exact curvature, for the posterior.
"""

from collections.abc import Callable
from functools import partial
from typing import Protocol, runtime_checkable

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from reseau._usual import in_chunks
from reseau.model.likelihood import Likelihood, Mixture

from .objective import LeastSquares, Objective, OfPriors, Terms
from .plan import Batch
from .stages import rows_of

REWEIGHTED, CLIPPED, EXACT = 0.0, 0.5, np.inf
"""Bounds b of the curvature."""


class HeavyTails(Objective):
    """Heavy-tailed parts of the objective.

    Attributes
    ----------
    likelihood
        Of the measurements; None: Normal.
    reference_prior
        Of the sources' priors; None: Normal.
    bound
        How negative the curvature of each source's terms may become; see above.
    """

    likelihood: Likelihood | None
    reference_prior: Likelihood | None
    bound: Float[Array | np.ndarray, "*n"]

    def bounded(self, bound: float) -> "HeavyTails":
        """Return the same terms with one bound for all sources."""
        whole = np.full(np.shape(self.bound), bound)
        return HeavyTails(self.likelihood, self.reference_prior, whole)

    def of_batch(self, batch: Batch) -> "HeavyTails":
        """Return the likelihood with the bounds of a batch's sources."""
        bound = rows_of(np.asarray(self.bound), batch.blocks.source)
        return HeavyTails(self.likelihood, None, bound)

    def terms(self, residual: Float[Array, "k 2 n"], full: Bool[Array, "k n"]) -> Terms:
        """Return the terms as the likelihood weighs them."""
        if self.likelihood is None:
            return LeastSquares().terms(residual, full)
        x, y = residual[:, 0], residual[:, 1]
        bound = jnp.asarray(self.bound)
        bound = jnp.repeat(bound, x.shape[0] // bound.shape[0], axis=0)
        square = x**2 + y**2
        weight = self.likelihood.weight(square)
        factor = bend(self.likelihood, square, bound)
        return Terms(
            jnp.stack(
                [weight + factor * x * x, factor * x * y, weight + factor * y * y]
            ),
            jnp.stack([weight * x, weight * y]),
            jnp.where(full, self.likelihood.loss(square), 0.0),
        )

    def priors(
        self,
        information: Float[np.ndarray, "n 2 2"],
        offset: Float[np.ndarray, "n 2"],
    ) -> OfPriors:
        """Return the terms of heavy-tailed priors; nothing without a prior."""
        plain = LeastSquares().priors(information, offset)
        if self.reference_prior is None:
            return plain
        square, pull = plain.loss, plain.gradient
        weight = weights(self.reference_prior, square)[:, None]
        factor = bends(self.reference_prior, square, self.bound)[:, None, None]
        known = np.any(information != 0, axis=(1, 2))
        return OfPriors(
            weight[:, None] * information
            + factor * (pull[:, :, None] * pull[:, None, :]),
            weight * pull,
            np.where(known, losses(self.reference_prior, square), 0.0),
        )


class Factors(HeavyTails):
    """Heavy-tailed measurements, and a Gaussian factor for each source's prior.

    Attributes
    ----------
    prior_curvature, prior_gradient, prior_loss
        Of the factors, at the point of the equations [rad⁻², rad⁻¹, 1].
    """

    prior_curvature: Float[Array | np.ndarray, "n_src 2 2"]
    prior_gradient: Float[Array | np.ndarray, "n_src 2"]
    prior_loss: Float[Array | np.ndarray, "n_src"]

    def priors(
        self,
        information: Float[np.ndarray, "n 2 2"],
        offset: Float[np.ndarray, "n 2"],
    ) -> OfPriors:
        """Return the factors, which stand in place of the priors."""
        del information, offset
        return as_priors(self)


@runtime_checkable
class HasFactors(Protocol):
    """What has a Gaussian factor for the prior of each source."""

    prior_curvature: Float[Array | np.ndarray, "n 2 2"]
    prior_gradient: Float[Array | np.ndarray, "n 2"]
    prior_loss: Float[Array | np.ndarray, "n"]


def as_priors(given: HasFactors) -> OfPriors:
    """Return factors as terms of priors."""
    return OfPriors(
        np.asarray(given.prior_curvature),
        np.asarray(given.prior_gradient),
        np.asarray(given.prior_loss),
    )


def bend(likelihood: Likelihood, square: Array, bound: Array) -> Array:
    """Return the factor of r rᵀ in the curvature, 2ρ'' kept above −bρ'/s."""
    weight, curvature = likelihood.weight(square), likelihood.curvature(square)
    # Written so that an infinite bound meets no zero: 0 · ∞ is not a number.
    lowest = jnp.where(bound == 0, 0.0, -bound * weight / jnp.maximum(square, 1e-300))
    return jnp.maximum(2.0 * curvature, lowest)


def weights(likelihood: Likelihood, square: np.ndarray) -> Float[np.ndarray, "n"]:
    """Return the weight ρ' of each residual, in one program for many numbers of them.

    Parameters
    ----------
    likelihood
        Heavy-tailed.
    square
        Whitened residuals squared.
    """
    return _each(_weight, likelihood, square)


def losses(likelihood: Likelihood, square: np.ndarray) -> Float[np.ndarray, "n"]:
    """Return the loss ρ of each residual, see `weights`."""
    return _each(_loss, likelihood, square)


def wrong_shares(mixture: Mixture, square: np.ndarray) -> Float[np.ndarray, "n"]:
    """Return the probability that each is of the broad part, see `weights`."""
    return _each(_broad, mixture, square)


def bends(
    likelihood: Likelihood, square: np.ndarray, bound: float | np.ndarray | Array
) -> Float[np.ndarray, "n"]:
    """Return what `bend` does for each residual, see `weights`."""
    all_bounds = np.broadcast_to(np.asarray(bound, float), np.shape(square))
    return _each(_bend, likelihood, square, all_bounds)


def _each(
    program: Callable[..., Array], likelihood: Likelihood, *values: np.ndarray
) -> Float[np.ndarray, "n"]:
    if not len(values[0]):
        return np.zeros(0)
    given = [np.asarray(v, float) for v in values]
    return np.asarray(in_chunks(partial(program, likelihood), *given))


@eqx.filter_jit
def _weight(likelihood: Likelihood, square: Array) -> Array:
    return likelihood.weight(square)


@eqx.filter_jit
def _loss(likelihood: Likelihood, square: Array) -> Array:
    return likelihood.loss(square)


@eqx.filter_jit
def _broad(mixture: Mixture, square: Array) -> Array:
    return mixture.broad(square)


_bend = eqx.filter_jit(bend)


def curved(
    likelihood: Likelihood, residual: Array, bound: Array, columns: Array
) -> Array:
    """Return W times whitened derivatives.

    Parameters
    ----------
    residual
        Whitened, (k, 2, n).
    bound
        Of each source, (n,).
    columns
        Whitened derivatives, (k, p, 2, n).
    """
    square = jnp.sum(residual**2, axis=1)
    weight = likelihood.weight(square)[:, None, None]
    factor = bend(likelihood, square, bound)[:, None]
    along = jnp.sum(residual[:, None] * columns, axis=2) * factor
    return weight * columns + along[:, :, None] * residual[:, None]


def weighted_prior(
    likelihood: Likelihood, information: Array, offset: Array, bound: Array
) -> tuple[Array, Array, Array]:
    """Return a prior's curvature, half its gradient and its objective.

    Parameters
    ----------
    information
        Inverse covariances Λ, (2, 2, n); zero where there is no prior.
    offset
        From the prior's mean, (2, n).
    bound
        Of each source, (n,).

    Returns
    -------
    Curvature (2, 2, n), gradient (2, n) and the sum of ρ; nothing without a prior.
    """
    pull = jnp.sum(information * offset, axis=1)
    square = jnp.sum(pull * offset, axis=0)
    weight = likelihood.weight(square)
    factor = bend(likelihood, square, bound)
    curvature = weight * information + factor * pull[:, None] * pull[None]
    known = jnp.any(information != 0, axis=(0, 1))
    loss = jnp.sum(jnp.where(known, likelihood.loss(square), 0.0))
    return curvature, weight * pull, loss


__all__ = [
    "CLIPPED",
    "EXACT",
    "REWEIGHTED",
    "Factors",
    "HeavyTails",
    "as_priors",
    "bend",
    "curved",
    "weighted_prior",
]
