"""Numbers that tell whether a solution is good; pictures of them are in `plots`."""

from .assumed_error import AssumedError, quantity
from .collective import FELT, Collective, without_common_part
from .counting import counted
from .displacement_field import DisplacementField
from .distortion_map import (
    DistortionMap,
    difference,
    evaluate_distortion,
    focal_plane_grid,
    in_mas,
    without_affine,
)
from .footprint import detector_outlines, field_centre, sky_offsets
from .recovery import (
    CLASSES,
    Recovery,
    decorrelated_pulls,
    recovery_by_class,
    recovery_dict,
    recovery_statistics,
    recovery_table,
)
from .residuals import (
    BinnedVectors,
    ExposureChi2,
    Running,
    binned_vectors,
    exposure_chi2,
    running_statistics,
)
from .unit_weight import is_absurd
from .verdict import (
    IN_SCATTER,
    WorstPulls,
    is_crowd,
    is_of_measurements,
    largest_by_chance,
    verdict,
    worst_pulls,
)

__all__ = [
    "CLASSES",
    "FELT",
    "IN_SCATTER",
    "AssumedError",
    "BinnedVectors",
    "Collective",
    "DisplacementField",
    "DistortionMap",
    "ExposureChi2",
    "Recovery",
    "Running",
    "WorstPulls",
    "binned_vectors",
    "counted",
    "decorrelated_pulls",
    "detector_outlines",
    "difference",
    "evaluate_distortion",
    "exposure_chi2",
    "field_centre",
    "focal_plane_grid",
    "in_mas",
    "is_absurd",
    "is_crowd",
    "is_of_measurements",
    "largest_by_chance",
    "quantity",
    "recovery_by_class",
    "recovery_dict",
    "recovery_statistics",
    "recovery_table",
    "running_statistics",
    "sky_offsets",
    "verdict",
    "without_affine",
    "without_common_part",
    "worst_pulls",
]
