"""Array types of this room.

`Values` broadcast against every other argument, so their axes have no names.
"""

from typing import TypeAlias

from jaxtyping import Array, Float
from numpy import ndarray

Stack: TypeAlias = Float[Array | ndarray, "..."]
Values: TypeAlias = Stack | float
Vectors: TypeAlias = Float[Array | ndarray, "... 3"]
Axes: TypeAlias = Float[Array | ndarray, "... 3 3"]
Pair: TypeAlias = tuple[Values, Values]
Triple: TypeAlias = tuple[Values, Values, Values]
