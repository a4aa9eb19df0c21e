"""What random errors alone let a survey know of a star: position, parallax, motion.

The positions of a star's visits are fitted by least squares with five parameters. Each
visit has the error of an exposure over the root of the number of exposures, and a floor
that does not average within a visit. Reference stars, calibration, outliers and errors
that repeat from visit to visit are left out: no solution is better than this.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from reseau._compiled import quick_jit
from reseau._precision import in_double
from reseau.constants import MILLIARCSECOND
from reseau.instrument import Instrument
from reseau.observers import geocentre
from reseau.sky import parallax_factors

from .noise import centroid_errors, vignetted
from .star_config import NoiseConfig

SINGULAR = 1e13
"""Condition number from which on parameters are not determined."""

ON_DETECTOR = 9
"""Places a side of each detector at which vignetting is averaged."""


_factors = quick_jit(parallax_factors)


class RandomLimit(NamedTuple):
    """1σ of the parameters of a star against its magnitude.

    Attributes
    ----------
    magnitude
        Hw.
    exposure
        Error of one exposure, a coordinate [mas].
    position
        Of α cos δ and of δ, at the visits' mean epoch [µas].
    parallax
        NaN where the visits do not determine the parameters [µas].
    motion
        In α cos δ and in δ [µas/yr].
    """

    magnitude: Float[np.ndarray, "m"]
    exposure: Float[np.ndarray, "m"]
    position: Float[np.ndarray, "m 2"]
    parallax: Float[np.ndarray, "m"]
    motion: Float[np.ndarray, "m 2"]


@in_double
def factors_at(
    epoch: Float[np.ndarray, "v"],
    direction: Float[np.ndarray, "3"],
    *,
    ephemeris: str = "builtin",
) -> Float[np.ndarray, "v 2"]:
    """Return the parallax factors of a place towards East and North [au].

    From the geocentre: a satellite 600 km up adds less than 5e-5.

    Parameters
    ----------
    epoch
        Julian years, TCB.
    direction
        Unit vector, ICRS.
    ephemeris
        Where the Earth is.
    """
    observer = geocentre(epoch, ephemeris=ephemeris).position
    found = _factors(np.broadcast_to(direction, observer.shape), observer)
    return np.stack([np.asarray(factor) for factor in found], axis=-1)


def mean_errors(
    noise: NoiseConfig,
    magnitude: Float[np.ndarray, "m"],
    instrument: Instrument,
    *,
    table: Mapping[str, np.ndarray] | None = None,
) -> Float[np.ndarray, "m"]:
    """Return the error of an exposure against magnitude, a coordinate [mas].

    Its inverse square is the mean over the detectors, where vignetting differs.

    Parameters
    ----------
    noise
        How errors depend on magnitude.
    magnitude
        Hw.
    instrument
        Whose scale and detectors.
    table
        Columns of the user's table of errors, where the noise is one.
    """
    focal = float(np.mean(np.asarray(instrument.focal)))
    pitch = float(np.mean(np.asarray(instrument.detectors.pitch)))
    pixel = pitch / focal / MILLIARCSECOND
    radius = _radii(instrument) if noise.vignetting > 0.0 else np.zeros(1)
    seen = vignetted(
        noise, np.repeat(magnitude, len(radius)), np.tile(radius, len(magnitude))
    )
    error = pixel * centroid_errors(noise, seen, pixel=pixel, table=table)
    weight = np.mean(error.reshape(len(magnitude), -1) ** -2.0, axis=1)
    return weight**-0.5


def _radii(instrument: Instrument) -> Float[np.ndarray, "k"]:
    """Return distances from the axis over that of the edge, all over the detectors."""
    detectors = instrument.detectors
    at = (np.arange(ON_DETECTOR) + 0.5) / ON_DETECTOR - 0.5
    size = np.asarray(detectors.naxis) * np.asarray(detectors.pitch)
    x, y = np.meshgrid(at, at)
    off = size[:, None] * np.stack([x.ravel(), y.ravel()], axis=-1)
    cos, sin = np.cos(detectors.theta)[:, None], np.sin(detectors.theta)[:, None]
    a, b = off[..., 0], off[..., 1]
    centre = np.asarray(detectors.centre)
    return (
        np.hypot(
            centre[:, :1] + cos * a - sin * b, centre[:, 1:] + sin * a + cos * b
        ).ravel()
        / detectors.half_side
    )


def random_limit(
    magnitude: Float[np.ndarray, "m"],
    error: Float[np.ndarray, "m"],
    *,
    epoch: Float[np.ndarray, "v"],
    factors: Float[np.ndarray, "v 2"],
    exposures: Float[np.ndarray, "v"],
    floor: float = 0.0,
) -> RandomLimit:
    """Return what random errors let a survey know of a star.

    Parameters
    ----------
    magnitude
        Hw.
    error
        Of an exposure of such a star, a coordinate [mas].
    epoch
        Of the visits, Julian years, TCB.
    factors
        Parallax factors of the visits towards East and North [au].
    exposures
        How many of each visit see the star, more than 0.
    floor
        Error of a visit that its exposures share, a coordinate [mas].

    Notes
    -----
    Rows of the design are (1, 0, P, t, 0) for α cos δ and (0, 1, Q, 0, t) for δ, with t
    from the weighted mean epoch; the covariance is the inverse of the normal matrix.
    """
    found = [_sigmas(one, epoch, factors, exposures, floor) for one in error]
    sigma = 1000.0 * np.array(found).reshape(-1, 5)
    return RandomLimit(magnitude, error, sigma[:, :2], sigma[:, 2], sigma[:, 3:])


def _sigmas(
    error: float,
    epoch: np.ndarray,
    factors: np.ndarray,
    exposures: np.ndarray,
    floor: float,
) -> Float[np.ndarray, "5"]:
    """Return 1σ of position, parallax and motion [mas], [mas/yr]."""
    if len(epoch) < 3:
        return np.full(5, np.nan)
    weight = 1.0 / (error**2 / exposures + floor**2)
    time = epoch - np.average(epoch, weights=weight)
    one, none = np.ones_like(time), np.zeros_like(time)
    east = np.stack([one, none, factors[:, 0], time, none], axis=-1)
    north = np.stack([none, one, factors[:, 1], none, time], axis=-1)
    rows = np.concatenate([east, north]) * np.sqrt(np.tile(weight, 2))[:, None]
    scale = np.linalg.norm(rows, axis=0)
    if not np.all(scale > 0.0):
        return np.full(5, np.nan)
    normal = (rows / scale).T @ (rows / scale)
    if np.linalg.cond(normal) > SINGULAR:
        return np.full(5, np.nan)
    return np.sqrt(np.diag(np.linalg.inv(normal))) / scale


__all__ = ["RandomLimit", "factors_at", "mean_errors", "random_limit"]
