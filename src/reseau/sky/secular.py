"""Secular aberration: the motion of the solar system in the Galaxy.

The Sun's velocity displaces all that is at rest in the Galaxy by up to 169″ (Principles
of Differential Astrometry rounds to 150″, for 220 km/s), and what is at rest in the
Universe by more. That part is constant and left in every catalogue of the ICRS, so
nothing here is to be applied to catalogue positions. Its change, as the Sun's path
curves towards the Galactic centre, is an apparent proper motion of everything: a dipole
of 5 µas/yr.
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from reseau._precision import border
from reseau._typing import Direction, Position
from reseau.constants import DEGREE, MILLIARCSECOND, SPEED_OF_LIGHT

from ._kinds import ACCELERATION, DIRECTION
from .directions import tangent_basis

# From Galactic to ICRS axes: ESA 1997, The Hipparcos and Tycho Catalogues, vol. 1,
# section 1.5.3.
_FROM_GALACTIC = np.array(
    [
        [-0.0548755604, 0.4941094279, -0.8676661490],
        [-0.8734370902, -0.4448296300, -0.1980763734],
        [-0.4838350155, 0.7469822445, 0.4559837762],
    ]
)


def _fixed(vector: np.ndarray) -> np.ndarray:
    vector.flags.writeable = False
    return vector


def _towards(ra: float, dec: float) -> np.ndarray:
    flat = np.cos(dec)
    return np.array([flat * np.cos(ra), flat * np.sin(ra), np.sin(dec)])


GALACTIC_VELOCITY = _fixed(
    _FROM_GALACTIC @ np.array([12.9, 245.6, 7.78]) / SPEED_OF_LIGHT
)
"""Velocity of the Sun about the Galactic centre, ICRS axes [c].

(12.9, 245.6, 7.78) km/s along the Galactic axes: Drimmel & Poggio 2018, RNAAS 2, 210.
"""

GALACTIC_ACCELERATION = _fixed(
    5.05e-3 * MILLIARCSECOND * _towards(269.1 * DEGREE, -31.6 * DEGREE)
)
"""Acceleration of the solar system's barycentre, ICRS axes [c/yr].

5.05 ± 0.35 µas/yr, that is (2.32 ± 0.16)e-10 m/s², towards ra 269.1° ± 5.4°, dec -31.6°
± 4.1°: Gaia Collaboration, Klioner et al. 2021, A&A 649, A9 (abstract).
"""


@border(direction=DIRECTION, acceleration=ACCELERATION)
def secular_motion(
    direction: Direction, acceleration: Position
) -> tuple[Float[Array, "*batch"], Float[Array, "*batch"]]:
    """Return the apparent proper motion that an acceleration of the barycentre makes.

    Parameters
    ----------
    direction
        Unit vectors towards the sources from the barycentre, ICRS.
    acceleration
        Of the barycentre, ICRS axes [c/yr]; see `GALACTIC_ACCELERATION`.

    Returns
    -------
    Proper motion in right ascension times cos dec, and in declination [rad/yr].

    Notes
    -----
    The derivative of aberration with respect to the velocity at velocity zero, μ = a -
    (a·n) n, in east and north.

    References
    ----------
    Gaia Collaboration, Klioner et al. 2021, A&A 649, A9.
    """
    east, north = tangent_basis(jnp.asarray(direction))
    return jnp.sum(east * acceleration, axis=-1), jnp.sum(north * acceleration, axis=-1)


__all__ = ["GALACTIC_ACCELERATION", "GALACTIC_VELOCITY", "secular_motion"]
