"""Refraction in powers of the tangent of the observed zenith distance.

To first order, as if the Earth were flat, R = (n₀ - 1) tan z₀. With the curvature of
the layers, Laplace's ``R = A tan z₀ - B tan³ z₀``, where A = α (1 - β) and B = α (β -
α/2), α = n₀ - 1, and β is the scale height of the air over its distance from the
Earth's centre (Principles of Differential Astrometry; Green 1987, Spherical Astronomy,
eq. 4.31). What is left out is of second order in β: 0.03 mas at 10°, 0.8 mas at 45°, 6
mas at 60°, 41 mas at 70°, 1.2″ at 80°, at sea level.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from reseau._precision import border
from reseau.sky._kinds import ANGLE, LAPSE, NUMBER, SITE, WAVELENGTH, WEATHER

from .air import Amount
from .layers import atmosphere, column, refraction_through


@border(z0=ANGLE, refractivity=NUMBER)
def refraction_tangent(z0: Amount, refractivity: Amount) -> Array:
    """Return refraction to first order, (n₀ - 1) tan z₀ [rad].

    Parameters
    ----------
    z0
        Observed zenith distance [rad].
    refractivity
        n₀ - 1 at the observer.
    """
    return jnp.asarray(refractivity) * jnp.tan(z0)


@border(z0=ANGLE, tangent=ANGLE, cube=ANGLE)
def refraction_laplace(z0: Amount, tangent: Amount, cube: Amount) -> Array:
    """Return refraction by Laplace's formula, A tan z₀ - B tan³ z₀ [rad].

    Parameters
    ----------
    z0
        Observed zenith distance [rad].
    tangent, cube
        A and B [rad], see `laplace_constants`.
    """
    slope = jnp.tan(z0)
    return slope * (tangent - cube * slope**2)


@border(wavelength=WAVELENGTH, **WEATHER, **SITE)
def laplace_constants(
    pressure: Amount,
    temperature: Amount,
    humidity: Amount,
    wavelength: Amount,
    *,
    height: Amount = 0.0,
    latitude: Amount = np.pi / 4,
) -> tuple[Array, Array]:
    """Return Laplace's constants A and B [rad], B positive.

    Parameters
    ----------
    pressure, temperature, humidity, wavelength
        At the observer, as in `refractivity`.
    height
        Above sea level [m]; `pressure` is what it is there.
    latitude
        Of the site [rad].

    Notes
    -----
    β follows from the weight of the air alone: R T / (M g r₀) for dry air, a little
    less with vapour, which lies lower.
    """
    air = atmosphere(
        pressure, temperature, humidity, wavelength, height=height, latitude=latitude
    )
    alpha = jnp.asarray(air.dry - air.wet)
    alpha_beta = column(air)
    return alpha - alpha_beta, alpha_beta - 0.5 * alpha**2


@border(wavelength=WAVELENGTH, lapse=LAPSE, **WEATHER, **SITE)
def fitted_constants(
    pressure: Amount,
    temperature: Amount,
    humidity: Amount,
    wavelength: Amount,
    *,
    height: Amount = 0.0,
    latitude: Amount = np.pi / 4,
    lapse: Amount = 0.0065,
) -> tuple[Array, Array]:
    """Return A and B that give the integrated refraction at 45° and at 76° [rad].

    Parameters
    ----------
    pressure, temperature, humidity, wavelength
        At the observer, as in `refractivity`.
    height, latitude, lapse
        As in `atmosphere`.

    Notes
    -----
    They take up on the average the higher powers of tan z₀ that `laplace_constants`
    leaves out, as SLALIB's `refco` does: within 35 mas of the integral to 76°, though
    1 mas worse at 30°.
    """
    air = atmosphere(
        pressure,
        temperature,
        humidity,
        wavelength,
        height=height,
        latitude=latitude,
        lapse=lapse,
    )
    slopes = jnp.array([1.0, 4.0])
    each = jax.tree.map(lambda field: jnp.asarray(field)[..., None], air)
    both = refraction_through(jnp.arctan(slopes), each)
    at_one, at_four = both[..., 0], both[..., 1]
    return (64.0 * at_one - at_four) / 60.0, (4.0 * at_one - at_four) / 60.0


__all__ = [
    "fitted_constants",
    "laplace_constants",
    "refraction_laplace",
    "refraction_tangent",
]
