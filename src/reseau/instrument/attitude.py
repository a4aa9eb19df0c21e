"""Where the camera points: attitude angles, camera axes and small rotations.

Sign and handedness of every rotation in reseau, stated once:

- E, N and A are the unit vectors towards East, North and the pointing, at the
  pointing; E × N = A, a right-handed triad.
- The position angle `pa` is that of the focal plane's +Y axis, from North
  through East: ``y = E sin pa + N cos pa``, ``x = E cos pa - N sin pa``. Seen from
  inside the sphere, with North up and East to the left, it runs anticlockwise.
- The rows of a rotation are x, y and A in ICRS components; x × y = A. Parity acts
  later, on focal-plane coordinates, so that this matrix never is a reflection.
- A step (east, north, roll) is one rotation, right-handed about the vector
  ``k = east N - north E - roll A`` by its length [rad]: the pointing moves towards
  East and North and `pa` grows by the roll. Away from the equator a step to the
  East changes `pa` as well, since the direction of North differs there.
- At the poles, where East is undefined, ra = 0 is taken and E = (0, 1, 0).
"""

import jax.numpy as jnp

from reseau._precision import Kind, border

from ._arrays import Axes, Stack, Vectors
from ._trigonometry import angle_ratio, cosine, sine_ratio, versine_ratio

TURN = 2.0 * jnp.pi
ATTITUDE = Kind("rad", (3,))


@border(attitude=ATTITUDE)
def camera_axes(attitude: Vectors) -> Axes:
    """Return the camera's axes for a pointing and a position angle.

    Parameters
    ----------
    attitude
        Right ascension, declination and position angle [rad], ICRS.

    Returns
    -------
    Rows x, y and optical axis: unit vectors, ICRS. Times a direction they give its
    components in the camera's frame.
    """
    attitude = jnp.asarray(attitude)
    sin_ra, sin_dec, sin_pa = jnp.moveaxis(jnp.sin(attitude), -1, 0)
    cos_ra, cos_dec, cos_pa = jnp.moveaxis(jnp.cos(attitude), -1, 0)
    east = jnp.stack([-sin_ra, cos_ra, jnp.zeros_like(sin_ra)], axis=-1)
    north = jnp.stack([-cos_ra * sin_dec, -sin_ra * sin_dec, cos_dec], axis=-1)
    axis = jnp.stack([cos_ra * cos_dec, sin_ra * cos_dec, sin_dec], axis=-1)
    cos_pa, sin_pa = cos_pa[..., None], sin_pa[..., None]
    x = east * cos_pa - north * sin_pa
    y = east * sin_pa + north * cos_pa
    return jnp.stack([x, y, axis], axis=-2)


def attitude_from_axes(rotation: Axes) -> Vectors:
    """Return pointing and position angle of the camera's axes.

    Parameters
    ----------
    rotation
        Rows x, y and optical axis, ICRS.

    Returns
    -------
    Right ascension in [0, 2π), declination and position angle in [0, 2π) [rad].
    """
    rotation = jnp.asarray(rotation)
    x, y, axis = (rotation[..., i, :] for i in range(3))
    cos_ra, sin_ra, cos_dec = _meridian(axis)
    east, north = _east_north(axis)
    ra = jnp.arctan2(sin_ra, cos_ra)
    dec = jnp.arctan2(axis[..., 2], cos_dec)
    pa = jnp.arctan2(_dot(y, east) - _dot(x, north), _dot(y, north) + _dot(x, east))
    return jnp.stack([_one_turn(ra), dec, _one_turn(pa)], axis=-1)


def rotate_axes(rotation: Axes, step: Vectors) -> Axes:
    """Move the camera's axes by a step towards East, North and in position angle.

    Parameters
    ----------
    rotation
        Rows x, y and optical axis, ICRS.
    step
        Towards East, towards North, and roll [rad], of any size.

    Returns
    -------
    The axes after one rotation about ``east N - north E - roll A`` (see the module).

    Notes
    -----
    Rodrigues' formula, written so that it is differentiable at a step of zero.
    """
    rotation, step = jnp.asarray(rotation), jnp.asarray(step)
    axis = rotation[..., 2, :]
    east, north = _east_north(axis)
    de, dn, roll = (step[..., i, None] for i in range(3))
    k = (de * north - dn * east - roll * axis)[..., None, :]
    t = jnp.sum(k * k, axis=-1, keepdims=True)
    along = k * _dot(k, rotation)[..., None]
    return (
        rotation * cosine(t)
        + jnp.cross(k, rotation) * sine_ratio(t)
        + along * versine_ratio(t)
    )


def attitude_difference(rotation: Axes, reference: Axes) -> Vectors:
    """Return the step that leads from reference axes to the given ones.

    Parameters
    ----------
    rotation, reference
        Rows x, y and optical axis, ICRS.

    Returns
    -------
    Towards East, towards North, and roll [rad], at the reference; its length is at
    most π. ``rotate_axes(reference, step)`` is `rotation`.
    """
    rotation, reference = jnp.asarray(rotation), jnp.asarray(reference)
    k = _rotation_vector(rotation, reference)
    axis = reference[..., 2, :]
    east, north = _east_north(axis)
    return jnp.stack([_dot(k, north), -_dot(k, east), -_dot(k, axis)], axis=-1)


def _rotation_vector(rotation: Axes, reference: Axes) -> Vectors:
    # Of the rotation Q with Q r = r' for each row: sum r × r' = 2 n sin θ.
    sine = 0.5 * jnp.sum(jnp.cross(reference, rotation), axis=-2)
    cos = 0.5 * (jnp.sum(rotation * reference, axis=(-1, -2)) - 1.0)
    sine_squared = _dot(sine, sine)
    acute = cos > 0.0
    ratio = jnp.asarray(
        angle_ratio(jnp.where(acute, sine_squared, 0.0), jnp.where(acute, cos, 1.0))
    )
    far = _obtuse_vector(rotation, reference, sine=sine, cos=cos)
    return jnp.where(acute[..., None], sine * ratio[..., None], far)


def _obtuse_vector(
    rotation: Axes, reference: Axes, *, sine: Vectors, cos: Stack
) -> Vectors:
    # Beyond a right angle the sine loses the axis: take it from the symmetric part
    # of Q, which is cos θ + (1 - cos θ) n nᵀ, in its longest column.
    product = jnp.sum(rotation[..., :, None] * reference[..., None, :], axis=-3)
    symmetric = 0.5 * (product + jnp.swapaxes(product, -1, -2))
    dyad = symmetric - cos[..., None, None] * jnp.eye(3)
    longest = jnp.argmax(jnp.diagonal(dyad, axis1=-2, axis2=-1), axis=-1)
    n = jnp.take_along_axis(dyad, longest[..., None, None], axis=-1)[..., 0]
    length = jnp.sqrt(jnp.where(cos > 0.0, 1.0, _dot(n, n)))
    n = n / length[..., None]
    projected = _dot(n, sine)
    sign = jnp.where(projected < 0.0, -1.0, 1.0)
    angle = jnp.arctan2(sign * projected, cos)
    return n * (sign * angle)[..., None]


def _meridian(axis: Vectors) -> tuple[Stack, Stack, Stack]:
    """Return cos ra, sin ra and cos dec of unit vectors; ra = 0 at the poles."""
    x, y = axis[..., 0], axis[..., 1]
    is_pole = (x == 0.0) & (y == 0.0)
    safe_x = jnp.where(is_pole, 1.0, x)
    safe_y = jnp.where(is_pole, 0.0, y)
    # hypot, not sqrt of squares: close to a pole the squares underflow.
    cos_dec = jnp.hypot(safe_x, safe_y)
    return safe_x / cos_dec, safe_y / cos_dec, jnp.where(is_pole, 0.0, cos_dec)


def _east_north(axis: Vectors) -> tuple[Vectors, Vectors]:
    cos_ra, sin_ra, cos_dec = _meridian(axis)
    sin_dec = axis[..., 2]
    east = jnp.stack([-sin_ra, cos_ra, jnp.zeros_like(cos_ra)], axis=-1)
    north = jnp.stack([-cos_ra * sin_dec, -sin_ra * sin_dec, cos_dec], axis=-1)
    return east, north


def _dot(a: Stack, b: Stack) -> Stack:
    return jnp.sum(a * b, axis=-1)


def _one_turn(angle: Stack) -> Stack:
    # The modulus of a tiny negative angle rounds to a full turn: that is zero.
    angle = jnp.mod(angle, TURN)
    return jnp.where(angle >= TURN, 0.0, angle)
