"""Figures: numbers of `diagnostics` in, a matplotlib Axes out.

Every function draws on the `ax` it is given, or else on that of a new figure which
pyplot does not know of; `save` writes it.
"""

from .chi2_of_exposures import chi2_of_exposures
from .common_error_maps import common_error_maps
from .convergence import convergence
from .datum_maps import datum_maps
from .distortion_map import distortion_map, distortion_pair, distortion_uncertainty
from .effect_maps import effect_maps
from .error_magnitude import error_magnitude
from .error_shares import error_shares
from .exposure_map import exposure_map
from .footprint import footprint
from .goodness import goodness
from .limit_magnitude import limit_magnitude
from .parallax_coverage import parallax_coverage
from .plate_agreement import plate_agreement
from .pull_histogram import pull_histogram
from .residual_magnitude import residual_against, residual_magnitude
from .residual_quiver import residual_quiver
from .save import FORMATS, check_figure, save
from .source_path import source_path
from .source_track import period_gain, source_residuals, source_track
from .vector_points import vector_points
from .visibility import visibility
from .visit_histogram import visit_histogram

__all__ = [
    "FORMATS",
    "check_figure",
    "chi2_of_exposures",
    "common_error_maps",
    "convergence",
    "datum_maps",
    "distortion_map",
    "distortion_pair",
    "distortion_uncertainty",
    "effect_maps",
    "error_magnitude",
    "error_shares",
    "exposure_map",
    "footprint",
    "goodness",
    "limit_magnitude",
    "parallax_coverage",
    "period_gain",
    "plate_agreement",
    "pull_histogram",
    "residual_against",
    "residual_magnitude",
    "residual_quiver",
    "save",
    "source_path",
    "source_residuals",
    "source_track",
    "vector_points",
    "visibility",
    "visit_histogram",
]
