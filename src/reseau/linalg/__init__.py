"""Linear algebra of the normal matrix; knows no astronomy."""

from .arrow import (
    Tile,
    back_substitute,
    backward_2x2,
    block_covariance,
    border_transpose,
    cholesky_2x2,
    eliminate,
    forward_2x2,
    to_dense,
)
from .factor import Factor, factorise, rounding_threshold

__all__ = [
    "Factor",
    "Tile",
    "back_substitute",
    "backward_2x2",
    "block_covariance",
    "border_transpose",
    "cholesky_2x2",
    "eliminate",
    "factorise",
    "forward_2x2",
    "rounding_threshold",
    "to_dense",
]
