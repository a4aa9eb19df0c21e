"""The mass function in closed form against quadrature and published figures."""

import itertools
import math

import numpy as np
import pytest
from scipy.integrate import quad

from reseau.errors import ConfigError
from reseau.galaxy.mass_function import MassFunction
from reseau.galaxy.remnants import living_per_mass, remnant_mass, remnants

KOSHIMOTO = MassFunction(
    (0.17586219, 1.13449983, 2.32279457), (0.08, 0.859770467), 0.001, 120.0
)
WHOLE_POWERS = MassFunction((1.0, 2.0), (1.0,), 0.1, 10.0)
"""Exponents at which the integrals are logarithms."""
EDGES = (0.08, 0.859770467, 1.0)


def _quad(function: MassFunction, low: float, high: float, moment: int) -> float:
    edges = [low, *(e for e in EDGES if low < e < high), high]
    return sum(
        quad(lambda m: m**moment * float(function.density(m)), a, b, epsabs=0.0)[0]
        for a, b in itertools.pairwise(edges)
    )


@pytest.mark.parametrize("function", [KOSHIMOTO, WHOLE_POWERS])
@pytest.mark.parametrize(
    ("low", "high"), [(0.2, 0.5), (0.01, 5.0), (0.9, 0.95), (2.0, 9.0)]
)
def test_integrals_are_those_of_quadrature(
    function: MassFunction, low: float, high: float
) -> None:
    low = max(low, function.low)
    assert function.number(low, high) == pytest.approx(_quad(function, low, high, 0))
    assert function.mass(low, high) == pytest.approx(_quad(function, low, high, 1))


def test_published_integrals() -> None:
    """Of the fit with its top branch m^-2.3228: 6.32281 stars, 3.72368 Msun."""
    top = float(KOSHIMOTO.density(1.0))
    assert 1.0 / top == pytest.approx(6.32281, rel=1e-5)
    assert KOSHIMOTO.mass(0.001, 120.0) / top == pytest.approx(3.72368, rel=1e-5)
    assert top == pytest.approx(0.158157, rel=1e-5)
    assert math.log(10.0) * top == pytest.approx(0.364171, rel=1e-5)
    assert KOSHIMOTO.number(0.0, 1e3) == pytest.approx(1.0, abs=1e-14)


@pytest.mark.parametrize(
    ("turnoff", "share", "mean"),
    [
        (1.068, 0.8906, 0.240),
        (1.165, 0.9025, 0.252),
        (0.9, 0.863, 0.216),
        (4.0, 0.981, 0.388),
    ],
)
def test_living_stars(turnoff: float, share: float, mean: float) -> None:
    assert KOSHIMOTO.living_share(turnoff) == pytest.approx(share, abs=5e-4)
    assert KOSHIMOTO.mean_mass(0.001, turnoff) == pytest.approx(mean, abs=5e-4)


def test_short_intervals_keep_their_digits() -> None:
    """The giant branch spans 0.02 Msun, a segment of it may span 1e-9 of that."""
    for width in (1e-6, 1e-10, 1e-13):
        high = 1.02 + width
        number = KOSHIMOTO.number(1.02, high)
        assert number == pytest.approx(
            float(KOSHIMOTO.density(1.02)) * (high - 1.02), rel=5e-6
        )


def test_density_is_continuous_and_ends() -> None:
    for edge in KOSHIMOTO.breaks:
        below, above = KOSHIMOTO.density(np.array([1 - 1e-12, 1 + 1e-12]) * edge)
        assert below == pytest.approx(above, rel=1e-10)
    assert not KOSHIMOTO.density(np.array([1e-4, 121.0])).any()
    assert KOSHIMOTO.number(5.0, 3.0) == 0.0
    assert KOSHIMOTO.number(200.0, 300.0) == 0.0


@pytest.mark.parametrize("function", [KOSHIMOTO, WHOLE_POWERS])
def test_quantiles_invert_the_numbers(function: MassFunction) -> None:
    share = np.linspace(0.0, 1.0, 41)
    for low, high in ((0.0, 1e3), (0.5, 3.0), (1.02, 1.02 + 1e-9), (0.3, 0.31)):
        mass = function.quantile(share, low, high)
        assert np.all(np.diff(mass) > 0.0)
        whole = float(function.number(low, high))
        np.testing.assert_allclose(function.number(low, mass) / whole, share, atol=2e-6)


def test_draws_follow_the_function() -> None:
    drawn = KOSHIMOTO.draw(np.random.default_rng(3), 200_000, 0.001, 1.068)
    share = KOSHIMOTO.number(0.001, np.sort(drawn)) / KOSHIMOTO.living_share(1.068)
    apart = np.max(np.abs(share - (np.arange(len(drawn)) + 0.5) / len(drawn)))
    # Kolmogorov-Smirnov: 1.63 / sqrt(n) is passed by chance once in a hundred times.
    assert apart < 1.63 / math.sqrt(len(drawn))
    assert drawn.mean() == pytest.approx(0.240, abs=1e-3)


@pytest.mark.parametrize(
    "parts",
    [
        ((1.0,), (0.5,), 0.1, 1.0),
        ((1.0, 2.0), (2.0,), 0.1, 1.0),
        ((1.0,), (), 1.0, 0.1),
        ((1.0,), (), 0.0, 1.0),
        ((math.nan,), (), 0.1, 1.0),
    ],
)
def test_impossible_functions_are_refused(
    parts: tuple[tuple[float, ...], tuple[float, ...], float, float],
) -> None:
    with pytest.raises(ConfigError, match="rising and finite, and one exponent more"):
        MassFunction(*parts)


def test_remnants_of_the_bar_and_the_nuclear_disc() -> None:
    """Remnants: 30.19 per cent of the bar's mass, of 0.8468 Msun; nuclear disc: 2.87925
    living stars per solar mass. Over ages of 9 +- 1 and 7 +- 1 Gyr there; of one age
    here, hence 0.3 per cent."""
    dead = remnants(KOSHIMOTO, 1.068)
    assert dead.mass / dead.number == pytest.approx(0.8468, rel=3e-3)
    alive = float(KOSHIMOTO.mass(0.001, 1.068))
    assert dead.mass / (dead.mass + alive) == pytest.approx(0.3019, rel=3e-3)
    assert living_per_mass(KOSHIMOTO, 1.165) == pytest.approx(2.87925, rel=1e-3)


def test_remnants_are_those_of_quadrature() -> None:
    def weighed(m: float) -> float:
        return float(KOSHIMOTO.density(m) * remnant_mass(m))

    edges = [1.2, 9.0, 15.0, 17.8, 18.5, 21.7, 25.2, 27.5, 42.22, 60.0, 120.0]
    mass = sum(
        quad(weighed, a + 1e-12, b - 1e-12)[0] for a, b in itertools.pairwise(edges)
    )
    assert remnants(KOSHIMOTO, 1.2).mass == pytest.approx(mass, rel=1e-8)


def test_remnant_masses() -> None:
    """Kalirai et al. 2008; Lam et al. 2020; Raithel et al. 2018 at 30 and 100 Msun."""
    found = remnant_mass(np.array([1.0, 5.0, 12.0, 30.0, 100.0]))
    core = -2.024 + 0.4130 * 30.0
    x = 30.0 - 21.872
    whole = 16.28 + 0.00694 * x - 0.05973 * x**2 + 0.003112 * x**3
    heavy = 5.795 + 1.007e9 * 100.0**-4.926
    expected = [0.503, 0.939, 1.6, 0.9 * core + 0.1 * whole, 0.4 * 1.6 + 0.6 * heavy]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
