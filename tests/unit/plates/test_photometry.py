"""Magnitudes and colours keep the name of their band."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from reseau.plates import prepare
from reseau.plates.photometry import COLOURS, MAGNITUDES, best_known, photometry
from reseau.verbs.simulate import simulate


def test_each_band_stands_under_its_own_name() -> None:
    reference = {"phot_g_mean_mag": np.array([11.0, 12.0, np.nan])}
    reference["phot_hw_mag"] = np.full(3, np.nan)  # nothing known
    measurements = {"mag": np.array([1.0, 3.0, np.nan, 5.0]), "x": np.zeros(4)}
    found = photometry(
        measurements, np.array([0, 0, 1, 3]), reference, np.array([1, 0, 2, -1])
    )
    assert set(found) == {"phot_g_mean_mag", "mag"}
    np.testing.assert_array_equal(
        found["phot_g_mean_mag"], [12.0, 11.0, np.nan, np.nan]
    )
    np.testing.assert_array_equal(found["mag"], [2.0, np.nan, np.nan, 5.0])
    assert best_known(found, MAGNITUDES) == "phot_g_mean_mag"
    assert best_known(found, COLOURS) == ""


@pytest.mark.parametrize("name", ["phot_g_mean_mag", "phot_hw_mag"])
def test_magnitudes_of_a_reference_are_not_renamed(name: str) -> None:
    dataset = simulate(small=True, seed=1).dataset
    reference = dataset.reference
    assert reference is not None
    kept = [n for n in reference.column_names if not n.startswith("phot_")]
    magnitude = np.linspace(8.0, 14.0, reference.num_rows)
    reference = reference.select(kept).append_column(name, pa.array(magnitude))
    found = prepare(replace(dataset, reference=reference))
    assert [n for n in found.photometry if n.startswith("phot_")] == [name]
    ids = reference["source_id"].to_numpy()
    row = {int(i): m for i, m in zip(ids, magnitude, strict=True)}
    expected = [row.get(int(i), np.nan) for i in found.source_id]
    np.testing.assert_array_equal(found.photometry[name], expected)
