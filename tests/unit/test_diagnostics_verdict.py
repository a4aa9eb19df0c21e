"""Sentences about a fit, and what chance gives, against Monte Carlo."""

import numpy as np
import pytest

from reseau.diagnostics import largest_by_chance, verdict, worst_pulls
from reseau.diagnostics.verdict import noise_verdict, pull_verdict


@pytest.mark.parametrize("dimensions", [1, 2])
@pytest.mark.parametrize("probability", [0.5, 0.99])
def test_the_largest_by_chance_is_that_of_draws(
    dimensions: int, probability: float
) -> None:
    rng = np.random.default_rng(dimensions)
    draws = rng.normal(size=(20_000, 100, dimensions))
    largest = np.sqrt(np.sum(draws**2, axis=2)).max(axis=1)
    limit = largest_by_chance(100, probability=probability, dimensions=dimensions)
    error = 4.0 * np.sqrt(probability * (1.0 - probability) / 20_000)
    assert np.mean(largest < limit) == pytest.approx(probability, abs=error)


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


@pytest.mark.parametrize(
    ("chi2", "dof", "words"),
    [(0.0, 0, "cannot tell"), (np.nan, 10, "not to be used")],
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


def test_the_verdict_has_all_parts_in_order() -> None:
    quiet = worst_pulls("measurements", np.ones(10), str)
    none = worst_pulls("source priors", np.zeros(0), str)
    sentences = verdict(
        chi2=1000.0,
        dof=1000,
        converged=False,
        pulls=[quiet, none],
        dropped={"exposures without measurements": 2, "sources": 0},
    )
    assert len(sentences) == 4
    assert "NOT converge" in sentences[0]
    assert sentences[1].startswith("sigma0 = 1.000")
    assert sentences[2].startswith("Worst of 10 measurements")
    assert sentences[3] == "Dropped: 2 exposures without measurements."


def test_nothing_dropped_is_said_too() -> None:
    assert verdict(chi2=10.0, dof=10)[-1] == "Nothing was dropped."
