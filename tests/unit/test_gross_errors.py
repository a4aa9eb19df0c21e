"""Gross errors end with a reason, never with an exception or a wrong answer unsaid."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from reseau.solve.start import find_start
from spoilt import Spoilt, credible, plate_of_pairs, solve_spoilt, spoilt_plate

FEW = {"sizes": (5,), "exposures": (1,), "likelihoods": ("normal", "mixture")}
"""One shape, so that little is compiled."""

FAR = 45.0
"""χ² of three degrees of freedom that chance exceeds in one of 10⁹."""


def _clean(likelihood: str, n: int = 5) -> Spoilt:
    plate = spoilt_plate(1, sizes=(n,), exposures=(1,), clean=True)
    return plate._replace(likelihood=likelihood)


def _with(plate: Spoilt, **columns: np.ndarray) -> Spoilt:
    return plate._replace(columns=plate.columns | columns)


def test_a_hundred_spoilt_plates(tmp_path: Path):
    """Ten iterations are enough for all that converge at all; `recovery` has more."""
    ends: Counter[str] = Counter()
    for seed in range(100):
        plate = spoilt_plate(seed, **FEW)
        found = solve_spoilt(plate, tmp_path, write=seed % 20 == 0, max_iterations=6)
        assert found["exit"] in (0, 2, 3), seed
        assert found["said"].strip(), seed
        ends[str(found["exit"])] += 1
        if found["exit"] == 0 and credible(found["said"]):
            ends["credible"] += 1
            assert np.all(found["off"] < FAR), (seed, plate.spoils)
    # Else nothing was tested.
    assert ends["0"] > 20
    assert ends["2"] > 20
    assert ends["3"] > 5
    assert ends["credible"] > 10


def test_one_wrong_star_of_five_is_survived_and_named(tmp_path: Path):
    plate = _clean("mixture")
    ra = np.array(plate.columns["ra"])
    ra[3] += 0.05 / np.cos(np.radians(plate.columns["dec"][3]))
    wrong = int(plate.columns["source_id"][3])
    found = solve_spoilt(_with(plate, ra=ra), tmp_path)
    assert found["exit"] == 0
    assert np.all(found["off"] < FAR)
    assert found["named"] == [wrong]
    assert (
        f"far from where the other references put it: source {wrong}" in found["said"]
    )
    assert "the likelihood has set it aside" in found["said"]
    plain = solve_spoilt(_with(plate, ra=ra)._replace(likelihood="normal"), tmp_path)
    assert f"source {wrong} on exposure 0" in plain["said"]
    assert "set it aside with --likelihood mixture" in plain["said"]
    assert not credible(plain["said"])


def test_a_star_behind_the_camera_is_named_and_the_solution_written(tmp_path: Path):
    plate = _clean("mixture")
    ra, dec = (np.array(plate.columns[name]) for name in ("ra", "dec"))
    ra[3], dec[3] = (ra[3] + 180.0) % 360.0, -dec[3]
    found = solve_spoilt(_with(plate, ra=ra, dec=dec), tmp_path, write=True)
    assert found["exit"] == 3
    wrong = plate.columns["source_id"][3]
    assert f"source {wrong} on exposure 0 (behind the camera)" in found["said"]
    assert "--likelihood" not in found["said"]
    assert (tmp_path / "out" / "residuals.parquet").exists()


def test_stars_that_fit_nowhere_say_what_to_check(tmp_path: Path):
    plate = _clean("normal")
    x, y = (plate.columns[name] for name in ("x", "y"))
    mixed = _with(plate, x=x[[3, 0, 4, 1, 2]], y=y[[2, 3, 1, 0, 4]])
    found = solve_spoilt(mixed, tmp_path, max_iterations=6)
    assert found["exit"] == 3
    assert "5 references of exposure 0 do not fit together" in found["said"]
    assert "identification of the stars, the units" in found["said"]


@pytest.mark.parametrize("n", [20, 200])
def test_clean_plates_have_no_strays(n: int):
    problem, _ = plate_of_pairs(n, seed=n)
    start = find_start(problem)
    assert not start.doubtful
    assert not start.strays.any()
