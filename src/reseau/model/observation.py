"""The observation equation, written once: from a source to a pixel.

::

    source direction ── deflection, aberration, refraction ──> apparent direction
        ── camera axes of the exposure ──> camera frame
        ── projection, parity, focal lengths ──> undistorted focal plane [µm]
        ── skew, distortion, declared terms ──> focal plane [µm]
        ── detector ──> pixel ── declared terms of that frame ──> pixel

`predict` composes the stages; their derivatives are in `derivatives`. What depends on
the source, the exposure or the detector only is in a frame, with its own derivatives,
computed once for it and not once a measurement. All arrays are components that
broadcast, with the measurements along the last axes.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from reseau.instrument import Instrument, measured, to_pixel, undistorted
from reseau.records import Surroundings
from reseau.sky import apparent_direction, normalise, tangent_basis

from .terms import effects_of, shifts

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
    terms
        Coefficients of the declared terms that each exposure has; None: there are none.
    """

    axes: Float[Array, "*batch 3 3"]
    cos_pa: Float[Array, "*batch"]
    sin_pa: Float[Array, "*batch"]
    focal: Float[Array, "*batch 2"]
    surroundings: Surroundings
    terms: Float[Array, "*batch k"] | None = None


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
    terms: Float[Array | np.ndarray, "n_row k"] | None = None,
) -> ExposureFrame:
    """Return what the measurements of each exposure share.

    Parameters
    ----------
    axes, focal
        As in `Parameters`.
    surroundings
        What displaces directions.
    terms
        `Parameters.exposure_terms`; absent or empty: there are none.
    """
    has_terms = terms is not None and terms.shape[1] > 0
    cos, sin = position_angle(axes)
    return ExposureFrame(
        axes=axes,
        cos_pa=cos,
        sin_pa=sin,
        focal=focal,
        surroundings=jax.tree.map(jnp.asarray, surroundings),
        terms=jnp.asarray(terms) if has_terms else None,
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
    terms: Array | None = None,
    covariates: Any = None,
) -> Components:
    """Return the pixels at which sources are seen.

    Parameters
    ----------
    direction
        Geometric directions, three components that broadcast with the rest.
    exposure
        Frames of the exposures met, along the last axis.
    coefficients, skew, detectors, terms
        As in `Parameters`; those terms that each exposure has are in its frame.
    index
        Detectors met.
    covariates
        Of the measurements, a row for each of the instrument's terms, which broadcasts
        with the rest; see `term_covariates`.

    Raises
    ------
    ConfigError
        The instrument has terms, and there are no covariates.
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
    constants = detector_constants(detectors, instrument.detectors.origin, index)
    if not instrument.terms:
        return detector_pixel(x, y, *constants)
    values = jnp.zeros(0) if terms is None else terms
    effects = effects_of(instrument, values, exposure.terms, index, covariates)
    place = plane[0] + skew * plane[1], plane[1]
    dx, dy = shifts(instrument, effects, *place, "plane")
    x, y = detector_pixel(x + dx, y + dy, *constants)
    dx, dy = shifts(instrument, effects, *place, "pixel")
    return x + dx, y + dy


__all__ = [
    "Components",
    "DetectorFrame",
    "ExposureFrame",
    "SourceFrame",
    "apparent",
    "camera_components",
    "detector_constants",
    "detector_frame",
    "detector_pixel",
    "exposure_frame",
    "position_angle",
    "predict",
    "source_frame",
]
