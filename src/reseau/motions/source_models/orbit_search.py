"""From a periodogram to starts, and from starts to the best orbit.

An eccentric orbit longer than the data need not peak where its period is (the first
circular peak of Gaia BH3 is at 1725 days, the answer 4236). So the highest peaks and
long periods are tried with several eccentricities and phases, and the best of these
trials are refined, all three parameters free.
"""

import numpy as np

from .orbit_refinement import OrbitShape, refine
from .orbit_trials import REACH, Periodogram, Trials, trial_gain
from .single_source import SingleSource

PEAKS = 8
LONG = 12
"""Periods from a span to `REACH` spans that are tried besides the peaks."""

ECCENTRICITIES = (0.0, 0.35, 0.65, 0.88)
PHASES = 12
STARTS = 7
ROUGH = 15
LAST = 2
"""Steps by which all starts are refined, and how many of them to the end."""


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
    rough = [
        refine(coarse, s, most=ROUGH, tolerance=1e-5) for s in _starts(coarse, found)
    ]
    rough.sort(key=lambda shape: -shape.gain)
    refined = [refine(source, start) for start in rough[:LAST]]
    whole = [shape for shape in refined if shape.converged] or refined
    return max(whole, key=lambda shape: shape.gain)


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


__all__ = ["best_orbit"]
