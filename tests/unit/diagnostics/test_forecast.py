"""A forecast against a simulated survey, and against itself in its reduced form."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from alarm import spread_bounds
from reseau.diagnostics.forecast import Forecast, as_asked, forecast_of
from reseau.diagnostics.forecast.text import as_dict, lines_of, row_columns
from reseau.errors import DegeneracyError
from reseau.survey.random_limit import factors_at, mean_errors, random_limit
from reseau.verbs.combine import combine
from reseau.verbs.forecast import forecast
from reseau.verbs.simulate import as_dataset
from reseau.verbs.simulate_survey import simulate_survey
from reseau.verbs.solve_plates import solve_plates
from small_survey import small_config

CHANGES = {
    "schedule": {"years": 1.6, "orbits": 6, "exposures": 6},
    "stars": {"count": 160, "artificial": 0, "faintest_mag": 14.0},
    "reference": {"faintest_g_mag": 16.5},
    "requirement": {"parallax_uas": 800.0, "motion_uas_per_yr": 50.0},
}
"""About a third of the stars are references, so that calibration tells."""

pytestmark = pytest.mark.filterwarnings("ignore::reseau.errors.ReseauWarning")


def _forecast(each: bool) -> Forecast:
    return forecast(small_config(**CHANGES), every_plate=each).numbers


@pytest.fixture(scope="module")
def exact() -> Forecast:
    """Return the forecast of each plate."""
    return _forecast(each=True)


def _sigma(columns: dict[str, np.ndarray]) -> np.ndarray:
    names = ("ra", "dec", "parallax", "pmra", "pmdec")
    return 1000.0 * np.stack([columns[f"{n}_error"] for n in names], axis=1)


def test_it_is_what_a_simulated_survey_reaches(exact: Forecast, tmp_path: Path) -> None:
    made = simulate_survey(small_config(**CHANGES), tmp_path / "data", workers=1)
    solve_plates(tmp_path / "data", tmp_path / "solved", workers=1)
    found = combine(tmp_path / "solved").tables.catalogue
    columns = {n: found[n].to_numpy(zero_copy_only=False) for n in found.column_names}
    five = np.isin(columns["astrometric_params_solved"], (31, 95))
    _, mine, its = np.intersect1d(
        exact.bounds.source_id[exact.bounds.is_solved],
        columns["source_id"][five],
        return_indices=True,
    )
    assert mine.size > 70
    mine = np.flatnonzero(exact.bounds.is_solved)[mine]
    its = np.flatnonzero(five)[its]
    sigma = _sigma(columns)[its]
    expected = exact.bounds.sigmas.whole[mine]
    for kind in (True, False):
        some = exact.bounds.is_reference[mine] == kind
        assert some.sum() > 20
        ratio = np.median(expected[some] / sigma[some], axis=0)
        np.testing.assert_allclose(ratio, 1.0, atol=0.02)
    # Errors are as large as that: of parallaxes and motions, which stand beside truth.
    truth = made.survey.stars
    row = np.searchsorted(truth.source_id, columns["source_id"][its])
    for i, name in enumerate(("parallax", "pmra", "pmdec")):
        error = 1000.0 * (columns[name][its] - getattr(truth, name)[row])
        pull = error / expected[:, 2 + i]
        low, high = spread_bounds(pull.size, 3)
        assert low < np.sqrt(np.mean(pull**2)) < high, name
    # Calibration tells, or all this would be of the stars' own visits.
    some = ~exact.bounds.is_reference & exact.bounds.is_solved
    share = exact.bounds.sigmas.whole[some] / exact.bounds.sigmas.held[some]
    assert np.median(share) > 1.1


def test_what_repeats_is_counted_instead(exact: Forecast) -> None:
    reduced = _forecast(each=False)
    assert (reduced.kinds, reduced.plates, exact.kinds) == (1, 6, 6)
    _, a, b = np.intersect1d(
        exact.bounds.source_id, reduced.bounds.source_id, return_indices=True
    )
    some = exact.bounds.is_solved[a] & reduced.bounds.is_solved[b] & exact.inside[a]
    for name in ("whole", "held"):
        full = getattr(exact.bounds.sigmas, name)[a][some]
        few = getattr(reduced.bounds.sigmas, name)[b][some]
        np.testing.assert_allclose(np.median(few / full, axis=0), 1.0, atol=0.02)


def test_alone_with_calibration_known_is_the_random_limit(exact: Forecast) -> None:
    survey = simulate_survey(small_config(**CHANGES)).survey
    magnitude = np.array([12.0])
    error = mean_errors(survey.config.noise, magnitude, survey.instrument)
    bounds = exact.bounds
    # A star that all exposures of one of the fields see, at any rate.
    some = np.flatnonzero(bounds.is_solved & exact.inside)
    held = bounds.at(some, np.ones(some.size), listed=False).held
    seen = np.zeros(len(survey.stars), dtype=int)
    counts = []
    for number in range(len(survey)):
        measured = survey.expected(number).measurements["source_id"]
        row = np.searchsorted(survey.stars.source_id, measured)
        counts.append(np.bincount(row, minlength=seen.size))
    count = np.array(counts)[:, bounds.row[some]]
    star = int(np.argmax(count.min(axis=0)))
    assert count[:, star].min() > 4
    limit = random_limit(
        magnitude,
        error,
        epoch=survey.plan.middle,
        factors=factors_at(
            survey.plan.middle, survey.directions[bounds.row[some[star]]]
        ),
        exposures=count[:, star].astype(float),
    )
    np.testing.assert_allclose(held[star, 2], limit.parallax[0], rtol=0.01)
    np.testing.assert_allclose(held[star, 3:], limit.motion[0], rtol=0.01)


def test_rows_and_words(exact: Forecast) -> None:
    text = "\n".join(lines_of(exact))
    assert max(map(len, text.splitlines())) <= 80
    assert "6, each computed" in text
    assert "required: parallax to 800 µas at Hw < 12.5: " in text
    asked = {one.what: one for one in as_asked(exact)}
    assert asked["motion"].magnitude == 14.0  # nothing fainter is measured
    assert not asked["motion"].is_met
    columns, plain = row_columns(exact), as_dict(exact)
    assert len(columns["phot_hw_mag"]) == len(plain["rows"]) == len(exact.rows)
    row = exact.rows[-1]
    assert plain["rows"][-1]["whole"]["parallax_error_uas"] == row.whole[2]
    # More is known with an entry than without, and with calibration than without.
    for one in exact.rows:
        assert np.all(one.held <= one.whole * (1 + 1e-9))
        assert np.all(one.visits <= one.alone * (1 + 1e-9))


def test_references_that_nobody_sees_leave_the_datum_open() -> None:
    survey = simulate_survey(small_config(**CHANGES)).survey
    columns = dict(survey.references.columns)
    columns["source_id"] = columns["source_id"] + 10**15
    bare = replace(survey, references=replace(survey.references, columns=columns))
    with pytest.raises(DegeneracyError, match="zero points of positions, parallaxes"):
        forecast_of(bare, lambda plate: as_dataset(plate).dataset, each=False)
