"""Astrometric binaries: the orbit of the light's centre about the centre of mass.

Position East and North is ``B X + G Y`` and ``A X + F Y`` with ``X = cos E - e``,
``Y = (1 - e²)^½ sin E`` and the Thiele-Innes constants A, B, F, G (Binnendijk 1960,
*Properties of Double Stars*; Halbwachs et al. 2023, A&A 674, A9, eqs. 1-5); E solves
Kepler's equation ``E - e sin E = M``.

Orbits are drawn from round numbers: the logarithm of the period in days is Normal about
5.03 with σ = 2.28 (Raghavan et al. 2010, ApJS 190, 1) and kept from 0.2 to 200 years,
where astrometry feels it; eccentricities are uniform to 0.9, the primary has 1 solar
mass, mass ratios q are uniform, light goes as the fourth power of mass, and
orientations are isotropic.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy import special

DAYS_PER_YEAR = 365.25
LOG_PERIOD, LOG_PERIOD_SIGMA = 5.03, 2.28  # of days
SHORTEST, LONGEST = 0.2, 200.0  # yr
MOST_ECCENTRIC = 0.9
LIGHT_POWER = 4.0
"""Light grows with this power of the mass."""

STEPS = 50


class Orbits(NamedTuple):
    """Orbits of the light's centre, one for each binary.

    Attributes
    ----------
    row
        Of the star in its population.
    period
        [Julian yr].
    eccentricity
        From 0 to below 1.
    periastron
        An epoch of it, Julian year of TCB at the barycentre.
    constants
        Thiele-Innes A, B, F, G [mas]: North and East towards periastron, North and East
        a quarter of a turn further on.
    """

    row: Int[np.ndarray, "k"]
    period: Float[np.ndarray, "k"]
    eccentricity: Float[np.ndarray, "k"]
    periastron: Float[np.ndarray, "k"]
    constants: Float[np.ndarray, "k 4"]


def draw_orbits(
    rng: np.random.Generator,
    row: Int[np.ndarray, "k"],
    parallax: Float[np.ndarray, "k"],
) -> Orbits:
    """Draw an orbit for each of some stars, by the module's distributions.

    Parameters
    ----------
    rng
        Random numbers.
    row
        Rows of the stars.
    parallax
        Of the stars [mas].
    """
    n = len(row)
    edges = (np.log10(np.array([SHORTEST, LONGEST]) * DAYS_PER_YEAR) - LOG_PERIOD) / (
        LOG_PERIOD_SIGMA
    )
    low, high = special.ndtr(edges)
    share = rng.uniform(low, high, n)
    log_days = LOG_PERIOD + LOG_PERIOD_SIGMA * special.ndtri(share)
    period = 10.0**log_days / DAYS_PER_YEAR
    ratio = rng.uniform(0.0, 1.0, n)
    # Kepler's third law, au of solar masses and years.
    separation = np.cbrt((1.0 + ratio) * period**2)
    light = ratio**LIGHT_POWER
    arm = ratio / (1.0 + ratio) - light / (1.0 + light)
    return Orbits(
        row=row,
        period=period,
        eccentricity=rng.uniform(0.0, MOST_ECCENTRIC, n),
        periastron=2000.0 + period * rng.uniform(0.0, 1.0, n),
        constants=thiele_innes(
            np.abs(parallax) * separation * arm,
            inclination=np.arccos(rng.uniform(-1.0, 1.0, n)),
            node=rng.uniform(0.0, 2.0 * np.pi, n),
            periastron=rng.uniform(0.0, 2.0 * np.pi, n),
        ),
    )


def thiele_innes(
    size: Float[np.ndarray, "k"],
    *,
    inclination: Float[np.ndarray, "k"],
    node: Float[np.ndarray, "k"],
    periastron: Float[np.ndarray, "k"],
) -> Float[np.ndarray, "k 4"]:
    """Return the Thiele-Innes constants A, B, F, G, in the unit of `size`.

    Parameters
    ----------
    size
        Semi-major axis.
    inclination, node, periastron
        Angles i, Ω (from North through East) and ω [rad].
    """
    cos_i = np.cos(inclination)
    cos_n, sin_n = np.cos(node), np.sin(node)
    cos_p, sin_p = np.cos(periastron), np.sin(periastron)
    a = cos_p * cos_n - sin_p * sin_n * cos_i
    b = cos_p * sin_n + sin_p * cos_n * cos_i
    f = -sin_p * cos_n - cos_p * sin_n * cos_i
    g = -sin_p * sin_n + cos_p * cos_n * cos_i
    constants: np.ndarray = size[:, None] * np.stack([a, b, f, g], axis=-1)
    return constants


def orbit_offset(
    orbits: Orbits, time: Float[np.ndarray, "k t"]
) -> Float[np.ndarray, "k t 2"]:
    """Return where the light's centre is from the centre of mass, East and North [mas].

    Parameters
    ----------
    orbits
        Of k binaries.
    time
        Of each, Julian years of TCB when the light reaches the barycentre.
    """
    phase = (time - orbits.periastron[:, None]) / orbits.period[:, None]
    e = orbits.eccentricity[:, None]
    anomaly = eccentric_anomaly(2.0 * np.pi * (phase - np.rint(phase)), e)
    x, y = np.cos(anomaly) - e, np.sqrt(1.0 - e**2) * np.sin(anomaly)
    a, b, f, g = orbits.constants.T[:, :, None]
    return np.stack([b * x + g * y, a * x + f * y], axis=-1)


def eccentric_anomaly(
    mean: Float[np.ndarray, "*batch"], eccentricity: Float[np.ndarray, "*#batch"]
) -> Float[np.ndarray, "*batch"]:
    """Solve Kepler's equation E - e sin E = M for E [rad].

    Parameters
    ----------
    mean
        Mean anomaly M [rad].
    eccentricity
        From 0 to below 1.

    Notes
    -----
    Newton's steps from M + e or π, whichever is less. From 0 to π the function is
    convex, so that from there they fall to the root and cannot miss it.
    """
    turns = np.rint(mean / (2.0 * np.pi))
    m = mean - 2.0 * np.pi * turns
    sign = np.where(m < 0.0, -1.0, 1.0)
    m = np.abs(m)
    anomaly = np.minimum(m + eccentricity, np.pi)
    for _ in range(STEPS):
        slope = 1.0 - eccentricity * np.cos(anomaly)
        step = (anomaly - eccentricity * np.sin(anomaly) - m) / slope
        anomaly = anomaly - step
        if not np.any(np.abs(step) > 1e-14):
            break
    return sign * anomaly + 2.0 * np.pi * turns


__all__ = [
    "Orbits",
    "draw_orbits",
    "eccentric_anomaly",
    "orbit_offset",
    "thiele_innes",
]
