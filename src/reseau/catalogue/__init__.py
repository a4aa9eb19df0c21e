"""Catalogues: Gaia's columns, the six parameters, and how they move with time."""

from .moving import Moved, move
from .parameters import PARAMETERS, Astrometry, WidePrior, astrometry
from .table import Catalogue

__all__ = [
    "PARAMETERS",
    "Astrometry",
    "Catalogue",
    "Moved",
    "WidePrior",
    "astrometry",
    "move",
]
