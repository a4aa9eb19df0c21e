"""Refraction through a radially symmetric atmosphere, integrated: the reference.

The atmosphere is that of Hohenkerk & Sinclair 1985 (NAO Technical Note 63; Explanatory
Supplement 1992, section 3.281): a troposphere whose temperature falls linearly, in
hydrostatic equilibrium, with water vapour as a power of the temperature, and above the
tropopause an isothermal stratosphere. The refraction is an integral over the local
zenith distance ψ of the ray (Auer & Standish 2000, AJ 119, 2472, eq. 3), where the
integrand is smooth even at the horizon.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from reseau._precision import border
from reseau.sky._kinds import (
    ANGLE,
    ATMOSPHERE,
    HEIGHT,
    LAPSE,
    SITE,
    WAVELENGTH,
    WEATHER,
)

from .air import KELVIN, Amount, refractivity, vapour_pressure

GAS_CONSTANT = 8314.32  # J/(kmol K), US Standard Atmosphere 1976
MOLAR_MASS_DRY = 28.9644  # kg/kmol
MOLAR_MASS_WATER = 18.0152  # kg/kmol
EARTH_RADIUS = 6_378_120.0  # m, Hohenkerk & Sinclair
TROPOPAUSE = 11_000.0  # m above sea level
TOP = 150_000.0  # m above sea level
VAPOUR_EXPONENT = 18.36  # vapour pressure ~ T^18.36, Hohenkerk & Sinclair

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)
_NEWTON_STEPS = 4
_SMALLEST = 1e-7  # rad; nearer to the zenith refraction is tan z times a constant


class Atmosphere(eqx.Module):
    """Layers of air around the Earth, all fixed by what is measured at the ground.

    Attributes
    ----------
    radius
        Distance of the observer from the centre of the Earth [m].
    temperature
        At the observer [K].
    lapse
        Fall of the temperature with height in the troposphere [K/m].
    depth
        Of the tropopause above the observer [m].
    dry, wet
        The refractivity at the observer is `dry` - `wet`, where `wet` falls off with
        height as water vapour does.
    stiffness
        Molar mass times gravity by gas constant, M g / R [K/m].
    """

    radius: Amount
    temperature: Amount
    lapse: Amount
    depth: Amount
    dry: Amount
    wet: Amount
    stiffness: Amount


def gravity(height: Amount, latitude: Amount) -> Array:
    """Return the acceleration at the centroid of the air above a site [m/s²].

    Parameters
    ----------
    height
        Of the site above sea level [m].
    latitude
        Of the site [rad].

    References
    ----------
    Saastamoinen 1972, Bull. Geod. 106, 383, as used by Hohenkerk & Sinclair 1985.
    """
    cosine = jnp.cos(2.0 * jnp.asarray(latitude))
    return 9.784 * (1.0 - 0.0026 * cosine - 2.8e-7 * jnp.asarray(height))


@border(wavelength=WAVELENGTH, lapse=LAPSE, **WEATHER, **SITE)
def atmosphere(
    pressure: Amount,
    temperature: Amount,
    humidity: Amount,
    wavelength: Amount,
    *,
    height: Amount = 0.0,
    latitude: Amount = np.pi / 4,
    lapse: Amount = 0.0065,
) -> Atmosphere:
    """Return the model atmosphere above a site.

    Parameters
    ----------
    pressure, temperature, humidity, wavelength
        At the observer, as in `refractivity`.
    height
        Above sea level, below the tropopause [m].
    latitude
        Of the site [rad].
    lapse
        Fall of the temperature with height [K/m].
    """
    height = jnp.asarray(height, dtype=float)
    kelvin = jnp.asarray(temperature) + KELVIN
    stiffness = MOLAR_MASS_DRY * gravity(height, jnp.asarray(latitude)) / GAS_CONSTANT
    exponent = stiffness / lapse
    vapour = vapour_pressure(pressure, temperature, humidity)
    # Hydrostatics of the mixture: p = (p₀ + e') (T/T₀)^γ - e' (T/T₀)^δ.
    surplus = (
        vapour
        * (1.0 - MOLAR_MASS_WATER / MOLAR_MASS_DRY)
        * exponent
        / (VAPOUR_EXPONENT - exponent)
    )
    pressure = jnp.asarray(pressure)
    share = surplus / jnp.where(pressure > 0.0, pressure, 1.0)
    moist = refractivity(pressure, temperature, humidity, wavelength)
    without = refractivity(pressure, temperature, jnp.zeros_like(kelvin), wavelength)
    dry = without * (1.0 + share)
    return Atmosphere(
        radius=EARTH_RADIUS + height,
        temperature=kelvin,
        lapse=jnp.asarray(lapse),
        depth=TROPOPAUSE - height,
        dry=dry,
        wet=dry - moist,
        stiffness=stiffness,
    )


def index_and_slope(air: Atmosphere, height: Array) -> tuple[Array, Array]:
    """Return n - 1 and dn/dh [1/m] at heights above the observer.

    Parameters
    ----------
    air
        The layers.
    height
        Above the observer [m]; in the troposphere below `air.depth`, else above it.
    """
    below = jnp.minimum(height, air.depth)
    above = height - below
    ratio = 1.0 - air.lapse * below / air.temperature
    gamma = air.stiffness / air.lapse
    dry = air.dry * ratio ** (gamma - 1.0)
    wet = air.wet * ratio ** (VAPOUR_EXPONENT - 1.0)
    rate = air.stiffness / (air.temperature * ratio)
    thinning = jnp.exp(-rate * above)
    tropospheric = -(air.lapse / (air.temperature * ratio)) * (
        (gamma - 1.0) * dry - (VAPOUR_EXPONENT - 1.0) * wet
    )
    stratospheric = -rate * (dry - wet) * thinning
    slope = jnp.where(height < air.depth, tropospheric, stratospheric)
    return jnp.asarray((dry - wet) * thinning), slope


def column(air: Atmosphere) -> Array:
    """Return the integral of n - 1 over height, by the radius: textbooks' α β [-].

    Notes
    -----
    For air in hydrostatic equilibrium it depends on the weight of the air alone, not on
    how temperature varies with height (theorem of Oriani and Laplace); for dry air it
    is the refractivity times β = R T / (M g r₀). What little vapour there is above the
    tropopause is counted as if the troposphere went on.
    """
    dry = air.dry / air.stiffness
    wet = air.wet / (air.lapse * VAPOUR_EXPONENT)
    return jnp.asarray((dry - wet) * air.temperature / air.radius)


@border(z0=ANGLE, air=ATMOSPHERE, top=HEIGHT)
def refraction_through(z0: Amount, air: Atmosphere, *, top: Amount = TOP) -> Array:
    """Return the refraction of rays that arrive at zenith distances `z0` [rad].

    Parameters
    ----------
    z0
        Observed zenith distance, from 0 to 90° [rad].
    air
        The layers; its fields broadcast with `z0`.
    top
        Height above sea level where the integral ends [m]; cut at the 80 km of
        Hohenkerk & Sinclair it misses 0.3 mas at 45°.

    Notes
    -----
    ``R = ∫ (r dn/dr) / (n + r dn/dr) dψ`` from the zenith distance of the ray at the
    bottom to that at the top of each layer, by 48 Gauss-Legendre nodes a layer. The
    radius where the ray has zenith distance ψ follows from ``n r sin ψ = n₀ r₀ sin z₀``
    by Newton's method.
    """
    z0 = jnp.asarray(z0)
    safe = jnp.maximum(z0, _SMALLEST)
    tropopause = jnp.asarray(air.depth)
    end = jnp.asarray(top - (air.radius - EARTH_RADIUS))
    at_tropopause = jnp.arcsin(_sine_ratio(air, tropopause) * jnp.sin(safe))
    at_end = jnp.arcsin(_sine_ratio(air, end) * jnp.sin(safe))
    troposphere = _layer(safe, air, safe, at_tropopause)
    stratosphere = _layer(safe, air, at_tropopause, at_end)
    return (troposphere + stratosphere) * (jnp.sin(z0) / jnp.sin(safe))


@border(z0=ANGLE, wavelength=WAVELENGTH, lapse=LAPSE, **WEATHER, **SITE)
def refraction_integral(
    z0: Amount,
    pressure: Amount,
    temperature: Amount,
    humidity: Amount,
    wavelength: Amount,
    *,
    height: Amount = 0.0,
    latitude: Amount = np.pi / 4,
    lapse: Amount = 0.0065,
) -> Array:
    """Return the refraction by integration over a layered atmosphere [rad].

    Parameters
    ----------
    z0
        Observed zenith distance, from 0 to 90° [rad].
    pressure, temperature, humidity, wavelength
        At the observer, as in `refractivity`.
    height, latitude, lapse
        As in `atmosphere`.
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
    return refraction_through(z0, air)


def _layer(z0: Array, air: Atmosphere, low: Array, high: Array) -> Array:
    """Integrate between two zenith distances ψ of the ray, for `z0` > 0."""
    nodes, weights = 0.5 * (_NODES + 1.0), 0.5 * _WEIGHTS
    psi = low[..., None] + (high - low)[..., None] * nodes
    each = jax.tree.map(lambda field: jnp.asarray(field)[..., None], air)
    found = _height_at(each, jnp.sin(psi) / jnp.sin(z0)[..., None])
    excess, slope = index_and_slope(each, found)
    bend = (each.radius + found) * slope
    return (high - low) * jnp.sum(bend / (1.0 + excess + bend) * weights, axis=-1)


def _sine_ratio(air: Atmosphere, height: Array) -> Array:
    """Return sin ψ / sin z₀ of a ray at a height."""
    ground, _ = index_and_slope(air, jnp.zeros_like(height))
    excess, _ = index_and_slope(air, height)
    shrink = air.radius / (air.radius + height)
    return jnp.asarray((1.0 + ground) / (1.0 + excess) * shrink)


def _height_at(air: Atmosphere, ratio: Array) -> Array:
    """Return the height where sin ψ / sin z₀ is `ratio`; inverse of `_sine_ratio`.

    Derivatives run through the last two steps only, which by themselves have the
    root's first and second derivatives; so there is less to compile.
    """
    still = jax.lax.stop_gradient((air, ratio))
    start = jnp.asarray(still[0].radius * (1.0 - still[1]) / still[1])
    height = jax.lax.fori_loop(
        0, _NEWTON_STEPS, lambda _, h: _newton_step(*still, h), start
    )
    return _newton_step(air, ratio, _newton_step(air, ratio, height))


def _newton_step(air: Atmosphere, ratio: Array, height: Array) -> Array:
    """Improve the height where n r is n₀ r₀ / ratio."""
    ground, _ = index_and_slope(air, jnp.zeros_like(ratio))
    wanted = air.radius * ((ground + (1.0 - ratio)) / ratio)
    excess, slope = index_and_slope(air, height)
    radius = air.radius + height
    miss = height + excess * radius - wanted
    return jnp.asarray(height - miss / (1.0 + excess + radius * slope))


__all__ = [
    "EARTH_RADIUS",
    "Atmosphere",
    "atmosphere",
    "column",
    "gravity",
    "index_and_slope",
    "refraction_integral",
    "refraction_through",
]
