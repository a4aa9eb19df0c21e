"""Solvers of one plate: a plan in, a solution out."""

from .gauss_newton import Iteration, Settings
from .model_choice.candidates import Choice
from .model_choice.search import choose_degree
from .plate import Labels, solve_plate
from .posterior.draws import Draws
from .posterior.noise import Inflation, Noise, error_inflation, solve_with_noise
from .robust.references import ReferenceTest
from .robust.robust import Reliability, Robust
from .solution import Solution, SourceErrors, source_errors

__all__ = [
    "Choice",
    "Draws",
    "Inflation",
    "Iteration",
    "Labels",
    "Noise",
    "ReferenceTest",
    "Reliability",
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
