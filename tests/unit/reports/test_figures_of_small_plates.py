"""Few measurements have a map of their residuals all the same."""

import numpy as np
import pytest

from reseau.diagnostics import binned_vectors
from reseau.reports.figures import CELLS, _cells_for


@pytest.mark.parametrize("n", [2, 12, 99, 101, 309, 2000, 100_000])
def test_most_measurements_are_in_a_cell_that_is_drawn(n):
    rng = np.random.default_rng(n)
    x, y = rng.uniform(-1, 1, (2, n))
    cells, fewest = _cells_for(n)
    assert 1 <= cells <= CELLS
    sigma = np.ones(n)
    found = binned_vectors(
        *(x, y),
        dx=sigma,
        dy=sigma,
        sigma_x=sigma,
        sigma_y=sigma,
        n_bins=cells,
        minimum_count=fewest,
    )
    assert found.count[found.used].sum() > 0.9 * n
    assert found.count.sum() == n
