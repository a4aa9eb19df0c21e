"""How measurements and the priors of sources enter the normal equations.

The equations need of each kind of term three things: the curvature by which a
linearised residual counts, its gradient, and its loss. Least squares are one kind,
heavy tails another, averages over a Normal a third; all else is the same for them.
"""

from abc import abstractmethod
from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from .plan import Batch


class Terms(NamedTuple):
    """Terms of measurements, in their whitened residuals r.

    Attributes
    ----------
    curvature
        W, its entries xx, xy and yy.
    gradient
        ρ'r: half the gradient.
    loss
        ρ.
    """

    curvature: Float[Array, "3 k n"]
    gradient: Float[Array, "2 k n"]
    loss: Float[Array, "k n"]


class OfPriors(NamedTuple):
    """Terms of the sources' priors: curvature, half the gradient, and objective."""

    curvature: Float[np.ndarray, "n 2 2"]
    gradient: Float[np.ndarray, "n 2"]
    loss: Float[np.ndarray, "n"]


class Objective(eqx.Module):
    """Terms of measurements and priors; a solver's equations are told by it alone."""

    def of_batch(self, batch: Batch) -> "Objective":
        """Return what concerns a batch: values at its places, by NumPy.

        Parameters
        ----------
        batch
            Of a plan.
        """
        del batch
        return self

    @abstractmethod
    def terms(self, residual: Float[Array, "k 2 n"], full: Bool[Array, "k n"]) -> Terms:
        """Return the terms of a batch's measurements.

        Parameters
        ----------
        residual
            Whitened, of k slots.
        full
            Where there is a measurement.
        """

    @abstractmethod
    def priors(
        self,
        information: Float[np.ndarray, "n 2 2"],
        offset: Float[np.ndarray, "n 2"],
    ) -> OfPriors:
        """Return the terms of the priors of all sources.

        Parameters
        ----------
        information
            Inverse covariances; zero where there is none.
        offset
            From the priors' means.
        """


class LeastSquares(Objective):
    """Normal errors and priors."""

    def terms(self, residual: Float[Array, "k 2 n"], full: Bool[Array, "k n"]) -> Terms:
        """Return the unit matrix, the residuals, and their squares."""
        x, y = residual[:, 0], residual[:, 1]
        one = full.astype(x.dtype)
        return Terms(
            jnp.stack([one, jnp.zeros_like(one), one]),
            jnp.stack([x, y]),
            x**2 + y**2,
        )

    def priors(
        self,
        information: Float[np.ndarray, "n 2 2"],
        offset: Float[np.ndarray, "n 2"],
    ) -> OfPriors:
        """Return the information Λ, Λd, and dᵀΛd."""
        pull = np.einsum("nij,nj->ni", information, offset)
        return OfPriors(information, pull, np.sum(pull * offset, axis=1))


__all__ = ["LeastSquares", "Objective", "OfPriors", "Terms"]
