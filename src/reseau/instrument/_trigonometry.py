"""Ratios of angles and their sines, smooth through zero.

Written as functions of a *squared* argument, since the square of a length is
differentiable where the length is not. Below a switch point each is a series
whose first neglected term is under 1e-17; the branch that is not chosen gets a
harmless argument, so that no NaN enters a derivative.
"""

import jax.numpy as jnp

from ._arrays import Values

_SWITCH = 1e-3
_SINE = (1.0, -1 / 6, 1 / 120, -1 / 5040, 1 / 362880)
_VERSINE = (1 / 2, -1 / 24, 1 / 720, -1 / 40320, 1 / 3628800)
_ARCSINE = (1.0, 1 / 6, 3 / 40, 5 / 112, 35 / 1152, 63 / 2816)


def _horner(coefficients: tuple[float, ...], t: Values) -> Values:
    value: Values = jnp.full_like(t, coefficients[-1])
    for c in coefficients[-2::-1]:
        value = value * t + c
    return value


def sine_ratio(angle_squared: Values) -> Values:
    """Return sin θ / θ of θ²."""
    small = angle_squared < _SWITCH
    angle = jnp.sqrt(jnp.where(small, 1.0, angle_squared))
    return jnp.where(small, _horner(_SINE, angle_squared), jnp.sin(angle) / angle)


def versine_ratio(angle_squared: Values) -> Values:
    """Return (1 - cos θ) / θ² of θ²."""
    small = angle_squared < _SWITCH
    safe = jnp.where(small, 1.0, angle_squared)
    exact = 2.0 * jnp.sin(0.5 * jnp.sqrt(safe)) ** 2 / safe
    return jnp.where(small, _horner(_VERSINE, angle_squared), exact)


def cosine(angle_squared: Values) -> Values:
    """Return cos θ of θ²."""
    small = angle_squared < _SWITCH
    series = 1.0 - angle_squared * _horner(_VERSINE, angle_squared)
    return jnp.where(
        small, series, jnp.cos(jnp.sqrt(jnp.where(small, 1.0, angle_squared)))
    )


def angle_ratio(sine_squared: Values, cosine: Values) -> Values:
    """Return θ / sin θ of sin² θ and cos θ, for θ in [0, π)."""
    small = (sine_squared < _SWITCH) & (cosine > 0.0)
    sine = jnp.sqrt(jnp.where(small, 1.0, sine_squared))
    exact = jnp.arctan2(sine, cosine) / sine
    return jnp.where(small, _horner(_ARCSINE, sine_squared), exact)
