"""Solvers: one plate by Gauss-Newton with its exact Gaussian posterior."""

from .gauss_newton import Iteration, Settings
from .plate import Labels, solve_plate
from .residuals import Residuals
from .solution import Solution, SourceErrors, source_errors

__all__ = [
    "Iteration",
    "Labels",
    "Residuals",
    "Settings",
    "Solution",
    "SourceErrors",
    "solve_plate",
    "source_errors",
]
