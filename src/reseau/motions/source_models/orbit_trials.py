"""Orbits tried in numbers: what each period, eccentricity and phase would gain.

Displacement is ``B X + G Y`` towards East and ``A X + F Y`` towards North, with X and Y
of the orbit of unit size, so that a trial is linear in the constants of Thiele and
Innes.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from .kepler import orbit_position
from .single_source import SingleSource
from .velocities import velocity_columns

REACH = 3.0
"""Longest period that is tried, in spans of the data."""

OVERSAMPLING = 10
"""Steps of frequency to one over the span."""

SHORTEST = 10.0 / 365.25
"""Shortest period [Julian year]; no shorter than the mean time between visits."""

MEMORY = 4_000_000
"""Numbers that one batch of trials may fill."""

Trials = Float[np.ndarray, "c"]


@dataclass(frozen=True, eq=False)
class Periodogram:
    """What circular orbits gain, at frequencies with uniform steps.

    Attributes
    ----------
    frequency
        [1 / Julian year]
    gain
        By how much χ² falls below that of the linear model.
    """

    frequency: Trials
    gain: Trials


def orbit_columns(
    source: SingleSource, period: Trials, eccentricity: Trials, phase: Trials
) -> Float[np.ndarray, "n c 4"]:
    """Return the derivatives of the rows by A, B, F and G, not whitened.

    Parameters
    ----------
    source
        Epochs and directions.
    period
        [Julian year]
    eccentricity
        Of each trial.
    phase
        Mean anomaly at the middle of the data [rad].
    """
    x, y = orbit_position(_anomaly(source, period, phase), eccentricity)
    east, north = source.astrometry.direction.T[:, :, None]
    return np.stack([north * x, east * x, north * y, east * y], axis=-1)


def _anomaly(
    source: SingleSource, period: Trials, phase: Trials
) -> Float[np.ndarray, "n c"]:
    time = source.astrometry.epoch - source.middle
    return 2.0 * np.pi * time[:, None] / period + phase


def trial_gain(
    source: SingleSource, period: Trials, eccentricity: Trials, phase: Trials
) -> Trials:
    """Return by how much χ² falls with each orbit, in batches.

    Parameters
    ----------
    source
        With or without velocities, which gain by K cos ω and K sin ω of their own.
    period, eccentricity, phase
        As `orbit_columns` takes them.
    """
    batch = max(MEMORY // (4 * len(source.astrometry.epoch)), 1)
    parts = [
        _gain(source, period[at], eccentricity[at], phase[at])
        for at in np.split(np.arange(len(period)), range(batch, len(period), batch))
    ]
    return np.concatenate(parts)


def _gain(
    source: SingleSource, period: Trials, eccentricity: Trials, phase: Trials
) -> Trials:
    columns = orbit_columns(source, period, eccentricity, phase)
    gain = source.eliminated.gain(source.white.apply(columns))
    if source.constant is None or source.velocities is None:
        return gain
    time = source.velocity_epoch - source.middle
    anomaly = 2.0 * np.pi * time[:, None] / period + phase
    speeds = velocity_columns(anomaly, eccentricity)
    return gain + source.constant.gain(speeds / source.velocities.error[:, None, None])


def periodogram(source: SingleSource, shortest: float | None = None) -> Periodogram:
    """Return what circular orbits of all periods gain.

    Parameters
    ----------
    source
        One source.
    shortest
        Shortest period [Julian year]; None: ten days, or the mean time between visits
        where that is more.

    Notes
    -----
    From one over `REACH` spans in steps of one over `OVERSAMPLING` spans.
    """
    span = max(source.span, 1e-6)
    if shortest is None:
        shortest = max(SHORTEST, span / source.visits)
    begin, step = 1.0 / (REACH * span), 1.0 / (OVERSAMPLING * span)
    frequency = np.arange(begin, max(1.0 / shortest, begin + 2.0 * step), step)
    zeros = np.zeros(len(frequency))
    return Periodogram(frequency, trial_gain(source, 1.0 / frequency, zeros, zeros))


__all__ = ["Periodogram", "orbit_columns", "periodogram", "trial_gain"]
