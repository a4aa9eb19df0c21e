"""Observers that cannot be, or hardly: what is said, and the unit that is proposed."""

import numpy as np
import pytest

from reseau.constants import ASTRONOMICAL_UNIT, SPEED_OF_LIGHT
from reseau.errors import CatalogueError, StrangeObserverWarning
from reseau.plates.observer_bounds import check_positions, check_speeds

EXPOSURES = np.array([7, 8])
EARTH = np.array([[-0.9, 0.3, 0.2], [0.5, -0.8, 0.1]])
MOTION = np.array([[-7.0, 27.0, 11.0], [20.0, -20.0, 5.0]]) / SPEED_OF_LIGHT


def _refused(call, values):
    with pytest.raises(CatalogueError) as error:
        call(values, EXPOSURES)
    return str(error.value)


def test_the_earth_is_believed_without_a_word():
    check_positions(EARTH, EXPOSURES)
    check_positions(np.zeros((2, 3)), EXPOSURES)  # of one who wants no parallax
    check_speeds(MOTION, EXPOSURES)


@pytest.mark.parametrize(
    ("size", "unit", "factor"),
    [
        (ASTRONOMICAL_UNIT, "km", "149597870.7"),
        (1e3 * ASTRONOMICAL_UNIT, "m", "149597870700"),
    ],
)
def test_positions_in_another_unit_are_told_as_such(size, unit, factor):
    position = EARTH.copy()
    position[1] *= size
    text = _refused(check_positions, position)
    assert "within 1000 au" in text
    assert "exposure_id 8" in text
    assert f"look like {unit}: divide them by {factor}" in text


def test_positions_outside_of_the_solar_system_are_refused():
    text = _refused(check_positions, np.array([[1e6, 0, 0], [np.nan, 0, 0]]))
    assert "barycentric and in au" in text
    assert "look like" not in text


def test_distant_observers_are_doubted():
    with pytest.warns(StrangeObserverWarning, match="obs_z hold light seconds"):
        check_positions(EARTH * ASTRONOMICAL_UNIT / SPEED_OF_LIGHT, EXPOSURES)
    with pytest.warns(StrangeObserverWarning, match="up to 160 au"):
        check_positions(np.array([[160.0, 0, 0], [1.0, 0, 0]]), EXPOSURES)


def test_positions_from_the_earth_s_centre_are_doubted():
    with pytest.warns(StrangeObserverWarning, match="need the Earth's added"):
        check_positions(EARTH * 4.6e-5, EXPOSURES)


def test_velocities_in_metres_are_told_as_such():
    text = _refused(check_speeds, MOTION * 1000.0)
    assert "look like m/s: divide them by 1000" in text
    assert "exposure_id 7, 8" in text
