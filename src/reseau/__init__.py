"""High-precision differential astrometry with honest covariances."""

import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reseau.catalogue import Catalogue
    from reseau.pipeline import (
        Comparison,
        Demonstration,
        Effects,
        Figures,
        Information,
        Simulated,
        SolutionComparison,
        Solved,
        SolveOptions,
        compare,
        demo,
        describe,
        effects,
        plot,
        posterior,
        simulate,
        solve,
    )

try:
    __version__ = version("reseau")
except PackageNotFoundError:  # a source tree that was not installed
    __version__ = "unknown"

__all__ = [
    "Catalogue",
    "Comparison",
    "Demonstration",
    "Effects",
    "Figures",
    "Information",
    "Simulated",
    "SolutionComparison",
    "SolveOptions",
    "Solved",
    "__version__",
    "compare",
    "demo",
    "describe",
    "effects",
    "plot",
    "posterior",
    "simulate",
    "solve",
]


class _Package(ModuleType):
    """This package, whose function `solve` is not hidden by the room of that name."""

    def __setattr__(self, name: str, value: object) -> None:
        """Take an attribute, but not the module that the import of a room gives."""
        if not (name in __all__ and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    """Import a room when one of its names is first used.

    JAX, astropy and matplotlib take seconds, which the command's help need not wait
    for.
    """
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    room = ".catalogue" if name == "Catalogue" else ".pipeline"
    return getattr(import_module(room, __name__), name)


def __dir__() -> list[str]:
    """Return the names, those that are not imported yet among them."""
    return sorted({*globals(), *__all__})
