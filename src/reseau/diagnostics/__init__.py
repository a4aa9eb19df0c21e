"""Numbers that tell whether a solution is good; pictures of them are in `plots`."""

from reseau.motions.datum_maps import DatumMaps

from .comparison.solutions import SolutionComparison, compare_solutions
from .comparison.truth import Comparison, compare_with_truth
from .displacement_field import DisplacementField
from .distortion_map import (
    DistortionMap,
    difference,
    evaluate_distortion,
    focal_plane_grid,
    in_mas,
    without_affine,
)
from .field.effects import effects
from .field.table import Effect, Effects
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

__all__ = [
    "CLASSES",
    "BinnedVectors",
    "Comparison",
    "DatumMaps",
    "DisplacementField",
    "DistortionMap",
    "Effect",
    "Effects",
    "ExposureChi2",
    "Recovery",
    "Running",
    "SolutionComparison",
    "binned_vectors",
    "compare_solutions",
    "compare_with_truth",
    "decorrelated_pulls",
    "detector_outlines",
    "difference",
    "effects",
    "evaluate_distortion",
    "exposure_chi2",
    "field_centre",
    "focal_plane_grid",
    "in_mas",
    "recovery_by_class",
    "recovery_dict",
    "recovery_statistics",
    "recovery_table",
    "running_statistics",
    "sky_offsets",
    "without_affine",
]
