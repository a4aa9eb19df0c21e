"""Radial velocities of one source, and the columns of a spectroscopic orbit.

``v = γ + K (cos(ω + ν) + e cos ω)``: positive away from us, ω and K of the body whose
lines are measured.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from .kepler import eccentric_anomaly

AU_A_YEAR = 4.740470463533349
"""One astronomical unit a Julian year [km/s]."""


@dataclass(frozen=True, eq=False)
class RadialVelocities:
    """Velocities with independent errors.

    Attributes
    ----------
    epoch
        [Julian year, TCB]
    value, error
        Velocity and 1σ [km/s].
    """

    epoch: Float[np.ndarray, "m"]
    value: Float[np.ndarray, "m"]
    error: Float[np.ndarray, "m"]


def velocity_columns(
    mean_anomaly: Float[np.ndarray, "m c"], eccentricity: Float[np.ndarray, "c"]
) -> Float[np.ndarray, "m c 2"]:
    """Return the derivatives of the velocity by K cos ω and K sin ω.

    Parameters
    ----------
    mean_anomaly
        Of each epoch and trial [rad].
    eccentricity
        Of each trial.
    """
    anomaly = eccentric_anomaly(mean_anomaly, eccentricity)
    distance = 1.0 - eccentricity * np.cos(anomaly)
    root = np.sqrt((1.0 - eccentricity) * (1.0 + eccentricity))
    cosine = (np.cos(anomaly) - eccentricity) / distance
    sine = root * np.sin(anomaly) / distance
    return np.stack([cosine + eccentricity, -sine], axis=-1)


def velocity_slopes(
    mean_anomaly: Float[np.ndarray, "m"], eccentricity: float
) -> tuple[Float[np.ndarray, "m 2"], Float[np.ndarray, "m 2"]]:
    """Return the derivatives of `velocity_columns` by M and by e.

    Parameters
    ----------
    mean_anomaly
        Of each epoch [rad].
    eccentricity
        Of the orbit.
    """
    e = np.array([eccentricity])
    towards, across = velocity_columns(mean_anomaly[:, None], e)[:, 0].T
    cosine, sine = towards - eccentricity, -across
    open_ = (1.0 - eccentricity) * (1.0 + eccentricity)
    by_mean = (1.0 + eccentricity * cosine) ** 2 / open_**1.5
    by_eccentricity = sine * (2.0 + eccentricity * cosine) / open_
    turn = np.stack([-sine, -cosine], axis=1)
    return turn * by_mean[:, None], turn * by_eccentricity[:, None] + np.array(
        [1.0, 0.0]
    )


def orbital_speed(
    size: float, inclination: float, period: float, eccentricity: float
) -> float:
    """Return the semi-amplitude K of a body on an orbit [km/s].

    Parameters
    ----------
    size
        Semi-major axis of its orbit about the centre of mass [au].
    inclination
        [rad]
    period
        [Julian year]
    eccentricity
        Of the orbit.
    """
    root = np.sqrt((1.0 - eccentricity) * (1.0 + eccentricity))
    rate = 2.0 * np.pi / period
    return float(AU_A_YEAR * rate * size * np.sin(inclination) / root)


__all__ = [
    "AU_A_YEAR",
    "RadialVelocities",
    "orbital_speed",
    "velocity_columns",
    "velocity_slopes",
]
