"""Sentences about a fit, and what chance gives, against Monte Carlo."""

import numpy as np
import pytest
from scipy import stats

from alarm import share_bounds
from reseau._words import counted
from reseau.plates import largest_by_chance, verdict, worst_pulls
from reseau.plates.judgement.unit_weight import noise_verdict, sigma0_text
from reseau.plates.judgement.verdict import pull_verdict


@pytest.mark.parametrize("dimensions", [1, 2])
@pytest.mark.parametrize("probability", [0.5, 0.99])
def test_the_largest_by_chance_is_that_of_draws(
    dimensions: int, probability: float
) -> None:
    rng = np.random.default_rng(dimensions)
    draws = rng.normal(size=(20_000, 100, dimensions))
    largest = np.sqrt(np.sum(draws**2, axis=2)).max(axis=1)
    limit = largest_by_chance(100, probability=probability, dimensions=dimensions)
    low, high = share_bounds(probability, 20_000)
    assert low <= np.mean(largest < limit) <= high


def test_the_largest_grows_slowly_and_never_overflows() -> None:
    sizes = [largest_by_chance(10**k) for k in range(13)]
    assert np.all(np.diff(sizes) > 0.0)
    assert 7.0 < sizes[-1] < 8.0
    assert largest_by_chance(0) == 0.0


def test_worst_pulls_are_sorted_named_and_counted() -> None:
    pulls = np.zeros(1000)
    pulls[[5, 7, 9]] = [-8.0, 12.0, np.nan]
    found = worst_pulls("measurements", pulls, lambda i: f"row {i}", keep=2)
    assert found.worst == (("row 7", 12.0), ("row 5", 8.0))
    assert (found.n, found.n_beyond) == (999, 2)
    assert found.expected < found.limit < 8.0


@pytest.mark.parametrize(
    ("sigma0", "words"),
    [
        (1.0005, "are credible"),
        (1.012, "credible to 1.2 per cent"),
        (1.8, "underestimated by a factor of 1.8"),
        (0.5, "overestimated by a factor of 2"),
        (1e-8, "far smaller than the stated errors"),
    ],
)
def test_sigma0_is_judged_in_words(sigma0: float, words: str) -> None:
    dof = 400_000
    sentence = noise_verdict(sigma0**2 * dof, dof)
    assert words in sentence
    assert f"sigma0 = {sigma0:.4f}" in sentence or f"sigma0 = {sigma0:.2g}" in sentence
    assert "400,000 degrees of freedom" in sentence


def test_the_error_of_sigma0_is_that_of_draws() -> None:
    rng = np.random.default_rng(3)
    sigma0 = np.sqrt(rng.chisquare(5000, size=20_000) / 5000)
    assert f"± {np.std(sigma0):.3f} " in noise_verdict(5000.0, 5000)


def test_a_scatter_that_chance_allows_is_credible() -> None:
    assert noise_verdict(25.0, 20).endswith("are credible.")
    assert "underestimated" in noise_verdict(80.0, 20)


@pytest.mark.parametrize("dof", [5, 30, 1000])
def test_credible_is_what_chance_gives(dof: int) -> None:
    """Quantiles of the chi² distribution, which for few degrees is far from normal."""
    low, high = stats.chi2.ppf([0.00135, 0.99865], dof)
    inside = [noise_verdict(chi2, dof) for chi2 in (1.001 * low, 0.999 * high)]
    outside = [noise_verdict(chi2, dof) for chi2 in (0.999 * low, 1.001 * high)]
    assert all(sentence.endswith("are credible.") for sentence in inside)
    assert not any(sentence.endswith("are credible.") for sentence in outside)


@pytest.mark.parametrize("dof", [1, 2, 4])
def test_few_degrees_of_freedom_cannot_tell(dof: int) -> None:
    sentence = noise_verdict(1.2 * dof, dof)
    assert sentence.endswith("are wrong; too few degrees of freedom to tell.")
    noun = "degree" if dof == 1 else "degrees"
    assert f", {dof} {noun} of freedom)" in sentence
    assert "too few" not in noise_verdict(5.0, 5)


@pytest.mark.parametrize(
    ("sigma0", "text"), [(10.5, "10.5000;"), (123456.0, "1.235e+05;")]
)
def test_an_absurd_fit_is_no_matter_of_errors(sigma0: float, text: str) -> None:
    sentence = noise_verdict(sigma0**2 * 100, 100)
    lead = "The fit does NOT describe the data: sigma0 = "
    assert sentence.startswith(lead + text)
    assert "units" in sentence
    assert "underestimated" not in sentence


@pytest.mark.parametrize(
    ("sigma0", "text"),
    [
        (1.00678, "1.0068"),
        (3.14159e-8, "3.142e-08"),
        (2.5e6, "2.5e+06"),
        (float("nan"), "unknown"),
    ],
)
def test_sigma0_is_written_with_digits_for_its_size(sigma0: float, text: str) -> None:
    assert sigma0_text(sigma0) == text


@pytest.mark.parametrize(
    ("n", "plural", "text"),
    [
        (1, "source priors", "1 source prior"),
        (2000, "source priors", "2,000 source priors"),
        (1, "exposures without measurements", "1 exposure without measurements"),
        (
            1,
            "sources with fewer than 2 measurements and no prior",
            "1 source with fewer than 2 measurements and no prior",
        ),
        (1, "degrees of freedom", "1 degree of freedom"),
    ],
)
def test_one_is_singular(n: int, plural: str, text: str) -> None:
    assert counted(n, plural) == text


@pytest.mark.parametrize(
    ("chi2", "dof", "words"),
    [
        (0.0, 0, "are no degrees of freedom"),
        (3.0, -2, "cannot tell"),
        (np.nan, 10, "not to be used"),
        (np.inf, 0, "not a finite number"),
    ],
)
def test_what_cannot_be_judged_is_said(chi2: float, dof: int, words: str) -> None:
    assert words in noise_verdict(chi2, dof)


def test_a_pull_is_judged_by_how_many_there_are() -> None:
    few, many = np.zeros(10), np.zeros(1_000_000)
    few[3] = many[3] = 4.5
    sentences = [
        pull_verdict(worst_pulls("measurements", p, lambda i: f"row {i}"))
        for p in (few, many)
    ]
    assert "1 of 10 measurements beyond" in sentences[0]
    assert "row 3 (4.5σ)" in sentences[0]
    assert "none stands out" in sentences[1]


def test_only_the_first_of_many_outliers_are_named() -> None:
    pulls = np.r_[np.full(20, 50.0), np.zeros(100)]
    sentence = pull_verdict(worst_pulls("source priors", pulls, str, keep=3))
    assert "20 of 120 source priors" in sentence
    assert sentence.count("50.0σ") == 3
    assert "and 17 more" in sentence


@pytest.mark.parametrize(("n", "named"), [(20, 5), (21, 3)])
def test_many_outliers_are_not_all_named(n: int, named: int) -> None:
    pulls = np.r_[np.full(n, 50.0), np.zeros(100)]
    sentence = pull_verdict(worst_pulls("measurements", pulls, str))
    assert sentence.count("50.0σ") == named
    assert f"and {n - named} more" in sentence


def test_a_huge_pull_has_two_digits() -> None:
    sentence = pull_verdict(worst_pulls("measurements", np.array([1.234e7, 0]), str))
    assert "1 of 2 measurements" in sentence
    assert "0 (1.2e+07σ)" in sentence
    assert sentence.endswith("Look at it before you trust what depends on it.")


def test_pulls_of_data_without_noise() -> None:
    sentence = pull_verdict(worst_pulls("measurements", np.full(7, 1e-6), str))
    assert "errors are far larger than the residuals" in sentence
    assert "stands out" not in sentence
    noisy = pull_verdict(worst_pulls("measurements", np.array([1e-6, 0.02]), str))
    assert "none stands out" in noisy


def test_a_fit_that_did_not_converge_is_not_judged() -> None:
    sentences = verdict(
        chi2=1e9,
        dof=10,
        converged=False,
        reason="not converged: no step lowered the objective",
        pulls=[worst_pulls("measurements", np.full(9, 99.0), str)],
        dropped={"exposures without measurements": 1},
    )
    assert "did NOT converge" in sentences[0]
    assert sentences[1:] == [
        "Reason: no step lowered the objective.",
        "Dropped: 1 exposure without measurements.",
    ]


def test_the_verdict_has_all_parts_in_order() -> None:
    quiet = worst_pulls("measurements", np.ones(10), str)
    none = worst_pulls("source priors", np.zeros(0), str)
    sentences = verdict(
        chi2=1000.0,
        dof=1000,
        pulls=[quiet, none],
        dropped={"exposures without measurements": 2, "sources": 0},
    )
    assert len(sentences) == 3
    assert sentences[0].startswith("sigma0 = 1.000")
    assert sentences[1].startswith("Worst of 10 measurements")
    assert sentences[2] == "Dropped: 2 exposures without measurements."


def test_nothing_dropped_is_said_too() -> None:
    assert verdict(chi2=10.0, dof=10)[-1] == "Nothing was dropped."
