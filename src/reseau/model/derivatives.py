"""Derivatives of the observation equation, stage by stage.

They are taken by automatic differentiation, each stage by itself, and joined by the
chain rule: `on_plane` goes to the undistorted focal plane, `on_detector` from there to
the pixel. What depends on the source only (its direction and tangent vectors), on the
exposure only (its axes) or on the detector only (its matrices) is differentiated once
for it, in the frames of `observation`, not once a measurement; a distortion that is
linear in its coefficients keeps its basis values and one 2 x 2 matrix, and so does a
declared term, whose basis values are multiplied by its covariate.
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
from .parameters import PER_DETECTOR
from .terms import Effects, has_frame, shifts, term_counts


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
        What derivatives by a linear distortion, by the detector and by declared terms
        are combinations of: the distortion's basis, 1, the two distances from the
        detector's centre [µm], and the terms' basis times their covariates, (f, ...);
        `feature_matrix` has the combinations.
    coefficients
        Distorted positions by the coefficients of a distortion that is not linear, rows
        of x and of y; else none.
    detector
        By the centre's x, y, by theta and by pitch_x, pitch_y of the detector met.
    exposure
        By the declared terms that the exposure met has.
    """

    pixel: Components
    plane: tuple[Components, Components]
    position: tuple[Components, Components]
    features: Array
    coefficients: tuple[Components, Components]
    detector: tuple[Components, Components]
    exposure: tuple[Components, Components] = ((), ())


class Combined(NamedTuple):
    """How many derivatives are combinations of `OnDetector.features`.

    Attributes
    ----------
    linear
        By coefficients of a linear distortion.
    terms
        By declared terms of the plate.
    own
        By what each detector has: its five numbers, then its declared terms.
    """

    linear: int
    terms: int
    own: int


def combined_columns(instrument: Instrument) -> Combined:
    """Return how many derivatives are combinations of features."""
    linear = instrument.distortion.is_linear
    counts = term_counts(instrument)
    return Combined(
        instrument.coefficients.shape[0] if linear else 0,
        counts.plate,
        PER_DETECTOR + counts.detector,
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
    effects: Effects | None = None,
) -> OnDetector:
    """Return pixels of undistorted positions (k, n), and derivatives.

    Parameters
    ----------
    plane
        Undistorted X, Y [µm].
    detectors
        Frames of the k detectors met.
    effects
        Of the instrument's terms, if it has any.
    """

    def place(a: Array, b: Array) -> Components:
        x, y = measured(instrument.distortion, a, b, coefficients, skew)
        if effects is None or not has_frame(instrument, "plane"):
            return x, y
        dx, dy = shifts(instrument, effects, a + skew * b, b, "plane")
        return x + dx, y + dy

    position, columns = _partials(place, plane)
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
    found = OnDetector(
        pixel=tuple(p + detectors.origin[:, None, i] for i, p in enumerate(pixel)),
        plane=_product(matrix, _columns(columns)),
        position=matrix,
        features=_features(instrument, plane, skew, (dx, dy), effects),
        coefficients=_by_coefficients(instrument, plane, coefficients, skew),
        detector=_columns(centre + shape),
    )
    if effects is None:
        return found
    return _with_terms(instrument, plane, skew, effects, found)


def _with_terms(
    instrument: Instrument,
    plane: Components,
    skew: Array,
    effects: Effects,
    found: OnDetector,
) -> OnDetector:
    """Return pixels shifted along the detector's axes too, and what exposures add."""
    own = _exposure_columns(instrument, plane, skew, effects, found)
    if not has_frame(instrument, "pixel"):
        return found._replace(exposure=own)
    shift, columns = _partials(
        lambda a, b: shifts(instrument, effects, a + skew * b, b, "pixel"), plane
    )
    more = _columns(columns)
    return found._replace(
        pixel=tuple(p + s for p, s in zip(found.pixel, shift, strict=True)),
        plane=(
            tuple(a + b for a, b in zip(found.plane[0], more[0], strict=True)),
            tuple(a + b for a, b in zip(found.plane[1], more[1], strict=True)),
        ),
        exposure=own,
    )


def _exposure_columns(
    instrument: Instrument,
    plane: Components,
    skew: Array,
    effects: Effects,
    at: OnDetector,
) -> tuple[Components, Components]:
    """Return derivatives of x and y by the terms that each exposure has."""
    x, y = plane[0] + skew * plane[1], plane[1]
    columns: list[Components] = []
    for term, u in zip(instrument.terms, effects.covariates, strict=True):
        if term.granularity != "exposure":
            continue
        values = [u * p for p in term.basis_values(x, y)]
        zero = jnp.zeros_like(values[0])
        for axis in ("xy".index(a) for a in term.axes):
            by = (at.position[0][axis], at.position[1][axis])
            if term.frame == "pixel":
                by = (1.0 - axis, float(axis))
            columns += [(by[0] * v + zero, by[1] * v + zero) for v in values]
    return _columns(columns)


def _features(
    instrument: Instrument,
    plane: Components,
    skew: Array,
    offset: Components,
    effects: Effects | None,
) -> Array:
    """Return the features of `OnDetector`."""
    distortion, (x, y) = instrument.distortion, plane
    rest = jnp.stack([jnp.ones_like(x), *offset])
    if effects is not None:
        of_terms = [
            u * p
            for term, u in zip(instrument.terms, effects.covariates, strict=True)
            if term.granularity != "exposure"
            for p in term.basis_values(x + skew * y, y)
        ]
        rest = jnp.concatenate([rest, *(v[None] for v in of_terms)])
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

    By the coefficients of a distortion that is linear, the terms of the plate, the
    detector's five numbers, and its own terms; see `combined_columns`.
    """
    matrix, n = jnp.asarray(detectors.matrix), 0
    if instrument.distortion.is_linear:
        n = instrument.coefficients.shape[0] // 2
    blocks = jnp.einsum("dab,tf->dabtf", matrix, jnp.eye(n, n + 3))
    centre = jnp.zeros((matrix.shape[0], 2, 2, n + 3)).at[..., n].set(-matrix)
    shape = jnp.zeros((matrix.shape[0], 2, 3, n + 3))
    shape = shape.at[..., n + 1 :].set(jnp.swapaxes(detectors.by_shape, -1, -2))
    flat = blocks.reshape(matrix.shape[0], 2, 2 * n, n + 3)
    whole = jnp.concatenate([flat, centre, shape], axis=2)
    if not any(term.granularity != "exposure" for term in instrument.terms):
        return whole
    of_plate, of_detector = _term_rows(instrument, matrix)
    f = of_plate.shape[-1]
    whole = jnp.pad(whole, ((0, 0), (0, 0), (0, 0), (0, f)))
    wide = ((0, 0), (0, 0), (0, 0), (n + 3, 0))
    of_plate, of_detector = jnp.pad(of_plate, wide), jnp.pad(of_detector, wide)
    first, rest = whole[:, :, : 2 * n], whole[:, :, 2 * n :]
    return jnp.concatenate([first, of_plate, rest, of_detector], axis=2)


def _term_rows(
    instrument: Instrument, matrix: Float[Array, "n_det 2 2"]
) -> tuple[Float[Array, "n_det 2 p f"], Float[Array, "n_det 2 q f"]]:
    """Return derivatives by the terms of the plate and of each detector.

    As combinations of the terms' basis values times their covariates.
    """
    terms = [term for term in instrument.terms if term.granularity != "exposure"]
    f = sum(len(term.functions) for term in terms)
    n_det, unit = matrix.shape[0], jnp.eye(f)
    rows: dict[str, list[Array]] = {
        which: [jnp.zeros((n_det, 2, 0, f))] for which in ("plate", "detector")
    }
    start = 0
    for term in terms:
        n = len(term.functions)
        here = unit[start : start + n]
        start += n
        for axis in ("xy".index(a) for a in term.axes):
            by = matrix[:, :, axis]
            if term.frame == "pixel":
                by = jnp.tile(jnp.eye(2)[axis], (n_det, 1))
            rows[term.granularity].append(by[:, :, None, None] * here)
    return (
        jnp.concatenate(rows["plate"], axis=2),
        jnp.concatenate(rows["detector"], axis=2),
    )


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
    "Combined",
    "OnDetector",
    "OnPlane",
    "combined_columns",
    "feature_matrix",
    "on_detector",
    "on_plane",
    "plain_columns",
]
