"""What measurements say without the priors of sources, as an objective.

Beside `LeastSquares` it lacks the sources' priors; those of the shared parameters stay,
since they are private to a plate.
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from .objective import LeastSquares, Objective, OfPriors, Terms
from .plan import Batch
from .stages import rows_of

LEAST_WEIGHT = 1e-12
"""A weight below is raised to it, so that no source is left without information."""


class MeasurementsAlone(LeastSquares):
    """Normal errors, and sources without priors."""

    def priors(
        self,
        information: Float[np.ndarray, "n 2 2"],
        offset: Float[np.ndarray, "n 2"],
    ) -> OfPriors:
        """Return nothing."""
        return _no_priors(information, offset)


class WeightedMeasurements(Objective):
    """Normal errors whose inverse covariances count by weights, and no priors.

    Attributes
    ----------
    weight
        Of each measurement of the plate; of each place of a batch.
    """

    weight: Float[Array | np.ndarray, "*m"]

    def of_batch(self, batch: Batch) -> "WeightedMeasurements":
        """Return the weights at a batch's places."""
        inside = rows_of(np.asarray(self.weight), batch.row)
        return WeightedMeasurements(inside.reshape(-1, inside.shape[-1]))

    def terms(self, residual: Float[Array, "k 2 n"], full: Bool[Array, "k n"]) -> Terms:
        """Return the weight as curvature, and gradient and squares times it."""
        x, y = residual[:, 0], residual[:, 1]
        weight = jnp.where(full, self.weight, 0.0)
        return Terms(
            jnp.stack([weight, jnp.zeros_like(weight), weight]),
            jnp.stack([weight * x, weight * y]),
            weight * (x**2 + y**2),
        )

    def priors(
        self,
        information: Float[np.ndarray, "n 2 2"],
        offset: Float[np.ndarray, "n 2"],
    ) -> OfPriors:
        """Return nothing."""
        return _no_priors(information, offset)


def measurements_alone(weight: Float[np.ndarray, "m"] | None) -> Objective:
    """Return the objective of measurements without the sources' priors.

    Parameters
    ----------
    weight
        By which the inverse covariance of each counts, at least `LEAST_WEIGHT`; None:
        one.
    """
    if weight is None:
        return MeasurementsAlone()
    return WeightedMeasurements(np.maximum(weight, LEAST_WEIGHT))


def _no_priors(information: np.ndarray, offset: np.ndarray) -> OfPriors:
    return OfPriors(
        np.zeros_like(information), np.zeros_like(offset), np.zeros(len(offset))
    )


__all__ = ["MeasurementsAlone", "WeightedMeasurements", "measurements_alone"]
