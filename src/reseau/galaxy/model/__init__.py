"""The model of the Galaxy: densities by component, read from TOML."""

from .cells import cell_numbers, distance_cells
from .component import Component
from .galaxy import ARCMIN2, Galaxy
from .reading import galaxy_presets, read_galaxy

__all__ = [
    "ARCMIN2",
    "Component",
    "Galaxy",
    "cell_numbers",
    "distance_cells",
    "galaxy_presets",
    "read_galaxy",
]
