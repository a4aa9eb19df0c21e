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

from collections.abc import Collection
from dataclasses import replace
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from reseau._compiled import quick_jit
from reseau.instrument import rotate_axes

from .companions import (
    companions,
    compensation,
    linearised,
    scaled_least_squares,
    spread_common,
)
from .observation import position_angle
from .parameters import PER_DETECTOR, PER_EXPOSURE, Layout, Parameters, layout_of
from .participation import taking_part
from .problem import Problem, detector_parameters

EXACT = 1e-3
"""Largest change of a predicted position, per change by a mode, that counts as none."""


_position_angle = quick_jit(position_angle)
_rotate_axes = quick_jit(rotate_axes)


class Datum(NamedTuple):
    """The common modes that a plate's calibration is reported without.

    Attributes
    ----------
    modes
        Names of the modes, of `MODES`, each once.
    directions
        How each mode moves the shared parameters without moving pixels, (p, q).
    constraints
        What is held at nominal, (q, p): mean shift, rotation and pitches.
    rows
        Which motions they are: shifts along X and Y, turn, stretches along X, along Y,
        along both, unequal; one for each of q.
    """

    modes: tuple[str, ...]
    directions: Float[np.ndarray, "p q"]
    constraints: Float[np.ndarray, "q p"]
    rows: tuple[int, ...] = ()

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
    angle = _position_angle(jnp.asarray(axes))
    cos, sin = (np.asarray(part)[:, None] for part in angle)
    x, y, along = axes[:, 0], axes[:, 1], axes[:, 2]
    east, north = x * cos + y * sin, y * cos - x * sin
    out = np.zeros((layout.n_exposures, layout.per_exposure, 3))
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
    out = np.zeros((layout.n_exposures, layout.per_exposure, len(columns)))
    out[:, 3:PER_EXPOSURE] = np.stack(columns, axis=1)
    full = np.zeros((layout.size, len(columns)))
    full[layout.exposures] = out.reshape(-1, len(columns))
    if "detectors" not in problem.free:
        return full
    detectors = detector_parameters(problem.instrument)
    _, means = _common_detector_modes(detectors, layout, taking_part(problem))
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
    cos, sin = _position_angle(jnp.asarray(axes))
    turn = np.asarray(cos) + 1j * np.asarray(sin)
    return bool(1.0 - np.abs(np.mean(turn**2)) ** 2 < 4e-6)


def _common_detector_modes(
    detectors: Float[np.ndarray, "d 5"],
    layout: Layout,
    taking: Bool[np.ndarray, "d"],
) -> tuple[np.ndarray, np.ndarray]:
    """Return the five modes (p, 5) and their constraints (5, p) on the detectors.

    Shifts in X and Y, rotation about the axis, stretch along X and along Y. A
    detector's pitches take part by the squared cosines of its axes. Detectors that do
    not take part neither move nor count.
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
    modes, means = modes * taking[:, None], means * taking[:, None] / taking.sum()
    directions = np.zeros((layout.size, 5))
    directions[layout.detectors] = modes.reshape(5, -1).T
    constraints = np.zeros((5, layout.size))
    constraints[:, layout.detectors] = means.reshape(5, -1)
    return directions, constraints


def _active_modes(problem: Problem, taking: Bool[np.ndarray, "d"]) -> list[int]:
    """Return which modes trade with free parameters of this problem."""
    detectors, free = problem.instrument.detectors, problem.free
    if "detectors" not in free:
        return []
    active = []

    def has_width(sigma: Float[Array | np.ndarray, "d"]) -> bool:
        return bool(np.all(np.asarray(sigma)[taking] > 0))

    if "attitude" in free and has_width(detectors.sigma_centre):
        active += [0, 1]
        if has_width(detectors.sigma_theta):
            active += [2]
    scale = "scale" in free and float(problem.instrument.focal_sigma) > 0
    if has_width(detectors.sigma_pitch) and scale and "distortion" in free:
        active += [COMMON]
        if problem.instrument.scale not in ("exposure", "plate"):
            active += [ALONG_X, ALONG_Y, UNEQUAL]
    return active


MODES = ("shift", "rotation", "pitch", "pitch ratio")
"""What the modes are called: the last is that of pitches along X and along Y."""

_OF_ROW: tuple[tuple[str, ...], ...] = (
    *(("shift",), ("shift",), ("rotation",)),
    *(MODES[2:], MODES[2:]),
    *(("pitch",), ("pitch ratio",)),
)
"""Names of shifts along X and Y, turn, stretches along X, along Y, common, unequal."""

ALONG_X, ALONG_Y, COMMON, UNEQUAL = 3, 4, 5, 6


def find_datum(
    problem: Problem,
    parameters: Parameters,
    modes: Collection[str] | None = None,
    taking: Bool[np.ndarray, "d"] | None = None,
) -> Datum:
    """Return the modes that trade exactly, to first order, at `parameters`.

    Parameters
    ----------
    problem
        Says which blocks are free and how wide their priors are.
    parameters
        Where.
    modes
        Names, of `MODES`, of those that are wanted; absent: all.
    taking
        Detectors that take part; absent: those that the measurements place.
    """
    layout = layout_of(parameters)
    taking = taking_part(problem) if taking is None else taking
    wanted = MODES if modes is None else modes
    rows = [
        m
        for m in _active_modes(problem, taking)
        if all(name in wanted for name in _OF_ROW[m])
    ]
    directions, constraints = _common_detector_modes(
        np.asarray(parameters.detectors), layout, taking
    )
    x, y = directions[:, ALONG_X], directions[:, ALONG_Y]
    directions = np.column_stack([directions, x + y, x - y])
    x, y = constraints[ALONG_X], constraints[ALONG_Y]
    constraints = np.vstack([constraints, 0.5 * (x + y), 0.5 * (x - y)])
    expanded, exact = _exact_modes(problem, parameters, directions[:, rows])
    places = {row: i for i, row in enumerate(rows) if exact[i]}
    # Where both do not trade, a common stretch does all the same.
    alike = {ALONG_X, ALONG_Y} <= set(places)
    spare = (COMMON, UNEQUAL) if alike else (ALONG_X, ALONG_Y)
    rows = [row for row in places if row not in spare]
    names = {name for row in rows for name in _OF_ROW[row]}
    return Datum(
        tuple(name for name in MODES if name in names),
        expanded[:, [places[row] for row in rows]],
        constraints[rows],
        tuple(rows),
    )


def _exact_modes(
    problem: Problem, parameters: Parameters, modes: Float[np.ndarray, "p m"]
) -> tuple[np.ndarray, np.ndarray]:
    """Return modes completed by what undoes them, and which that is exact for."""
    if not modes.shape[1]:
        return modes, np.zeros(0, dtype=bool)
    expanded, left = _expand_modes(problem, parameters, modes)
    return expanded, left <= EXACT


def _expand_modes(
    problem: Problem, parameters: Parameters, modes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Complete modes of the detectors by what undoes them; say what is left of each."""
    instrument, layout = problem.instrument, layout_of(parameters)
    _, columns = linearised(
        instrument,
        parameters,
        np.zeros(5),
        parameters.coefficients,
        parameters.skew,
        parameters.detectors,
        taking=moved_detectors(parameters, modes),
    )
    n_detector = parameters.detectors.size
    together = companions(problem)
    others = columns[:, :-n_detector] @ together
    by_detectors = columns[:, -n_detector:]
    effect = by_detectors @ modes[layout.detectors]
    undo = -scaled_least_squares(others, effect)
    left = np.max(np.abs(others @ undo + effect), axis=0)
    left = left / np.max(np.abs(effect), axis=0)
    undo = together @ undo
    full = modes.copy()
    full[layout.exposures] = spread_common(parameters, undo[:5])
    full[layout.distortion] = undo[5:-1]
    full[layout.skew] = undo[-1]
    return full, left


def moved_detectors(
    parameters: Parameters, directions: Float[np.ndarray, "p m"]
) -> Bool[np.ndarray, "d"]:
    """Return which detectors common modes move: those that take part in the datum.

    Parameters
    ----------
    directions
        Of the modes. Without any, all detectors count.
    """
    along = directions[layout_of(parameters).detectors]
    if not along.shape[1]:
        return np.ones(len(parameters.detectors), dtype=bool)
    moved = along.reshape(len(parameters.detectors), -1) != 0
    return np.any(moved, axis=1)


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
    target = replace(parameters, detectors=_at_nominal(problem, parameters, datum))
    taking = moved_detectors(parameters, datum.directions)
    common, coefficients, skew, _ = compensation(problem, parameters, target, taking)
    step = spread_common(parameters, common[:, None])[:, 0]
    step = step.reshape(len(parameters.focal), -1)
    axes = _rotate_axes(jnp.asarray(parameters.axes), jnp.asarray(step[:, :3]))
    return replace(
        target,
        axes=np.asarray(axes),
        focal=np.asarray(parameters.focal) + step[:, 3:PER_EXPOSURE],
        coefficients=np.asarray(coefficients),
        skew=np.asarray(skew),
    )


def _at_nominal(
    problem: Problem, parameters: Parameters, datum: Datum
) -> Float[np.ndarray, "d 5"]:
    """Return the detectors moved along modes, by finite motions, to the datum.

    Turns and stretches are about the axis, so that the detectors keep their shape as
    far as a motion of all of them together can.
    """
    inside = layout_of(parameters).detectors
    detectors = np.array(parameters.detectors, dtype=float)
    nominal = detector_parameters(problem.instrument)
    rows = datum.constraints[:, inside]
    along = datum.directions[inside]
    taking = moved_detectors(parameters, datum.directions)
    for _ in range(3):
        excess = rows @ (detectors - nominal).ravel()
        amount = np.zeros(len(_OF_ROW))
        amount[list(datum.rows)] = -np.linalg.solve(rows @ along, excess)
        detectors[taking] = _moved_together(detectors[taking], amount)
    return detectors


def _moved_together(
    detectors: Float[np.ndarray, "d 5"], amount: Float[np.ndarray, "7"]
) -> Float[np.ndarray, "d 5"]:
    """Return detectors shifted, turned about the axis and stretched, all together."""
    x, y, theta, pitch_x, pitch_y = detectors.T
    cos2, sin2 = np.cos(theta) ** 2, np.sin(theta) ** 2
    turn = amount[2]
    along_x = amount[ALONG_X] + amount[COMMON] + amount[UNEQUAL]
    along_y = amount[ALONG_Y] + amount[COMMON] - amount[UNEQUAL]
    cos, sin = np.cos(turn), np.sin(turn)
    x, y = x * (1.0 + along_x), y * (1.0 + along_y)
    x, y = cos * x - sin * y, sin * x + cos * y
    return np.stack(
        [
            x + amount[0],
            y + amount[1],
            theta + turn,
            pitch_x * (1.0 + along_x * cos2 + along_y * sin2),
            pitch_y * (1.0 + along_x * sin2 + along_y * cos2),
        ],
        axis=1,
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
    target = replace(parameters, detectors=np.asarray(parameters.detectors) + moved)
    taking = moved_detectors(parameters, datum.directions)
    common, coefficients, skew, _ = compensation(problem, parameters, target, taking)
    step[layout.exposures] = spread_common(parameters, common[:, None])[:, 0]
    step[layout.distortion] = coefficients - np.asarray(parameters.coefficients)
    step[layout.skew] = float(skew) - float(parameters.skew)
    return step
