"""High-precision differential astrometry with honest covariances."""

from importlib.metadata import PackageNotFoundError, version

from .pipeline import (
    Simulated,
    Solved,
    SolveOptions,
    simulate,
    solve,
)

try:
    __version__ = version("reseau")
except PackageNotFoundError:  # a source tree that was not installed
    __version__ = "unknown"

__all__ = [
    "Simulated",
    "SolveOptions",
    "Solved",
    "__version__",
    "simulate",
    "solve",
]
