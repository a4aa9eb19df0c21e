"""Velocity moments of the nuclear star cluster from the Jeans equations.

The dispersions are those of a distribution function f(E, L_z): equal outwards and
upwards, without tilt. They are fixed by density and potential alone (Binney & Tremaine
2008, eqs. 4.221-4.222; the even part of the two-integral model of Chatzopoulos et al.
2015, MNRAS 447, 948). How the azimuthal motion divides into rotation and dispersion is
not fixed: Satoh's (1980, PASJ 32, 41) parameter k does that, 1 being an isotropic
rotator.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from .multipole import Density, HasGradient

Numbers = Float[np.ndarray, "n"]

NODES = 400
"""Nodes of the integral upwards."""
FARTHEST = 5000.0
"""Height that it goes to [pc]."""
STEP = 1e-3
"""Relative step of the derivative by radius."""


@dataclass(frozen=True)
class JeansMoments:
    """Second moments of the velocity at n places.

    Attributes
    ----------
    meridional
        Variance outwards, and upwards [km²/s²].
    azimuthal
        Mean square of the azimuthal velocity [km²/s²].
    """

    meridional: Numbers
    azimuthal: Numbers


def solve_jeans(
    density: Density, potential: HasGradient, radius: Numbers, height: Numbers
) -> JeansMoments:
    """Solve the Jeans equations of f(E, L_z) at places.

    Parameters
    ----------
    density
        Of the stars, any unit.
    potential
        That they move in.
    radius, height
        Where [pc]; radii greater than 0.
    """
    support = _support(density, potential, radius, height)
    outer = _support(density, potential, radius * (1.0 + STEP), height)
    inner = _support(density, potential, radius * (1.0 - STEP), height)
    slope = (outer - inner) / (2.0 * STEP)  # R d/dR
    here = density(radius, height)
    outwards, _ = potential.gradient(radius, height)
    meridional = support / here
    azimuthal = meridional + slope / here + radius * outwards
    return JeansMoments(meridional, azimuthal)


def _support(
    density: Density, potential: HasGradient, radius: Numbers, height: Numbers
) -> Numbers:
    """Return density times the variance upwards: the weight of what is above."""
    node, weight = np.polynomial.legendre.leggauss(NODES)
    # Equal steps of t in z = r sinh t resolve both a cusp and the outskirts.
    scale = np.hypot(radius, height)
    low, high = np.arcsinh(height / scale), np.arcsinh(FARTHEST / scale)
    half = 0.5 * (high - low)[:, None]
    t = low[:, None] + half * (node + 1.0)
    z = scale[:, None] * np.sinh(t)
    at = np.broadcast_to(radius[:, None], z.shape)
    _, upwards = potential.gradient(at, z)
    weighed = density(at, z) * upwards * scale[:, None] * np.cosh(t)
    return (half * weighed) @ weight


__all__ = ["JeansMoments", "solve_jeans"]
