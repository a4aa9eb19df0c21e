"""The verbs of the command as functions."""

from .choosing import choose_degree
from .chosen import Choice
from .comparing import Comparison, compare_with_truth
from .comparing_solutions import SolutionComparison, compare_solutions
from .comparison import compare
from .demonstration import Demonstration, demo
from .effect_drawing import draw_effects
from .effect_table import Effect, Effects
from .effects import effects
from .information import Information, describe
from .options import SolveOptions
from .plotting import Figures, plot
from .posterior import WrittenDraws, posterior
from .prepare import Prepared, prepare
from .simulating import Simulated, simulate
from .solving import Solved, solve, write_solved

__all__ = [
    "Choice",
    "Comparison",
    "Demonstration",
    "Effect",
    "Effects",
    "Figures",
    "Information",
    "Prepared",
    "Simulated",
    "SolutionComparison",
    "SolveOptions",
    "Solved",
    "WrittenDraws",
    "choose_degree",
    "compare",
    "compare_solutions",
    "compare_with_truth",
    "demo",
    "describe",
    "draw_effects",
    "effects",
    "plot",
    "posterior",
    "prepare",
    "simulate",
    "solve",
    "write_solved",
]
