"""How measurements and the priors of sources enter the normal equations.

The equations need of each kind of term three things: the curvature by which a
linearised residual counts, its gradient, and its loss. Least squares are one kind,
heavy tails another, averages over a Normal a third; all else is the same for them.
"""

from abc import abstractmethod

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from reseau.instrument import Instrument

from .plan import Block, TileData
from .shares import Share, products

OfPrior = tuple[Float[Array, "2 2 n"], Float[Array, "2 n"], Float[Array, ""]]
"""Curvature, half the gradient and objective of the priors of a tile's sources."""


class Objective(eqx.Module):
    """Terms of measurements and priors; a solver's equations are told by it alone."""

    def of_tile(self, tile: TileData) -> "Objective":
        """Return what concerns a tile: rows of its sources, by NumPy.

        Parameters
        ----------
        tile
            As `plan_tiles` made it.
        """
        del tile
        return self

    def of_block(self, block: Block) -> "Objective":
        """Return what concerns a block of a tile: values at its places, by NumPy.

        Parameters
        ----------
        block
            Of the tile that `of_tile` was asked for.
        """
        del block
        return self

    def of_priors(self) -> "Objective":
        """Return what concerns the priors of a tile's sources alone."""
        return self

    @abstractmethod
    def share(
        self, instrument: Instrument, block: Block, source: Array, shared: Array
    ) -> Share:
        """Return what a block gives to the equations.

        Parameters
        ----------
        source, shared
            Whitened derivatives and residuals, as of `whitened_columns`.
        """

    @abstractmethod
    def prior(self, information: Array, offset: Array) -> OfPrior:
        """Return what the priors of a tile's sources give.

        Parameters
        ----------
        information
            Inverse covariances, (2, 2, n); zero where there is none.
        offset
            From the priors' means, (2, n).
        """


class LeastSquares(Objective):
    """Normal errors and priors."""

    def share(
        self, instrument: Instrument, block: Block, source: Array, shared: Array
    ) -> Share:
        """Return the products of the whitened columns."""
        return products(instrument, block, source, shared, source, shared)

    def prior(self, information: Array, offset: Array) -> OfPrior:
        """Return the information, Λd, and dᵀΛd."""
        pull = jnp.sum(information * offset, axis=1)
        return information, pull, jnp.sum(pull * offset)


__all__ = ["LeastSquares", "Objective", "OfPrior"]
