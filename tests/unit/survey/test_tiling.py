"""The next field is over the least observed cell; pairs overlap by half."""

import numpy as np
import pytest

from reseau.survey.tiling import CELLS, cell_counts, grid_over, pairs

GRID = grid_over(-1.4, 0.7, -0.6, 0.6, 0.5551)


def test_places_reach_from_edge_to_edge_in_steps_of_at_most_half_a_field():
    assert GRID.longitude[0] - 0.5 * 0.5551 == pytest.approx(-1.4)
    assert GRID.longitude[-1] + 0.5 * 0.5551 == pytest.approx(0.7)
    assert np.all(np.diff(GRID.longitude) <= 0.5 * 0.5551 + 1e-9)
    assert np.all(np.diff(GRID.latitude) <= 0.5 * 0.5551 + 1e-9)


def test_a_region_no_wider_than_a_field_has_one_place():
    grid = grid_over(-0.1, 0.3, -2.0, 2.0, 0.5)
    np.testing.assert_allclose(grid.longitude, [0.1])
    where = pairs(20, 4, grid)
    assert set(where[..., 0].ravel()) == {0}


def test_new_fields_lie_over_a_cell_that_was_observed_least():
    where = pairs(50, 4, GRID).reshape(-1, 2)
    for i in range(0, len(where), 2):
        counts = cell_counts(where[:i], GRID)
        x, y = where[i]
        assert min(counts[x + a, y + b] for a, b in CELLS) == counts.min()


def test_pairs_are_half_a_field_apart_in_latitude_then_in_longitude():
    where = pairs(50, 4, GRID)
    np.testing.assert_array_equal(np.abs(where[:, 1] - where[:, 0]), [[0, 1]] * 50)
    np.testing.assert_array_equal(np.abs(where[:, 3] - where[:, 2]), [[1, 0]] * 50)


def test_cells_are_counted_once_for_each_field_over_them():
    where = pairs(300, 4, GRID)
    counts = cell_counts(where, GRID)
    assert counts.shape == (len(GRID.longitude) + 1, len(GRID.latitude) + 1)
    assert counts.sum() == 4 * 4 * 300
    # A cell at a corner has one field over it; none is left behind by more than that.
    assert counts.min() > 0.7 * counts.mean()
    assert counts.max() < 2.2 * counts.min()
