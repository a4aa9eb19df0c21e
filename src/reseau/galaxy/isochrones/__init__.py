"""Isochrones: magnitudes of the stars of each component, with their numbers."""

from .files import read_isochrones
from .grid import Isochrone, weighted
from .luminosity import (
    Clump,
    giant_share,
    luminosity_function,
    red_clump,
    shares_by_magnitude,
)
from .populations import POPULATIONS, Population
from .segments import Segments, luminosity_segments
from .shipped import shipped_isochrones
from .table import BANDS, PHASES, Isochrones

__all__ = [
    "BANDS",
    "PHASES",
    "POPULATIONS",
    "Clump",
    "Isochrone",
    "Isochrones",
    "Population",
    "Segments",
    "giant_share",
    "luminosity_function",
    "luminosity_segments",
    "read_isochrones",
    "red_clump",
    "shares_by_magnitude",
    "shipped_isochrones",
    "weighted",
]
