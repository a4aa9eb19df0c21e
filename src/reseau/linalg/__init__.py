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
from .block_low_rank import BlockLowRank
from .columns import Columns
from .conjugate_gradients import Conjugated, conjugate_gradients
from .factor import Factor, factorise, rounding_threshold
from .low_rank_factor import LowRankFactor, factor_of_whitened, factorise_low_rank
from .low_rank_merging import Modes, coloured, compress, compressed, merge, whitened
from .small_blocks import (
    backward_blocks,
    cholesky_blocks,
    forward_blocks,
    singular_blocks,
)

__all__ = [
    "BlockLowRank",
    "Columns",
    "Conjugated",
    "Factor",
    "LowRankFactor",
    "Modes",
    "Tile",
    "back_substitute",
    "backward_2x2",
    "backward_blocks",
    "block_covariance",
    "border_transpose",
    "cholesky_2x2",
    "cholesky_blocks",
    "coloured",
    "compress",
    "compressed",
    "conjugate_gradients",
    "covariance_of",
    "eliminate",
    "factor_of_whitened",
    "factorise",
    "factorise_low_rank",
    "forward_2x2",
    "forward_blocks",
    "merge",
    "rounding_threshold",
    "shared_spread",
    "singular_blocks",
    "to_dense",
    "whiten",
    "whitened",
]
