"""Priors that are off together are told once, first, and nobody else is accused."""

import numpy as np
import pytest

from alarm import share_bounds
from reseau.plates import Collective, verdict, without_common_part, worst_pulls
from reseau.plates.judgement.unit_weight import noise_verdict


def _focal(of_one: float, n: int = 4) -> Collective:
    return Collective(
        what="focal lengths",
        rows=tuple(range(n)),
        of_one=of_one,
        independent=float(n),
        shift="are 2.0 % (97 mm) below nominal",
        cause="the nominal focal length is off",
    )


def test_a_common_shift_is_told_with_its_cause() -> None:
    assert _focal(-9.7).sentence == (
        "All focal lengths together are 2.0 % (97 mm) below nominal, 9.7σ of one "
        "prior: the nominal focal length is off."
    )
    assert _focal(-9.7, n=1).sentence.startswith("The focal lengths are 2.0 %")


@pytest.mark.parametrize(
    ("of_one", "n", "stands"),
    [(9.7, 4, True), (-2.5, 48, True), (1.0, 48, False), (2.5, 1, False)],
)
def test_a_common_shift_stands_out_beyond_chance_and_harm(of_one, n, stands) -> None:
    assert _focal(of_one, n).stands_out(8) is stands


def test_chance_seldom_makes_a_common_shift() -> None:
    """With 8 groups at most one fit in a hundred is told a group that is right."""
    rng = np.random.default_rng(1)
    means = rng.normal(size=(4000, 8))  # of single priors: the hardest
    told = [any(_focal(m, 1).stands_out(8) for m in row) for row in means]
    _, high = share_bounds(0.01, 4000)
    assert sum(told) <= 4000 * high


def test_what_is_told_together_is_taken_from_the_single_pulls() -> None:
    pulls = np.array([9.0, 10.0, 9.5, 9.5, 4.0, np.nan])
    left = without_common_part(pulls, [_focal(9.5)])
    np.testing.assert_allclose(left, [-0.5, 0.5, 0.0, 0.0, 4.0, np.nan])


def test_many_priors_come_before_the_errors_and_no_factor_is_advised() -> None:
    pulls = np.zeros(400)
    pulls[:300] = 50.0
    crowd = worst_pulls("source priors", pulls, lambda i: f"source {i}", dimensions=2)
    told = verdict(chi2=1.2 * 6000, dof=6000, pulls=[crowd])
    assert told[0].startswith("300 of 400 source priors beyond")
    assert "what they have in common" in told[0]
    assert "the observer" in told[0]
    assert "mend them before you judge the errors" in told[1]
    assert "underestimated" not in " ".join(told)


def test_one_prior_that_stands_out_does_not_excuse_the_errors() -> None:
    pulls = np.zeros(400)
    pulls[3] = 50.0
    one = worst_pulls("source priors", pulls, lambda i: f"source {i}", dimensions=2)
    told = verdict(chi2=1.2 * 6000, dof=6000, pulls=[one])
    assert "underestimated by a factor of 1.1" in told[0]


def test_priors_that_are_off_do_not_spoil_errors_that_are_right() -> None:
    assert noise_verdict(6000.0, 6000, priors_off=True).endswith("are credible.")


def test_without_degrees_of_freedom_nothing_judges_the_errors() -> None:
    exact = worst_pulls("measurements", np.full(8, 1e-9), str)
    told = " ".join(verdict(chi2=1e-18, dof=0, pulls=[exact]))
    assert "no degrees of freedom" in told
    assert "larger than the residuals" not in told
    assert "credible" not in told
