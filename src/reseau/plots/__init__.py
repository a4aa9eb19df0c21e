"""Figures: numbers of `diagnostics` in, a matplotlib Axes out.

Every function draws on the `ax` it is given, or else on that of a new figure which
pyplot does not know of; `save` writes it.
"""

from .convergence import convergence
from .distortion_map import distortion_map, distortion_pair, distortion_uncertainty
from .effect_maps import effect_maps
from .footprint import footprint
from .pull_histogram import pull_histogram
from .residual_magnitude import residual_against, residual_magnitude
from .residual_quiver import residual_quiver
from .save import save

__all__ = [
    "convergence",
    "distortion_map",
    "distortion_pair",
    "distortion_uncertainty",
    "effect_maps",
    "footprint",
    "pull_histogram",
    "residual_against",
    "residual_magnitude",
    "residual_quiver",
    "save",
]
