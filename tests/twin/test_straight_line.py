"""The line of a star, computed once, against the direction it is seen in each time."""

import numpy as np
import pytest

from reseau.constants import MILLIARCSECOND
from reseau.sky import direction_at, straight_line

RADIAL_VELOCITY = 200.0
"""Scale of the radial velocities [km/s]."""


@pytest.mark.parametrize("elapsed", [-25.0, 0.0, 3.7])
def test_a_line_seen_from_an_observer_is_where_the_star_is_seen(elapsed):
    rng = np.random.default_rng(11)
    direction = rng.normal(size=(50, 3))
    direction /= np.linalg.norm(direction, axis=1)[:, None]
    scale = np.array([100.0, 100.0, 400.0, 9000.0, 9000.0, 1.0]) * MILLIARCSECOND
    scale[5] = RADIAL_VELOCITY
    astrometry = rng.normal(size=(50, 6)) * scale
    place = rng.normal(size=(50, 3))
    start, velocity = map(np.asarray, straight_line(direction, astrometry))
    towards = start + velocity * elapsed - astrometry[:, 2:3] * place
    towards /= np.linalg.norm(towards, axis=1)[:, None]
    wanted = np.asarray(direction_at(direction, astrometry, elapsed, place))
    assert np.abs(towards - wanted).max() < 4e-16
    # The motion is not a part that is lost in rounding.
    assert np.abs(wanted - direction).max() > 1e-7
