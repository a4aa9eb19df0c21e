"""High-precision differential astrometry with honest covariances."""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reseau.catalogue import Catalogue
    from reseau.diagnostics import Comparison, Effects, SolutionComparison, effects
    from reseau.plates import SolveOptions
    from reseau.verbs.compare import compare
    from reseau.verbs.demo import Demonstration, demo
    from reseau.verbs.info import Information, describe
    from reseau.verbs.plot import Figures, plot
    from reseau.verbs.posterior import posterior
    from reseau.verbs.simulate import Simulated, simulate
    from reseau.verbs.solve import Solved, solve

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

_HOMES = {
    "Catalogue": "catalogue",
    "Comparison": "diagnostics",
    "Demonstration": "verbs.demo",
    "Effects": "diagnostics",
    "Figures": "verbs.plot",
    "Information": "verbs.info",
    "Simulated": "verbs.simulate",
    "SolutionComparison": "diagnostics",
    "SolveOptions": "plates",
    "Solved": "verbs.solve",
    "compare": "verbs.compare",
    "demo": "verbs.demo",
    "describe": "verbs.info",
    "effects": "diagnostics",
    "plot": "verbs.plot",
    "posterior": "verbs.posterior",
    "simulate": "verbs.simulate",
    "solve": "verbs.solve",
}
"""Where each name is, below this package."""


def __getattr__(name: str) -> Any:
    """Import a room when one of its names is first used.

    JAX and astropy take seconds, which the command's help need not wait for.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"reseau.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """Return the names, those that are not imported yet among them."""
    return sorted({*globals(), *__all__})
