"""What a limit lets through is never less than the stars that are within it."""

import numpy as np
import pytest

from reseau.galaxy.forward.companions import Companions, added, brightest_pairs
from reseau.galaxy.forward.limit import read_limit
from reseau.galaxy.forward.populations import Populations, brightest_first
from reseau.galaxy.isochrones import luminosity_segments, shipped_isochrones
from reseau.galaxy.model import read_galaxy

NAMES = ("thin2", "bar", "nsd")
RATIOS = np.array([1.52, 0.83, 0.48, 4.0])


@pytest.fixture(scope="module")
def populations():
    isochrones, galaxy = shipped_isochrones(), read_galaxy()
    return Populations.joined(
        NAMES,
        [luminosity_segments(isochrones, n, galaxy.mass_function) for n in NAMES],
    )


@pytest.mark.parametrize("limit", ["Hw=15", "Ks=13", "G=20"])
@pytest.mark.parametrize("paired", [False, True])
def test_no_star_within_the_limit_is_left_out(populations, limit, paired):
    """Stars just within the limit, behind more dust and farther than the bound."""
    limit = read_limit(limit)
    companions = Companions(1.0, populations)
    ends = populations.magnitudes
    kinds = [(1.0, brightest_pairs(populations, limit) if paired else ends)]
    bright = brightest_first(populations, limit, kinds, 6.0)
    rng = np.random.default_rng(3)
    rows = rng.permutation(np.flatnonzero(np.isfinite(ends).all(axis=(1, 2))))[:4000]
    n = len(rows)
    part = rng.choice([0.0, 1.0, 0.5], n)[:, None]
    seen = (1.0 - part) * ends[rows, 0] + part * ends[rows, 1]
    if paired:
        mass = populations.mass[rows]
        own = mass[:, 0] + part[:, 0] * (mass[:, 1] - mass[:, 0])
        seen = added(seen, companions.magnitudes(rows, rng.random(n) ** 0.02 * own))
    least = rng.uniform(0.0, 6.0, n)
    more = rng.choice([0.0, 1e-9, 0.3], n)
    apparent = seen + (least + more)[:, None] * RATIOS
    # At this distance the star is at the limit; the bound is as near, or nearer.
    modulus = limit.magnitude - limit.value(apparent) - 1e-9
    found = bright.cut(
        0,
        populations.component[rows],
        modulus - rng.choice([0.0, 0.2], n),
        least[:, None] * RATIOS,
    )
    place = np.full(len(populations), -1)
    tight = 0
    for number in np.unique(found.number):
        start = bright.start[number]
        component = number % len(NAMES)
        size = np.diff(populations.first)[component]
        place[bright.segment[start : start + size]] = np.arange(start, start + size)
        of = found.number == number
        assert (place[rows[of]] < found.stop[of]).all()
        tight += int(np.sum(place[rows[of]] >= found.stop[of] - 20))
    assert tight > 0  # some of them would be lost by a bound only a little stronger


def test_shares_are_sums_of_weights_and_choices_follow_them(populations):
    """The share of a limit in all bands at no reddening is that of the segments."""
    limit = read_limit("H=10")
    bright = brightest_first(populations, limit, [(1.0, populations.magnitudes)], 0.0)
    modulus = np.array([8.0, 14.5, 3.0])
    found = bright.cut(0, np.arange(3), modulus, np.zeros((3, 4)))
    brightest = populations.magnitudes[:, :, 1].min(axis=1)
    for i in range(3):
        of = (populations.component == i) & (brightest <= 10.0 - modulus[i])
        assert found.share[i] == pytest.approx(populations.weight[of].sum(), rel=1e-12)
    n = 40_000
    rng = np.random.default_rng(4)
    chosen = bright.chosen(found, np.ones(n, int), rng.random(n))
    of = (populations.component == 1) & (brightest <= -4.5)
    assert of[chosen].all()
    faint = of & (brightest > -5.0)
    part = populations.weight[faint].sum() / found.share[1]
    assert np.mean(faint[chosen]) == pytest.approx(part, abs=4.0 * (part / n) ** 0.5)


def test_companions_light_is_that_of_their_isochrone(populations):
    """By interpolation in the mass along the primary's own isochrone."""
    companions = Companions(0.5, populations)
    rng = np.random.default_rng(5)
    rows = rng.integers(0, len(populations), 300)
    mass = rng.uniform(0.05, 1.0, 300) * populations.mass[rows, 1]
    light = companions.magnitudes(rows, mass)
    for row, m, found in zip(rows[:60], mass, light, strict=False):
        of = populations.sequence == populations.sequence[row]
        knots = populations.mass[of].ravel()
        points = populations.magnitudes[of].reshape(-1, 4)
        if m < knots[0]:
            assert np.isinf(found).all()
        else:
            expected = [np.interp(m, knots, points[:, i]) for i in range(3)]
            assert np.allclose(found[:3], expected, rtol=0, atol=1e-9)


def test_light_adds_as_flux():
    """Two equal stars are 0.7526 mag brighter than one, and nothing adds nothing."""
    one = np.array([10.0, 12.0])
    assert added(one, one) == pytest.approx(one - 2.5 * np.log10(2.0), abs=1e-12)
    assert np.array_equal(added(one, np.full(2, np.inf)), one)
