"""Variational inference: fit a family of distributions to a plate's posterior."""

from .entry import GUIDES, INITS, solve_variational
from .result import Variational
from .schedule import Schedule, Stage, scaled_schedule, seed_schedule

__all__ = [
    "GUIDES",
    "INITS",
    "Schedule",
    "Stage",
    "Variational",
    "scaled_schedule",
    "seed_schedule",
    "solve_variational",
]
