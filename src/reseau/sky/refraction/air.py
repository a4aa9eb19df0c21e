"""Refractivity of moist air: how far the index of refraction exceeds one.

Ciddor 1996 (Appl. Opt. 35, 1566), the formula of the working standards of length: the
densities of dry air and of water vapour, by the equation of state of the BIPM
(Davis 1992, Metrologia 29, 67), each times its refractivity for that density. It is
valid from 0.3 to 1.7 µm, in windows without strong lines; the stated uncertainty there
is 2e-8 to 5e-8 (5 to 10 mas at a zenith distance of 45°), far less in differences.

Pressure is in hPa, temperature in °C, relative humidity from 0 to 1, wavelength in
vacuum in µm.
"""

from typing import TypeAlias

import jax.numpy as jnp
from jaxtyping import Array

from reseau._precision import border
from reseau._typing import Scalars
from reseau.sky._kinds import CARBON_DIOXIDE, TEMPERATURE, WAVELENGTH, WEATHER

Amount: TypeAlias = Scalars | float
"""A number or an array of them, one for each exposure, colour or direction."""

KELVIN = 273.15
"""Zero of the Celsius scale [K]."""

_GAS_CONSTANT = 8.314510  # J/(mol K), as Ciddor has it
_MOLAR_MASS_WATER = 0.018015  # kg/mol
_PASCAL = 100.0  # Pa in one hPa


@border(temperature=TEMPERATURE)
def saturation_pressure(temperature: Amount) -> Array:
    """Return the pressure of saturated water vapour [hPa].

    Parameters
    ----------
    temperature
        Air temperature [°C].

    Notes
    -----
    Over liquid water, below 0 °C too, which is how meteorologists define relative
    humidity (WMO No. 8). Davis 1992; Ciddor 1996, appendix A.
    """
    kelvin = jnp.asarray(temperature) + KELVIN
    exponent = (
        1.2378847e-5 * kelvin**2
        - 1.9121316e-2 * kelvin
        + 33.93711047
        - 6.3431645e3 / kelvin
    )
    return jnp.exp(exponent) / _PASCAL


@border(**WEATHER)
def vapour_pressure(pressure: Amount, temperature: Amount, humidity: Amount) -> Array:
    """Return the effective pressure of the water vapour in the air [hPa].

    Parameters
    ----------
    pressure, temperature
        Of the air [hPa], [°C].
    humidity
        Relative humidity, 0 to 1.

    Notes
    -----
    With the enhancement factor of Davis 1992, by which vapour in air exceeds pure
    vapour (0.4 % at sea level).
    """
    pascal = jnp.asarray(pressure) * _PASCAL
    celsius = jnp.asarray(temperature)
    factor = 1.00062 + 3.14e-8 * pascal + 5.6e-7 * celsius**2
    return factor * humidity * saturation_pressure(celsius)


@border(wavelength=WAVELENGTH, carbon_dioxide=CARBON_DIOXIDE, **WEATHER)
def refractivity(
    pressure: Amount,
    temperature: Amount,
    humidity: Amount,
    wavelength: Amount,
    *,
    carbon_dioxide: Amount = 450.0,
) -> Array:
    """Return n - 1 of moist air.

    Parameters
    ----------
    pressure
        Air pressure at the observer, not reduced to sea level [hPa].
    temperature
        Air temperature [°C].
    humidity
        Relative humidity, 0 to 1.
    wavelength
        Wavelength in vacuum [µm].
    carbon_dioxide
        Molar fraction of CO₂ [ppm]; 100 ppm change the refractivity by 5e-5 of itself.

    References
    ----------
    Ciddor 1996, Appl. Opt. 35, 1566.
    """
    pascal = jnp.asarray(pressure) * _PASCAL
    kelvin = jnp.asarray(temperature) + KELVIN
    vapour = vapour_pressure(pressure, temperature, humidity) * _PASCAL
    # Without air there is no molar fraction; any finite one does.
    fraction = vapour / jnp.where(pascal > 0.0, pascal, 1.0)
    shrink = _compressibility(pascal, kelvin, fraction) * _GAS_CONSTANT * kelvin
    molar_mass = _molar_mass_dry(carbon_dioxide)
    dry = molar_mass * (pascal - vapour) / shrink
    wet = _MOLAR_MASS_WATER * vapour / shrink
    return dry * _dry_per_density(wavelength, carbon_dioxide) + wet * _wet_per_density(
        wavelength
    )


def _molar_mass_dry(carbon_dioxide: Amount) -> Array:
    return 1e-3 * (28.9635 + 12.011e-6 * (jnp.asarray(carbon_dioxide) - 400.0))


def _compressibility(pascal: Array, kelvin: Array, fraction: Array) -> Array:
    """Return Z of moist air with a molar fraction of vapour (Davis 1992)."""
    celsius = kelvin - KELVIN
    ratio = pascal / kelvin
    first = (
        1.58123e-6
        - 2.9331e-8 * celsius
        + 1.1043e-10 * celsius**2
        + (5.707e-6 - 2.051e-8 * celsius) * fraction
        + (1.9898e-4 - 2.376e-6 * celsius) * fraction**2
    )
    return 1.0 - ratio * first + ratio**2 * (1.83e-11 - 0.765e-8 * fraction**2)


def _dry_per_density(wavelength: Amount, carbon_dioxide: Amount) -> Array:
    """Return the refractivity of dry air by its density [m³/kg]."""
    square = 1.0 / jnp.asarray(wavelength) ** 2
    standard = 1e-8 * (5792105.0 / (238.0185 - square) + 167917.0 / (57.362 - square))
    standard = standard * (1.0 + 0.534e-6 * (carbon_dioxide - 450.0))
    return standard / _density(101325.0, 288.15, 0.0, _molar_mass_dry(carbon_dioxide))


def _wet_per_density(wavelength: Amount) -> Array:
    """Return the refractivity of water vapour by its density [m³/kg]."""
    square = 1.0 / jnp.asarray(wavelength) ** 2
    series = 295.235 + 2.6422 * square - 0.032380 * square**2 + 0.004028 * square**3
    return 1.022e-8 * series / _density(1333.0, 293.15, 1.0, _MOLAR_MASS_WATER)


def _density(pascal: float, kelvin: float, fraction: float, mass: Amount) -> Array:
    z = _compressibility(
        jnp.asarray(pascal), jnp.asarray(kelvin), jnp.asarray(fraction)
    )
    return pascal * jnp.asarray(mass) / (z * _GAS_CONSTANT * kelvin)


__all__ = ["KELVIN", "Amount", "refractivity", "saturation_pressure", "vapour_pressure"]
