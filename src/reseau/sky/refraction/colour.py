"""Refraction and colour: stars of different spectra are lifted by different amounts.

The differential colour refraction between two wavelengths is about 1″ over the visible
at 45°. Through a filter a star is refracted as its photons are on the average, nearly
as at its effective wavelength (Stone 1996, PASP 108, 1051).
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy import ndarray

from reseau._precision import border
from reseau.sky._kinds import ANGLE, ANY_UNIT, SITE, WAVELENGTH, WEATHER

from .air import Amount
from .laplace import laplace_constants, refraction_laplace

Spectrum = Float[Array | ndarray, "*#batch n"]


@border(z0=ANGLE, wavelength=WAVELENGTH, reference=WAVELENGTH, **WEATHER, **SITE)
def differential_colour_refraction(
    z0: Amount,
    wavelength: Amount,
    reference: Amount,
    *,
    pressure: Amount,
    temperature: Amount,
    humidity: Amount,
    height: Amount = 0.0,
    latitude: Amount = np.pi / 4,
) -> Array:
    """Return how much more `wavelength` is refracted than `reference` [rad].

    Parameters
    ----------
    z0
        Observed zenith distance [rad].
    wavelength, reference
        In vacuum [µm]; positive results mean: nearer to the zenith than the reference.
    pressure, temperature, humidity
        At the observer, as in `refractivity`.
    height, latitude
        Of the site [m], [rad].
    """

    def at(colour: Amount) -> Array:
        constants = laplace_constants(
            pressure, temperature, humidity, colour, height=height, latitude=latitude
        )
        return refraction_laplace(z0, *constants)

    return at(wavelength) - at(reference)


@border(wavelength=WAVELENGTH, photons=ANY_UNIT, band=ANY_UNIT)
def effective_wavelength(
    wavelength: Spectrum, photons: Spectrum, band: Spectrum
) -> Float[Array, "*batch"]:
    """Return the mean wavelength of the photons that a filter lets through [µm].

    Parameters
    ----------
    wavelength
        Ascending grid, along the last axis [µm].
    photons
        The star's photons per wavelength interval, any unit (energy flux times
        wavelength).
    band
        Response of filter, optics and detector per photon, any unit.
    """
    return _photon_mean(wavelength, photons, band, jnp.asarray(wavelength))


@border(
    z0=ANGLE, wavelength=WAVELENGTH, photons=ANY_UNIT, band=ANY_UNIT, **WEATHER, **SITE
)
def average_refraction(
    z0: Amount,
    wavelength: Spectrum,
    photons: Spectrum,
    band: Spectrum,
    *,
    pressure: Amount,
    temperature: Amount,
    humidity: Amount,
    height: Amount = 0.0,
    latitude: Amount = np.pi / 4,
) -> Float[Array, "*batch"]:
    """Return the mean refraction of a star's photons through a filter [rad].

    Parameters
    ----------
    z0
        Observed zenith distance [rad].
    wavelength, photons, band
        As in `effective_wavelength`.
    pressure, temperature, humidity
        At the observer, as in `refractivity`.
    height, latitude
        Of the site [m], [rad].

    Notes
    -----
    It is where the centroid of a symmetric image lies. The refraction at the effective
    wavelength differs from it by half the second derivative of R times the variance
    of the photons' wavelengths.
    """

    def wide(value: Amount) -> Array:
        return jnp.asarray(value)[..., None]

    tangent, cube = laplace_constants(
        wide(pressure),
        wide(temperature),
        wide(humidity),
        wavelength,
        height=wide(height),
        latitude=wide(latitude),
    )
    each = refraction_laplace(wide(z0), tangent, cube)
    return _photon_mean(wavelength, photons, band, each)


def _photon_mean(
    wavelength: Spectrum, photons: Spectrum, band: Spectrum, values: Array
) -> Array:
    """Return the mean of `values` over the photons, by the trapezoidal rule."""
    weight = jnp.asarray(photons) * jnp.asarray(band)
    total = jnp.trapezoid(weight * values, wavelength, axis=-1)
    return total / jnp.trapezoid(weight, wavelength, axis=-1)


__all__ = [
    "average_refraction",
    "differential_colour_refraction",
    "effective_wavelength",
]
