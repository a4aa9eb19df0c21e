"""Derivatives of the observation equation, stage by stage.

They are taken by automatic differentiation, each stage by itself, and joined by the
chain rule: `on_plane` goes to the undistorted focal plane, `on_detector` from there to
the pixel. What depends on the source only (its direction and tangent vectors), on the
exposure only (its axes) or on the detector only (its matrices) is differentiated once
for it, in the frames of `observation`, not once a measurement; a distortion that is
linear in its coefficients keeps its basis values and one 2 x 2 matrix.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from reseau.instrument import Instrument, LinearDistortion, measured, undistorted

from .observation import (
    Components,
    DetectorFrame,
    ExposureFrame,
    SourceFrame,
    apparent,
    camera_components,
)


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


__all__ = [
    "OnDetector",
    "OnPlane",
    "feature_matrix",
    "on_detector",
    "on_plane",
    "plain_columns",
]
