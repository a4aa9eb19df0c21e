"""Methods of `reseau solve` beside Gauss-Newton, through the command."""

import functools
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from reseau.flags import decode_flags

Run = Callable[..., object]


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small orbit, a tenth of its references wrong."""
    import reseau

    place = tmp_path_factory.mktemp("methods") / "dataset"
    reseau.simulate(
        place, sources=150, exposures=8, artificial=6, seed=3, wrong_fraction=0.1
    )
    return place


def _solved(run: Run, dataset: Path, place: Path, *options: object) -> dict:
    result = run("solve", dataset, "-o", place, "--json", *options)
    assert result.exit_code == 0, result
    return json.loads(result.stdout)


def test_heavy_tails_find_wrong_references(
    run: Run, wrong: Path, tmp_path: Path
) -> None:
    found = _solved(
        run,
        wrong,
        tmp_path / "robust",
        *("--reference-prior", "mixture", "--likelihood", "mixture"),
    )
    truth = pq.read_table(wrong / "truth" / "sources.parquet").to_pydict()
    bad = {
        i for i, w in zip(truth["source_id"], truth["wrong_prior"], strict=True) if w
    }
    sources = pq.read_table(tmp_path / "robust" / "sources.parquet").to_pydict()
    flagged = {
        i
        for i, f in zip(sources["source_id"], sources["flags"], strict=True)
        if "wrong_reference" in decode_flags(f)
    }
    assert found["flags"]["wrong_reference"] == len(flagged)
    # How many can be found is for tests/recovery; some are off by less than noise.
    assert len(flagged & bad) >= 0.5 * len(bad)
    assert len(flagged - bad) <= 1
    sure = [
        p
        for i, p in zip(sources["source_id"], sources["wrong_probability"], strict=True)
        if i in flagged
    ]
    assert min(sure) > 0.5
    residuals = pq.read_table(tmp_path / "robust" / "residuals.parquet")
    assert residuals["outlier_probability"].null_count == 0
    assert any("disagree with the measurements" in s for s in found["verdict"])


def test_without_heavy_tails_the_verdict_names_them(
    run: Run, wrong: Path, tmp_path: Path
) -> None:
    found = _solved(run, wrong, tmp_path / "plain")
    assert found["flags"]["wrong_reference"] > 0
    assert any("--reference-prior mixture" in s for s in found["verdict"])


def test_noise_is_fitted(run: Run, wrong: Path, tmp_path: Path) -> None:
    found = _solved(run, wrong, tmp_path / "noise", "--fit-noise", "scale")
    assert found["noise"]["scale"] > 0.9
    assert found["noise"]["scale_error"] > 0


def test_guide_arrow_gives_what_gauss_newton_gives(
    run: Run, wrong: Path, tmp_path: Path
) -> None:
    svi = _solved(run, wrong, tmp_path / "svi", "--method", "svi", "--guide", "arrow")
    plain = _solved(run, wrong, tmp_path / "gauss")
    assert svi["guide"] == "arrow"
    assert svi["chi2"] == pytest.approx(plain["chi2"], rel=1e-3)
    result = run("compare", tmp_path / "gauss", tmp_path / "svi", "--json")
    assert result.exit_code == 0, result


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--method", "svi", "--guide", "sead"), ["sead", "seed", "arrow"]),
        (("--method", "svi", "--init", "maps"), ["maps", "map", "none"]),
        (("--guide", "arrow"), ["--guide arrow", "gauss-newton", "--method svi"]),
        (("--resume",), ["--resume", "--method svi"]),
        (("--degree", "automatic"), ["automatic", "auto"]),
        (("--method", "nuts", "--fit-noise", "scale"), ["--fit-noise", "nuts"]),
    ],
)
def test_what_does_not_go_together_is_refused(
    run: Run, wrong: Path, tmp_path: Path, options: tuple[str, ...], words: list[str]
) -> None:
    result = run("solve", wrong, "-o", tmp_path / "none", *options)
    assert result.exit_code == 2, result
    for word in words:
        assert word in result.stderr
    assert not (tmp_path / "none").exists()


def test_an_unknown_method_lists_the_known(
    run: Run, wrong: Path, tmp_path: Path
) -> None:
    result = run("solve", wrong, "-o", tmp_path / "none", "--method", "mcmc")
    assert result.exit_code == 2
    for word in ("gauss-newton", "svi", "nuts"):
        assert word in result.stderr


def test_nuts_says_what_is_too_large(
    run: Run, wrong: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a limit that a small plate is beyond."""
    from reseau.solvers.chains.nuts import solve_nuts

    smaller = functools.partial(solve_nuts, largest=200)
    monkeypatch.setattr("reseau.plates.answers.solve_nuts", smaller)
    result = run("solve", wrong, "-o", tmp_path / "none", "--method", "nuts")
    assert result.exit_code == 2, result
    assert "at most 200 unknowns" in result.stderr
    assert "arrow" in result.stderr or "gauss-newton" in result.stderr
