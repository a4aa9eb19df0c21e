"""The forecast of the mini survey against the survey, simulated, solved and joined."""

from pathlib import Path

import numpy as np
import pytest

from alarm import spread_bounds
from reseau.verbs.combine import combine
from reseau.verbs.forecast import forecast
from reseau.verbs.simulate_survey import simulate_survey
from reseau.verbs.solve_plates import solve_plates

NAMES = ("ra", "dec", "parallax", "pmra", "pmdec")
pytestmark = pytest.mark.filterwarnings("ignore::reseau.errors.ReseauWarning")


@pytest.mark.recovery
@pytest.mark.parametrize("scale", [0.1])
def test_the_mini_survey_reaches_what_was_forecast(
    tmp_path: Path, scale: float
) -> None:
    made = simulate_survey("mini", tmp_path / "data", scale=scale)
    solve_plates(tmp_path / "data", tmp_path / "solved")
    table = combine(tmp_path / "solved").tables.catalogue
    columns = {n: table[n].to_numpy(zero_copy_only=False) for n in table.column_names}
    five = np.isin(columns["astrometric_params_solved"], (31, 95))
    for each in (True, False):
        found = forecast("mini", scale=scale, every_plate=each).numbers
        bounds = found.bounds
        _, mine, its = np.intersect1d(
            bounds.source_id, columns["source_id"], return_indices=True
        )
        some = bounds.is_solved[mine] & five[its] & found.inside[mine]
        mine, its = mine[some], its[some]
        sigma = 1e3 * np.stack([columns[f"{n}_error"][its] for n in NAMES], axis=1)
        expected = bounds.sigmas.whole[mine]
        for magnitude in np.arange(9.0, 14.6, 0.5):
            near = np.abs(found.magnitude[mine] - magnitude) <= 0.25
            ratio = np.median(expected[near], axis=0) / np.median(sigma[near], axis=0)
            np.testing.assert_allclose(ratio, 1.0, atol=0.02)
        stars = made.survey.stars
        row = np.searchsorted(stars.source_id, columns["source_id"][its])
        for i, name in enumerate(NAMES[2:], start=2):
            error = 1e3 * (columns[name][its] - getattr(stars, name)[row])
            low, high = spread_bounds(mine.size, 6)
            assert low < np.sqrt(np.mean((error / expected[:, i]) ** 2)) < high, name
