"""Linear algebra of the normal matrix; knows no astronomy."""

from .arrow import (
    Tile,
    back_substitute,
    backward_2x2,
    block_covariance,
    border_transpose,
    cholesky_2x2,
    covariance_of,
    eliminate,
    forward_2x2,
    shared_spread,
    to_dense,
    whiten,
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
    "covariance_of",
    "eliminate",
    "factorise",
    "forward_2x2",
    "rounding_threshold",
    "shared_spread",
    "to_dense",
    "whiten",
]
