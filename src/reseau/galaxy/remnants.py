"""What is left of stars that died: the initial-final mass relation.

Lam et al. 2020 (ApJ 889, 31): white dwarfs of Kalirai et al. 2008, neutron stars and
black holes with the probabilities and masses of Raithel et al. 2018. Only means are
needed here: of the mass of a component, how much is in stars that live.
"""

from typing import NamedTuple

import numpy as np

from .mass_function import MassFunction

WHITE_DWARFS_BELOW = 9.0
NEUTRON_STAR = 1.6
"""Mass of every neutron star (Lam et al. 2020) [Msun]."""
BLACK_HOLES_HIGH = 42.22
"""Where the relation for massive black holes begins [Msun]."""
EJECTED = 0.9
"""Share of black holes whose envelope is lost."""
NEUTRON_STARS = (
    (9.0, 15.0, 1.0),
    (15.0, 17.8, 0.679),
    (17.8, 18.5, 0.833),
    (18.5, 21.7, 0.5),
    (21.7, 25.2, 0.0),
    (25.2, 27.5, 0.652),
    (27.5, 60.0, 0.0),
    (60.0, 120.0, 0.4),
)
"""Initial masses [Msun], and what share of those stars leaves a neutron star."""
NODES = 32


class Remnants(NamedTuple):
    """Remnants of one star born.

    Attributes
    ----------
    number
        How many.
    mass
        Their mass together [Msun].
    """

    number: float
    mass: float


def remnant_mass(initial: np.ndarray | float) -> np.ndarray:
    """Return the mean mass of what a star leaves [Msun].

    Parameters
    ----------
    initial
        Its mass at birth [Msun].
    """
    m = np.asarray(initial, dtype=float)
    share = np.zeros(m.shape)
    for low, high, neutron_stars in NEUTRON_STARS:
        share = np.where((m >= low) & (m <= high), neutron_stars, share)
    massive = share * NEUTRON_STAR + (1.0 - share) * _black_hole(m)
    return np.where(m < WHITE_DWARFS_BELOW, 0.109 * m + 0.394, massive)


def _black_hole(m: np.ndarray) -> np.ndarray:
    """Return the mean mass of a black hole (Raithel et al. 2018, eqs. 1-4)."""
    core = -2.024 + 0.4130 * m
    off = m - 21.872
    whole = 16.28 + 0.00694 * off - 0.05973 * off**2 + 0.003112 * off**3
    low = EJECTED * core + (1.0 - EJECTED) * whole
    high = 5.795 + 1.007e9 * np.maximum(m, 1.0) ** -4.926
    return np.where(m < BLACK_HOLES_HIGH, low, high)


def remnants(mass_function: MassFunction, highest_living_mass: float) -> Remnants:
    """Return what is left of the stars above a mass, of one star born.

    Parameters
    ----------
    mass_function
        Of all stars born.
    highest_living_mass
        Initial mass above which stars have died [Msun].
    """
    low, high = highest_living_mass, mass_function.high
    inner: set[float] = {
        WHITE_DWARFS_BELOW,
        BLACK_HOLES_HIGH,
        *(a for a, _, _ in NEUTRON_STARS),
    }
    inner |= {*mass_function.breaks}
    edges = np.array([low, *sorted(e for e in inner if low < e < high), high])
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    middle, half = 0.5 * (edges[1:] + edges[:-1]), 0.5 * np.diff(edges)
    # A remnant mass jumps at an edge: no node is on one.
    m = middle[:, None] + half[:, None] * nodes
    mass = np.sum(half[:, None] * weights * mass_function.density(m) * remnant_mass(m))
    return Remnants(float(mass_function.number(low, high)), float(mass))


def living_per_mass(mass_function: MassFunction, highest_living_mass: float) -> float:
    """Return living stars per solar mass of living stars and remnants [1/Msun].

    Parameters
    ----------
    mass_function
        Of all stars born.
    highest_living_mass
        Initial mass above which stars have died [Msun].
    """
    alive = float(mass_function.living_share(highest_living_mass))
    mass = float(mass_function.mass(mass_function.low, highest_living_mass))
    return alive / (mass + remnants(mass_function, highest_living_mass).mass)


__all__ = ["Remnants", "living_per_mass", "remnant_mass", "remnants"]
