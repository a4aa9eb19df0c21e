"""Period, eccentricity and phase of the least χ² near a start.

Steps are taken in ln P and in ``ρ (cos φ, sin φ)``, with ``e = 0.99 tanh ρ`` and φ the
phase: smooth through circular orbits, and never beyond an ellipse. Constants that are
linear are solved for at every step; the derivatives leave out how the projection turns
(Kaufman 1975, BIT 15, 49), which costs no accuracy at the end.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.optimize import least_squares

from .eliminated import Eliminated, spanned
from .kepler import position_and_slopes
from .single_source import SingleSource
from .velocities import velocity_columns, velocity_slopes

LONGEST = 10.0
"""Periods that refinement may reach [span]."""

LARGEST = 0.99
"""Eccentricity that refinement does not pass."""

FLATTEST = 0.985
"""Beyond this refinement has run into the bound: no orbit was found."""

Steps = Float[np.ndarray, "3"]


@dataclass(frozen=True, eq=False)
class OrbitShape:
    """Period, eccentricity and phase of an orbit.

    Attributes
    ----------
    period
        [Julian year]
    eccentricity
        Of the orbit.
    phase
        Mean anomaly at the middle of the data [rad].
    gain
        By how much χ² falls.
    converged
        Whether refinement ended before its last step, and within the bounds of period
        and eccentricity.
    """

    period: float
    eccentricity: float
    phase: float
    gain: float
    converged: bool = True


def steps_of(shape: OrbitShape) -> Steps:
    """Return ln P, ρ cos φ and ρ sin φ; circular orbits are begun slightly beside."""
    rho = np.arctanh(min(max(shape.eccentricity, 0.02), 0.97) / LARGEST)
    turn = rho * np.cos(shape.phase), rho * np.sin(shape.phase)
    return np.array([np.log(shape.period), *turn])


def shape_of(steps: Steps) -> OrbitShape:
    """Return the orbit of ln P, ρ cos φ and ρ sin φ."""
    rho = float(np.hypot(steps[1], steps[2]))
    phase = float(np.arctan2(steps[2], steps[1]))
    period = float(np.exp(steps[0]))
    return OrbitShape(period, LARGEST * float(np.tanh(rho)), phase, 0.0)


def refine(
    source: SingleSource,
    start: OrbitShape,
    *,
    most: int = 100,
    tolerance: float = 1e-12,
) -> OrbitShape:
    """Return the orbit of the least χ² near a start.

    Parameters
    ----------
    source
        One source.
    start
        Where to begin.
    most
        Steps.
    tolerance
        Relative change of χ² that ends them.
    """
    problem = _Problem(source, start)
    found = least_squares(
        problem.left,
        steps_of(start),
        jac=problem.slopes,
        x_scale=[0.1, 0.2, 0.2],
        max_nfev=most,
        xtol=1e-10,
        ftol=tolerance,
        gtol=1e-10,
    )
    shape = shape_of(problem.bounded(found.x))
    inside = bool(problem.low < found.x[0] < problem.high)
    return OrbitShape(
        shape.period,
        shape.eccentricity,
        shape.phase,
        source.chi2 - 2.0 * float(found.cost),
        found.status > 0 and inside and shape.eccentricity < FLATTEST,
    )


class _Part(NamedTuple):
    """Whitened columns of one kind of data, and their derivatives."""

    eliminated: Eliminated
    columns: np.ndarray
    by_period: np.ndarray
    by_eccentricity: np.ndarray
    by_phase: np.ndarray


class _Problem:
    """What is left of the data as a function of the steps, and its derivatives.

    Residuals and derivatives are asked for at the same steps one after the other: what
    both need is kept.
    """

    def __init__(self, source: SingleSource, start: OrbitShape) -> None:
        longest = LONGEST * max(source.span, start.period)
        self.low, self.high = np.log(0.3 * start.period), np.log(longest)
        self.source = source
        self.time = source.astrometry.epoch - source.middle
        self.velocity_time = source.velocity_epoch - source.middle
        self._at: np.ndarray | None = None
        self._kept: list[_Part] = []

    def bounded(self, steps: Steps) -> Steps:
        return np.array([np.clip(steps[0], self.low, self.high), *steps[1:]])

    def left(self, steps: Steps) -> Float[np.ndarray, "n"]:
        return np.concatenate(
            [part.eliminated.left(part.columns) for part in self._parts(steps)]
        )

    def slopes(self, steps: Steps) -> Float[np.ndarray, "n 3"]:
        rho = float(np.clip(np.hypot(steps[1], steps[2]), 1e-6, 20.0))
        inward = LARGEST / np.cosh(rho) ** 2 * steps[1:] / rho
        around = np.array([-steps[2], steps[1]]) / rho**2
        return np.concatenate(
            [_part_slopes(part, inward, around) for part in self._parts(steps)]
        )

    def _parts(self, steps: Steps) -> list[_Part]:
        if self._at is None or not np.array_equal(self._at, steps):
            shape = shape_of(self.bounded(steps))
            self._at, self._kept = steps.copy(), [self._places(shape)]
            if self.source.constant is not None:
                self._kept.append(self._speeds(shape))
        return self._kept

    def _places(self, shape: OrbitShape) -> _Part:
        turned = 2.0 * np.pi * self.time / shape.period
        pairs = position_and_slopes(turned + shape.phase, np.array(shape.eccentricity))
        east, north = self.source.astrometry.direction.T
        rows = np.stack([[north * x, east * x, north * y, east * y] for x, y in pairs])
        white = self.source.white.apply(np.moveaxis(rows, -1, 0))
        columns, by_mean, by_eccentricity = np.moveaxis(white, 1, 0)
        by_period = -turned[:, None] * by_mean
        eliminated = self.source.eliminated
        return _Part(eliminated, columns, by_period, by_eccentricity, by_mean)

    def _speeds(self, shape: OrbitShape) -> _Part:
        given, constant = self.source.velocities, self.source.constant
        if given is None or constant is None:
            raise RuntimeError("a source without velocities has no speeds")
        scale = 1.0 / given.error[:, None]
        turned = 2.0 * np.pi * self.velocity_time / shape.period
        mean = turned + shape.phase
        e = np.array([shape.eccentricity])
        columns = velocity_columns(mean[:, None], e)[:, 0]
        by_mean, by_eccentricity = velocity_slopes(mean, shape.eccentricity)
        return _Part(
            constant,
            columns * scale,
            -turned[:, None] * by_mean * scale,
            by_eccentricity * scale,
            by_mean * scale,
        )


def _part_slopes(
    part: _Part, inward: Float[np.ndarray, "2"], around: Float[np.ndarray, "2"]
) -> Float[np.ndarray, "n 3"]:
    """Return the derivatives of what is left, by Kaufman's approximation."""
    eliminated = part.eliminated
    new = eliminated.without(part.columns)
    constants = np.linalg.lstsq(new, eliminated.rest, rcond=1e-12)[0]
    by_eccentricity = part.by_eccentricity @ constants
    by_phase = part.by_phase @ constants
    model = np.stack(
        [
            part.by_period @ constants,
            by_eccentricity * inward[0] + by_phase * around[0],
            by_eccentricity * inward[1] + by_phase * around[1],
        ],
        axis=1,
    )
    model = eliminated.without(model)
    inside = spanned(new)
    return inside @ (inside.T @ model) - model


__all__ = ["LARGEST", "OrbitShape", "refine", "shape_of", "steps_of"]
