"""The observation equation, its unknowns and their priors, each written once."""

from .observation import (
    ExposureFrame,
    Linearised,
    SourceFrame,
    exposure_frame,
    linearise,
    predict,
    source_frame,
)
from .parameters import (
    BLOCKS,
    DEFAULT_FREE,
    DETECTOR_NAMES,
    PER_DETECTOR,
    PER_EXPOSURE,
    Layout,
    Parameters,
    check_blocks,
    free_columns,
    layout_of,
    take_step,
)
from .priors import gamma_terms, normal_terms, prior_terms, prior_widths
from .problem import Problem, detector_parameters, nominal_parameters, parameter_names

__all__ = [
    "BLOCKS",
    "DEFAULT_FREE",
    "DETECTOR_NAMES",
    "PER_DETECTOR",
    "PER_EXPOSURE",
    "ExposureFrame",
    "Layout",
    "Linearised",
    "Parameters",
    "Problem",
    "SourceFrame",
    "check_blocks",
    "detector_parameters",
    "exposure_frame",
    "free_columns",
    "gamma_terms",
    "layout_of",
    "linearise",
    "nominal_parameters",
    "normal_terms",
    "parameter_names",
    "predict",
    "prior_terms",
    "prior_widths",
    "source_frame",
    "take_step",
]
