"""Linear algebra of the normal matrix; knows no astronomy."""

from .arrow import (
    Tile,
    back_substitute,
    block_covariance,
    border_transpose,
    cholesky_2x2,
    eliminate,
    to_dense,
)
from .factor import Factor, factorise, rounding_threshold

__all__ = [
    "Factor",
    "Tile",
    "back_substitute",
    "block_covariance",
    "border_transpose",
    "cholesky_2x2",
    "eliminate",
    "factorise",
    "rounding_threshold",
    "to_dense",
]
