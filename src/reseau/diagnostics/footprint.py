"""Outlines of the detectors on the sky, and flat offsets about a field's centre."""

import equinox as eqx
import numpy as np
from jaxtyping import Float
from numpy import ndarray

from reseau._precision import in_double
from reseau.constants import DEGREE
from reseau.instrument import Detectors, Instrument, pixel_to_direction

Angles = Float[ndarray, "..."]

# Compiled as one, which is faster even for a single call.
_directions = eqx.filter_jit(pixel_to_direction)


@in_double
def detector_outlines(
    instrument: Instrument,
    attitude: Float[ndarray, "n_exp 3"],
    *,
    pixel_range: Float[ndarray, "n_det 2 2"] | None = None,
    n_per_side: int = 1,
) -> Float[ndarray, "n_exp n_det n_points 2"]:
    """Return the detectors' edges on the sky.

    Parameters
    ----------
    instrument
        The instrument; its nominal focal lengths are used.
    attitude
        Right ascension, declination and position angle of each exposure [rad].
    pixel_range
        First and last pixel coordinate, of x and of y, of each detector; absent: the
        edges of its outermost pixels. A plane without pixels needs it to be seen.
    n_per_side
        Points along each side, more than one to follow a distorted edge.

    Returns
    -------
    Right ascension and declination of the points, going round [deg].
    """
    detectors = instrument.detectors
    limits = _whole_detectors(detectors) if pixel_range is None else pixel_range
    pixel = _edge_points(np.asarray(limits, dtype=float), n_per_side)
    row = np.arange(len(detectors.ids))[:, None]
    direction = _directions(
        instrument, np.asarray(attitude)[:, None, None, :], pixel, row
    )
    x, y, z = np.moveaxis(np.asarray(direction), -1, 0)
    ra = np.arctan2(y, x) % (2.0 * np.pi)
    return np.stack([ra, np.arctan2(z, np.hypot(x, y))], axis=-1) / DEGREE


def _whole_detectors(detectors: Detectors) -> Float[ndarray, "n_det 2 2"]:
    naxis = np.asarray(detectors.naxis, dtype=float)
    first = np.where(naxis > 0.0, -0.5, 0.0)
    return np.stack([first, np.where(naxis > 0.0, naxis - 0.5, 0.0)], axis=-1)


def _edge_points(limits: ndarray, n: int) -> Float[ndarray, "n_det n_points 2"]:
    t = np.arange(n) / n
    zero, one = np.zeros(n), np.ones(n)
    u = np.concatenate([t, one, 1.0 - t, zero])
    v = np.concatenate([zero, t, one, 1.0 - t])
    low, high = limits[:, None, :, 0], limits[:, None, :, 1]
    return low + np.stack([u, v], axis=-1) * (high - low)


def field_centre(ra: Angles, dec: Angles) -> tuple[float, float]:
    """Return the direction of the mean of unit vectors [deg].

    Parameters
    ----------
    ra, dec
        Positions [deg].
    """
    a, d = np.ravel(ra) * DEGREE, np.ravel(dec) * DEGREE
    x = np.mean(np.cos(d) * np.cos(a))
    y, z = np.mean(np.cos(d) * np.sin(a)), np.mean(np.sin(d))
    ra_centre = np.arctan2(y, x) / DEGREE % 360.0
    return float(ra_centre), float(np.arctan2(z, np.hypot(x, y)) / DEGREE)


def sky_offsets(
    ra: Angles, dec: Angles, *, centre: tuple[float, float]
) -> tuple[Angles, Angles]:
    """Return gnomonic offsets towards east and north, for a picture [deg].

    Parameters
    ----------
    ra, dec
        Positions [deg].
    centre
        Right ascension and declination of the point of contact [deg].

    Returns
    -------
    Offsets ξ and η [deg]; NaN at 90° from the centre and beyond.
    """
    turn, d = (np.asarray(ra) - centre[0]) * DEGREE, np.asarray(dec) * DEGREE
    d0 = centre[1] * DEGREE
    east = np.cos(d) * np.sin(turn)
    north = np.sin(d) * np.cos(d0) - np.cos(d) * np.sin(d0) * np.cos(turn)
    depth = np.sin(d) * np.sin(d0) + np.cos(d) * np.cos(d0) * np.cos(turn)
    depth = np.where(depth > 0.0, depth, np.nan)
    return east / depth / DEGREE, north / depth / DEGREE


__all__ = ["detector_outlines", "field_centre", "sky_offsets"]
