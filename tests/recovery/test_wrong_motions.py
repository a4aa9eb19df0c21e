"""Wrong motions in a catalogue are found, as often as they can be, and harm nobody."""

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy import stats

from alarm import share_bounds, spread_bounds
from reseau import simulate_survey, solve_plates
from reseau._precision import in_double
from reseau.catalogue import astrometry
from reseau.datasets import open_plates
from reseau.datasets.information import read_information
from reseau.motions.joint import joint
from reseau.motions.robust import solve_robustly
from reseau.motions.solving import solve_jointly
from reseau.motions.stars import stars_of
from reseau.motions.undetermined import with_positions_alone
from reseau.motions.wrong_references import FALSE_ALARM
from reseau.tables import columns_of
from small_survey import small_config
from synthetic_plates import made_survey, with_wrong_motions

SEEDS, SIGMAS = range(80, 90), 12.0


@in_double
def _searched(seed):
    """Return what was found in a survey of which 2 % of the references are wrong."""
    right = made_survey(seed, n=600, plates=10)
    made, wrong = with_wrong_motions(right, 0.02, SIGMAS, seed)
    found = solve_robustly(made.plates, made.stars)
    clean = solve_jointly(joint(right.plates, right.stars))
    prior = made.stars.prior[wrong]
    cavity = np.linalg.inv(
        np.linalg.inv(clean.factor.covariance_blocks()[wrong]) - prior
    )
    off = (made.stars.mean - right.stars.mean)[wrong, :5]
    size = np.linalg.solve(np.linalg.inv(prior) + cavity, off[:, :, None])[:, :, 0]
    size = np.sum(off * size, axis=1)
    limit = stats.chi2.isf(FALSE_ALARM, 5)
    parameters = found.motions.equations.stars.parameters
    blocks = found.motions.factor.covariance_blocks()
    sigma = np.sqrt(np.diagonal(blocks, axis1=1, axis2=2))
    return {
        "chance": stats.ncx2.sf(limit, 5, size),
        "caught": found.wrong[wrong],
        "false": found.wrong[~wrong & made.stars.is_reference],
        "others": ((parameters - made.truth)[:, :5] / sigma)[~wrong],
        "plates": found.plate_weight,
        "left_out": found.left_out,
        "n_pairs": sum(plate.source_id.size for plate in made.plates),
    }


@pytest.fixture(scope="module")
def searched():
    return [_searched(seed) for seed in SEEDS]


def pooled(searched, name):
    return np.concatenate([found[name] for found in searched])


@pytest.mark.recovery
def test_they_are_found_as_often_as_their_size_allows(searched):
    chance, caught = pooled(searched, "chance"), pooled(searched, "caught")
    scatter = np.sqrt(np.sum(chance * (1.0 - chance)))
    assert caught.sum() > chance.sum() - stats.norm.isf(1e-6) * scatter
    assert chance.mean() > 0.6


@pytest.mark.recovery
def test_false_alarms_are_as_stated(searched):
    false = pooled(searched, "false")
    low, high = share_bounds(FALSE_ALARM, false.size)
    assert low <= false.mean() <= high
    assert np.all(pooled(searched, "plates") == 1.0)
    pairs = sum(found["n_pairs"] for found in searched)
    assert len(pooled(searched, "left_out")) <= share_bounds(1e-5, pairs)[1] * pairs


@pytest.mark.recovery
def test_the_others_are_unharmed(searched):
    others = pooled(searched, "others")
    assert np.sqrt(np.mean(others**2)) < 1.02
    low, high = spread_bounds(others.size)
    assert low < np.sqrt(np.mean(others**2)) < high


@pytest.mark.recovery
@pytest.mark.filterwarnings("ignore::reseau.errors.ReseauWarning")
def test_wrong_references_of_a_simulated_survey(tmp_path):
    """From images to motions: wrong entries of unknown binaries, of ten σ at least."""
    config = small_config(
        seed=21,
        schedule={"years": 3.0, "orbits": 8, "exposures": 6},
        stars={"count": 800, "artificial": 8},
        reference={"wrong_fraction": 0.02, "wrong_by_sigma": 30.0},
    )
    simulate_survey(config, tmp_path / "survey", workers=1)
    solve_plates(tmp_path / "survey", tmp_path / "solution", workers=1)
    folders = sorted((tmp_path / "solution" / "plates").iterdir())
    plates = [read_information(folder) for folder in folders]
    truth = _truth(tmp_path / "survey")
    known = columns_of(open_plates(tmp_path / "survey").shared.reference)
    found, stars = _combined(plates, known)
    wrong = np.array([truth[i]["wrong_prior"] for i in stars.source_id])
    assert wrong.sum() > 5
    assert found.wrong[wrong].mean() > 0.8
    right = stars.is_reference & ~wrong
    assert found.wrong[right].mean() <= share_bounds(FALSE_ALARM, right.sum())[1]
    assert found.settled


@in_double
def _combined(plates, known):
    epoch = float(np.mean([plate.epoch for plate in plates]))
    stars = stars_of(plates, astrometry(known), epoch=epoch)
    stars = with_positions_alone(plates, stars)
    return solve_robustly(plates, stars), stars


def _truth(survey):
    files = sorted((survey / "truth" / "sources").rglob("*.parquet"))
    rows = [row for file in files for row in pq.ParquetFile(file).read().to_pylist()]
    return {row["source_id"]: row for row in rows}
