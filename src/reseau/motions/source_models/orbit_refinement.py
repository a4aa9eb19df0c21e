"""Period, eccentricity and phase of the least χ² near a start.

Steps are taken in ln P and in ``ρ (cos φ, sin φ)``, with ``e = 0.99 tanh ρ`` and φ the
phase: smooth through circular orbits, and never beyond an ellipse. Constants that are
linear are solved for at every step; the derivatives leave out how the projection turns
(Kaufman 1975, BIT 15, 49), which costs no accuracy at the end.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.optimize import least_squares

from .eliminated import Eliminated, spanned
from .kepler import orbit_position, orbit_slopes
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
    longest = LONGEST * max(source.span, start.period)
    low, high = np.log(0.3 * start.period), np.log(longest)

    def bounded(steps: Steps) -> Steps:
        return np.array([np.clip(steps[0], low, high), *steps[1:]])

    found = least_squares(
        lambda steps: _left(source, bounded(steps)),
        steps_of(start),
        jac=lambda steps: _slopes(source, bounded(steps)),
        x_scale=[0.1, 0.2, 0.2],
        max_nfev=most,
        xtol=1e-10,
        ftol=tolerance,
        gtol=1e-10,
    )
    shape = shape_of(bounded(found.x))
    gain = source.chi2 - 2.0 * float(found.cost)
    inside = bool(low < found.x[0] < high) and shape.eccentricity < FLATTEST
    return OrbitShape(
        shape.period, shape.eccentricity, shape.phase, gain, found.status > 0 and inside
    )


def _left(source: SingleSource, steps: Steps) -> Float[np.ndarray, "n"]:
    return np.concatenate(
        [each.left(columns) for each, columns, _ in _parts(source, steps)]
    )


def _slopes(source: SingleSource, steps: Steps) -> Float[np.ndarray, "n 3"]:
    """Return the derivatives of what is left, by Kaufman's approximation."""
    rho = float(np.clip(np.hypot(steps[1], steps[2]), 1e-6, 20.0))
    inward = LARGEST / np.cosh(rho) ** 2 * steps[1:] / rho
    around = np.array([-steps[2], steps[1]]) / rho**2
    found = []
    for each, columns, slopes in _parts(source, steps):
        new = each.without(columns)
        constants = np.linalg.lstsq(new, each.rest, rcond=1e-12)[0]
        by_period, by_eccentricity, by_phase = (s @ constants for s in slopes)
        model = np.stack(
            [
                by_period,
                by_eccentricity * inward[0] + by_phase * around[0],
                by_eccentricity * inward[1] + by_phase * around[1],
            ],
            axis=1,
        )
        inside = spanned(new)
        model = each.without(model)
        found.append(inside @ (inside.T @ model) - model)
    return np.concatenate(found)


Part = tuple[Eliminated, np.ndarray, tuple[np.ndarray, np.ndarray, np.ndarray]]


def _parts(source: SingleSource, steps: Steps) -> list[Part]:
    """Return whitened columns and their derivatives by ln P, e and phase."""
    shape = shape_of(steps)
    e = np.array(shape.eccentricity)

    def anomaly(epoch: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
        return 2.0 * np.pi * (epoch - source.middle) / shape.period + shape.phase

    mean = anomaly(source.astrometry.epoch)
    east, north = source.astrometry.direction.T

    def columns(pair: tuple[np.ndarray, np.ndarray]) -> Float[np.ndarray, "n 4"]:
        x, y = pair
        rows = np.stack([north * x, east * x, north * y, east * y], axis=-1)
        return source.white.apply(rows)

    by_mean, by_eccentricity = (columns(s) for s in orbit_slopes(mean, e))
    elapsed = -(mean - shape.phase)[:, None]
    parts = [
        (
            source.eliminated,
            columns(orbit_position(mean, e)),
            (elapsed * by_mean, by_eccentricity, by_mean),
        )
    ]
    if source.constant is not None and source.velocities is not None:
        mean = anomaly(source.velocity_epoch)
        scale = 1.0 / source.velocities.error[:, None]
        speeds = velocity_columns(mean[:, None], e[None])[:, 0]
        by_mean, by_eccentricity = velocity_slopes(mean, shape.eccentricity)
        elapsed = -(mean - shape.phase)[:, None]
        slopes = elapsed * by_mean * scale, by_eccentricity * scale, by_mean * scale
        parts.append((source.constant, speeds * scale, slopes))
    return parts


__all__ = ["LARGEST", "OrbitShape", "refine", "shape_of", "steps_of"]
