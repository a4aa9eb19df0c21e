"""The Galaxy as model and mock: surveys merged, the model, stars drawn from it."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .extinction import (
        ExtinctionLaw,
        ExtinctionMap,
        excess_at,
        extinction_at,
        read_extinction_map,
        read_law,
        read_profile,
        reddening_of_catalogue,
    )
    from .frame import GalacticFrame
    from .isochrones import (
        Isochrones,
        Segments,
        branch_differences,
        luminosity_function,
        luminosity_segments,
        read_isochrones,
        red_clump,
        shipped_isochrones,
    )
    from .kinematics import Kinematics, Moments, kinematics_of
    from .mass_function import MassFunction
    from .model import Component, Galaxy, galaxy_presets, read_galaxy
    from .photometry import HW_FORMULAS, HwFormula, hw_formula, to_2mass

_HOMES = {
    "Component": "model",
    "ExtinctionLaw": "extinction",
    "ExtinctionMap": "extinction",
    "GalacticFrame": "frame",
    "Galaxy": "model",
    "HW_FORMULAS": "photometry",
    "HwFormula": "photometry",
    "Isochrones": "isochrones",
    "Kinematics": "kinematics",
    "MassFunction": "mass_function",
    "Moments": "kinematics",
    "Segments": "isochrones",
    "branch_differences": "isochrones",
    "excess_at": "extinction",
    "extinction_at": "extinction",
    "galaxy_presets": "model",
    "hw_formula": "photometry",
    "kinematics_of": "kinematics",
    "luminosity_function": "isochrones",
    "luminosity_segments": "isochrones",
    "read_extinction_map": "extinction",
    "read_galaxy": "model",
    "read_isochrones": "isochrones",
    "read_law": "extinction",
    "read_profile": "extinction",
    "red_clump": "isochrones",
    "reddening_of_catalogue": "extinction",
    "shipped_isochrones": "isochrones",
    "to_2mass": "photometry",
}
"""Where each name is, below this room."""

__all__ = [
    "HW_FORMULAS",
    "Component",
    "ExtinctionLaw",
    "ExtinctionMap",
    "GalacticFrame",
    "Galaxy",
    "HwFormula",
    "Isochrones",
    "Kinematics",
    "MassFunction",
    "Moments",
    "Segments",
    "branch_differences",
    "excess_at",
    "extinction_at",
    "galaxy_presets",
    "hw_formula",
    "kinematics_of",
    "luminosity_function",
    "luminosity_segments",
    "read_extinction_map",
    "read_galaxy",
    "read_isochrones",
    "read_law",
    "read_profile",
    "red_clump",
    "reddening_of_catalogue",
    "shipped_isochrones",
    "to_2mass",
]


def __getattr__(name: str) -> Any:
    """Import a part of the room when one of its names is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """Return the names, those that are not imported yet among them."""
    return sorted({*globals(), *__all__})
