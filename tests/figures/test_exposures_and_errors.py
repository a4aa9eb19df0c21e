"""Figures of exposures and of formal errors draw the numbers that they are given."""

import numpy as np
import pytest
from scipy import stats

from reseau.diagnostics import exposure_chi2
from reseau.plots import chi2_of_exposures, error_magnitude


def test_exposures_beyond_chance_are_marked_and_named() -> None:
    rng = np.random.default_rng(2)
    exposure = np.repeat(np.arange(20), 50)
    pull = rng.normal(size=(2, exposure.size))
    pull[:, exposure == 7] *= 2.0
    found = exposure_chi2(exposure, *pull, n_exposures=20)
    ids = np.arange(100, 120)
    ax = chi2_of_exposures(found, ids)
    inside, outside = (
        next(line for line in ax.lines if str(line.get_label()).startswith(name))
        for name in ("inside", "outside")
    )
    assert outside.get_xdata() == [8]
    assert outside.get_ydata()[0] == found.reduced[7]
    assert len(inside.get_xdata()) == 19
    assert [t.get_text() for t in ax.texts] == ["107"]
    band = ax.collections[0].get_paths()[0].vertices[:, 1]
    chance = stats.chi2.ppf([0.005, 0.995], 100) / 100
    assert (band.min(), band.max()) == pytest.approx(tuple(chance))


def test_an_exposure_without_measurements_has_no_point() -> None:
    found = exposure_chi2(np.array([0, 0, 2]), np.ones(3), np.ones(3), n_exposures=3)
    ax = chi2_of_exposures(found, np.arange(3))
    drawn = {float(x) for line in ax.lines[1:] for x in line.get_xdata()}
    assert 2.0 not in drawn


def test_formal_errors_are_drawn_in_a_readable_unit_and_held_ones_left_out() -> None:
    magnitude = np.array([10.0, 11.0, 12.0, np.nan])
    error = np.array([0.02, 0.03, 0.0, 0.04])
    reference = np.array([True, False, True, True])
    ax = error_magnitude(magnitude, error, 2 * error, is_reference=reference)
    drawn = {str(line.get_label()): line.get_xydata() for line in ax.lines}
    np.testing.assert_allclose(drawn["α cos δ, references"], [[10.0, 20.0]])
    np.testing.assert_allclose(drawn["δ, targets"], [[11.0, 60.0]])
    assert ax.get_ylabel() == "1σ of the position [µas]"
