"""Motions and parallaxes of surveys are recovered, whichever references count.

Surveys like `mini`, of a sixth of its plates, half of their exposures and a sixth of
its stars, but many artificial sources: 16 plates in three years. Plates are solved
once; they hold no prior, so that all, 10 % or 1 % of the references may count.
"""

from dataclasses import replace

import numpy as np
import pytest

from alarm import share_bounds, spread_bounds
from reseau import simulate_survey, solve_plates
from reseau.diagnostics.motion_recovery import INSIDE
from reseau.diagnostics.motion_validation import MotionValidation
from reseau.survey.survey_config import SurveyConfig, read_survey
from reseau.verbs.survey_input import open_described
from reseau.verbs.validated_motions import validated_motions

pytestmark = [
    pytest.mark.recovery,
    pytest.mark.filterwarnings("ignore::reseau.errors.DroppedWarning"),
]

SEEDS = (1, 2, 3, 4, 5)
PARTS = (1.0, 0.1, 0.01)


def described(seed: int) -> SurveyConfig:
    mini = read_survey("mini").config
    return replace(
        mini,
        seed=seed,
        stars=replace(mini.stars, count=2400, artificial=600),
        schedule=replace(mini.schedule, orbits=16, exposures=12),
    )


@pytest.fixture(scope="module")
def found(
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[tuple[int, float], MotionValidation]:
    """Return comparisons with truth by seed and part of the references."""
    every = {}
    for seed in SEEDS:
        place = tmp_path_factory.mktemp(f"seed-{seed}")
        config = described(seed)
        simulate_survey(config, place / "dataset")
        solve_plates(place / "dataset", place / "solution")
        made = open_described(config).survey
        for part in PARTS:
            every[seed, part] = validated_motions(place, made, references=part)
    return every


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("seed", SEEDS)
def test_errors_are_as_promised(found, seed, part):
    """By the catalogue's own joint draws: once in 370 seeds chance alone says no."""
    joint = found[seed, part].joint
    assert joint.consistent, str(joint)
    for name in ("reference", "artificial"):
        for pull in joint.recoveries[name].statistics:
            assert pull.within(1e-6), str(joint)


@pytest.mark.parametrize("name", ["reference", "artificial"])
def test_pulls_of_all_seeds_together(found, name):
    """With all references; stars share little then, and seeds share nothing."""
    pulls = []
    for seed in SEEDS:
        joint = found[seed, 1.0].joint
        own = joint.estimates[name].covariance
        sigma = np.sqrt(np.diagonal(own, axis1=1, axis2=2))
        pulls.append(joint.errors[name] / sigma)
    stars = sum(found[s, 1.0].joint.recoveries[name].pull[0].stars for s in SEEDS)
    joined = np.concatenate(pulls)
    low, high = spread_bounds(stars, 5)
    for value in np.sqrt(np.mean(joined**2, axis=0)):
        assert low < value < high
    for k, p in enumerate(INSIDE, 1):
        least, most = share_bounds(p, int(stars), 15)
        for inside in np.mean(np.abs(joined) < k, axis=0):
            assert least <= inside <= most


@pytest.mark.parametrize("part", PARTS)
def test_artificial_sources_rest_within_their_errors(found, part):
    """Of their parallaxes and motions 0.8 % are beyond 3 σ by chance."""
    beyond = [found[seed, part].beyond()["joint"] for seed in SEEDS]
    number = [found[seed, part].joint.recoveries["artificial"].n for seed in SEEDS]
    # Three numbers each, which are nearly independent.
    _, most = share_bounds(1.0 - INSIDE[2] ** 3, sum(number))
    assert sum(beyond) <= most * sum(number)


def test_references_leave_their_errors_where_posteriors_are_averaged(found):
    """Positions of each plate hold the same errors of the catalogue."""
    for seed in SEEDS:
        averaged = found[seed, 1.0].ways["posteriors"].recoveries["reference"]
        joint = found[seed, 1.0].joint.recoveries["reference"]
        assert min(p.value for p in averaged.pull[:2]) > 2.0
        assert max(p.value for p in joint.pull) < 1.15


def test_artificial_sources_leave_theirs_where_references_are_few(found):
    """The calibrations of plates share errors, which averages do not know of."""
    pulls = {
        way: np.mean(
            [
                [
                    p.value
                    for p in found[s, 0.01].ways[way].recoveries["artificial"].pull
                ]
                for s in SEEDS
            ],
            axis=0,
        )
        for way in ("joint", "posteriors", "blocks")
    }
    for way in ("posteriors", "blocks"):
        assert np.all(pulls[way][:2] > 1.3), pulls
        assert np.all(pulls["joint"][:2] < 1.25), pulls
