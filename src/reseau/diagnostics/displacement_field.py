"""Displacements over a field of the sky, relative to that of its centre."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray


@dataclass(frozen=True, eq=False)
class DisplacementField:
    """What an effect does to images over a field, seen from the field's centre.

    Attributes
    ----------
    name
        Of the effect, for people.
    offset
        Standard coordinates of the points, towards East and North [deg].
    displacement
        Displacement of each relative to the centre's, towards East and North [mas].
    residual
        What an affine plate model leaves of that [mas].
    after_quadratic
        The largest that a quadratic one leaves [mas].
    """

    name: str
    offset: Float[ndarray, "n 2"]
    displacement: Float[ndarray, "n 2"]
    residual: Float[ndarray, "n 2"]
    after_quadratic: float

    @property
    def largest(self) -> float:
        """Largest length of a displacement [mas]."""
        return _largest(self.displacement)

    @property
    def after_affine(self) -> float:
        """Largest length of what an affine plate model leaves [mas]."""
        return _largest(self.residual)


def _largest(vectors: Float[ndarray, "n 2"]) -> float:
    return float(np.hypot(vectors[:, 0], vectors[:, 1]).max(initial=0.0))


__all__ = ["DisplacementField"]
