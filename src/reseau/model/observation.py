"""The observation equation, written once: from a source to a pixel.

::

    source direction ── deflection, aberration, refraction ──> apparent direction
        ── camera axes of the exposure ──> camera frame
        ── projection, parity, focal lengths ──> undistorted focal plane [µm]
        ── skew, distortion ──> focal plane [µm]
        ── detector ──> pixel

`predict` composes the stages. Their derivatives are taken by automatic
differentiation, each stage by itself, and joined by the chain rule: `on_plane`
goes to the undistorted focal plane, `on_detector` from there to the pixel. What
depends on the source only (its direction and tangent vectors), on the exposure
only (its axes) or on the detector only (its matrices) is differentiated once for
it, not once a measurement; a distortion that is linear in its coefficients keeps
its basis values and one 2 x 2 matrix. All arrays are components that broadcast,
with the measurements along the last axes.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from reseau.instrument import (
    Instrument,
    LinearDistortion,
    measured,
    to_pixel,
    undistorted,
)
from reseau.records import Surroundings
from reseau.sky import apparent_direction, normalise, tangent_basis

Components = tuple[Any, ...]


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
    surroundings
        What displaces directions.
    """

    axes: Float[Array, "*batch 3 3"]
    cos_pa: Float[Array, "*batch"]
    sin_pa: Float[Array, "*batch"]
    focal: Float[Array, "*batch 2"]
    surroundings: Surroundings


class DetectorFrame(eqx.Module):
    """What a detector's measurements share, a row a detector.

    Attributes
    ----------
    centre
        Focal-plane position of the centre [µm].
    origin
        Pixel coordinates of the centre.
    matrix
        Derivatives of pixels by focal-plane position [pixel/µm].
    by_shape
        Derivatives of `matrix` by theta, pitch_x and pitch_y, last axis.
    """

    centre: Float[Array, "*batch 2"]
    origin: Float[Array, "*batch 2"]
    matrix: Float[Array, "*batch 2 2"]
    by_shape: Float[Array, "*batch 2 2 3"]


class OnPlane(NamedTuple):
    """Undistorted focal-plane positions and their derivatives.

    Attributes
    ----------
    position
        X, Y [µm].
    source
        Rows of X and of Y: by the source's offsets east, north [µm/rad].
    exposure
        By east, north, roll [µm/rad], F_x, F_y.
    """

    position: Components
    source: tuple[Components, Components]
    exposure: tuple[Components, Components]


class OnDetector(NamedTuple):
    """Pixels of focal-plane positions and their derivatives.

    Attributes
    ----------
    pixel
        x, y.
    plane
        By the undistorted position [pixel/µm].
    position
        By the distorted position [pixel/µm], (k, 1).
    features
        What derivatives by a linear distortion and by the detector are combinations of:
        the distortion's basis, 1, and the two distances from the detector's centre
        [µm], (f, ...); `feature_matrix` has the combinations.
    coefficients
        Distorted positions by the coefficients of a distortion that is not linear, rows
        of x and of y; else none.
    detector
        By the centre's x, y, by theta and by pitch_x, pitch_y of the detector met.
    """

    pixel: Components
    plane: tuple[Components, Components]
    position: tuple[Components, Components]
    features: Array
    coefficients: tuple[Components, Components]
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


def position_angle(
    axes: Float[Array, "m 3 3"],
) -> tuple[Float[Array, "m"], Float[Array, "m"]]:
    """Return cosine and sine of the position angle of each camera's axes."""
    east, north = tangent_basis(axes[:, 2])
    cos = jnp.sum(axes[:, 1] * north, axis=-1)
    return cos, jnp.sum(axes[:, 1] * east, axis=-1)


def exposure_frame(
    axes: Float[Array, "m 3 3"],
    focal: Float[Array, "m 2"],
    surroundings: Surroundings,
) -> ExposureFrame:
    """Return what the measurements of each exposure share."""
    cos, sin = position_angle(axes)
    return ExposureFrame(
        axes=axes,
        cos_pa=cos,
        sin_pa=sin,
        focal=focal,
        surroundings=jax.tree.map(jnp.asarray, surroundings),
    )


def detector_frame(
    detectors: Float[Array, "n_det 5"], origin: Float[Array, "n_det 2"]
) -> DetectorFrame:
    """Return what the measurements of each detector share.

    A detector is affine in the focal-plane position, so its matrix and that matrix's
    derivatives say all.
    """

    def matrix(shape: Array) -> Array:
        rows = jax.jacfwd(lambda d: jnp.stack(_relative_pixel(d[0], d[1], shape)))
        return rows(jnp.zeros(2))

    return DetectorFrame(
        centre=detectors[:, :2],
        origin=origin,
        matrix=jax.vmap(matrix)(detectors[:, 2:]),
        by_shape=jax.vmap(jax.jacfwd(matrix))(detectors[:, 2:]),
    )


def _relative_pixel(x: Array, y: Array, shape: Array) -> Components:
    """Return pixels from the detector's centre; `shape` is theta, pitch_x, pitch_y."""
    zero = jnp.zeros_like(x)
    return to_pixel(
        x,
        y,
        centre_x=zero,
        centre_y=zero,
        theta=shape[0],
        pitch_x=shape[1],
        pitch_y=shape[2],
        origin_x=zero,
        origin_y=zero,
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
    detectors: Float[Array, "n_det 5"],
    origin: Float[Array | np.ndarray, "n_det 2"],
    index: Array,
) -> tuple[Components, Components]:
    """Return the five parameters and the pixel origin of the detectors met."""
    parameters = tuple(detectors[:, i][index] for i in range(5))
    return parameters, (origin[:, 0][index], origin[:, 1][index])


def detector_pixel(
    x: Any, y: Any, parameters: Components, origin: Components
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


def apparent(direction: Components, surroundings: Surroundings) -> Components:
    """Return the apparent direction's components.

    Parameters
    ----------
    surroundings
        What displaces directions; its batch axes broadcast with the components.
    """
    if not jax.tree.leaves(surroundings):
        return direction
    moved = apparent_direction(jnp.stack(direction, axis=-1), surroundings)
    return tuple(moved[..., i] for i in range(3))


def predict(
    instrument: Instrument,
    direction: Components,
    exposure: ExposureFrame,
    coefficients: Array,
    skew: Array,
    detectors: Array,
    index: Array,
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
    seen = apparent(direction, exposure.surroundings)
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


def on_plane(
    instrument: Instrument,
    sources: SourceFrame,
    exposure: ExposureFrame,
    valid: Array,
) -> OnPlane:
    """Return undistorted positions of n sources on k exposures, and derivatives.

    Parameters
    ----------
    sources, exposure
        Frames of n sources, or of n for each of the exposures, and of k exposures.
    valid
        False where a source was not measured on an exposure, (k, n); there the axis
        takes the source's place, so that nothing becomes infinite.
    """
    (x, y, z), tangents = _camera_tangents(sources, exposure)
    seen = jnp.where(valid, x, 0.0), jnp.where(valid, y, 0.0), jnp.where(valid, z, 1.0)
    focal = (exposure.focal[:, None, 0], exposure.focal[:, None, 1])

    def place(x: Array, y: Array, z: Array) -> Components:
        return undistorted(instrument.projection, instrument.parity, x, y, z, *focal)

    position, columns = _partials(place, seen)
    by_camera = _columns(columns)
    moved = [_apply(by_camera, t) for t in tangents]
    zero = jnp.zeros_like(position[0])
    by_focal = [(position[0] / focal[0], zero), (zero, position[1] / focal[1])]
    return OnPlane(position, _columns(moved[:2]), _columns(moved[2:] + by_focal))


def on_detector(
    instrument: Instrument,
    plane: Components,
    coefficients: Array,
    skew: Array,
    detectors: DetectorFrame,
) -> OnDetector:
    """Return pixels of undistorted positions (k, n), and derivatives.

    Parameters
    ----------
    plane
        Undistorted X, Y [µm].
    detectors
        Frames of the k detectors met.
    """
    distortion = instrument.distortion
    position, columns = _partials(
        lambda a, b: measured(distortion, a, b, coefficients, skew), plane
    )
    dx = position[0] - detectors.centre[:, None, 0]
    dy = position[1] - detectors.centre[:, None, 1]
    rows = [[detectors.matrix[:, None, i, j] for j in range(2)] for i in range(2)]
    matrix = tuple(rows[0]), tuple(rows[1])
    shape = [
        tuple(
            detectors.by_shape[:, None, i, 0, p] * dx
            + detectors.by_shape[:, None, i, 1, p] * dy
            for i in range(2)
        )
        for p in range(3)
    ]
    pixel = _apply(matrix, (dx, dy))
    centre = [(-matrix[0][j], -matrix[1][j]) for j in range(2)]
    return OnDetector(
        pixel=tuple(p + detectors.origin[:, None, i] for i, p in enumerate(pixel)),
        plane=_product(matrix, _columns(columns)),
        position=matrix,
        features=_features(instrument, plane, skew, (dx, dy)),
        coefficients=_by_coefficients(instrument, plane, coefficients, skew),
        detector=_columns(centre + shape),
    )


def _features(
    instrument: Instrument, plane: Components, skew: Array, offset: Components
) -> Array:
    """Return the features of `OnDetector`."""
    distortion, (x, y) = instrument.distortion, plane
    rest = jnp.stack([jnp.ones_like(x), *offset])
    if not isinstance(distortion, LinearDistortion):
        return rest
    return jnp.concatenate([distortion.basis(x + skew * y, y), rest])


def _by_coefficients(
    instrument: Instrument, plane: Components, coefficients: Array, skew: Array
) -> tuple[Components, Components]:
    """Return derivatives by coefficients that are not linear, one by one."""
    distortion, (x, y) = instrument.distortion, plane
    if distortion.is_linear:
        return (), ()
    columns = [
        jax.jvp(lambda c: measured(distortion, x, y, c, skew), (coefficients,), (t,))[1]
        for t in jnp.eye(coefficients.shape[0])
    ]
    return _columns(columns)


def feature_matrix(
    instrument: Instrument, detectors: DetectorFrame
) -> Float[Array, "n_det 2 p f"]:
    """Return derivatives of pixels x and y as combinations of `features`.

    By the coefficients of a distortion that is linear, and the detector's five numbers.
    """
    matrix, n = jnp.asarray(detectors.matrix), 0
    if instrument.distortion.is_linear:
        n = instrument.coefficients.shape[0] // 2
    blocks = jnp.einsum("dab,tf->dabtf", matrix, jnp.eye(n, n + 3))
    centre = jnp.zeros((matrix.shape[0], 2, 2, n + 3)).at[..., n].set(-matrix)
    shape = jnp.zeros((matrix.shape[0], 2, 3, n + 3))
    shape = shape.at[..., n + 1 :].set(jnp.swapaxes(detectors.by_shape, -1, -2))
    flat = blocks.reshape(matrix.shape[0], 2, 2 * n, n + 3)
    return jnp.concatenate([flat, centre, shape], axis=2)


def plain_columns(plane: Components, at: OnDetector) -> tuple[list[Array], list[Array]]:
    """Return derivatives of x and y by calibration that `features` do not give.

    By the coefficients of a distortion that is not linear, and by the skew.
    """
    by_x, by_y = _product(at.position, at.coefficients)
    return (
        [*by_x, at.plane[0][0] * plane[1]],
        [*by_y, at.plane[1][0] * plane[1]],
    )


def _camera_tangents(
    sources: SourceFrame, exposure: ExposureFrame
) -> tuple[Components, list[Components]]:
    """Return camera components and their derivatives by offsets and attitude."""
    axes = exposure.axes[:, None]
    around = jax.tree.map(lambda leaf: leaf[:, None], exposure.surroundings)

    def seen(direction: Components) -> Components:
        return camera_components(apparent(direction, around), axes)

    def parts(vector: Array) -> Components:
        return tuple(vector[..., i] for i in range(3))

    start = parts(sources.direction)
    current, by_east = jax.jvp(seen, (start,), (parts(sources.east),))
    _, by_north = jax.jvp(seen, (start,), (parts(sources.north),))
    x, y, z = current
    cos, sin = exposure.cos_pa[:, None], exposure.sin_pa[:, None]
    zero = jnp.zeros_like(z)
    along_x, along_y, roll = (-z, zero, x), (zero, -z, y), (-y, x, zero)
    east = tuple(cos * a + sin * b for a, b in zip(along_x, along_y, strict=True))
    north = tuple(-sin * a + cos * b for a, b in zip(along_x, along_y, strict=True))
    return current, [by_east, by_north, east, north, roll]


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
