"""Kepler's equation, and where a body is on the orbit of unit size."""

from typing import TypeAlias

import numpy as np
from jaxtyping import Float

Numbers: TypeAlias = Float[np.ndarray, "*#n"]

ROUNDS = 12
CLOSE = 1e-6
"""A step, after which the next would be lost in rounding: they shrink as its fourth
power."""


def eccentric_anomaly(mean_anomaly: Numbers, eccentricity: Numbers) -> Numbers:
    """Solve Kepler's equation ``M = E - e sin E`` for elliptic orbits.

    Parameters
    ----------
    mean_anomaly
        M [rad], any number of turns.
    eccentricity
        e, from 0 to less than 1; shapes broadcast.

    Returns
    -------
    E, with as many turns as M [rad].

    Notes
    -----
    Started and stepped as Danby (1987, Celestial Mechanics 40, 303) does, with quartic
    convergence. ``|E - e sin E - M|`` is below 1e-15 + 2 units of rounding of M for
    e ≤ 0.999. Near e = 1 and M = 0, E itself is as uncertain as the equation leaves it.
    """
    turns = np.round(mean_anomaly / (2.0 * np.pi))
    m = mean_anomaly - 2.0 * np.pi * turns
    m, e = np.broadcast_arrays(m, np.asarray(eccentricity, float))
    anomaly = m + 0.85 * e * np.sign(m)
    for _ in range(ROUNDS):
        sine, cosine = e * np.sin(anomaly), e * np.cos(anomaly)
        miss, slope = anomaly - sine - m, 1.0 - cosine
        newton = -miss / slope
        halley = -miss / (slope + 0.5 * newton * sine)
        step = -miss / (slope + 0.5 * halley * sine + halley**2 * cosine / 6.0)
        anomaly = anomaly + step
        if not np.any(np.abs(step) > CLOSE):
            break
    return anomaly + 2.0 * np.pi * turns


def orbit_position(
    mean_anomaly: Numbers, eccentricity: Numbers
) -> tuple[Numbers, Numbers]:
    """Return X = cos E - e and Y = √(1 - e²) sin E.

    Parameters
    ----------
    mean_anomaly, eccentricity
        As `eccentric_anomaly` takes them.
    """
    anomaly = eccentric_anomaly(mean_anomaly, eccentricity)
    root = np.sqrt((1.0 - eccentricity) * (1.0 + eccentricity))
    return np.cos(anomaly) - eccentricity, root * np.sin(anomaly)


def orbit_slopes(
    mean_anomaly: Numbers, eccentricity: Numbers
) -> tuple[tuple[Numbers, Numbers], tuple[Numbers, Numbers]]:
    """Return the derivatives of X and Y by M and by e.

    Parameters
    ----------
    mean_anomaly, eccentricity
        As `eccentric_anomaly` takes them.

    Returns
    -------
    (dX/dM, dY/dM) and (dX/de, dY/de).
    """
    return position_and_slopes(mean_anomaly, eccentricity)[1:]


Pair: TypeAlias = tuple[Numbers, Numbers]


def position_and_slopes(
    mean_anomaly: Numbers, eccentricity: Numbers
) -> tuple[Pair, Pair, Pair]:
    """Return X and Y with their derivatives by M and by e, for one solution of all.

    Parameters
    ----------
    mean_anomaly, eccentricity
        As `eccentric_anomaly` takes them.
    """
    anomaly = eccentric_anomaly(mean_anomaly, eccentricity)
    root = np.sqrt((1.0 - eccentricity) * (1.0 + eccentricity))
    sine, cosine = np.sin(anomaly), np.cos(anomaly)
    rate = 1.0 / (1.0 - eccentricity * cosine)
    by_mean = (-sine * rate, root * cosine * rate)
    by_eccentricity = (
        -1.0 - sine**2 * rate,
        -eccentricity / root * sine + root * cosine * sine * rate,
    )
    return (cosine - eccentricity, root * sine), by_mean, by_eccentricity


__all__ = [
    "eccentric_anomaly",
    "orbit_position",
    "orbit_slopes",
    "position_and_slopes",
]
