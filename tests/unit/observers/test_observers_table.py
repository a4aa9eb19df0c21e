"""Tabulated states: interpolation, and tables that cannot be interpolated."""

import numpy as np
import pytest

from reseau.constants import ASTRONOMICAL_UNIT, SPEED_OF_LIGHT
from reseau.errors import CatalogueError, ConfigError, ShapeError
from reseau.observers import (
    EphemerisRangeError,
    TableObserver,
    circular_orbit,
    geocentre,
    states_of,
)

MINUTE = 1.0 / 525_960.0
METRES = ASTRONOMICAL_UNIT * 1000.0
METRES_PER_SECOND = SPEED_OF_LIGHT * 1000.0


def tabulated(step: float, n: int = 60, orbit=circular_orbit) -> TableObserver:
    epoch = 2031.2 + np.arange(n) * step * MINUTE
    state = orbit(epoch)
    return TableObserver(epoch, state.position, state.velocity)


def deviations(table: TableObserver, orbit=circular_orbit) -> tuple[float, float]:
    """Largest error of position [m] and velocity [m/s], five rows from the ends."""
    epoch = np.linspace(table.epoch[5], table.epoch[-6], 3001)
    found, true = table.states(epoch), orbit(epoch)
    position = np.linalg.norm(found.position - true.position, axis=1) * METRES
    velocity = np.linalg.norm(found.velocity - true.velocity, axis=1)
    return position.max(), velocity.max() * METRES_PER_SECOND


def test_a_minute_of_a_hundred_minutes_orbit_is_fine():
    position, velocity = deviations(tabulated(1.0))
    assert position < 0.35
    assert velocity < 1e-5


def test_errors_fall_with_the_fourth_and_sixth_power_of_the_step():
    coarse, fine = (np.array(deviations(tabulated(step))) for step in (4.0, 2.0))
    np.testing.assert_allclose(coarse / fine, [16.0, 64.0], rtol=0.05)


def test_a_day_is_fine_for_the_geocentre():
    # The Moon moves it about, in a month: 5000 km.
    position, velocity = deviations(tabulated(1440.0, orbit=geocentre), geocentre)
    assert position < 100.0
    assert velocity < 1e-4


def test_rows_are_returned_as_they_are_however_far_apart():
    table = tabulated(25.0)
    found = table.states(table.epoch[[7, 0, -1]])
    np.testing.assert_array_equal(found.position, table.position[[7, 0, -1]])
    np.testing.assert_allclose(found.velocity, table.velocity[[7, 0, -1]], atol=1e-19)
    two = TableObserver(table.epoch[:2], table.position[:2], table.velocity[:2])
    np.testing.assert_array_equal(two.states(two.epoch).position, two.position)


def test_rows_may_be_unevenly_spaced_and_seconds_apart():
    random = np.random.default_rng(3)
    epoch = 2031.2 + np.cumsum(random.uniform(0.02, 1.5, 200)) * MINUTE
    state = circular_orbit(epoch)
    position, velocity = deviations(
        TableObserver(epoch, state.position, state.velocity)
    )
    assert position < 2.0
    assert velocity < 1e-3


def test_the_ends_belong_to_the_table_and_what_is_outside_carries_its_range():
    table = tabulated(1.0)
    asked = table.epoch[[0, -1]] + np.array([-1.0, 1.0]) * MINUTE
    with pytest.raises(EphemerisRangeError, match="2 epochs outside") as caught:
        table.states(asked)
    assert (caught.value.first, caught.value.last) == (table.epoch[0], table.epoch[-1])
    assert caught.value.mask.tolist() == [True, True]
    with pytest.raises(ConfigError):
        table.states(np.array([np.nan]))


def test_a_gap_matters_where_an_epoch_falls_into_it():
    whole = tabulated(1.0)
    keep = np.r_[0:20, 40:60]
    table = TableObserver(whole.epoch[keep], whole.position[keep], whole.velocity[keep])
    table.states(whole.epoch[:10] + 0.5 * MINUTE)
    with pytest.raises(CatalogueError, match=r"between rows 19 and 20, 21 min apart"):
        table.states(whole.epoch[[5, 30]] + 0.5 * MINUTE)


def test_few_rows_are_not_interpolated():
    few = tabulated(1.0, n=5)
    with pytest.raises(CatalogueError, match="6 rows or more"):
        few.states(few.epoch[:1] + 0.5 * MINUTE)


def test_velocities_that_are_not_the_change_of_positions_are_refused():
    table = tabulated(1.0)
    # The satellite's positions with the Earth's velocities: 7.5 km/s amiss.
    mixed = TableObserver(table.epoch, table.position, geocentre(table.epoch).velocity)
    with pytest.raises(CatalogueError, match="in doubt by"):
        mixed.states(table.epoch[:3] + 0.5 * MINUTE)


def changed(**columns: np.ndarray) -> TableObserver:
    table = tabulated(1.0, n=8)
    arrays = {k: getattr(table, k).copy() for k in ("epoch", "position", "velocity")}
    return TableObserver(**{**arrays, **columns})


EPOCH = tabulated(1.0, n=8).epoch
POSITION, VELOCITY = tabulated(1.0, n=8).position, tabulated(1.0, n=8).velocity
HOLED = np.where(np.arange(24).reshape(8, 3) == 10, np.nan, POSITION)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"epoch": EPOCH[::-1]}, r"before the row before(.|\n)*rows 1, 2, 3"),
        ({"epoch": EPOCH[[0, 1, 2, 2, 4, 5, 6, 7]]}, r"equal to(.|\n)*rows 3"),
        ({"position": HOLED}, r"not finite: 1 of 8 rows(.|\n)*rows 3"),
        ({"epoch": np.where(EPOCH[4] == EPOCH, np.inf, EPOCH)}, r"not finite(.|\n)*4"),
        ({"position": POSITION * ASTRONOMICAL_UNIT}, r"barycentric and in au"),
        ({"position": POSITION - geocentre(EPOCH).position}, r"barycentric and in au"),
        ({"velocity": VELOCITY * SPEED_OF_LIGHT}, r"in units of c: 8 of 8 rows"),
    ],
)
def test_bad_tables_are_refused_naming_rows(columns, message):
    with pytest.raises(CatalogueError, match=message):
        changed(**columns)


@pytest.mark.unchecked
def test_columns_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError, match=r"velocity \(7, 3\)"):
        changed(velocity=VELOCITY[:7])
    with pytest.raises(ShapeError, match="two or more"):
        TableObserver(EPOCH[:1], POSITION[:1], VELOCITY[:1])


def test_a_table_is_an_observer_like_any_other():
    table = tabulated(1.0)
    epoch = table.epoch[:3] + 0.4 * MINUTE
    np.testing.assert_array_equal(
        states_of(table, epoch).position, table.states(epoch).position
    )
