"""Where a solution starts: attitudes from matched references, sources from detections.

An exposure with enough references needs no good pointing estimate: the rotation
that best carries the references' apparent directions onto the directions that the
nominal instrument gives for their pixels is found in closed form (Wahba's
problem, by singular value decomposition). Sources without a prior start at the
mean of their measurements, projected back to the sky.
"""

from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from reseau.errors import CatalogueError, ConfigError, explain, some
from reseau.instrument import Instrument, camera_from_pixel
from reseau.model import Parameters, Problem, nominal_parameters
from reseau.records import Surroundings
from reseau.sky import apparent_direction, geometric_direction

MINIMUM_REFERENCES = 3
CHUNK = 2**15


class Start(NamedTuple):
    """A starting point.

    Attributes
    ----------
    problem
        The problem, sources without a prior moved to where they were detected.
    parameters
        Starting values.
    aligned
        Whether each exposure's attitude came from its references.
    """

    problem: Problem
    parameters: Parameters
    aligned: Float[np.ndarray, "n_exp"]


def find_start(problem: Problem) -> Start:
    """Return a starting point for a plate.

    Raises
    ------
    CatalogueError
        If an exposure has neither an estimated attitude nor enough references.
    """
    nominal = nominal_parameters(problem)
    camera = _camera_directions(problem)
    axes, aligned = _aligned_axes(problem, np.asarray(nominal.axes), camera)
    _check_attitudes(axes)
    direction = _detected_directions(problem, axes, camera)
    seen = np.bincount(problem.measurements.source, minlength=direction.shape[0]) > 0
    known = _has_prior(problem) | ~seen
    chosen = np.where(known[:, None], problem.prior.direction, direction)
    moved = _replace_directions(problem, chosen)
    parameters = Parameters(
        offset=nominal.offset,
        axes=axes,
        focal=nominal.focal,
        coefficients=nominal.coefficients,
        skew=nominal.skew,
        detectors=nominal.detectors,
    )
    return Start(moved, parameters, aligned)


def _has_prior(problem: Problem) -> np.ndarray:
    """Return which sources have a direction that is to be trusted."""
    informed = np.any(np.asarray(problem.prior.information) != 0, axis=(1, 2))
    known = informed | np.asarray(problem.prior.fixed)
    return known & ~np.asarray(problem.free_network)


def _camera_directions(problem: Problem) -> Float[np.ndarray, "n_meas 3"]:
    """Return where the nominal instrument sees each measurement, camera frame."""
    instrument, measurements = problem.instrument, problem.measurements
    pixel = np.asarray(measurements.pixel)
    detector = np.asarray(measurements.detector)
    out = np.empty((pixel.shape[0], 3))
    m = pixel.shape[0]
    size = min(CHUNK, m)
    for first in range(0, m, size):
        row = np.minimum(np.arange(first, first + size), m - 1)
        components = _camera_compiled(
            instrument, pixel[row, 0], pixel[row, 1], detector[row]
        )
        out[row] = np.stack([np.asarray(c) for c in components], axis=-1)
    return out


@jax.jit
def _camera_compiled(
    instrument: Instrument, x: Array, y: Array, detector: Array
) -> tuple[Any, ...]:
    return camera_from_pixel(
        instrument, x, y, detector, instrument.focal[0], instrument.focal[1]
    )


_apparent = jax.jit(apparent_direction)
_geometric = jax.jit(geometric_direction)


def _around(problem: Problem, exposure: np.ndarray) -> Surroundings:
    """Return what displaces the directions of measurements of some exposures."""
    around = problem.exposures.surroundings
    return jax.tree.map(lambda leaf: jnp.asarray(np.asarray(leaf)[exposure]), around)


def _sum_by(index: np.ndarray, values: np.ndarray, n: int) -> np.ndarray:
    """Sum rows of `values` by `index`."""
    sums = [np.bincount(index, weights=column, minlength=n) for column in values.T]
    return np.stack(sums, axis=-1)


def _aligned_axes(
    problem: Problem, axes: np.ndarray, camera: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return attitudes, from references where there are enough of them."""
    measurements, n = problem.measurements, axes.shape[0]
    source, exposure = (
        np.asarray(measurements.source),
        np.asarray(measurements.exposure),
    )
    used = _has_prior(problem)[source] & np.all(np.isfinite(camera), axis=1)
    count = np.bincount(exposure[used], minlength=n)
    aligned = count >= MINIMUM_REFERENCES
    if not aligned.any() or "attitude" not in problem.free:
        return axes, np.zeros(n, dtype=bool)
    direction = np.asarray(problem.prior.direction)[source[used]]
    around = _around(problem, exposure[used])
    direction = np.asarray(_apparent(jnp.asarray(direction), around))
    sums = [
        _sum_by(exposure[used], camera[used, i, None] * direction, n) for i in range(3)
    ]
    moment = np.stack(sums, axis=1)
    moment = moment[aligned]
    left, singular, right = np.linalg.svd(moment)
    handedness = np.linalg.det(left @ right)
    _check_parity(problem, handedness, singular, count[aligned])
    left[:, :, 2] *= handedness[:, None]
    found = axes.copy()
    found[aligned] = left @ right
    spread = singular[:, 1] / singular[:, 0]
    flat = np.flatnonzero(aligned)[spread < 1e-14]
    found[flat], aligned[flat] = axes[flat], False
    return found, aligned


def _check_parity(
    problem: Problem, handedness: np.ndarray, singular: np.ndarray, count: np.ndarray
) -> None:
    """Refuse positions that fit the sky only in a mirror, on every exposure.

    The moment of directions that span a field has a definite handedness; a few stars,
    or stars in a line, say nothing.
    """
    telling = (count >= 6) & (singular[:, 2] > 1e-3 * singular[:, 1])
    if telling.any() and np.all(handedness[telling] < 0):
        parity = problem.instrument.parity
        raise ConfigError(
            explain(
                given=f"positions that are mirrored on {int(telling.sum())} exposures",
                wanted=f"the instrument's parity of {parity:+d}",
                where=f"instrument {problem.instrument.name}, key optics.parity",
                todo=f"set parity = {-parity}, or check the sign of x, or the "
                "identification of the stars",
            )
        )


def _check_attitudes(axes: np.ndarray) -> None:
    """Refuse exposures of which nothing tells where they point."""
    bad = np.flatnonzero(~np.all(np.isfinite(axes), axis=(1, 2)))
    if bad.size:
        raise CatalogueError(
            explain(
                given=f"no estimated attitude, and fewer than {MINIMUM_REFERENCES} "
                f"references at different places, on {bad.size} of {axes.shape[0]} "
                "exposures",
                wanted="ra, dec, pa of each exposure, or references spread over it",
                where=f"exposures, rows {some(bad)} (from 0)",
                todo="give the pointings, e.g. with --pointing TABLE",
            )
        )


def _detected_directions(
    problem: Problem, axes: np.ndarray, camera: np.ndarray
) -> np.ndarray:
    """Return the mean direction of each source's measurements, ICRS."""
    measurements = problem.measurements
    exposure = np.asarray(measurements.exposure)
    seen = np.zeros_like(camera)
    for i in range(3):
        seen += camera[:, i, None] * axes[exposure, i]
    seen = np.asarray(_geometric(jnp.asarray(seen), _around(problem, exposure)))
    n = problem.prior.direction.shape[0]
    total = _sum_by(np.asarray(measurements.source), seen, n)
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return total / np.where(length > 0, length, 1.0)


def _replace_directions(problem: Problem, direction: np.ndarray) -> Problem:
    """Return the problem with other directions to start from."""
    return replace(problem, prior=replace(problem.prior, direction=direction))


__all__ = ["Start", "find_start"]
