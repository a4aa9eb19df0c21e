"""Compile in a hurry: a function in a test costs what its compilation costs.

With little optimisation that is a fifth. What is computed differs by rounding, as it
does from one processor to another, and no test may depend on that. With
``RESEAU_OPTIMISED=1`` the package's functions are compiled as users have them, which
`make recovery` does; benchmarks always do.
"""

import os

from reseau._compiled import CHEAP, quick_jit


def compile_in_a_hurry() -> None:
    """Have JAX do so with all it compiles; to be called before it computes."""
    if os.environ.get("RESEAU_OPTIMISED"):
        return
    flags = [f"--{name}={str(value).lower()}" for name, value in CHEAP.items()]
    os.environ["XLA_FLAGS"] = " ".join([*flags, os.environ.get("XLA_FLAGS", "")])


__all__ = ["compile_in_a_hurry", "quick_jit"]
