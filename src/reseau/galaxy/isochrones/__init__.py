"""Isochrones: magnitudes of the stars of each component, with their numbers."""

from .grid import Isochrone, weighted
from .populations import POPULATIONS, Population
from .segments import Segments, luminosity_segments
from .shipped import shipped_isochrones
from .table import BANDS, PHASES, Isochrones

__all__ = [
    "BANDS",
    "PHASES",
    "POPULATIONS",
    "Isochrone",
    "Isochrones",
    "Population",
    "Segments",
    "luminosity_segments",
    "shipped_isochrones",
    "weighted",
]
