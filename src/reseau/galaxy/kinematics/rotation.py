"""The circular speed of the Galaxy against radius and height."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float
from scipy.interpolate import PchipInterpolator

from .parameters import RotationCurveConfig

Array = Float[np.ndarray, "*#batch"]

KPC = 1000.0
"""One kiloparsec [pc]."""


@dataclass(frozen=True)
class RotationCurve:
    """The circular speed as a smooth curve through knots.

    Attributes
    ----------
    config
        Knots, and the decrease off the plane.

    Notes
    -----
    In the plane a monotone cubic (Fritsch & Carlson 1980) runs through the knots;
    beyond the last one the speed stays what it is there. Off the plane it is divided by
    1 + 0.0374 |z / kpc|^1.34 (Sharma et al. 2014, ApJ 793, 51, eq. 22). The preset's 25
    knots follow the red curve of fig. 16 of Bland-Hawthorn & Gerhard (2016, ARA&A 54,
    529) to 0.9 km/s at all radii from 0 to 25 kpc, 0.3 km/s rms.
    """

    config: RotationCurveConfig

    @cached_property
    def _curve(self) -> PchipInterpolator:
        radius = KPC * np.asarray(self.config.radius_kpc)
        return PchipInterpolator(radius, np.asarray(self.config.speed_km_s))

    def speed(self, radius: Array, height: Array) -> Array:
        """Return the circular speed [km/s].

        Parameters
        ----------
        radius
            From the axis, 0 or greater [pc].
        height
            Above or below the plane [pc].
        """
        last = KPC * self.config.radius_kpc[-1]
        inside = self._curve(np.minimum(radius, last))
        return inside / self.vertical_factor(height)

    def vertical_factor(self, height: Array) -> Array:
        """Return what the speed in the plane is divided by at a height [pc]."""
        scaled = (np.abs(height) / KPC) ** self.config.vertical_exponent
        return 1.0 + self.config.vertical_coefficient * scaled


__all__ = ["KPC", "RotationCurve"]
