"""Array aliases with named axes, used in every signature.

Shapes are checked in the tests (jaxtyping with beartype) and cost nothing in
use. A leading ``*batch`` means: any number of leading axes, broadcast as NumPy
does.
"""

from collections.abc import Callable
from typing import TypeAlias

from jaxtyping import Array, Bool, Float, Int
from numpy import ndarray

Scalar: TypeAlias = Float[Array | ndarray, ""]
Scalars: TypeAlias = Float[Array | ndarray, "*#batch"]
Direction: TypeAlias = Float[Array | ndarray, "*#batch 3"]
Position: TypeAlias = Float[Array | ndarray, "*#batch 3"]
Velocity: TypeAlias = Float[Array | ndarray, "*#batch 3"]
Rotation: TypeAlias = Float[Array | ndarray, "*#batch 3 3"]
Vector: TypeAlias = Float[Array | ndarray, "n"]
Matrix: TypeAlias = Float[Array | ndarray, "n n"]
Index: TypeAlias = Int[Array | ndarray, "*#batch"]
Mask: TypeAlias = Bool[Array | ndarray, "*#batch"]
Progress: TypeAlias = Callable[[str, dict[str, float]], None]

__all__ = [
    "Direction",
    "Index",
    "Mask",
    "Matrix",
    "Position",
    "Progress",
    "Rotation",
    "Scalar",
    "Scalars",
    "Vector",
    "Velocity",
]
