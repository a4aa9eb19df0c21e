"""Attitude and scale of each exposure from its matched references, some of them wrong.

Where all references of an exposure agree, the rotation that best carries their apparent
directions onto the directions of their pixels is found in closed form (Wahba's problem,
by singular value decomposition), for all exposures at once. Where they do not, what
most of them agree on is (`consensus`), and who does not is remembered.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from reseau._compiled import quick_jit
from reseau._usual import in_chunks
from reseau.instrument import Instrument, camera_from_pixel
from reseau.model import Problem
from reseau.records import Surroundings
from reseau.sky import apparent_direction

from .consensus import CERTAIN, LOWEST, Consensus, Expected, Matches, find_consensus

MINIMUM_REFERENCES = 2
"""Stars that determine a rotation."""

UNEVEN = 8.0
"""A largest residual of so many medians makes an exposure suspect."""

ROUGH = 0.005
"""So do residuals of this share of the field."""

LEAST_DOUBT = 2e-3
"""Relative scale that a distortion may hide, added to the scale's prior."""


class Pairs(NamedTuple):
    """Measured references.

    Attributes
    ----------
    row
        Of the measurement.
    exposure
        Of each.
    camera
        Directions by the nominal instrument, camera frame.
    star
        Apparent directions, ICRS.
    sigma
        Error of their distance, a coordinate [rad].
    """

    row: Int[np.ndarray, "k"]
    exposure: Int[np.ndarray, "k"]
    camera: Float[np.ndarray, "k 3"]
    star: Float[np.ndarray, "k 3"]
    sigma: Float[np.ndarray, "k"]


class Agreement(NamedTuple):
    """What the references of one exposure agree on.

    Attributes
    ----------
    exposure
        Its row.
    rows
        Of the measurements.
    consensus, mirrored
        With the camera as it is, and with its mirror image where that was tried.
    """

    exposure: int
    rows: Int[np.ndarray, "n"]
    consensus: Consensus
    mirrored: Consensus | None = None


class Alignment(NamedTuple):
    """Attitudes that references tell.

    Attributes
    ----------
    axes
        Of all exposures; the estimated ones where references are too few.
    aligned
        Whether an exposure's attitude came from its references.
    scale
        Common to the aligned exposures, in units of the nominal one.
    strays
        Which measurements disagree with most references of their exposure.
    doubtful
        The exposures whose references do not all agree.
    """

    axes: Float[np.ndarray, "n_exp 3 3"]
    aligned: Bool[np.ndarray, "n_exp"]
    scale: float
    strays: Bool[np.ndarray, "n_meas"]
    doubtful: tuple[Agreement, ...]


def align(problem: Problem, axes: np.ndarray, pairs: Pairs) -> Alignment:
    """Return attitudes, from references where there are enough of them.

    Parameters
    ----------
    axes
        Estimated ones.
    pairs
        As `matched_pairs` found them.
    """
    n = len(axes)
    strays = np.zeros(len(problem.measurements.source), dtype=bool)
    count = np.bincount(pairs.exposure, minlength=n)
    aligned = count >= MINIMUM_REFERENCES
    if not aligned.any() or "attitude" not in problem.free:
        return Alignment(axes, np.zeros(n, dtype=bool), 1.0, strays, ())
    found, scale, agreed = _all_together(axes, aligned, pairs)
    doubtful: list[Agreement] = []
    for exposure in np.flatnonzero(aligned & ~agreed):
        agreement = agreement_of(problem, pairs, int(exposure), axes[exposure])
        if agreement is None:
            found[exposure], aligned[exposure] = axes[exposure], False
            continue
        of_most = agreement.consensus
        doubtful.append(agreement)
        found[exposure], scale[exposure] = of_most.axes, of_most.scale
        strays[agreement.rows] = of_most.strays
    common = float(np.median(scale[aligned])) if aligned.any() else 1.0
    return Alignment(found, aligned, common, strays, tuple(doubtful))


def agreement_of(
    problem: Problem, pairs: Pairs, exposure: int, axes: np.ndarray
) -> Agreement | None:
    """Return what the references of an exposure agree on; None if they are in a point.

    The mirror image is tried as well unless the agreement is beyond doubt.

    Parameters
    ----------
    axes
        Estimated attitude of the exposure.
    """
    inside = pairs.exposure == exposure
    matches = Matches(pairs.camera[inside], pairs.star[inside], pairs.sigma[inside])
    expected = expectation(problem, exposure, axes)
    found = find_consensus(matches, expected)
    if found is None:
        return None
    mirrored = None
    if found.surprise < CERTAIN or not found.agrees.all():
        mirrored = find_consensus(matches, expected, mirrored=True)
    return Agreement(exposure, pairs.row[inside], found, mirrored)


def expectation(problem: Problem, exposure: int, axes: np.ndarray) -> Expected:
    """Return what is known of an exposure's attitude and scale before looking."""
    instrument = problem.instrument
    relative = float(instrument.focal_sigma) / float(np.mean(instrument.focal))
    pitch = np.asarray(instrument.detectors.sigma_pitch)
    scale = np.hypot(relative, float(np.max(pitch, initial=0.0)))
    east, north, roll = np.asarray(problem.exposures.attitude_sigma)[exposure]
    known = np.isfinite(east) and np.isfinite(north)
    sky = float(np.hypot(east, north)) if known else np.inf
    return Expected(axes, (sky, float(roll)), float(np.hypot(scale, LEAST_DOUBT)))


def matched_pairs(problem: Problem, camera: np.ndarray, known: np.ndarray) -> Pairs:
    """Return the measurements of sources whose directions are known.

    Parameters
    ----------
    camera
        Directions of all measurements by the nominal instrument.
    known
        Whether a source's direction is.
    """
    measurements = problem.measurements
    source = np.asarray(measurements.source)
    row = np.flatnonzero(known[source] & np.all(np.isfinite(camera), axis=1))
    exposure = np.asarray(measurements.exposure)[row]
    direction = np.asarray(problem.prior.direction)[source[row]]
    star = np.zeros((0, 3))
    if row.size:
        star = in_chunks(_apparent, direction, surroundings_of(problem, exposure))
    return Pairs(row, exposure, camera[row], star, _errors(problem, row))


def _errors(problem: Problem, row: np.ndarray) -> np.ndarray:
    """Return errors of the distances of stars and detections, a coordinate [rad]."""
    measurements, instrument = problem.measurements, problem.instrument
    covariance = np.asarray(measurements.covariance)[row]
    pitch = np.asarray(instrument.detectors.pitch)
    detector = np.asarray(measurements.detector)[row]
    unit = np.mean(pitch, axis=1)[detector] / float(np.mean(instrument.focal))
    square = 0.5 * np.trace(covariance, axis1=1, axis2=2) * unit**2
    information = np.asarray(problem.prior.information)
    determinant = np.linalg.det(information)
    trace = np.trace(information, axis1=1, axis2=2)
    of_star = np.where(determinant > 0, 0.5 * trace, 0.0)
    of_star = of_star / np.where(determinant > 0, determinant, 1.0)
    return np.sqrt(square + of_star[np.asarray(measurements.source)[row]])


def camera_directions(problem: Problem) -> Float[np.ndarray, "n_meas 3"]:
    """Return where the nominal instrument sees each measurement, camera frame."""
    measurements = problem.measurements
    pixel, detector = np.asarray(measurements.pixel), np.asarray(measurements.detector)
    return camera_vectors(problem.instrument, pixel, detector)


def camera_vectors(
    instrument: Instrument, pixel: np.ndarray, detector: np.ndarray
) -> Float[np.ndarray, "n_meas 3"]:
    """Return unit vectors in the camera's frame of measured positions.

    Parameters
    ----------
    instrument
        At its own focal lengths.
    pixel
        Positions (n_meas, 2), in the unit in which they were measured.
    detector
        Row of the detector of each.
    """
    if not len(pixel):
        return np.zeros((0, 3))
    program = partial(_camera_compiled, instrument)
    row = np.asarray(detector, np.int32)
    components = in_chunks(program, pixel[:, 0], pixel[:, 1], row)
    return np.stack(components, axis=-1)


@quick_jit
def _camera_compiled(
    instrument: Instrument, x: Array, y: Array, detector: Array
) -> tuple[Any, ...]:
    return camera_from_pixel(
        instrument, x, y, detector, instrument.focal[0], instrument.focal[1]
    )


_apparent = quick_jit(apparent_direction)


def surroundings_of(problem: Problem, exposure: np.ndarray) -> Surroundings:
    """Return what displaces the directions of measurements of some exposures."""
    around = problem.exposures.surroundings
    return jax.tree.map(lambda leaf: np.asarray(leaf)[exposure], around)


def sum_by(index: np.ndarray, values: np.ndarray, n: int) -> np.ndarray:
    """Sum rows of `values` by `index`."""
    sums = [np.bincount(index, weights=column, minlength=n) for column in values.T]
    return np.stack(sums, axis=-1)


def _all_together(
    axes: np.ndarray, aligned: np.ndarray, pairs: Pairs
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return attitudes and scales by all references, and where these agree."""
    n, exposure = len(axes), pairs.exposure
    moment = np.stack(
        [sum_by(exposure, pairs.camera[:, i, None] * pairs.star, n) for i in range(3)],
        axis=1,
    )
    left, _, right = np.linalg.svd(moment)
    left[:, :, 2] *= np.linalg.det(left @ right)[:, None]
    found = np.where(aligned[:, None, None], left @ right, axes)
    with np.errstate(all="ignore"):
        u = pairs.camera[:, :2] / pairs.camera[:, 2:]
        v = np.stack(
            [np.sum(found[exposure, i] * pairs.star, axis=1) for i in range(3)], axis=1
        )
        usable = (pairs.camera[:, 2] > LOWEST) & (v[:, 2] > LOWEST)
        v = v[:, :2] / v[:, 2:]
        u, v = (np.where(usable[:, None], w, 0.0) for w in (u, v))
        scale = _slope(exposure, v, u, n)
        distance = np.linalg.norm(scale[exposure, None] * v - u, axis=1)
    agreed = np.bincount(exposure, ~usable, minlength=n) == 0
    return found, scale, agreed & _agree(exposure, distance, u, pairs.sigma, n)


def _slope(index: np.ndarray, x: np.ndarray, y: np.ndarray, n: int) -> np.ndarray:
    """Return k of the fits y = k x + b of each group."""
    count = np.maximum(np.bincount(index, minlength=n), 1)[:, None]
    x = x - (sum_by(index, x, n) / count)[index]
    y = y - (sum_by(index, y, n) / count)[index]
    along = np.bincount(index, np.sum(x * y, axis=1), minlength=n)
    return np.asarray(along / np.bincount(index, np.sum(x * x, axis=1), minlength=n))


def _agree(
    index: np.ndarray, distance: np.ndarray, u: np.ndarray, sigma: np.ndarray, n: int
) -> np.ndarray:
    """Return which exposures' distances are small, and none stands out."""
    count = np.maximum(np.bincount(index, minlength=n), 1)
    middle = sum_by(index, u, n) / count[:, None]
    field = np.sqrt(sum_by(index, (u - middle[index]) ** 2, n).sum(axis=1) / count)
    size = np.sqrt(np.bincount(index, distance**2, minlength=n) / count)
    # Sorted by exposure, then by d/(1+d): one sort of plain numbers.
    ratio = distance / sigma
    ranked = np.sort(2.0 * index + ratio / (1.0 + ratio)) % 2.0
    last = np.cumsum(np.bincount(index, minlength=n)) - 1
    middle_one = ranked[np.clip(last - count // 2, 0, len(ranked) - 1)]
    largest, middle_one = (
        each / np.maximum(1.0 - each, 1e-12)
        for each in (ranked[np.maximum(last, 0)], middle_one)
    )
    even = largest <= UNEVEN * np.maximum(middle_one, 1.0)
    return np.asarray(even & (size <= ROUGH * field))


__all__ = [
    "Agreement",
    "Alignment",
    "Pairs",
    "agreement_of",
    "align",
    "camera_directions",
    "camera_vectors",
    "matched_pairs",
    "surroundings_of",
]
