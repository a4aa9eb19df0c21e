"""What a model of the Galaxy looks like: numbers for its figures, and published ones.

Densities projected and along a line of sight, velocities against radius, luminosity
functions; with the figures that others published of the same (`published`).
"""

from .densities import (
    Projection,
    mass_density_at,
    mass_within,
    parts_of,
    seen_edge_on,
    seen_from_above,
    stars_along,
)
from .luminosities import absolute_hw, luminosity_functions
from .velocities import VelocityCurves, velocity_curves, vertex_deviation

__all__ = [
    "Projection",
    "VelocityCurves",
    "absolute_hw",
    "luminosity_functions",
    "mass_density_at",
    "mass_within",
    "parts_of",
    "seen_edge_on",
    "seen_from_above",
    "stars_along",
    "velocity_curves",
    "vertex_deviation",
]
