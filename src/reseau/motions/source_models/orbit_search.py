"""From a periodogram to starts, and from starts to the best orbit.

An eccentric orbit longer than the data need not peak where its period is (the first
circular peak of Gaia BH3 is at 1725 days, the answer 4236). So the highest peaks and
long periods are tried with several eccentricities and phases, and the best of these
trials are refined, all three parameters free.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.optimize import least_squares

from .orbit_trials import REACH, Periodogram, Trials, orbit_columns, trial_gain
from .single_source import SingleSource
from .velocities import velocity_columns

PEAKS = 8
LONG = 12
"""Periods from a span to `REACH` spans that are tried besides the peaks."""

ECCENTRICITIES = (0.0, 0.35, 0.65, 0.88)
PHASES = 12
STARTS = 8
ROUGH = 25
LAST = 2
"""Steps by which all starts are refined, and how many of them to the end."""

LONGEST = 10.0
"""Periods that refinement may reach [span]."""

LARGEST = 0.99
"""Eccentricity that refinement does not pass."""


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
        Whether refinement ended before its last step.
    """

    period: float
    eccentricity: float
    phase: float
    gain: float
    converged: bool = True


def best_orbit(source: SingleSource, found: Periodogram) -> OrbitShape:
    """Return the best orbit that refinement finds from several starts.

    Parameters
    ----------
    source
        One source.
    found
        Its periodogram.
    """
    coarse = source if source.coarse is None else source.coarse
    rough = [refine(coarse, s, most=ROUGH) for s in _starts(coarse, found)]
    rough.sort(key=lambda shape: -shape.gain)
    refined = [refine(source, start) for start in rough[:LAST]]
    return max(refined, key=lambda shape: shape.gain)


def _starts(source: SingleSource, found: Periodogram) -> list[OrbitShape]:
    inverse = np.linspace(1.0 / REACH, 1.0, LONG) / max(source.span, 1e-6)
    frequency = np.concatenate([_peaks(found), inverse])
    phases = 2.0 * np.pi * np.arange(PHASES) / PHASES
    grid = np.meshgrid(1.0 / frequency, ECCENTRICITIES, phases, indexing="ij")
    period, eccentricity, phase = (axis.reshape(-1) for axis in grid)
    gain = trial_gain(source, period, eccentricity, phase)
    # The best of each period and eccentricity, then the best of these.
    by_start = gain.reshape(-1, PHASES)
    rows = np.arange(len(by_start)) * PHASES + by_start.argmax(axis=1)
    chosen = rows[np.argsort(gain[rows])[::-1][:STARTS]]
    return [
        OrbitShape(
            float(period[i]), float(eccentricity[i]), float(phase[i]), float(gain[i])
        )
        for i in chosen
    ]


def _peaks(found: Periodogram) -> Trials:
    """Return the frequencies of the highest local maxima, ends included."""
    padded = np.concatenate([[-np.inf], found.gain, [-np.inf]])
    inner = padded[1:-1]
    at = np.flatnonzero((inner >= padded[:-2]) & (inner >= padded[2:]))
    return found.frequency[at[np.argsort(inner[at])[::-1][:PEAKS]]]


def refine(
    source: SingleSource, start: OrbitShape, *, most: int = 100
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

    Notes
    -----
    Steps are taken in ln P and in ``ρ (cos φ, sin φ)``, with ``e = 0.99 tanh ρ`` and φ
    the phase: smooth through circular orbits, and never beyond an ellipse.
    """
    low, high = 0.3 * start.period, LONGEST * max(source.span, start.period)

    def left(steps: Float[np.ndarray, "3"]) -> Float[np.ndarray, "n"]:
        period, eccentricity, phase = _shape_of(steps)
        period = float(np.clip(period, low, high))
        return _left(source, period, eccentricity, phase)

    rho = np.arctanh(min(max(start.eccentricity, 0.02), 0.97) / LARGEST)
    begin = np.array(
        [
            np.log(start.period),
            rho * np.cos(start.phase),
            rho * np.sin(start.phase),
        ]
    )
    found = least_squares(
        left, begin, method="trf", x_scale=[0.1, 0.2, 0.2], max_nfev=most, xtol=1e-12,
        ftol=1e-13, gtol=1e-12,
    )
    period, eccentricity, phase = _shape_of(found.x)
    period = float(np.clip(period, low, high))
    gain = source.chi2 - 2.0 * float(found.cost)
    inside = low < period < high
    return OrbitShape(period, eccentricity, phase, gain, found.status > 0 and inside)


def _shape_of(steps: Float[np.ndarray, "3"]) -> tuple[float, float, float]:
    rho = float(np.hypot(steps[1], steps[2]))
    phase = float(np.arctan2(steps[2], steps[1]))
    return float(np.exp(steps[0])), LARGEST * float(np.tanh(rho)), phase


def _left(
    source: SingleSource, period: float, eccentricity: float, phase: float
) -> Float[np.ndarray, "n"]:
    one = (np.array([period]), np.array([eccentricity]), np.array([phase]))
    columns = orbit_columns(source, *one)[:, 0]
    rest = source.eliminated.left(source.white.apply(columns))
    if source.constant is None or source.velocities is None:
        return rest
    time = source.velocity_epoch - source.middle
    anomaly = 2.0 * np.pi * time[:, None] / period + phase
    speeds = velocity_columns(anomaly, one[1])[:, 0]
    scaled = speeds / source.velocities.error[:, None]
    return np.concatenate([rest, source.constant.left(scaled)])


__all__ = ["OrbitShape", "best_orbit", "refine"]
