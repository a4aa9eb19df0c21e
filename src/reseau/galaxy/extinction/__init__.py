"""Interstellar extinction: laws, bands, maps, growth with distance, measurement."""

from .along import excess_at, extinction_at
from .bands import BANDS, Band, top_hat
from .laws import LAWS, ExtinctionLaw, read_law
from .map_files import read_extinction_map
from .maps import ExtinctionMap, FilledMap, GridMap, Reddening
from .profiles import DistanceProfile, read_dust, read_profile

__all__ = [
    "BANDS",
    "LAWS",
    "Band",
    "DistanceProfile",
    "ExtinctionLaw",
    "ExtinctionMap",
    "FilledMap",
    "GridMap",
    "Reddening",
    "excess_at",
    "extinction_at",
    "read_dust",
    "read_extinction_map",
    "read_law",
    "read_profile",
    "top_hat",
]
