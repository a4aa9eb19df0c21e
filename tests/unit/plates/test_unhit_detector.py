"""A detector that nothing hit takes no part in the datum, and is mentioned."""

from dataclasses import replace

import numpy as np
import pyarrow.compute as pc
import pytest

import reseau.model.gauge
from reseau import simulate, solve
from reseau.datasets import Dataset
from reseau.plates.calibration import calibration_columns
from reseau.verbs.solution import Solved

UNHIT = 4
"""Of the four detectors of the small survey's camera."""


@pytest.fixture(scope="module")
def unhit() -> Dataset:
    """Return a plate without the measurements on one detector."""
    dataset = simulate(small=True, seed=1).dataset
    kept = pc.not_equal(dataset.measurements["detector_id"], UNHIT)
    return replace(dataset, measurements=dataset.measurements.filter(kept))


def centre_errors(solved: Solved) -> np.ndarray:
    """Return the errors of both coordinates of each detector's centre [µm]."""
    columns, _ = calibration_columns(solved.prepared, solved.solution)
    of_centre = np.isin(columns["name"], ["x_um", "y_um"])
    return np.asarray(columns["error"])[of_centre].reshape(-1, 2)


def test_it_does_not_lend_the_others_its_width(
    unhit: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its centre is known as its prior, ± 100 µm; theirs are ± 0.03 µm, not ± 44."""
    alone = solve(unhit)
    assert alone.summary["datum_without"] == [UNHIT]
    assert "shift" in alone.summary["datum_modes"]
    [told] = [s for s in alone.sentences if s.startswith(f"Detector {UNHIT}: nothing")]
    assert "takes no part in the datum" in told
    errors = centre_errors(alone)
    assert errors[3] == pytest.approx([100.0, 100.0], rel=0.01)
    assert np.all(errors[:3] < 0.05)
    gauge = reseau.model.gauge
    monkeypatch.setattr(gauge, "taking_part", lambda _: np.ones(4, dtype=bool))
    assert np.all(centre_errors(solve(unhit))[:3] > 20.0)
