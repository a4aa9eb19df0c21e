"""Thin and thick discs: exponential outwards of a radius, constant inside it.

Koshimoto, Baba & Bennett 2021 (ApJ 917, 78), Table 1, with the inner disc as in Portail
et al. 2017 (MNRAS 465, 1621).
"""

from dataclasses import dataclass

import numpy as np

from .places import Places

INNER_RADIUS = 4500.0
"""Where the height of a flaring disc begins to grow [pc]."""


@dataclass(frozen=True)
class Disc:
    """Density of a disc, 1 at the Sun's radius in the plane.

    Attributes
    ----------
    r0
        The Sun's radius [pc].
    scale_length, scale_height
        [pc]; the height is that at `r0`.
    break_radius
        Inside which the surface density is constant [pc].
    inner_height
        Height at 4500 pc and inside, from which it grows linearly to that at `r0`
        while the surface density stays as it is [pc]; None: the same everywhere.
    profile
        "sech2" or "exponential", across the plane.
    """

    r0: float
    scale_length: float
    scale_height: float
    break_radius: float
    inner_height: float | None = None
    profile: str = "sech2"

    def shape(self, places: Places) -> np.ndarray:
        """Return the density relative to that at the Sun's radius in the plane."""
        radius = np.maximum(places.radius, self.break_radius)
        radial = (self.r0 - radius) / self.scale_length
        if self.inner_height is None:
            return _across(self.profile, places.height / self.scale_height, radial)
        height = self.height_at(places.radius)
        across = _across(self.profile, places.height / height, radial)
        return across * (self.scale_height / height)

    def height_at(self, radius: np.ndarray) -> np.ndarray:
        """Return the scale height at distances from the axis [pc]."""
        if self.inner_height is None:
            return np.full(np.shape(radius), self.scale_height)
        outwards = np.maximum(radius - INNER_RADIUS, 0.0) / (self.r0 - INNER_RADIUS)
        return self.inner_height + (self.scale_height - self.inner_height) * outwards


def _across(profile: str, heights: np.ndarray, radial: np.ndarray) -> np.ndarray:
    """Return exp(radial) times the profile at heights in scale heights."""
    if profile == "exponential":
        return np.exp(radial - heights)
    # sech^2 z = 4 exp(-2z) / (1 + exp(-2z))^2 does not overflow.
    fallen = np.exp(-2.0 * heights)
    return 4.0 * np.exp(radial) * fallen / (1.0 + fallen) ** 2


__all__ = ["INNER_RADIUS", "Disc"]
