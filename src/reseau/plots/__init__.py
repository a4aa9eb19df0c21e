"""Figures: numbers of `diagnostics` in, a matplotlib Axes out.

Every function draws on the `ax` it is given, or else on that of a new figure which
pyplot does not know of; `save` writes it.
"""

from .chi2_of_exposures import chi2_of_exposures
from .convergence import convergence
from .datum_maps import datum_maps
from .distortion_map import distortion_map, distortion_pair, distortion_uncertainty
from .effect_maps import effect_maps
from .error_magnitude import error_magnitude
from .exposure_map import exposure_map
from .footprint import footprint
from .limit_magnitude import limit_magnitude
from .parallax_coverage import parallax_coverage
from .pull_histogram import pull_histogram
from .residual_magnitude import residual_against, residual_magnitude
from .residual_quiver import residual_quiver
from .save import FORMATS, check_figure, save
from .source_track import period_gain, source_residuals, source_track
from .visibility import visibility
from .visit_histogram import visit_histogram

__all__ = [
    "FORMATS",
    "check_figure",
    "chi2_of_exposures",
    "convergence",
    "datum_maps",
    "distortion_map",
    "distortion_pair",
    "distortion_uncertainty",
    "effect_maps",
    "error_magnitude",
    "exposure_map",
    "footprint",
    "limit_magnitude",
    "parallax_coverage",
    "period_gain",
    "pull_histogram",
    "residual_against",
    "residual_magnitude",
    "residual_quiver",
    "save",
    "source_residuals",
    "source_track",
    "visibility",
    "visit_histogram",
]
