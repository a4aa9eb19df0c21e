"""The refraction integral against rays traced step by step, by SciPy.

The twin knows no formula of refraction: it integrates the equation of light rays
d(n t)/ds = grad n in a plane, together with the pressure of the air that it meets
(dp/dh = -g ρ), and takes the angle between the first and the last direction.
"""

from itertools import pairwise

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp

from reseau.constants import DEGREE, MILLIARCSECOND
from reseau.sky import atmosphere, refraction_through, refractivity
from reseau.sky.refraction.air import vapour_pressure
from reseau.sky.refraction.layers import column, index_and_slope

MICROARCSECOND = MILLIARCSECOND / 1000
R_GAS, M_DRY, M_WATER, RADIUS = 8314.32, 28.9644, 18.0152, 6_378_120.0
TOP, TROPOPAUSE, LAPSE, DELTA = 150_000.0, 11_000.0, 0.0065, 18.36


class Layers:
    """The same physics as `atmosphere`, by hydrostatics instead of its solution."""

    def __init__(self, pressure, celsius, humidity, wavelength, height, latitude):
        self.p0, self.t0, self.r0 = pressure, celsius + 273.15, RADIUS + height
        self.depth, self.top = TROPOPAUSE - height, TOP - height
        self.g = 9.784 * (1 - 0.0026 * np.cos(2 * latitude) - 2.8e-7 * height)
        self.moist = float(refractivity(pressure, celsius, humidity, wavelength))
        self.dry = float(refractivity(pressure, celsius, 0.0, wavelength))
        self.vapour = float(vapour_pressure(pressure, celsius, humidity))

    def troposphere(self, h, p):
        """Return n - 1, dn/dh and dp/dh."""
        t = self.t0 - LAPSE * h
        w = self.vapour * (t / self.t0) ** DELTA
        slope = -self.g / (R_GAS * t) * (M_DRY * (p - w) + M_WATER * w)
        air = self.dry * (p / self.p0) * (self.t0 / t)
        lack = (self.dry - self.moist) * (t / self.t0) ** (DELTA - 1)
        rise = air * (slope / p + LAPSE / t) + lack * (DELTA - 1) * LAPSE / t
        return air - lack, rise, slope

    def stratosphere(self, h, excess):
        """Return n - 1 and dn/dh, given n - 1 at the tropopause."""
        rate = M_DRY * self.g / (R_GAS * (self.t0 - LAPSE * self.depth))
        value = excess * np.exp(-rate * (h - self.depth))
        return value, -rate * value


def trace(layers: Layers, z0: float) -> float:
    """Return how far a ray bends on its way out [rad]."""

    def height(state):
        return np.hypot(state[0], state[1]) - layers.r0

    def low(_, state):
        excess, rise, fall = layers.troposphere(height(state), state[4])
        step = state[2:4] / (1 + excess)
        up = state[:2] / np.hypot(*state[:2])
        return [*step, *(rise * up), fall * (step @ up)]

    def high(_, state):
        excess, rise = layers.stratosphere(height(state), at_tropopause)
        return [*state[2:4] / (1 + excess), *(rise * state[:2] / np.hypot(*state[:2]))]

    def until(level):
        def event(_, state):
            return height(state) - level

        event.terminal = True
        return event

    options = {"method": "DOP853", "rtol": 1e-13, "atol": 1e-13}
    first = (1 + layers.moist) * np.array([np.sin(z0), np.cos(z0)])
    start = [0.0, layers.r0, *first, layers.p0]
    below = solve_ivp(low, (0, 1e8), start, events=until(layers.depth), **options)
    end = below.y_events[0][0]
    at_tropopause = layers.troposphere(layers.depth, end[4])[0]
    above = solve_ivp(high, (0, 1e8), end[:4], events=until(layers.top), **options)
    last = above.y_events[0][0][2:4]
    return float(np.arctan2(first[1] * last[0] - first[0] * last[1], first @ last))


CASES = [
    (1013.25, 15.0, 0.0, 0.59, 0.0, 45 * DEGREE),
    (1005.0, 30.0, 0.9, 0.45, 0.0, 5 * DEGREE),
    (620.0, 0.0, 0.2, 2.2, 4200.0, 19.8 * DEGREE),
]


@pytest.mark.parametrize("case", CASES)
def test_integral_is_the_traced_ray(case):
    z = np.array([0.001, 20.0, 45.0, 70.0, 80.0, 89.0, 90.0]) * DEGREE
    *air, height, latitude = case
    found = refraction_through(
        jnp.asarray(z), atmosphere(*air, height=height, latitude=latitude)
    )
    layers = Layers(*case)
    wanted = np.array([trace(layers, float(one)) for one in z])
    off = np.abs(np.asarray(found) - wanted) / MICROARCSECOND
    assert off.max() < 0.01


def test_integral_is_the_textbooks():
    """R = -∫ tan ψ dn / n over height, by SciPy's adaptive quadrature."""
    air = atmosphere(1013.25, 15.0, 0.5, 0.59)
    r0, z0 = float(air.radius), 60 * DEGREE
    n0 = 1 + float(index_and_slope(air, jnp.asarray(0.0))[0])

    def integrand(h: float) -> float:
        excess, slope = (float(v) for v in index_and_slope(air, jnp.asarray(h)))
        sine = n0 * r0 * np.sin(z0) / ((1 + excess) * (r0 + h))
        return -slope / (1 + excess) * sine / np.sqrt(1 - sine**2)

    pieces = [0.0, 11_000.0, 40_000.0, 150_000.0]
    wanted = sum(
        quad(integrand, a, b, epsabs=1e-15, epsrel=1e-11)[0]
        for a, b in pairwise(pieces)
    )
    found = float(refraction_through(jnp.asarray(z0), air))
    assert abs(found - wanted) < 0.001 * MICROARCSECOND


def test_column_is_the_integral_over_height():
    """Oriani's theorem: it does not depend on the lapse of the temperature either."""
    columns = []
    for lapse in (0.005, 0.0065, 0.008):
        air = atmosphere(900.0, 10.0, 0.0, 0.59, height=1000.0, lapse=lapse)

        def excess(h: float, air=air) -> float:
            return float(index_and_slope(air, jnp.asarray(h))[0])

        low = quad(excess, 0, 10_000.0, epsrel=1e-10)[0]
        high = quad(excess, 10_000.0, 149_000.0, epsrel=1e-10)[0]
        columns.append((low + high) / float(air.radius))
        assert float(column(air)) == pytest.approx(columns[-1], rel=1e-8)
    assert columns == pytest.approx([columns[0]] * 3, rel=1e-8)
