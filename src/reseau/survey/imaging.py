"""Where the stars of a field fall on the detectors, exposure by exposure.

The stages of the observation equation (`model.observation`), composed for a camera that
differs from exposure to exposure. Exposures that point to about the same place share
their candidates, the stars within reach of any of them, so that directions are gathered
once for all of them.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from reseau._usual import up_to_usual
from reseau.instrument import Instrument, measured, to_pixel, undistorted
from reseau.instrument.distortion.terms import (
    evaluate,
    legendre_functions,
)
from reseau.model import ExposureFrame
from reseau.model.observation import apparent, camera_components

from .camera_flaws import FIELD_DEGREE, FIELD_TERMS, CameraFlaws

TOGETHER = 4
"""Exposures that a program takes at a time."""

MARGIN = 3e-4
"""Beyond the edge of the field that stars are looked for [rad]: for aberration, of at
most 1.2e-4, and the bending of light."""


class Images(NamedTuple):
    """Stars on detectors, sorted by exposure, then by source.

    Attributes
    ----------
    source, exposure, detector
        Rows of the star, the exposure and the detector.
    pixel
        Positions x, y without noise [pixel].
    """

    source: Int[np.ndarray, "n"]
    exposure: Int[np.ndarray, "n"]
    detector: Int[np.ndarray, "n"]
    pixel: Float[np.ndarray, "n 2"]


class FieldStars(NamedTuple):
    """What the camera sees of n stars.

    Attributes
    ----------
    direction
        Geometric directions from the observer, ICRS: of all exposures, or of each of
        the m.
    magnitude, colour
        Of the stars [mag]; None where nothing depends on it.
    """

    direction: Float[np.ndarray, "m n 3"]
    magnitude: Float[np.ndarray, "n"] | None = None
    colour: Float[np.ndarray, "n"] | None = None


class _Shift(NamedTuple):
    """A shift in the plane by a property of the star: what is needed of it."""

    pattern: Array | np.ndarray
    factor: Array | np.ndarray


def reach(instrument: Instrument) -> float:
    """Return how far from the axis a star may be seen [rad]."""
    detectors = instrument.detectors
    half = 0.5 * np.asarray(detectors.naxis) * np.asarray(detectors.pitch)
    corner = np.linalg.norm(np.asarray(detectors.centre), axis=1)
    corner = corner + np.linalg.norm(half, axis=1)
    angle = float(np.arctan(corner.max() / np.min(instrument.focal)))
    return 1.05 * angle + MARGIN


def edge(instrument: Instrument, flaws: CameraFlaws) -> float:
    """Return the largest tangent in x or y at which a star can be seen.

    Distortion, and shifts by a colour or a magnitude of 30, are counted as twice their
    terms' sizes together, and `MARGIN` comes on top.
    """
    half = 0.5 * np.asarray(instrument.detectors.naxis) * flaws.detectors[..., 3:]
    corner = np.abs(flaws.detectors[..., :2]).max(axis=-1)
    corner = corner + np.hypot(*np.moveaxis(half, -1, 0))
    turned = np.abs(np.sin(2.0 * flaws.detectors[..., 2]))
    straight = np.abs(flaws.detectors[..., :2]).max(axis=-1) + half.max(axis=-1)
    # Detectors along the axes reach less far than turned ones, by their diagonals.
    reached = np.where(turned < 0.02, straight + 0.01 * half.max(axis=-1), corner)
    shift = np.abs(flaws.coefficients).sum(axis=-1).max()
    for pattern in (flaws.by_colour, flaws.by_magnitude):
        shift += 0.0 if pattern is None else 30.0 * np.abs(pattern).sum(axis=-1).max()
    slope = abs(float(np.asarray(instrument.skew)))
    whole = float(reached.max() * (1.0 + slope) + 2.0 * shift)
    return whole / float(flaws.focal.min()) + MARGIN


def image_fields(
    instrument: Instrument,
    flaws: CameraFlaws,
    stars: FieldStars,
    exposures: ExposureFrame,
    field: Int[np.ndarray, "m"],
) -> Images:
    """Return all images of stars that fall on a detector, by exposure, then by star.

    Parameters
    ----------
    instrument
        As built: projection, parity, skew and the sides of its detectors.
    flaws
        What the camera does on each of m exposures.
    stars
        The stars.
    exposures
        True frames of the exposures.
    field
        Number of the field that each exposure belongs to.
    """
    axes = np.asarray(exposures.axes)
    far, limit = reach(instrument), edge(instrument, flaws)
    parts = []
    for number in np.unique(field):
        rows = np.flatnonzero(field == number)
        found = _candidates(stars.direction[0], axes[rows], far, limit)
        if len(found):
            parts.append(_of_field(instrument, flaws, stars, exposures, rows, found))
    if not parts:
        none = np.zeros(0, dtype=np.int32)
        return Images(none, none, none, np.zeros((0, 2)))
    whole = Images(*(np.concatenate(p) for p in zip(*parts, strict=True)))
    if np.all(np.diff(whole.exposure) >= 0):
        return whole
    order = np.argsort(whole.exposure, kind="stable")
    return Images(*(column[order] for column in whole))


def _candidates(
    direction: Float[np.ndarray, "n 3"],
    axes: Float[np.ndarray, "m 3 3"],
    far: float,
    limit: float,
) -> Int[np.ndarray, "c"]:
    """Return the rows of stars that some of a field's exposures may see."""
    centre = axes[:, 2].mean(axis=0)
    centre /= np.linalg.norm(centre)
    apart = np.linalg.norm(axes[:, 2] - centre, axis=1).max()
    spread = 2.0 * np.arcsin(min(0.5 * apart, 1.0))
    near = np.flatnonzero(direction @ centre > np.cos(min(far + spread, np.pi)))
    seen = direction[near] @ axes.reshape(-1, 3).T
    x, y, z = (seen[:, i::3] for i in range(3))
    inside = (np.abs(x) <= limit * z) & (np.abs(y) <= limit * z)
    return near[inside.any(axis=1)]


def _of_field(
    instrument: Instrument,
    flaws: CameraFlaws,
    stars: FieldStars,
    exposures: ExposureFrame,
    rows: np.ndarray,
    found: np.ndarray,
) -> Images:
    """Return the images of some candidates on some exposures."""
    padded = found[up_to_usual(len(found))]
    moving = len(stars.direction) > 1
    shifts = [
        _Shift(np.asarray(pattern), values[padded] - zero)
        for pattern, values, zero in (
            (flaws.by_colour, stars.colour, flaws.colour_zero),
            (flaws.by_magnitude, stars.magnitude, flaws.magnitude_zero),
        )
        if pattern is not None and values is not None
    ]
    fixed = stars.direction[:1, padded]
    parts = []
    for first in range(0, len(rows), TOGETHER):
        some = rows[first : first + TOGETHER]
        chosen = rows[np.minimum(np.arange(first, first + TOGETHER), len(rows) - 1)]
        there = stars.direction[chosen][:, padded] if moving else fixed
        frame = jax.tree.map(lambda leaf, c=chosen: np.asarray(leaf)[c], exposures)
        pixel, met, seen = _view(
            instrument,
            jnp.asarray(there),
            frame,
            flaws.coefficients[chosen],
            flaws.detectors[chosen],
            tuple(shifts),
        )
        inside = np.asarray(seen)[: len(some), : len(found)]
        exposure, star = np.nonzero(inside)
        position = np.asarray(pixel)[:, exposure, star].T
        parts.append(
            Images(
                source=found[star].astype(np.int32),
                exposure=some[exposure].astype(np.int32),
                detector=np.asarray(met)[exposure, star].astype(np.int32),
                pixel=np.ascontiguousarray(position),
            )
        )
    return Images(*(np.concatenate(p) for p in zip(*parts, strict=True)))


@eqx.filter_jit
def _view(
    instrument: Instrument,
    direction: Float[Array, "e n 3"],
    exposures: ExposureFrame,
    coefficients: Float[Array | np.ndarray, "m 2 j"],
    detectors: Float[Array | np.ndarray, "m k 5"],
    shifts: tuple[_Shift, ...],
) -> tuple[Float[Array, "2 m n"], Int[Array, "m n"], Bool[Array, "m n"]]:
    """Return pixels, the detector met, and whether there is one."""
    around, axes, focal = jax.tree.map(
        lambda leaf: jnp.asarray(leaf)[:, None],
        (exposures.surroundings, exposures.axes, exposures.focal),
    )
    there = tuple(direction[..., i] for i in range(3))
    x, y, z = camera_components(apparent(there, around), axes)
    plane = undistorted(
        instrument.projection, instrument.parity, x, y, z, focal[..., 0], focal[..., 1]
    )
    flat = jnp.asarray(coefficients).reshape(len(coefficients), -1).T[..., None]
    skew = jnp.asarray(instrument.skew)
    x, y = measured(instrument.distortion, *plane, flat, skew)
    if shifts:
        size = instrument.distortion.normalisation
        of_x, of_y = (legendre_functions(v / size, FIELD_DEGREE) for v in plane)
        for shift in shifts:
            x = x + shift.factor * evaluate(of_x, of_y, FIELD_TERMS, shift.pattern[0])
            y = y + shift.factor * evaluate(of_x, of_y, FIELD_TERMS, shift.pattern[1])
    naxis = jnp.asarray(instrument.detectors.naxis)
    origin = jnp.asarray(instrument.detectors.origin)
    met = jnp.full(x.shape, -1)
    px, py = jnp.zeros_like(x), jnp.zeros_like(x)
    for i in range(naxis.shape[0]):
        values = jnp.asarray(detectors)[:, i, :, None]
        a, b = to_pixel(
            x,
            y,
            centre_x=values[:, 0],
            centre_y=values[:, 1],
            theta=values[:, 2],
            pitch_x=values[:, 3],
            pitch_y=values[:, 4],
            origin_x=origin[i, 0],
            origin_y=origin[i, 1],
        )
        # Pixels reach half a pixel beyond their centres.
        inside = (a >= -0.5) & (a < naxis[i, 0] - 0.5)
        inside &= (b >= -0.5) & (b < naxis[i, 1] - 0.5) & (met < 0)
        met = jnp.where(inside, i, met)
        px, py = jnp.where(inside, a, px), jnp.where(inside, b, py)
    return jnp.stack([px, py]), met, met >= 0


__all__ = ["FieldStars", "Images", "image_fields", "reach"]
