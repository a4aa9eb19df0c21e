"""The figure of a forecast draws the numbers that it is given."""

import numpy as np

from reseau.plots.forecast import forecast

MAGNITUDE = np.array([10.0, 12.0, 14.0])
PARALLAX = np.array([7.0, 10.0, np.nan])
MOTION = np.array([1.0, 2.0, 5.0])


def test_lines_and_requirements_are_drawn() -> None:
    left, right = forecast(
        MAGNITUDE,
        [("as it will be", PARALLAX, MOTION), ("limit", 2 * PARALLAX, 3 * MOTION)],
        parallax_required=(12.5, 25.0),
    )
    for ax, values in ((left, PARALLAX), (right, MOTION)):
        drawn = {str(line.get_label()): line.get_xydata() for line in ax.lines}
        found = np.asarray(drawn["as it will be"])
        np.testing.assert_array_equal(found, np.stack([MAGNITUDE, values], axis=1))
        assert "limit" in drawn
        assert ax.get_yscale() == "log"
    legend = left.get_legend()
    assert legend is not None
    assert [t.get_text() for t in legend.get_texts()] == ["as it will be", "limit"]
    assert [t.get_text() for t in left.texts] == ["required: 25 µas at Hw < 12.5"]
    assert not right.texts
    low, high = left.get_ylim()
    assert low < 7.0 < 25.0 < high
    assert left.get_ylabel() == "parallax, 1σ [µas]"
    assert right.get_ylabel() == "motion, a coordinate, 1σ [µas/yr]"
