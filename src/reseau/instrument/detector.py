"""Detectors in the focal plane: focal plane [um] to pixels and back.

Shift by the centre, rotate by -theta, divide by the pitches, add the pixel
coordinate of the detector's centre, ``(naxis - 1) / 2``: pixel (0, 0) is the
centre of the first pixel. A plane without pixels (``naxis`` zero) adds nothing, so that
positions in um are focal-plane positions.
"""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy import ndarray

from reseau.errors import ConfigError, ShapeError, explain, some

from ._arrays import Pair, Values

AnyArray = Array | ndarray


class Detectors(eqx.Module):
    """The detectors of an instrument, a row each.

    Attributes
    ----------
    ids
        What the measurements call them.
    centre
        Focal-plane position of their centres [um].
    theta
        Rotation of their pixel axes, from +X towards +Y [rad].
    pitch
        Size of a pixel in x and y [um].
    naxis
        Number of pixels in x and y; 0 for a plane without pixels.
    sigma_centre, sigma_theta, sigma_pitch
        Prior widths of each coordinate of the centre [um], of theta [rad] and of each
        pitch, relative; 0: held fixed.
    names
        What people call them, as ``NRCA1``; empty: they have no names.
    """

    ids: tuple[int, ...] = eqx.field(static=True)
    centre: Float[AnyArray, "n_det 2"]
    theta: Float[AnyArray, "n_det"]
    pitch: Float[AnyArray, "n_det 2"]
    naxis: Float[AnyArray, "n_det 2"]
    sigma_centre: Float[AnyArray, "n_det"]
    sigma_theta: Float[AnyArray, "n_det"]
    sigma_pitch: Float[AnyArray, "n_det"]
    names: tuple[str, ...] = eqx.field(static=True, default=())

    def __check_init__(self) -> None:
        n = len(self.ids)
        for name in ("centre", "pitch", "naxis"):
            _check_shape(f"detectors.{name}", getattr(self, name), (n, 2))
        for name in ("theta", "sigma_centre", "sigma_theta", "sigma_pitch"):
            _check_shape(f"detectors.{name}", getattr(self, name), (n,))
        _check_ids(self.ids)

    @property
    def origin(self) -> Float[AnyArray, "n_det 2"]:
        """Pixel coordinates of the detectors' centres [pixel]."""
        return jnp.where(self.naxis > 0, (self.naxis - 1.0) / 2.0, 0.0)

    @property
    def half_side(self) -> float:
        """Largest distance from an axis, of detectors not turned [um]; 0: no pixels."""
        half = 0.5 * np.asarray(self.naxis) * np.asarray(self.pitch)
        reach = np.where(half > 0, np.abs(np.asarray(self.centre)) + half, 0.0)
        return float(np.max(reach, initial=0.0))

    def row(self, detector_id: int) -> int:
        """Return the row of the detector with this id; raises `ConfigError`."""
        if detector_id not in self.ids:
            raise ConfigError(
                explain(
                    given=f"detector {detector_id} is unknown",
                    wanted=f"one of {some(self.ids)}",
                    where="the instrument's detectors",
                    todo="correct the id, or describe the detector in the instrument",
                )
            )
        return self.ids.index(detector_id)


def identity_plane() -> Detectors:
    """Return the plane of positions that are in um already: one fixed detector."""
    zero = np.zeros(1)
    return Detectors(
        ids=(0,),
        centre=np.zeros((1, 2)),
        theta=zero,
        pitch=np.ones((1, 2)),
        naxis=np.zeros((1, 2)),
        sigma_centre=zero,
        sigma_theta=zero,
        sigma_pitch=zero,
    )


def to_pixel(
    x: Values,
    y: Values,
    *,
    centre_x: Values,
    centre_y: Values,
    theta: Values,
    pitch_x: Values,
    pitch_y: Values,
    origin_x: Values,
    origin_y: Values,
) -> Pair:
    """Convert focal-plane positions to pixels.

    Parameters
    ----------
    x, y
        Measured position in the focal plane, distortion included [um].
    centre_x, centre_y, theta, pitch_x, pitch_y, origin_x, origin_y
        The detector of each, as in `Detectors` [um, um, rad, um, um, pixel, pixel].

    Returns
    -------
    Position x and y [pixel].
    """
    cos, sin = jnp.cos(theta), jnp.sin(theta)
    dx, dy = x - centre_x, y - centre_y
    return (
        (cos * dx + sin * dy) / pitch_x + origin_x,
        (cos * dy - sin * dx) / pitch_y + origin_y,
    )


def from_pixel(
    pixel_x: Values,
    pixel_y: Values,
    *,
    centre_x: Values,
    centre_y: Values,
    theta: Values,
    pitch_x: Values,
    pitch_y: Values,
    origin_x: Values,
    origin_y: Values,
) -> Pair:
    """Convert pixels to focal-plane positions, the inverse of `to_pixel`.

    Parameters
    ----------
    pixel_x, pixel_y
        Position [pixel].
    centre_x, centre_y, theta, pitch_x, pitch_y, origin_x, origin_y
        The detector of each, as in `Detectors` [um, um, rad, um, um, pixel, pixel].

    Returns
    -------
    Measured position x and y in the focal plane [um].
    """
    cos, sin = jnp.cos(theta), jnp.sin(theta)
    u, v = (pixel_x - origin_x) * pitch_x, (pixel_y - origin_y) * pitch_y
    return centre_x + cos * u - sin * v, centre_y + sin * u + cos * v


def _check_shape(name: str, array: AnyArray, wanted: tuple[int, ...]) -> None:
    if np.shape(array) != wanted:
        raise ShapeError(
            explain(
                given=f"{name} has shape {np.shape(array)}",
                wanted=f"shape {wanted}, a row for each of the detectors' ids",
                where="Detectors",
                todo="give each detector one row",
            )
        )


def _check_ids(ids: tuple[int, ...]) -> None:
    double = sorted({i for i in ids if ids.count(i) > 1})
    if double or not ids:
        raise ConfigError(
            explain(
                given=f"detector ids repeated: {some(double)}"
                if ids
                else "no detector",
                wanted="at least one detector, each with an id of its own",
                where="Detectors",
                todo="number the detectors",
            )
        )
