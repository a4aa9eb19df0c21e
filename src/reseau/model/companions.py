"""What undoes a common mode of the detectors, on a grid of points over them.

Shifts, turns and stretches of all detectors together are undone by the pointing, the
position angle and the focal lengths that all exposures share, with the distortion and
a skew expanded anew about the moved axis. Here the least-squares problem is laid out
that finds these companions, for steps of any size.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy.linalg
from jaxtyping import Array, Bool, Float

from reseau._compiled import quick_jit
from reseau.instrument import Instrument, deproject, measured, rotate_axes, undistorted

from .observation import detector_pixel, position_angle
from .parameters import PER_DETECTOR, PER_EXPOSURE, Parameters, layout_of
from .problem import Problem

GRID = 7
NEGLIGIBLE = 1e-9
"""Change of a position [µm] below which the move to the datum has converged."""

_position_angle = quick_jit(position_angle)


class _Grid(NamedTuple):
    """Points over the detectors, in the camera's frame, with their detectors."""

    camera: tuple[Any, Any, Any]
    detector: Array
    focal: Array
    pitch: Array


def _grid(instrument: Instrument, detectors: Array, focal: Array) -> _Grid:
    """Return points that cover the detectors, seen at given focal lengths."""
    half = instrument.detectors.naxis / 2.0 * detectors[:, 3:]
    size = jnp.where(half > 0, half, instrument.distortion.normalisation or 1.0)
    ticks = np.linspace(-1.0, 1.0, GRID)
    u, v = (g.ravel() for g in np.meshgrid(ticks, ticks))
    cos, sin = jnp.cos(detectors[:, 2:3]), jnp.sin(detectors[:, 2:3])
    a, b = u * size[:, :1], v * size[:, 1:]
    x = detectors[:, :1] + cos * a - sin * b
    y = detectors[:, 1:2] + sin * a + cos * b
    p, q = instrument.parity * x.ravel() / focal[0], y.ravel() / focal[1]
    index = np.repeat(np.arange(detectors.shape[0]), GRID**2)
    camera = deproject(instrument.projection, p, q)
    return _Grid(camera, jnp.asarray(index), focal, detectors[0, 3:])


def _grid_positions(
    instrument: Instrument,
    grid: _Grid,
    common: Array,
    coefficients: Array,
    skew: Array,
    detectors: Array,
) -> Array:
    """Return the grid's positions on the detectors [µm].

    `common` is what all exposures share: shifts [µm] along X and Y, turn [rad],
    relative changes of F_x, F_y.
    """
    x, y, z = grid.camera
    turn = jnp.stack([common[0] / grid.focal[0], common[1] / grid.focal[1], common[2]])
    camera = rotate_axes(jnp.eye(3)[None], _camera_turn(turn)[None])[0]
    x, y, z = (camera[i, 0] * x + camera[i, 1] * y + camera[i, 2] * z for i in range(3))
    focal = grid.focal * (1.0 + common[3:])
    plane = undistorted(instrument.projection, instrument.parity, x, y, z, *focal)
    moved = measured(instrument.distortion, *plane, coefficients, skew)
    parameters = tuple(detectors[:, i][grid.detector] for i in range(PER_DETECTOR))
    zero = (jnp.zeros_like(x), jnp.zeros_like(x))
    pixel = detector_pixel(*moved, parameters, zero)
    return jnp.concatenate([pixel[0] * grid.pitch[0], pixel[1] * grid.pitch[1]])


def _camera_turn(turn: Array) -> Array:
    """Return steps (east, north, roll) of axes that are the unit matrix.

    The axis of the unit matrix points to the pole, where East is y and North is -x.
    """
    return jnp.stack([turn[1], -turn[0], turn[2]])


def companions(problem: Problem) -> np.ndarray:
    """Return what may move to undo a mode, as combinations of all, in columns.

    All are the common shifts, turn and relative focal lengths, coefficients and skew.
    Blocks that are not free stay; the skew goes with the distortion, of which it is
    the one term of first degree that nothing else has; tied axes move together.
    """
    layout, instrument = problem.layout, problem.instrument
    scale = "scale" in problem.free and float(instrument.focal_sigma) > 0
    terms = np.asarray(instrument.coefficient_sigma) > 0
    terms = terms & ("distortion" in problem.free)
    skew = "distortion" in problem.free or "skew" in problem.free
    free = np.concatenate([[True] * 3, [scale] * 2, terms, [skew]])
    every = np.eye(5 + layout.n_coefficients + 1)
    if scale and instrument.scale in ("exposure", "plate"):
        every[4, 3] = 1.0
        free[4] = False
    return every[:, free]


def compensation(
    problem: Problem,
    parameters: Parameters,
    target: Parameters,
    taking: Bool[np.ndarray, "d"],
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Find what undoes a finite change of the detectors.

    Parameters
    ----------
    target
        The parameters with the detectors moved.
    taking
        Detectors on which positions are to stay.

    Returns
    -------
    Common changes of the exposures, new coefficients, new skew, and the largest
    position that is left changed [µm].
    """
    instrument, together = problem.instrument, companions(problem)
    coefficients, skew = (
        np.asarray(parameters.coefficients),
        np.asarray(parameters.skew),
    )
    wanted, _ = linearised(
        instrument,
        parameters,
        np.zeros(5),
        coefficients,
        skew,
        parameters.detectors,
        taking=taking,
    )
    common = np.zeros(5)
    worst = np.inf
    for _ in range(4):
        found, columns = linearised(
            instrument,
            parameters,
            common,
            coefficients,
            skew,
            target.detectors,
            taking=taking,
        )
        worst = float(np.max(np.abs(found - wanted)))
        others = columns[:, : -target.detectors.size] @ together
        step = -together @ scaled_least_squares(others, found - wanted)
        common = common + step[:5]
        coefficients, skew = coefficients + step[5:-1], skew + step[-1]
        if np.max(np.abs(columns[:, : step.size] @ step)) < NEGLIGIBLE:
            break
    return common, coefficients, np.asarray(skew), worst


@quick_jit
def _positions_and_jacobian(
    instrument: Instrument, grid_detectors: Array, grid_focal: Array, *point: Array
) -> tuple[Array, tuple[Array, ...]]:
    grid = _grid(instrument, grid_detectors, grid_focal)

    def positions(*values: Array) -> tuple[Array, Array]:
        found = _grid_positions(instrument, grid, *values)
        return found, found

    columns, found = jax.jacfwd(positions, argnums=(0, 1, 2, 3), has_aux=True)(*point)
    return found, columns


@quick_jit
def _positions(
    instrument: Instrument, grid_detectors: Array, grid_focal: Array, *points: Array
) -> Array:
    grid = _grid(instrument, grid_detectors, grid_focal)
    return jax.vmap(lambda *point: _grid_positions(instrument, grid, *point))(*points)


def positions(
    instrument: Instrument,
    around: Parameters,
    *points: np.ndarray,
    taking: Bool[np.ndarray, "d"],
) -> Float[np.ndarray, "k g"]:
    """Return positions of a grid laid around parameters, of several points at once.

    Arguments as of `linearised`, each with the points as first axis.
    """
    focal = np.mean(np.asarray(around.focal), axis=0)
    found = _positions(instrument, np.asarray(around.detectors), focal, *points)
    return np.asarray(found)[:, _taking_rows(taking)]


def _taking_rows(taking: Bool[np.ndarray, "d"]) -> Bool[np.ndarray, "g"]:
    return np.tile(np.repeat(taking, GRID**2), 2)


def linearised(
    instrument: Instrument,
    around: Parameters,
    *point: np.ndarray | np.floating | Array,
    taking: Bool[np.ndarray, "d"],
) -> tuple[np.ndarray, np.ndarray]:
    """Return positions of a grid laid around parameters, and their derivatives.

    By what the exposures share, coefficients, skew and detectors, in this order. Where
    a detector does not take part, nothing was measured that would have to stay.
    """
    found, columns = _positions_and_jacobian(
        instrument,
        np.asarray(around.detectors),
        np.mean(np.asarray(around.focal), axis=0),
        *(np.asarray(p) for p in point),
    )
    n = found.shape[0]
    rows = _taking_rows(taking)
    return np.asarray(found)[rows], np.concatenate(
        [np.asarray(c).reshape(n, -1)[rows] for c in columns], axis=1
    )


def scaled_least_squares(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    if not (np.all(np.isfinite(matrix)) and np.all(np.isfinite(right))):
        # A fit that has run away has no modes; it is judged elsewhere.
        return np.zeros((matrix.shape[1], *right.shape[1:]))
    size = np.linalg.norm(matrix, axis=0)
    size = np.where(size > 0, size, 1.0)
    found = scipy.linalg.lstsq(matrix / size, right, cond=1e-12, lapack_driver="gelsy")[
        0
    ]
    return found / (size[:, None] if found.ndim == 2 else size)


def spread_common(parameters: Parameters, common: np.ndarray) -> np.ndarray:
    """Return exposures' steps for common ones: shifts [µm], turn, relative focal."""
    focal = np.asarray(parameters.focal)
    angle = _position_angle(jnp.asarray(parameters.axes))
    cos, sin = (np.asarray(part)[:, None] for part in angle)
    a = common[0] / focal[:, :1]
    b = common[1] / focal[:, 1:]
    layout = layout_of(parameters)
    out = np.zeros((focal.shape[0], layout.per_exposure, common.shape[1]))
    out[:, 0], out[:, 1] = cos * a + sin * b, -sin * a + cos * b
    out[:, 2] = common[2]
    out[:, 3:PER_EXPOSURE] = focal[:, :, None] * common[3:]
    return out.reshape(-1, common.shape[1])


__all__ = [
    "companions",
    "compensation",
    "linearised",
    "scaled_least_squares",
    "spread_common",
]
