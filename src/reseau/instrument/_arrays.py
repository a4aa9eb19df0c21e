"""Array types of this room, and the check that they have 64 bits.

`Values` broadcast against every other argument, so their axes have no names.
"""

from typing import TypeAlias

import jax.numpy as jnp
from jaxtyping import Array, Float
from numpy import ndarray

from reseau.errors import PrecisionError, explain

Stack: TypeAlias = Float[Array | ndarray, "..."]
Values: TypeAlias = Stack | float
Vectors: TypeAlias = Float[Array | ndarray, "... 3"]
Axes: TypeAlias = Float[Array | ndarray, "... 3 3"]
Pair: TypeAlias = tuple[Values, Values]
Triple: TypeAlias = tuple[Values, Values, Values]


def require_double(where: str, **arrays: Values) -> None:
    """Refuse arrays that JAX holds, or would hold, in fewer than 64 bits."""
    for name, array in arrays.items():
        dtype = jnp.result_type(array)
        if dtype != jnp.float64:
            raise PrecisionError(
                explain(
                    given=f"{name} is {dtype} to JAX",
                    wanted="float64: 32 bits resolve no better than 0.02 arcsec",
                    where=where,
                    todo="call inside `with jax.enable_x64(True):` with float64 arrays",
                )
            )
