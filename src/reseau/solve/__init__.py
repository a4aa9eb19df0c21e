"""Solvers: one plate by Gauss-Newton with its exact Gaussian posterior."""

from .draws import (
    Draws,
)
from .gauss_newton import (
    Iteration,
    Settings,
)
from .model_choice.candidates import (
    Choice,
)
from .model_choice.search import (
    choose_degree,
)
from .noise import (
    Inflation,
    Noise,
    error_inflation,
    solve_with_noise,
)
from .plate import (
    Labels,
    solve_plate,
)
from .references import (
    ReferenceTest,
)
from .residuals import (
    Residuals,
)
from .robust import (
    Reliability,
    Robust,
)
from .solution import (
    Solution,
    SourceErrors,
    source_errors,
)

__all__ = [
    "Choice",
    "Draws",
    "Inflation",
    "Iteration",
    "Labels",
    "Noise",
    "ReferenceTest",
    "Reliability",
    "Residuals",
    "Robust",
    "Settings",
    "Solution",
    "SourceErrors",
    "choose_degree",
    "error_inflation",
    "solve_plate",
    "solve_with_noise",
    "source_errors",
]
