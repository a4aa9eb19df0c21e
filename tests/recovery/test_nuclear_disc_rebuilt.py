"""The shipped table of the nuclear disc, made anew from its distribution function."""

import numpy as np
import pytest

from reseau.galaxy.kinematics.nuclear_model import self_consistent_disc
from reseau.galaxy.nuclear_moments import shipped_disc


@pytest.mark.recovery
def test_the_shipped_table_comes_out_again():
    """As ``examples/make_nuclear_moments.py`` wrote it, to its last digit."""
    table = shipped_disc()
    disc = self_consistent_disc(8)
    r, z = np.meshgrid(table.radius, table.height, indexing="ij")
    assert disc.density(r, z) == pytest.approx(table.density, rel=2e-4)
    for i, k in ((1, 0), (5, 3), (9, 9), (13, 12), (18, 5), (25, 10)):
        found = disc.at(table.radius[i], table.height[k])
        for name in ("rotation", "sigma_r", "sigma_phi", "sigma_z"):
            expected = getattr(table, name)[i, k]
            assert getattr(found, name) == pytest.approx(expected, abs=0.006)


@pytest.mark.recovery
def test_the_iteration_has_converged():
    before = self_consistent_disc(7)
    after = before.next()
    r, z = np.array([20.0, 50.0, 100.0, 200.0, 300.0]), np.array([0.0] * 3 + [30.0] * 2)
    assert before.density(r, z) == pytest.approx(after.density(r, z), rel=0.01)
