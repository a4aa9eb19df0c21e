"""Places of the instrument and angles of exposures, computed in few programs.

Counts are padded (`_usual`): each new one would compile anew.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int

from reseau._usual import up_to_usual
from reseau.instrument import (
    Detectors,
    Instrument,
    attitude_from_axes,
    camera_from_pixel,
    plane_from_pixel,
)

_attitude = jax.jit(attitude_from_axes)
_camera = jax.jit(camera_from_pixel)
_plane = jax.jit(plane_from_pixel)


def attitudes(axes: Float[np.ndarray, "k 3 3"]) -> Float[np.ndarray, "k 3"]:
    """Return right ascension, declination and position angle of exposures [rad].

    Parameters
    ----------
    axes
        Camera axes of each, rows.
    """
    if not len(axes):
        return np.zeros((0, 3))
    rows = up_to_usual(len(axes))
    with jax.enable_x64(True):
        return np.asarray(_attitude(jnp.asarray(np.asarray(axes)[rows])))[: len(axes)]


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
    rows = up_to_usual(len(row))
    x, y = np.asarray(pixel, float)[rows].T
    with jax.enable_x64(True):
        found = _plane(detectors, x, y, np.asarray(row)[rows])
        return np.stack([np.asarray(f) for f in found], axis=1)[: len(row)]


def camera_vectors(
    instrument: Instrument, pixel: Float[np.ndarray, "m 2"], row: Int[np.ndarray, "m"]
) -> Float[np.ndarray, "m 3"]:
    """Return unit vectors in the camera's frame of measured positions.

    Parameters
    ----------
    instrument
        At its own focal lengths.
    pixel
        Positions, in the unit in which they were measured.
    row
        Detector of each.
    """
    rows = up_to_usual(len(row))
    x, y = np.asarray(pixel, float)[rows].T
    focal = instrument.focal
    with jax.enable_x64(True):
        found = _camera(instrument, x, y, np.asarray(row)[rows], focal[0], focal[1])
        return np.stack([np.asarray(f) for f in found], axis=1)[: len(row)]


__all__ = ["attitudes", "camera_vectors", "plane_positions"]
