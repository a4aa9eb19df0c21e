"""Where and when the telescope points: overlapping fields, dithered exposures.

Four fields stand on a square whose side is a little over half a field of view, so that
each star lies in one, two or four of them. Axes are Galactic: +Y of the focal plane
points to Galactic North, but for a jitter. The exposures of a field follow one another,
and all are taken within half a revolution of the satellite.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from reseau._compiled import quick_jit
from reseau.constants import ARCSECOND, DEGREE
from reseau.instrument import attitude_from_axes, camera_axes, rotate_axes

from .galactic import CENTRE, equatorial, north_angle
from .jasmine import FIELD_SIDE

FIELDS = 4
CORNERS = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
STEP = 0.55 * FIELD_SIDE
"""Distance of neighbouring fields [rad]."""

DITHER = 0.02 * DEGREE
ANGLE_JITTER = 0.2 * DEGREE

MINUTES_PER_YEAR = 525_960.0

HALF_SIDE = 0.5 * (STEP + FIELD_SIDE)
"""Half the side of the square, along l and b, that stars are taken from [rad].

Just what the undithered fields cover: stars beyond would be seen once or twice.
"""


class Pointings(NamedTuple):
    """Exposures as they were taken, and as they are believed to have been.

    Attributes
    ----------
    field
        Running number of the field.
    epoch
        Mid-exposure, Julian year, TCB.
    attitude
        True right ascension, declination and position angle, as observed [rad].
    estimate
        The same, as the telescope reports them [rad].
    """

    field: Int[np.ndarray, "n"]
    epoch: Float[np.ndarray, "n"]
    attitude: Float[np.ndarray, "n 3"]
    estimate: Float[np.ndarray, "n 3"]


def dithered_fields(
    rng: np.random.Generator,
    exposures: int,
    *,
    epoch: float,
    period: float,
    pointing_error: float,
    angle_error: float,
) -> Pointings:
    """Return the exposures of one revolution.

    Parameters
    ----------
    rng
        Random numbers.
    exposures
        How many, a multiple of 4.
    epoch
        Begin, Julian year, TCB.
    period
        Of the satellite; half of it is spent exposing [min].
    pointing_error, angle_error
        1σ of the reported pointings, in each of two directions, and of the reported
        position angles [arcsec].
    """
    field = np.repeat(np.arange(FIELDS), exposures // FIELDS)
    offset = 0.5 * STEP * CORNERS[field] + rng.normal(0.0, DITHER, (exposures, 2))
    latitude = CENTRE[1] + offset[:, 1]
    longitude = CENTRE[0] + offset[:, 0] / np.cos(latitude)
    angle = north_angle(longitude, latitude) + rng.normal(0.0, ANGLE_JITTER, exposures)
    attitude = np.stack([*equatorial(longitude, latitude), angle], axis=-1)
    widths = np.array([pointing_error, pointing_error, angle_error]) * ARCSECOND
    step = rng.normal(0.0, 1.0, (exposures, 3)) * widths
    minutes = (np.arange(exposures) + 0.5) / exposures * 0.5 * period
    return Pointings(
        field=field,
        epoch=epoch + minutes / MINUTES_PER_YEAR,
        attitude=attitude,
        estimate=reported(attitude, step),
    )


def reported(
    attitude: Float[np.ndarray, "n 3"], step: Float[np.ndarray, "n 3"]
) -> Float[np.ndarray, "n 3"]:
    """Return attitudes that are off by steps east, north and in roll [rad]."""
    return np.asarray(_turned(attitude, step))


@quick_jit
def _turned(attitude: Array, step: Array) -> Array:
    turned = rotate_axes(camera_axes(attitude), step)
    return jnp.asarray(attitude_from_axes(turned))


__all__ = ["FIELDS", "HALF_SIDE", "Pointings", "dithered_fields", "reported"]
