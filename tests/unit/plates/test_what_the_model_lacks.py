"""What a bad fit lacks is said before anything innocent is accused."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from reseau.datasets import read_instrument
from reseau.errors import LeftOutWarning
from reseau.instrument.instrument import usual_normalisation
from reseau.plates.answers import _reliability_in_words
from spoilt import Spoilt, solve_spoilt, spoilt_plate

pytestmark = pytest.mark.usefixtures("typed")

PATTERN = "The residuals follow the place on the focal plane"


def _plate() -> Spoilt:
    plate = spoilt_plate(1, sizes=(40,), exposures=(1,), clean=True)
    return plate._replace(likelihood="normal")


def test_a_distortion_that_is_missing_is_named(tmp_path: Path) -> None:
    plate = _plate()
    x, y = (np.asarray(plate.columns[c]) for c in "xy")
    u, v = ((c - 1023.5) / 1000.0 for c in (x, y))
    bent = plate.columns | {
        "x": x + 0.2 * u * (u * u + v * v),
        "y": y + 0.2 * v * (u * u + v * v),
    }
    said = solve_spoilt(plate._replace(columns=bent), tmp_path)["said"]
    assert PATTERN in said
    assert "The instrument has no distortion: try --distortion legendre" in said
    # Too large residuals without a pattern are another thing.
    rng = np.random.default_rng(1)
    noisy = plate.columns | {"x": x + rng.normal(0, 0.2, x.size)}
    said = solve_spoilt(plate._replace(columns=noisy), tmp_path)["said"]
    assert PATTERN not in said
    assert "underestimated" in said or "does NOT" in said


def _solution(pull: np.ndarray, p_value: np.ndarray) -> SimpleNamespace:
    return SimpleNamespace(
        converged=True,
        reliability=None,
        outlook=None,
        residuals=SimpleNamespace(pull=pull),
        dof=pull.size,
        references=SimpleNamespace(p_value=p_value, wrong=p_value < 0.0008),
    )


@pytest.mark.unchecked
def test_errors_are_mended_before_references_are_suspected() -> None:
    rng = np.random.default_rng(2)
    pull = rng.normal(size=(300, 2))
    right = np.exp(-0.5 * np.sum(rng.normal(size=(100, 2)) ** 2, axis=1))
    assert _reliability_in_words(_solution(pull, right)) == []
    # The same with errors a third of what they should be.
    (said,) = _reliability_in_words(_solution(3 * pull, right**9))
    assert "mend the errors before you suspect the references" in said
    # With good errors, and ten references that are wrong.
    wrong = np.where(np.arange(100) < 10, 1e-9, right)
    (said,) = _reliability_in_words(_solution(pull, wrong))
    assert "--reference-prior mixture" in said
    # With both, what is wrong stands out all the same.
    (said,) = _reliability_in_words(_solution(3 * pull, wrong**9))
    assert "--reference-prior mixture" in said


def test_a_distortion_that_is_asked_for_has_the_length_of_the_plane(
    tmp_path: Path,
) -> None:
    camera = tmp_path / "camera.toml"
    camera.write_text(
        """name = "camera"
[optics]
focal_length_mm = 1000.0
focal_sigma_mm = 10.0
parity = -1
[[detector]]
id = 1
naxis1 = 2048
naxis2 = 1024
pixel_um = 15.0
x_um = 1000.0
y_um = 0.0
theta_deg = 0.0
"""
    )
    assert usual_normalisation(read_instrument(camera)) == 1000.0 + 1024 * 15.0
    assert usual_normalisation(read_instrument("jasmine")) == (
        read_instrument("jasmine").distortion.normalisation
    )


def test_motion_that_is_not_applied_is_in_the_verdict(tmp_path: Path) -> None:
    plate = _plate()
    n = len(plate.columns["x"])
    moving = {"pmra": np.full(n, 300.0), "pmdec": np.zeros(n)}
    columns = plate.columns | moving | {"ref_epoch": np.full(n, 2016.0)}
    with pytest.warns(LeftOutWarning):
        said = solve_spoilt(plate._replace(columns=columns), tmp_path)["said"]
    assert "This is in no error of positions and pointings" in said
    assert "at most 300 mas/yr" in said
