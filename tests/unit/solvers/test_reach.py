"""How far a step is believed: cut where it rose, grown where it descended."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from reseau.solvers.reach import GROWTH, LEAST, MOST, TRIES, Reach


def test_all_of_a_step_is_taken_until_one_has_risen():
    reach = Reach()
    assert reach.part(1e9) == 1.0
    reach.descended()
    assert not reach.shortened
    assert reach.part(np.inf) == 1.0


@pytest.mark.parametrize(
    ("length", "rise"), [(0.7, 2.0), (0.7, 900.0), (12.0, 300.0), (12.0, 4e5)]
)
def test_the_cut_step_ends_where_the_quartic_is_lowest(length, rise):
    """Of −at + bt⁴, which has the slope of Gauss and Newton, −2L², and the rise."""
    reach = Reach()
    reach.part(length)
    assert reach.shorten(rise)
    slope = 2.0 * length**2
    lowest = minimize_scalar(
        lambda t: -slope * t + (slope + rise) * t**4,
        bounds=(0.0, 1.0),
        method="bounded",
        options={"xatol": 1e-10},
    ).x
    assert LEAST < lowest < MOST  # else it would be clipped
    # A minimum is found to the square root of rounding.
    assert reach.part(length) == pytest.approx(lowest, rel=1e-6)


def test_the_second_cut_has_the_slope_of_the_whole_step():
    """The part that was taken falls by 2·taken·length at first, not by 2·taken²."""
    reach, length = Reach(), 10.0
    reach.part(length)
    reach.shorten(400.0)
    taken = reach.part(length) * length
    reach.shorten(400.0)
    fall = 2.0 * taken * length
    part = np.cbrt(0.25 * fall / (fall + 400.0))
    assert reach.part(length) * length == pytest.approx(taken * part, rel=1e-14)


@pytest.mark.parametrize(
    ("rise", "part"), [(np.inf, LEAST), (np.nan, LEAST), (1e12, LEAST), (0.0, MOST)]
)
def test_a_cut_leaves_neither_nothing_nor_most(rise, part):
    reach = Reach()
    reach.part(8.0)
    reach.shorten(rise)
    assert reach.part(8.0) == pytest.approx(part, rel=1e-14)


def test_shorter_steps_are_taken_whole():
    reach = Reach()
    reach.part(8.0)
    reach.shorten(np.inf)
    assert reach.part(8.0 * LEAST) == 1.0
    assert reach.part(0.0) == 1.0


def test_what_is_believed_grows_after_a_cut_step_that_descended():
    reach = Reach()
    reach.part(8.0)
    reach.shorten(np.inf)
    reach.part(8.0)
    reach.descended()
    assert reach.part(8.0) == pytest.approx(GROWTH * LEAST, rel=1e-14)
    reach.descended()
    assert reach.part(8.0) == pytest.approx(GROWTH**2 * LEAST, rel=1e-14)


def test_it_does_not_grow_by_steps_that_were_short_by_themselves():
    reach = Reach()
    reach.part(8.0)
    reach.shorten(np.inf)
    reach.part(8.0)
    reach.descended()
    for _ in range(5):
        assert reach.part(0.01) == 1.0
        reach.descended()
    assert reach.part(8.0) == pytest.approx(GROWTH * LEAST, rel=1e-14)


def test_it_is_given_up_after_some_cuts_in_a_row():
    reach = Reach()
    for _ in range(TRIES):
        reach.part(8.0)
        assert reach.shorten(1.0)
        assert reach.shortened
    reach.part(8.0)
    assert not reach.shorten(1.0)
    assert not reach.shortened
    assert reach.part(8.0) == 1.0
    # And begun anew, with as many tries as before.
    assert reach.shorten(1.0)


def test_a_descent_between_gives_new_tries():
    reach = Reach()
    for _ in range(3 * TRIES):
        reach.part(8.0)
        assert reach.shorten(1.0)
        reach.descended()


def test_a_step_of_no_length_cannot_be_cut():
    reach = Reach()
    reach.part(0.0)
    assert not reach.shorten(1.0)
    assert not reach.shortened
