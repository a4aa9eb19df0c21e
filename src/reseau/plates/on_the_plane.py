"""Focal-plane places and angles of exposures, computed in few programs.

Counts are padded (`_usual`): each new one would compile anew.
"""

from functools import partial

import numpy as np
from jaxtyping import Float, Int

from reseau._compiled import quick_jit
from reseau._precision import in_double
from reseau._usual import in_chunks
from reseau.instrument import Detectors, attitude_from_axes, plane_from_pixel

_attitude = quick_jit(attitude_from_axes)
_plane = quick_jit(plane_from_pixel)


@in_double
def attitudes(axes: Float[np.ndarray, "k 3 3"]) -> Float[np.ndarray, "k 3"]:
    """Return right ascension, declination and position angle of exposures [rad].

    Parameters
    ----------
    axes
        Camera axes of each, rows.
    """
    if not len(axes):
        return np.zeros((0, 3))
    return np.asarray(in_chunks(_attitude, axes))


@in_double
def plane_positions(
    detectors: Detectors, pixel: Float[np.ndarray, "m 2"], row: Int[np.ndarray, "m"]
) -> Float[np.ndarray, "m 2"]:
    """Return focal-plane positions of measured ones [um].

    Parameters
    ----------
    detectors
        Where they lie.
    pixel
        Positions, in the unit in which they were measured.
    row
        Detector of each.
    """
    if not len(row):
        return np.zeros((0, 2))
    x, y = np.asarray(pixel, float).T
    return np.stack(in_chunks(partial(_plane, detectors), x, y, row), axis=1)


__all__ = ["attitudes", "plane_positions"]
