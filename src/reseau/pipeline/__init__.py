"""The verbs of the command as functions."""

from .comparing import Comparison, compare
from .demonstration import Demonstration, demo
from .effect_drawing import draw_effects
from .effect_table import Effect, Effects
from .effects import effects
from .information import Information, describe
from .prepare import Prepared, prepare
from .simulating import Simulated, simulate
from .solving import Solved, SolveOptions, solve, write_solved

__all__ = [
    "Comparison",
    "Demonstration",
    "Effect",
    "Effects",
    "Information",
    "Prepared",
    "Simulated",
    "SolveOptions",
    "Solved",
    "compare",
    "demo",
    "describe",
    "draw_effects",
    "effects",
    "prepare",
    "simulate",
    "solve",
    "write_solved",
]
