"""Interstellar extinction: laws, bands, maps, growth with distance, measurement."""

from .along import excess_at, extinction_at
from .bands import BANDS, Band, top_hat
from .candidates import ReddeningSettings
from .giants import GiantSettings, GiantTemplate, Population, template_of
from .laws import LAWS, ExtinctionLaw, read_law
from .map_files import read_extinction_map
from .maps import ExtinctionMap, FilledMap, GridMap, Reddening
from .measured import (
    MeasuredReddening,
    giants_in_round_numbers,
    reddening_of_catalogue,
    scale_of,
)
from .profiles import DistanceProfile, read_dust, read_profile
from .written_maps import reddening_table, write_reddening

__all__ = [
    "BANDS",
    "LAWS",
    "Band",
    "DistanceProfile",
    "ExtinctionLaw",
    "ExtinctionMap",
    "FilledMap",
    "GiantSettings",
    "GiantTemplate",
    "GridMap",
    "MeasuredReddening",
    "Population",
    "Reddening",
    "ReddeningSettings",
    "excess_at",
    "extinction_at",
    "giants_in_round_numbers",
    "read_dust",
    "read_extinction_map",
    "read_law",
    "read_profile",
    "reddening_of_catalogue",
    "reddening_table",
    "scale_of",
    "template_of",
    "top_hat",
    "write_reddening",
]
