"""The verbs of the command as functions."""

from .comparing import Comparison, compare


from .prepare import Prepared, prepare
from .simulating import Simulated, simulate
from .solving import Solved, SolveOptions, solve, write_solved

__all__ = [
    "Comparison",
    "Prepared",
    "Simulated",
    "SolveOptions",
    "Solved",
    "compare",
    "prepare",
    "simulate",
    "solve",
    "write_solved",
]
