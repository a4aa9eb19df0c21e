"""Directions in which the observation equation cannot tell parameters apart.

*Rotations of the sky*: turning all sources and all cameras together changes no
pixel. *Common modes of the detectors*: shifting, turning or stretching all
detectors together is undone by pointing, position angle and focal lengths, with
the distortion (and a skew) expanded anew about the moved axis. Calibrations are
therefore reported in a datum: mean shift, rotation and pitch of the detectors
equal to nominal. `to_datum` moves parameters there by a finite transformation
that leaves the predicted pixels; `datum_transform` is its derivative, for
covariances (an S-transformation: Baarda 1973).
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy.linalg
from jaxtyping import Array, Float

from reseau.instrument import Instrument, deproject, measured, rotate_axes, undistorted

from .observation import detector_pixel, exposure_frame
from .parameters import PER_DETECTOR, PER_EXPOSURE, Layout, Parameters, layout_of
from .problem import Problem, detector_parameters

GRID = 7
NEGLIGIBLE = 1e-9
"""Change of a position [µm] below which the move to the datum has converged."""

EXACT = 1e-3
"""Largest change of a predicted position, per change by a mode, that counts as none."""


_exposure_frame = jax.jit(exposure_frame)
_rotate_axes = jax.jit(rotate_axes)


class Datum(NamedTuple):
    """The common modes that a plate's calibration is reported without.

    Attributes
    ----------
    modes
        Names of the modes: "shift", "rotation", "pitch".
    directions
        How each mode moves the shared parameters without moving pixels, (p, q).
    constraints
        What is held at nominal, (q, p): mean shift, rotation and pitches.
    """

    modes: tuple[str, ...]
    directions: Float[np.ndarray, "p q"]
    constraints: Float[np.ndarray, "q p"]

    def transform(self) -> Float[np.ndarray, "p p"]:
        """Return the matrix T that takes shared parameters to the datum."""
        return np.eye(self.directions.shape[0]) - self.directions @ self.gain()

    def covariance(self, matrix: Float[np.ndarray, "p p"]) -> np.ndarray:
        """Return T C Tᵀ, by products with the few modes only."""
        gain = self.gain()
        crossed = matrix @ gain.T
        total = gain @ crossed
        moved = crossed @ self.directions.T
        return matrix - moved - moved.T + self.directions @ total @ self.directions.T

    def gain(self) -> Float[np.ndarray, "q p"]:
        """Return how much of each mode the shared parameters hold."""
        return np.linalg.solve(self.constraints @ self.directions, self.constraints)


def sky_rotations(axes: Float[np.ndarray, "m 3 3"], layout: Layout) -> np.ndarray:
    """Return how the shared parameters follow rotations of the sky about x, y, z."""
    frame = _exposure_frame(
        jnp.asarray(axes), np.ones((axes.shape[0], 2)), np.zeros((axes.shape[0], 3))
    )
    cos, sin = np.asarray(frame.cos_pa)[:, None], np.asarray(frame.sin_pa)[:, None]
    x, y, along = axes[:, 0], axes[:, 1], axes[:, 2]
    east, north = x * cos + y * sin, y * cos - x * sin
    out = np.zeros((layout.n_exposures, PER_EXPOSURE, 3))
    out[:, 0], out[:, 1], out[:, 2] = north, -east, -along
    full = np.zeros((layout.size, 3))
    full[layout.exposures] = out.reshape(-1, 3)
    return full


def mean_scales(problem: Problem, axes: np.ndarray) -> np.ndarray:
    """Return what fixes the scale where it must be held: constraints, in columns.

    The mean of all focal lengths, and those of the pitches along X and along Y if
    detectors are free, since they would let the scale go as well. The ratio of F_x and
    F_y is held only where all exposures share one position angle; others determine it.

    The scale of a free network shows only in the sphere's curvature, which is cubic in
    the field and cannot be told from a free distortion. Then the mean focal length
    is held at its starting value. With known distortion there is nothing to hold,
    unless the problem asks for it.
    """
    layout = problem.layout
    full = np.zeros((layout.size, 1))
    open_ = "distortion" in problem.free and layout.n_coefficients > 0
    if "scale" not in problem.free or not (open_ or problem.hold_scale):
        return full[:, :0]
    columns = [np.ones(2)]
    if _share_position_angle(np.asarray(axes)):
        columns.append(np.array([1.0, -1.0]))
    out = np.zeros((layout.n_exposures, PER_EXPOSURE, len(columns)))
    out[:, 3:] = np.stack(columns, axis=1)
    full = np.zeros((layout.size, len(columns)))
    full[layout.exposures] = out.reshape(-1, len(columns))
    if "detectors" not in problem.free:
        return full
    detectors = detector_parameters(problem.instrument)
    _, means = _common_detector_modes(detectors, layout)
    pitches = means[3:].T
    if len(columns) == 1 and _ties_axes(problem):
        # Their ratio would stand in for that of F_x and F_y, which data determine.
        pitches = pitches.sum(axis=1, keepdims=True)
    return np.concatenate([full, pitches], axis=1)


def _ties_axes(problem: Problem) -> bool:
    """Return whether the focal lengths along X and Y cannot differ freely."""
    scale = problem.instrument.scale
    return scale in ("exposure", "plate") or not problem.instrument.focal_sigma > 0


def _share_position_angle(axes: Float[np.ndarray, "m 3 3"]) -> bool:
    """Return whether all position angles agree, modulo half a turn, to 1e-3 rad rms."""
    frame = _exposure_frame(axes, np.ones((len(axes), 2)), np.zeros((len(axes), 3)))
    turn = np.asarray(frame.cos_pa) + 1j * np.asarray(frame.sin_pa)
    return bool(1.0 - np.abs(np.mean(turn**2)) ** 2 < 4e-6)


def _common_detector_modes(
    detectors: Float[np.ndarray, "d 5"], layout: Layout
) -> tuple[np.ndarray, np.ndarray]:
    """Return the five modes (p, 5) and their constraints (5, p) on the detectors.

    Shifts in X and Y, rotation about the axis, stretch along X and along Y. A
    detector's pitches take part by the squared cosines of its axes.
    """
    x, y, theta, pitch_x, pitch_y = detectors.T
    n = detectors.shape[0]
    cos2, sin2 = np.cos(theta) ** 2, np.sin(theta) ** 2
    one, zero = np.ones(n), np.zeros(n)
    modes = np.stack(
        [
            np.stack([one, zero, zero, zero, zero], 1),
            np.stack([zero, one, zero, zero, zero], 1),
            np.stack([-y, x, one, zero, zero], 1),
            np.stack([x, zero, zero, pitch_x * cos2, pitch_y * sin2], 1),
            np.stack([zero, y, zero, pitch_x * sin2, pitch_y * cos2], 1),
        ]
    )
    means = np.stack(
        [
            np.stack([one, zero, zero, zero, zero], 1),
            np.stack([zero, one, zero, zero, zero], 1),
            np.stack([zero, zero, one, zero, zero], 1),
            np.stack([zero, zero, zero, cos2 / pitch_x, sin2 / pitch_y], 1),
            np.stack([zero, zero, zero, sin2 / pitch_x, cos2 / pitch_y], 1),
        ]
    )
    directions = np.zeros((layout.size, 5))
    directions[layout.detectors] = modes.reshape(5, -1).T
    constraints = np.zeros((5, layout.size))
    constraints[:, layout.detectors] = means.reshape(5, -1) / n
    return directions, constraints


def _active_modes(problem: Problem) -> list[int]:
    """Return which of the five modes trade with free parameters of this problem."""
    detectors, free = problem.instrument.detectors, problem.free
    if "detectors" not in free:
        return []
    active = []
    if "attitude" in free and np.all(np.asarray(detectors.sigma_centre) > 0):
        active += [0, 1]
        if np.all(np.asarray(detectors.sigma_theta) > 0):
            active += [2]
    pitches = np.all(np.asarray(detectors.sigma_pitch) > 0)
    scale = "scale" in free and float(problem.instrument.focal_sigma) > 0
    if pitches and scale and "distortion" in free:
        active += [3, 4]
    return active


_NAMES = ("shift", "shift", "rotation", "pitch", "pitch")


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


def _companions(problem: Problem) -> np.ndarray:
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


def _compensation(
    problem: Problem, parameters: Parameters, target: Parameters
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Find what undoes a finite change of the detectors.

    Returns
    -------
    Common changes of the exposures, new coefficients, new skew, and the largest
    position that is left changed [µm].
    """
    instrument, companions = problem.instrument, _companions(problem)
    coefficients, skew = (
        np.asarray(parameters.coefficients),
        np.asarray(parameters.skew),
    )
    wanted, _ = _linearised(
        instrument, parameters, np.zeros(5), coefficients, skew, parameters.detectors
    )
    common = np.zeros(5)
    worst = np.inf
    for _ in range(4):
        found, columns = _linearised(
            instrument, parameters, common, coefficients, skew, target.detectors
        )
        worst = float(np.max(np.abs(found - wanted)))
        others = columns[:, : -target.detectors.size] @ companions
        step = -companions @ _scaled_least_squares(others, found - wanted)
        common = common + step[:5]
        coefficients, skew = coefficients + step[5:-1], skew + step[-1]
        if np.max(np.abs(columns[:, : step.size] @ step)) < NEGLIGIBLE:
            break
    return common, coefficients, skew, worst


@jax.jit
def _positions_and_jacobian(
    instrument: Instrument, grid_detectors: Array, grid_focal: Array, *point: Array
) -> tuple[Array, tuple[Array, ...]]:
    grid = _grid(instrument, grid_detectors, grid_focal)

    def positions(*values: Array) -> tuple[Array, Array]:
        found = _grid_positions(instrument, grid, *values)
        return found, found

    columns, found = jax.jacfwd(positions, argnums=(0, 1, 2, 3), has_aux=True)(*point)
    return found, columns


def _linearised(
    instrument: Instrument, around: Parameters, *point: np.ndarray | Array
) -> tuple[np.ndarray, np.ndarray]:
    """Return positions of a grid laid around parameters, and their derivatives.

    By what the exposures share, coefficients, skew and detectors, in this order.
    """
    found, columns = _positions_and_jacobian(
        instrument,
        jnp.asarray(around.detectors),
        jnp.asarray(np.mean(np.asarray(around.focal), axis=0)),
        *(jnp.asarray(p) for p in point),
    )
    n = found.shape[0]
    return np.asarray(found), np.concatenate(
        [np.asarray(c).reshape(n, -1) for c in columns], axis=1
    )


def _scaled_least_squares(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    if not (np.all(np.isfinite(matrix)) and np.all(np.isfinite(right))):
        # A fit that has run away has no modes; it is judged elsewhere.
        return np.zeros((matrix.shape[1], *right.shape[1:]))
    size = np.linalg.norm(matrix, axis=0)
    size = np.where(size > 0, size, 1.0)
    found = scipy.linalg.lstsq(matrix / size, right, cond=1e-12, lapack_driver="gelsy")[
        0
    ]
    return found / (size[:, None] if found.ndim == 2 else size)


def find_datum(problem: Problem, parameters: Parameters) -> Datum:
    """Return the modes that trade exactly, to first order, at `parameters`."""
    layout = layout_of(parameters)
    active = _active_modes(problem)
    directions, constraints = _common_detector_modes(
        np.asarray(parameters.detectors), layout
    )
    if {3, 4} <= set(active) and problem.instrument.scale in ("exposure", "plate"):
        directions[:, 3] += directions[:, 4]
        constraints[3] = (constraints[3] + constraints[4]) / 2.0
        active.remove(4)
    if active:
        expanded, left = _expand_modes(problem, parameters, directions[:, active])
        exact = left <= EXACT
        active = [m for m, e in zip(active, exact, strict=True) if e]
        directions = expanded[:, exact]
    else:
        directions = directions[:, :0]
    return Datum(
        tuple(dict.fromkeys(_NAMES[m] for m in active)),
        directions,
        constraints[active],
    )


def _expand_modes(
    problem: Problem, parameters: Parameters, modes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Complete modes of the detectors by what undoes them; say what is left of each."""
    instrument, layout = problem.instrument, layout_of(parameters)
    _, columns = _linearised(
        instrument,
        parameters,
        np.zeros(5),
        parameters.coefficients,
        parameters.skew,
        parameters.detectors,
    )
    n_detector = parameters.detectors.size
    companions = _companions(problem)
    others = columns[:, :-n_detector] @ companions
    by_detectors = columns[:, -n_detector:]
    effect = by_detectors @ modes[layout.detectors]
    undo = -_scaled_least_squares(others, effect)
    left = np.max(np.abs(others @ undo + effect), axis=0)
    left = left / np.max(np.abs(effect), axis=0)
    undo = companions @ undo
    full = modes.copy()
    full[layout.exposures] = _spread_common(parameters, undo[:5])
    full[layout.distortion] = undo[5:-1]
    full[layout.skew] = undo[-1]
    return full, left


def _spread_common(parameters: Parameters, common: np.ndarray) -> np.ndarray:
    """Return exposures' steps for common ones: shifts [µm], turn, relative focal."""
    focal = np.asarray(parameters.focal)
    axes = jnp.asarray(parameters.axes)
    frame = _exposure_frame(axes, jnp.asarray(focal), np.zeros((focal.shape[0], 3)))
    cos, sin = np.asarray(frame.cos_pa)[:, None], np.asarray(frame.sin_pa)[:, None]
    a = common[0] / focal[:, :1]
    b = common[1] / focal[:, 1:]
    out = np.empty((focal.shape[0], PER_EXPOSURE, common.shape[1]))
    out[:, 0], out[:, 1] = cos * a + sin * b, -sin * a + cos * b
    out[:, 2] = common[2]
    out[:, 3:] = focal[:, :, None] * common[3:]
    return out.reshape(-1, common.shape[1])


def to_datum(
    problem: Problem, parameters: Parameters, datum: Datum | None = None
) -> Parameters:
    """Move parameters to the datum, pixels unchanged.

    Parameters
    ----------
    problem
        Gives the nominal detectors and which blocks are free.
    datum
        As `find_datum` found it at `parameters`, if at hand.
    """
    datum = datum or find_datum(problem, parameters)
    if not datum.modes:
        return parameters
    layout = layout_of(parameters)
    nominal = detector_parameters(problem.instrument)
    inside = layout.detectors
    rows = datum.constraints[:, inside]
    excess = rows @ (np.asarray(parameters.detectors) - nominal).ravel()
    amount = np.linalg.solve(rows @ datum.directions[inside], excess)
    step = move_along(problem, parameters, datum, -amount)
    exposures = step[layout.exposures].reshape(-1, PER_EXPOSURE)
    axes = _rotate_axes(jnp.asarray(parameters.axes), jnp.asarray(exposures[:, :3]))
    return Parameters(
        offset=parameters.offset,
        axes=np.asarray(axes),
        focal=np.asarray(parameters.focal) + exposures[:, 3:],
        coefficients=np.asarray(parameters.coefficients) + step[layout.distortion],
        skew=np.asarray(parameters.skew + step[layout.skew]),
        detectors=np.asarray(parameters.detectors)
        + step[inside].reshape(-1, PER_DETECTOR),
    )


def move_along(
    problem: Problem,
    parameters: Parameters,
    datum: Datum,
    amount: Float[np.ndarray, "q"],
) -> Float[np.ndarray, "p"]:
    """Return the step that moves along common modes, pixels unchanged.

    Parameters
    ----------
    datum
        As `find_datum` found it at `parameters`.
    amount
        Of each of its modes, of any size: the detectors move by just this, and all
        else so that it is undone, not only to first order.
    """
    layout = layout_of(parameters)
    step = np.zeros(layout.size)
    step[layout.detectors] = datum.directions[layout.detectors] @ amount
    moved = step[layout.detectors].reshape(-1, PER_DETECTOR)
    target = Parameters(
        offset=parameters.offset,
        axes=parameters.axes,
        focal=parameters.focal,
        coefficients=parameters.coefficients,
        skew=parameters.skew,
        detectors=np.asarray(parameters.detectors) + moved,
    )
    common, coefficients, skew, _ = _compensation(problem, parameters, target)
    step[layout.exposures] = _spread_common(parameters, common[:, None])[:, 0]
    step[layout.distortion] = coefficients - np.asarray(parameters.coefficients)
    step[layout.skew] = float(skew) - float(parameters.skew)
    return step
