"""The observation equation, written once: from a source to a pixel.

::

    source direction ── aberration ──> apparent direction
        ── camera axes of the exposure ──> camera frame
        ── projection, parity, focal lengths ──> undistorted focal plane [µm]
        ── skew, distortion ──> focal plane [µm]
        ── detector ──> pixel

`predict` composes the stages; `linearise` differentiates each stage by itself and
joins them by the chain rule. What depends on the source only (its direction and
tangent vectors) or on the exposure only (its axes) comes in ready, so that no
derivative is computed more often than it changes. All arrays are components that
broadcast, with the measurements along the last axes.
"""

from collections.abc import Callable
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..instrument import Instrument, measured, to_pixel, undistorted
from ..sky import aberrate, normalise, tangent_basis

Components = tuple[Array, ...]


class SourceFrame(eqx.Module):
    """Directions of sources and how these move with the two offsets.

    Attributes
    ----------
    direction
        Current unit vectors.
    east, north
        Derivatives of `direction` by the two offsets.
    """

    direction: Float[Array, "*batch 3"]
    east: Float[Array, "*batch 3"]
    north: Float[Array, "*batch 3"]


class ExposureFrame(eqx.Module):
    """What an exposure's measurements share.

    Attributes
    ----------
    axes
        Rows x̂, ŷ, â.
    cos_pa, sin_pa
        Of the position angle: from steps east and north to steps along x̂ and ŷ.
    focal
        F_x, F_y [µm].
    velocity
        Observer's velocity [c].
    """

    axes: Float[Array, "*batch 3 3"]
    cos_pa: Float[Array, "*batch"]
    sin_pa: Float[Array, "*batch"]
    focal: Float[Array, "*batch 2"]
    velocity: Float[Array, "*batch 3"]


class Linearised(NamedTuple):
    """Predicted pixels and their derivatives, pairs of (x, y) components.

    Attributes
    ----------
    pixel
        Predicted x, y.
    source
        By the offsets east, north [pixel/rad].
    exposure
        By east, north, roll [pixel/rad], F_x, F_y [pixel/µm].
    calibration
        By distortion coefficients and skew, one entry each.
    detector
        By x, y [pixel/µm], theta [pixel/rad], pitch_x, pitch_y of the detector met.
    """

    pixel: Components
    source: tuple[Components, Components]
    exposure: tuple[Components, Components]
    calibration: tuple[Array, Array]
    detector: tuple[Components, Components]


def source_frame(
    direction: Float[Array, "n 3"], offset: Float[Array, "n 2"]
) -> SourceFrame:
    """Return the sources' directions at their offsets, and the derivatives."""
    east, north = tangent_basis(direction)

    def moved(a: Array, b: Array) -> Array:
        return normalise(direction + a[:, None] * east + b[:, None] * north)

    a, b = offset[:, 0], offset[:, 1]
    one, zero = jnp.ones_like(a), jnp.zeros_like(a)
    current, by_east = jax.jvp(moved, (a, b), (one, zero))
    _, by_north = jax.jvp(moved, (a, b), (zero, one))
    return SourceFrame(current, by_east, by_north)


def exposure_frame(
    axes: Float[Array, "m 3 3"],
    focal: Float[Array, "m 2"],
    velocity: Float[Array, "m 3"],
) -> ExposureFrame:
    """Return what the measurements of each exposure share."""
    east, north = tangent_basis(axes[:, 2])
    return ExposureFrame(
        axes=axes,
        cos_pa=jnp.sum(axes[:, 1] * north, axis=-1),
        sin_pa=jnp.sum(axes[:, 1] * east, axis=-1),
        focal=focal,
        velocity=velocity,
    )


def camera_components(
    direction: Components, axes: Float[Array, "*batch 3 3"]
) -> Components:
    """Return the components of directions along x̂, ŷ and â."""
    x, y, z = direction
    return tuple(
        axes[..., i, 0] * x + axes[..., i, 1] * y + axes[..., i, 2] * z
        for i in range(3)
    )


def detector_constants(
    detectors: Float[Array, "n_det 5"], origin: Float[Array, "n_det 2"], index: Array
) -> tuple[Components, Components]:
    """Return the five parameters and the pixel origin of the detectors met."""
    parameters = tuple(detectors[:, i][index] for i in range(5))
    return parameters, (origin[:, 0][index], origin[:, 1][index])


def detector_pixel(
    x: Array, y: Array, parameters: Components, origin: Components
) -> Components:
    """Return pixels of focal-plane positions on detectors."""
    centre_x, centre_y, theta, pitch_x, pitch_y = parameters
    return to_pixel(
        x,
        y,
        centre_x=centre_x,
        centre_y=centre_y,
        theta=theta,
        pitch_x=pitch_x,
        pitch_y=pitch_y,
        origin_x=origin[0],
        origin_y=origin[1],
    )


def apparent(direction: Components, velocity: Array, aberration: bool) -> Components:
    """Return the apparent direction's components."""
    if not aberration:
        return direction
    stacked = jnp.stack(jnp.broadcast_arrays(*direction, velocity[..., 0])[:3], axis=0)
    moved = jax.vmap(aberrate, in_axes=(1, 0), out_axes=1)
    for _ in range(stacked.ndim - 2):
        moved = jax.vmap(moved, in_axes=(1, None), out_axes=1)
    return tuple(moved(stacked, velocity))


def predict(
    instrument: Instrument,
    direction: Components,
    exposure: ExposureFrame,
    coefficients: Array,
    skew: Array,
    detectors: Array,
    index: Array,
    *,
    aberration: bool,
) -> Components:
    """Return the pixels at which sources are seen.

    Parameters
    ----------
    direction
        Geometric directions, three components that broadcast with the rest.
    exposure
        Frames of the exposures met, along the last axis.
    coefficients, skew, detectors
        As in `Parameters`.
    index
        Detectors met.
    """
    seen = apparent(direction, exposure.velocity, aberration)
    x, y, z = camera_components(seen, exposure.axes)
    plane = undistorted(
        instrument.projection,
        instrument.parity,
        x,
        y,
        z,
        exposure.focal[..., 0],
        exposure.focal[..., 1],
    )
    x, y = measured(instrument.distortion, *plane, coefficients, skew)
    return detector_pixel(
        x, y, *detector_constants(detectors, instrument.detectors.origin, index)
    )


def linearise(
    instrument: Instrument,
    sources: SourceFrame,
    exposure: ExposureFrame,
    coefficients: Array,
    skew: Array,
    detectors: Array,
    index: Array,
    valid: Array,
    *,
    aberration: bool,
) -> Linearised:
    """Return the pixels of `predict` and their derivatives, stage by stage.

    Parameters
    ----------
    sources
        Frames of n sources.
    exposure
        Frames of k exposures.
    index
        Detectors met, (n, k); results have this shape.
    valid
        False where a source was not measured on an exposure; there the axis takes
        the source's place, so that nothing becomes infinite.
    """
    seen, tangents = _camera_tangents(sources, exposure, aberration)
    x, y, z = seen
    seen = jnp.where(valid, x, 0.0), jnp.where(valid, y, 0.0), jnp.where(valid, z, 1.0)
    focal = (exposure.focal[..., 0], exposure.focal[..., 1])
    plane, by_camera = _by_camera(instrument, seen, focal)
    (x, y), stretch = _by_plane(instrument, plane, coefficients, skew, index.shape)
    parameters, origin = detector_constants(
        detectors, instrument.detectors.origin, index
    )
    pixel, by_position, by_detector = _by_detector(x, y, parameters, origin)

    onward = _product(by_position, stretch)
    camera = _product(onward, by_camera)
    directions = [_apply(camera, t) for t in tangents]
    by_focal = [
        (onward[0][0] * (plane[0] / focal[0]), onward[1][0] * (plane[0] / focal[0])),
        (onward[0][1] * (plane[1] / focal[1]), onward[1][1] * (plane[1] / focal[1])),
    ]
    return Linearised(
        pixel=pixel,
        source=_columns(directions[:2]),
        exposure=_columns(directions[2:] + by_focal),
        calibration=_by_calibration(
            instrument, plane, coefficients, skew, by_position, onward
        ),
        detector=by_detector,
    )


def _camera_tangents(
    sources: SourceFrame, exposure: ExposureFrame, aberration: bool
) -> tuple[Components, list[Components]]:
    """Return camera components and their derivatives by offsets and attitude."""

    def seen(direction: Components) -> Components:
        return camera_components(
            apparent(direction, exposure.velocity, aberration), exposure.axes
        )

    def parts(vector: Array) -> Components:
        return tuple(vector[:, i, None] for i in range(3))

    start = parts(sources.direction)
    current, by_east = jax.jvp(seen, (start,), (parts(sources.east),))
    _, by_north = jax.jvp(seen, (start,), (parts(sources.north),))
    x, y, z = current
    cos, sin = exposure.cos_pa, exposure.sin_pa
    zero = jnp.zeros_like(z)
    along_x, along_y, roll = (-z, zero, x), (zero, -z, y), (-y, x, zero)
    east = tuple(cos * a + sin * b for a, b in zip(along_x, along_y, strict=True))
    north = tuple(-sin * a + cos * b for a, b in zip(along_x, along_y, strict=True))
    return current, [by_east, by_north, east, north, roll]


def _by_camera(
    instrument: Instrument, seen: Components, focal: Components
) -> tuple[Components, tuple[Components, Components]]:
    """Return undistorted positions and their derivatives by camera components."""

    def place(x: Array, y: Array, z: Array) -> Components:
        return undistorted(instrument.projection, instrument.parity, x, y, z, *focal)

    plane, columns = _partials(place, seen)
    return plane, _columns(columns)


def _by_plane(
    instrument: Instrument,
    plane: Components,
    coefficients: Array,
    skew: Array,
    shape: tuple[int, ...],
) -> tuple[Components, tuple[Components, Components]]:
    """Return measured positions and their derivatives by undistorted ones."""
    x, y = (jnp.broadcast_to(p, shape) for p in plane)
    position, columns = _partials(
        lambda a, b: measured(instrument.distortion, a, b, coefficients, skew), (x, y)
    )
    return position, _columns(columns)


def _by_calibration(
    instrument: Instrument,
    plane: Components,
    coefficients: Array,
    skew: Array,
    by_position: tuple[Components, Components],
    onward: tuple[Components, Components],
) -> tuple[Array, Array]:
    """Return derivatives of pixels by distortion coefficients and skew.

    Linear models keep their basis values and one 2 x 2 matrix; others are
    differentiated coefficient by coefficient.
    """
    distortion = instrument.distortion
    shape = by_position[0][0].shape
    x, y = (jnp.broadcast_to(p, shape) for p in plane)
    (xx, xy), (yx, yy) = by_position
    if distortion.is_linear:
        basis = distortion.basis(x + skew * y, y)
        by_x, by_y = [xx * basis, xy * basis], [yx * basis, yy * basis]
    else:
        column_x, column_y = jax.vmap(
            lambda t: jax.jvp(
                lambda c: measured(distortion, x, y, c, skew), (coefficients,), (t,)
            )[1]
        )(jnp.eye(coefficients.shape[0]))
        by_x = [xx * column_x + xy * column_y]
        by_y = [yx * column_x + yy * column_y]
    by_x.append((onward[0][0] * y)[None])
    by_y.append((onward[1][0] * y)[None])
    return jnp.concatenate(by_x), jnp.concatenate(by_y)


def _by_detector(
    x: Array, y: Array, parameters: Components, origin: Components
) -> tuple[Components, tuple[Components, Components], tuple[Components, Components]]:
    """Return pixels, derivatives by position and by the detector's parameters."""
    pixel, columns = _partials(
        lambda *a: detector_pixel(a[0], a[1], a[2:], origin), (x, y, *parameters)
    )
    return pixel, _columns(columns[:2]), _columns(columns[2:])


def _partials(
    function: Callable[..., Components], point: Components
) -> tuple[Components, list[Components]]:
    """Return a function's value and its derivative by each argument."""
    columns = []
    value: Components = ()
    for i in range(len(point)):
        tangent = tuple(
            jnp.ones_like(p) if i == j else jnp.zeros_like(p)
            for j, p in enumerate(point)
        )
        value, column = jax.jvp(function, point, tangent)
        columns.append(column)
    return value, columns


def _columns(columns: list[Components]) -> tuple[Components, Components]:
    """Turn a list of (x, y) columns into the rows of x and of y."""
    return tuple(c[0] for c in columns), tuple(c[1] for c in columns)


def _product(
    left: tuple[Components, Components], right: tuple[Components, Components]
) -> tuple[Components, Components]:
    """Multiply a 2 x 2 by a 2 x n matrix of components."""
    n = len(right[0])
    first = tuple(left[0][0] * right[0][j] + left[0][1] * right[1][j] for j in range(n))
    other = tuple(left[1][0] * right[0][j] + left[1][1] * right[1][j] for j in range(n))
    return first, other


def _apply(
    left: tuple[Components, Components], right: tuple[Array, ...]
) -> tuple[Array, Array]:
    """Multiply a 2 x n matrix of components by a vector of n components."""
    first = left[0][0] * right[0]
    other = left[1][0] * right[0]
    for a, b, c in zip(left[0][1:], left[1][1:], right[1:], strict=True):
        first, other = first + a * c, other + b * c
    return first, other
