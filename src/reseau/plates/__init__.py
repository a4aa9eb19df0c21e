"""Tables of a plate to a problem; its solution to tables and to a judgement."""

from .judgement.assumed_error import AssumedError, quantity
from .judgement.collective import FELT, Collective, without_common_part
from .judgement.unit_weight import is_absurd
from .judgement.verdict import (
    IN_SCATTER,
    WorstPulls,
    is_crowd,
    is_of_measurements,
    largest_by_chance,
    verdict,
    worst_pulls,
)
from .options import SolveOptions
from .preparation import Prepared, prepare

__all__ = [
    "FELT",
    "IN_SCATTER",
    "AssumedError",
    "Collective",
    "Prepared",
    "SolveOptions",
    "WorstPulls",
    "is_absurd",
    "is_crowd",
    "is_of_measurements",
    "largest_by_chance",
    "prepare",
    "quantity",
    "verdict",
    "without_common_part",
    "worst_pulls",
]
