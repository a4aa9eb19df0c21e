"""Texts that identified sources, exposures and detectors."""

import numpy as np

from reseau.plates.naming import name_of, with_names

NAMES = {"source": {7: "HIP 7", 8: "HIP 8"}, "exposure": {}, "detector": {1: "left"}}


def test_a_name_or_the_number():
    assert name_of(NAMES, "source", 7) == "HIP 7"
    assert name_of(NAMES, "source", np.int64(8)) == "HIP 8"
    assert name_of(NAMES, "source", 9) == "9"
    assert name_of(NAMES, "exposure", 7) == "7"
    assert name_of({}, "source", np.int64(2**62)) == str(2**62)


def test_names_stand_beside_their_numbers():
    columns = {"source_id": np.array([8, 7, 9, 8]), "x": np.arange(4.0)}
    found = with_names(columns, NAMES)
    assert list(found) == ["source_id", "x", "source_name"]
    np.testing.assert_array_equal(
        found["source_name"], np.array(["HIP 8", "HIP 7", "9", "HIP 8"], dtype=object)
    )
    assert "source_name" not in columns
    assert found["x"] is columns["x"]


def test_columns_that_are_not_there_or_were_numbers_get_none():
    columns = {"exposure_id": np.array([1]), "x": np.array([2.0])}
    assert list(with_names(columns, NAMES)) == ["exposure_id", "x"]
    assert with_names({}, NAMES) == {}


def test_lists_may_lack_some():
    """As of flagged measurements without a detector: blank, not the word None."""
    found = with_names({"detector_id": [1, None, 2]}, NAMES)
    assert found["detector_name"] == ["left", "", "2"]


def test_of_no_rows_no_names():
    found = with_names({"source_id": np.zeros(0, dtype=np.int64)}, NAMES)
    assert found["source_name"].shape == (0,)
