"""Gross errors end with a reason, never with an exception or a wrong answer unsaid."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from reseau import solve
from reseau.plates import SolveOptions
from reseau.solvers.start.parameters import find_start
from spoilt import (
    CAMERA,
    Spoilt,
    credible,
    plate_of_pairs,
    solve_spoilt,
    spoilt_plate,
)

pytestmark = pytest.mark.usefixtures("typed")

FEW = {"sizes": (5,), "exposures": (1,), "likelihoods": ("normal", "mixture")}
"""One shape, so that little is compiled."""

FAR = 45.0
"""χ² of three degrees of freedom that chance exceeds in one of 10⁹."""


def _clean(likelihood: str, n: int = 5) -> Spoilt:
    plate = spoilt_plate(1, sizes=(n,), exposures=(1,), clean=True)
    return plate._replace(likelihood=likelihood)


def _with(plate: Spoilt, **columns: np.ndarray) -> Spoilt:
    return plate._replace(columns=plate.columns | columns)


@pytest.mark.parametrize("count", [30, pytest.param(100, marks=pytest.mark.recovery)])
def test_spoilt_plates(count: int, tmp_path: Path):
    """Ten iterations are enough for all that converge at all; `recovery` has more."""
    ends: Counter[str] = Counter()
    for seed in range(count):
        plate = spoilt_plate(seed, **FEW)
        found = solve_spoilt(plate, tmp_path, write=seed % 20 == 0, max_iterations=6)
        assert found["exit"] in (0, 2, 3), seed
        assert found["said"].strip(), seed
        ends[str(found["exit"])] += 1
        if found["exit"] == 0 and credible(found["said"]):
            ends["credible"] += 1
            assert np.all(found["off"] < FAR), (seed, plate.spoils)
    # Else nothing was tested.
    assert ends["0"] > 0.2 * count
    assert ends["2"] > 0.2 * count
    assert ends["3"] > 0.05 * count
    assert ends["credible"] > 0.1 * count


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


def test_hours_are_told_whatever_the_pattern_of_stars(tmp_path: Path):
    """A field that is squeezed to a line fits itself, and is no agreement."""
    for seed in range(25):
        plate = spoilt_plate(seed, sizes=(20,), exposures=(1,), clean=True)
        hours = {"ra": np.asarray(plate.columns["ra"]) / 15.0}
        found = solve_spoilt(_with(plate, **hours), tmp_path, max_iterations=6)
        assert found["exit"] == 2, (seed, found["said"])
        assert "ra in hours (20 of 20" in found["said"], seed


def test_two_exchanged_of_twenty_are_named_and_written(tmp_path: Path):
    rng = np.random.default_rng(0)
    for seed in range(12):
        plate = spoilt_plate(seed, sizes=(20,), exposures=(1,), clean=True)
        two = rng.choice(20, 2, replace=False)
        order = np.arange(20)
        order[two] = two[::-1]
        places = {c: np.asarray(plate.columns[c])[order] for c in ("ra", "dec")}
        found = solve_spoilt(
            _with(plate._replace(likelihood="normal"), **places),
            tmp_path,
            write=True,
            max_iterations=6,
        )
        assert found["exit"] == 3, (seed, found["said"])
        for row in two:
            assert str(plate.columns["source_id"][row]) in found["said"], seed


def test_a_star_far_away_does_not_hold_the_datum(tmp_path: Path):
    """Heavy tails have set it aside; where it is predicted need not stay the same."""
    plate = spoilt_plate(2, sizes=(20,), exposures=(1,), clean=True)
    ra = np.array(plate.columns["ra"])
    ra[3] += 60.0
    camera = tmp_path / "camera.toml"
    camera.write_text(CAMERA.format(focal=plate.focal, parity=plate.parity))
    solved = solve(
        dict(plate.columns) | {"ra": ra},
        instrument=camera,
        options=SolveOptions(columns="x=x[pix],y=y[pix]", likelihood="mixture"),
    )
    assert solved.solution.converged
    assert "shift" in solved.solution.datum_modes
    assert solved.solution.datum_change < 0.1
