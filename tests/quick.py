"""Compile in a hurry: a function in a test costs what its compilation costs.

With little optimisation that is a fifth. What is computed differs by rounding, as it
does from one processor to another, and no test may depend on that. With
``RESEAU_OPTIMISED=1`` the package's functions are compiled as users have them, which
`make recovery` does; benchmarks always do.
"""

import os
from collections.abc import Callable
from typing import Any

import jax

CHEAP = {
    "xla_backend_optimization_level": 0,
    "xla_cpu_use_fusion_emitters": False,
    "xla_llvm_disable_expensive_passes": True,
}


def compile_in_a_hurry() -> None:
    """Have JAX do so with all it compiles; to be called before it computes."""
    if os.environ.get("RESEAU_OPTIMISED"):
        return
    flags = [f"--{name}={str(value).lower()}" for name, value in CHEAP.items()]
    os.environ["XLA_FLAGS"] = " ".join([*flags, os.environ.get("XLA_FLAGS", "")])


def quick_jit(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """Compile a function as `jax.jit` does, in a hurry; not to be called inside it."""
    return jax.jit(function, compiler_options=CHEAP, **options)
