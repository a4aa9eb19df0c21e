"""An error that nobody gave is said, and judged by the residuals."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from reseau import SolveOptions, solve
from reseau.errors import AssumedErrorWarning, ReseauWarning
from reseau.plates import AssumedError, verdict, worst_pulls
from reseau.verbs.solution import Solved
from small_tables import CAMERA, OPTIONS, tables


def guess(factor: float, dof: int = 400, **changes: object) -> AssumedError:
    fields = {"size": 0.01, "unit": "pix", "coarse": 2.0, "chi2": factor**2 * dof}
    return AssumedError(**{**fields, "dof": dof, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (guess(7.3), "is 7.3 times too small, and so are the errors of the results"),
        (guess(7.3), "residuals scatter by 0.073 pixel; give the errors of the"),
        (guess(7.3), "or --error 0.073, unless the model lacks something"),
        (guess(0.1), "10 times too large, and so are the errors of the results"),
        (guess(1.03), "of 0.01 pixel agrees with the residuals, which scatter by"),
        (guess(40.0, unit="um", coarse=20.0), "residuals scatter by 0.4 um"),
        (guess(300.0), "does NOT describe the data: residuals scatter by 3 pixel"),
        (guess(7.3, strays=True), "mend these before you judge the error"),
        (guess(1.0, dof=0), "nothing tells whether the assumed error of 0.01 pixel"),
        (guess(1.5, dof=3), "too few degrees of freedom to tell"),
    ],
)
def test_a_guess_is_judged_in_words(found: AssumedError, words: str) -> None:
    assert words in found.sentence
    assert "credible" not in found.sentence


def test_a_guess_that_is_too_small_says_nothing_of_priors() -> None:
    off = worst_pulls("source priors", np.full(50, 9.0), str, dimensions=2)
    chosen = {"chi2": 900.0 * 400, "dof": 400, "pulls": [off]}
    told = verdict(**chosen, assumed=guess(30.0))
    assert "30 times too small" in told[0]
    assert not any("source priors" in s for s in told)
    assert "does NOT describe" in verdict(**chosen)[0]
    right = verdict(**{**chosen, "chi2": 400.0}, assumed=guess(1.0))
    assert any("source priors" in s for s in right)


def solved(folder: Path, options: SolveOptions, noise: float = 0.0) -> Solved:
    (folder / "camera.toml").write_text(CAMERA)
    detections, places = tables()
    rng = np.random.default_rng(1)
    for name in ("XWIN", "YWIN"):
        detections[name] = detections[name] + rng.normal(0, noise, 18)
    return solve(
        detections,
        reference=places,
        instrument=folder / "camera.toml",
        options=options,
    )


@pytest.mark.filterwarnings("ignore:left out", "ignore:the reference catalogue")
def test_the_error_that_was_found_fits_when_it_is_given(tmp_path: Path) -> None:
    unknown = replace(OPTIONS, error=None)
    with pytest.warns(AssumedErrorWarning, match=r"0\.01 pixel is assumed") as said:
        found = solved(tmp_path, unknown, noise=0.2)
    assert any(issubclass(w.category, AssumedErrorWarning) for w in said)
    judged = found.summary["assumed_error"]
    assert judged["scatter"] == pytest.approx(0.01 * found.summary["sigma0"], rel=0.05)
    # χ² of so few degrees of freedom is further off once in 10⁶ at most.
    dof = found.summary["dof"]
    low, high = np.sqrt(stats.chi2.ppf([5e-7, 1 - 5e-7], dof) / dof)
    assert low * 0.2 < judged["scatter"] < high * 0.2
    assert judged["fits"] is False
    assert found.summary["describes_data"]
    assert "times too small" in found.sentences[0]
    assert "in units of their scatter" in found.sentences[1]
    assert not any("multiply the measurement errors" in s for s in found.sentences)
    with pytest.warns(AssumedErrorWarning):
        fitted = solved(tmp_path, replace(unknown, fit_noise="scale"), noise=0.2)
    assert fitted.summary["assumed_error"] is None
    assert any("the errors were assumed, 0.01 pixel" in s for s in fitted.sentences)
    given = solved(tmp_path, replace(OPTIONS, error=judged["scatter"]), noise=0.2)
    assert given.summary["assumed_error"] is None
    assert given.summary["sigma0"] == pytest.approx(1.0, abs=0.1)


@pytest.mark.filterwarnings("ignore:left out", "ignore:the reference catalogue")
def test_without_convergence_nothing_is_judged(tmp_path: Path) -> None:
    with pytest.warns(ReseauWarning, match="is assumed"):
        found = solved(tmp_path, replace(OPTIONS, error=None, max_iterations=1))
    assert not found.summary["describes_data"]
    assert found.summary["assumed_error"]["fits"] is None
