"""Compile what a test computes for itself: an oracle, a simulation, a check.

Such a function runs once or twice, so that it costs what its compilation costs; with
little optimisation that is a fifth. The package's own functions are compiled as users
have them.
"""

from collections.abc import Callable
from typing import Any

import jax

CHEAP = {
    "xla_backend_optimization_level": 0,
    "xla_cpu_use_fusion_emitters": False,
    "xla_llvm_disable_expensive_passes": True,
}


def quick_jit(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """Compile a function as `jax.jit` does, in a hurry; not to be called inside it."""
    return jax.jit(function, compiler_options=CHEAP, **options)
