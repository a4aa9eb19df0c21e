"""Everything that moves a star's image between the catalogue and the telescope."""

from .aberration import aberrate, unaberrate
from .directions import (
    angles_from_direction,
    direction_from_angles,
    displaced,
    normalise,
    tangent_basis,
    tangent_offset,
)
from .motion import direction_and_covariance, direction_at, radial_motion

__all__ = [
    "aberrate",
    "angles_from_direction",
    "direction_and_covariance",
    "direction_at",
    "direction_from_angles",
    "displaced",
    "normalise",
    "radial_motion",
    "tangent_basis",
    "tangent_offset",
    "unaberrate",
]
