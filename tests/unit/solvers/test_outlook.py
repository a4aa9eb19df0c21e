"""Chances of small p-values, and where sources lie whose priors are broader."""

import numpy as np
import pytest
from scipy import stats

from alarm import normal_bound
from reseau.solvers.robust.outlook import (
    ORDERS,
    PER_ORDER,
    RARE,
    RobustOutlook,
    chance_of_smallest,
)
from reseau.solvers.robust.references import (
    FALSE_ALARM,
    Cavity,
    ReferenceTest,
    expected_offset,
)


@pytest.mark.parametrize("smallest", [1e-6, 1e-3, 0.02])
@pytest.mark.parametrize("n", [1, 10, 300])
def test_of_the_smallest_alone(n, smallest):
    """1 − (1 − p)ⁿ, the chance that any of n is as small."""
    p_value = np.linspace(smallest, 1.0, n) if n > 1 else np.array([smallest])
    found = chance_of_smallest(p_value, 0.0)
    assert found == pytest.approx(-np.expm1(n * np.log1p(-smallest)), rel=1e-12)


def test_of_some_orders_the_rarest_times_their_number():
    """By the binomial distribution: at least k of n below the k-th smallest."""
    rng = np.random.default_rng(0)
    n, orders = 200, 4
    p_value = np.sort(rng.uniform(size=n))
    p_value[:3] = [3e-4, 4e-4, 5e-4]
    found = chance_of_smallest(rng.permutation(p_value), PER_ORDER * orders)
    chances = [stats.binom.sf(k - 1, n, p_value[k - 1]) for k in range(1, orders + 1)]
    assert found == pytest.approx(orders * min(chances), rel=1e-10)
    assert np.argmin(chances) == 2


def test_orders_are_few_and_no_more_than_data():
    p_value = np.full(50, 0.5)
    p_value[: ORDERS + 1] = 1e-5
    found = chance_of_smallest(p_value, 1e9)
    wanted = ORDERS * stats.binom.sf(ORDERS - 1, 50, 1e-5)
    assert found == pytest.approx(wanted, rel=1e-10)
    three = chance_of_smallest(p_value[:3], 1e9)
    assert three == pytest.approx(3.0 * 1e-5**3, rel=1e-10)


def test_chances_are_at_most_one():
    assert chance_of_smallest(np.zeros(0), 10.0) == 1.0
    assert chance_of_smallest(np.ones(9), 1e9) == 1.0


def test_right_references_raise_few_alarms():
    """Of independent uniform p-values, no more than was promised (a union bound)."""
    rng = np.random.default_rng(1)
    level, trials = 0.05, 2000
    alarms = sum(
        chance_of_smallest(rng.uniform(size=100), 1e9) < level for _ in range(trials)
    )
    scatter = np.sqrt(level * (1 - level) * trials)
    assert alarms < level * trials + normal_bound(1) * scatter
    assert alarms > 0


def test_an_alarm_is_a_rare_chance_and_others_are_all_but_the_wrong():
    shift = np.arange(5.0)
    outlook = RobustOutlook(0.9 * RARE, np.array([3, 1]), 5, shift)
    assert outlook.needed
    assert not outlook._replace(chance=1.1 * RARE).needed
    np.testing.assert_array_equal(outlook.others, [0.0, 0.0, 2.0, 0.0, 4.0])
    np.testing.assert_array_equal(outlook.shift, np.arange(5.0))


def test_references_are_flagged_below_the_false_alarm():
    p_value = np.array([np.nan, 0.9 * FALSE_ALARM, 1.1 * FALSE_ALARM, 0.0])
    test = ReferenceTest(p_value, p_value, p_value, 0.01, 10.0)
    np.testing.assert_array_equal(test.wrong, [False, True, False, True])


def test_expected_offsets_are_weighted_means():
    """Of the prior, which is at zero, and the cavity, each by its information."""
    rng = np.random.default_rng(2)
    half = rng.normal(size=(2, 4, 2, 2))
    prior, own = half @ half.transpose(0, 1, 3, 2) + 0.1 * np.eye(2)
    offset = rng.normal(size=(4, 2))
    known = np.array([True, True, False, True])
    width = np.array([1.0, 10.0, 1.0, 1e6])
    found = expected_offset(Cavity(offset, own, known), np.linalg.inv(prior), width)
    for i in range(4):
        of_prior = np.linalg.inv(width[i] ** 2 * prior[i])
        of_cavity = np.linalg.inv(own[i])
        wanted = np.linalg.solve(of_prior + of_cavity, of_cavity @ offset[i])
        # Inverses of matrices with conditions of a hundred.
        np.testing.assert_allclose(found[i], wanted * known[i], rtol=0, atol=1e-12)
    np.testing.assert_allclose(found[3], offset[3], rtol=1e-9)
