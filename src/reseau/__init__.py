"""High-precision differential astrometry with honest covariances."""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reseau.catalogue import Catalogue
    from reseau.datasets import (
        Dataset,
        read_dataset,
        read_instrument,
        write_dataset,
        write_instrument,
    )
    from reseau.diagnostics import effects
    from reseau.errors import ReseauError, ReseauWarning
    from reseau.instrument import Instrument
    from reseau.plates import SolveOptions
    from reseau.plates.methods import GaussNewton, Nuts, Robust, Variational
    from reseau.verbs.budget import budget
    from reseau.verbs.combine import combine
    from reseau.verbs.compare import compare
    from reseau.verbs.demo import demo
    from reseau.verbs.fetch import fetch
    from reseau.verbs.forecast import forecast
    from reseau.verbs.info import describe
    from reseau.verbs.merge import merge
    from reseau.verbs.mock import mock_forward
    from reseau.verbs.plan import plan
    from reseau.verbs.plot import plot
    from reseau.verbs.posterior import posterior
    from reseau.verbs.simulate import Simulated, simulate
    from reseau.verbs.simulate_survey import simulate_survey
    from reseau.verbs.solution import Solution, read_solution
    from reseau.verbs.solve import solve
    from reseau.verbs.solve_plates import solve_plates
    from reseau.verbs.sources import sources
    from reseau.verbs.survey_solution import SurveySolution, read_survey_solution
    from reseau.verbs.validate import validate

try:
    __version__ = version("reseau")
except PackageNotFoundError:  # a source tree that was not installed
    __version__ = "unknown"

__all__ = [
    "Catalogue",
    "Dataset",
    "GaussNewton",
    "Instrument",
    "Nuts",
    "ReseauError",
    "ReseauWarning",
    "Robust",
    "Simulated",
    "Solution",
    "SolveOptions",
    "SurveySolution",
    "Variational",
    "__version__",
    "budget",
    "combine",
    "compare",
    "demo",
    "describe",
    "effects",
    "fetch",
    "forecast",
    "merge",
    "mock_forward",
    "plan",
    "plot",
    "posterior",
    "read_dataset",
    "read_instrument",
    "read_solution",
    "read_survey_solution",
    "simulate",
    "simulate_survey",
    "solve",
    "solve_plates",
    "sources",
    "validate",
    "write_dataset",
    "write_instrument",
]

_HOMES = {
    "Catalogue": "catalogue",
    "Dataset": "datasets",
    "GaussNewton": "plates.methods",
    "Instrument": "instrument",
    "Nuts": "plates.methods",
    "ReseauError": "errors",
    "ReseauWarning": "errors",
    "Robust": "plates.methods",
    "Simulated": "verbs.simulate",
    "Solution": "verbs.solution",
    "SolveOptions": "plates",
    "SurveySolution": "verbs.survey_solution",
    "Variational": "plates.methods",
    "budget": "verbs.budget",
    "combine": "verbs.combine",
    "compare": "verbs.compare",
    "demo": "verbs.demo",
    "describe": "verbs.info",
    "fetch": "verbs.fetch",
    "forecast": "verbs.forecast",
    "effects": "diagnostics",
    "merge": "verbs.merge",
    "mock_forward": "verbs.mock",
    "plan": "verbs.plan",
    "plot": "verbs.plot",
    "posterior": "verbs.posterior",
    "read_dataset": "datasets",
    "read_instrument": "datasets",
    "read_solution": "verbs.solution",
    "read_survey_solution": "verbs.survey_solution",
    "simulate": "verbs.simulate",
    "simulate_survey": "verbs.simulate_survey",
    "solve": "verbs.solve",
    "solve_plates": "verbs.solve_plates",
    "sources": "verbs.sources",
    "validate": "verbs.validate",
    "write_dataset": "datasets",
    "write_instrument": "datasets",
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
