"""The verbs of the command as functions."""

from .prepare import Prepared, prepare
from .simulating import Simulated, simulate
from .solving import Solved, SolveOptions, solve, write_solved

__all__ = [
    "Prepared",
    "Simulated",
    "SolveOptions",
    "Solved",
    "prepare",
    "simulate",
    "solve",
    "write_solved",
]
