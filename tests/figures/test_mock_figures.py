"""Figures of mocks: what is drawn is what the columns say."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from reseau.plots.mock_catalogue import (
    PARTS,
    colour_magnitude,
    counts_map,
    motions_by_component,
    parts_of,
)

NAMES = np.array(["thin1", "bar", "nsd", "nsc", "thick", "halo"])


@pytest.fixture
def component():
    return NAMES[np.random.default_rng(1).integers(0, 6, 2400)]


def test_each_star_is_of_one_part(component):
    """Names that no part has are others."""
    found = parts_of(component)
    assert sum(rows.astype(int) for rows in found.values()).min() == 1
    assert (component[found["others"]] == "halo").all()
    assert (component[found["nuclear disc"]] == "nsd").all()


def test_colours_and_magnitudes_are_drawn_by_part(component):
    """Known stars only, faint ones below, and counts in the legend."""
    rng = np.random.default_rng(2)
    colour, magnitude = rng.normal(2.0, 1.0, 2400), rng.uniform(9.0, 16.0, 2400)
    magnitude[:100] = np.nan
    ax = colour_magnitude(colour, magnitude, component)
    low, high = ax.get_ylim()
    assert low > high
    drawn = {line.get_label(): line for line in ax.lines}
    rows = component == "bar"
    known = rows & np.isfinite(magnitude)
    line = drawn[f"bar ({known.sum():,})"]
    assert np.array_equal(line.get_xdata(), colour[known])
    assert np.array_equal(line.get_ydata(), magnitude[known])
    assert to_hex(line.get_color()) == PARTS["bar"][1].lower()


def test_counts_are_per_square_arcminute():
    """All stars are on the map, across l = 0 too; longitude grows to the left."""
    rng = np.random.default_rng(3)
    east = (359.95 + 0.1 * rng.random(3000)) % 360.0
    b = 0.1 * rng.random(3000)
    ax = counts_map(east, b)
    mesh = ax.collections[0]
    edges = mesh.get_coordinates()
    area = np.diff(edges[0, :2, 0])[0] * np.diff(edges[:2, 0, 1])[0] * 3600.0
    assert np.sum(mesh.get_array()) * area == pytest.approx(3000.0, rel=1e-9)
    west, east = ax.get_xlim()
    assert west > east
    assert west - east == pytest.approx(0.1, abs=2e-3)


def test_motions_have_contours_of_each_part(component):
    """About the middle of each part with many stars."""
    rng = np.random.default_rng(4)
    along = rng.normal(-6.0, 2.5, 2400) + 5.0 * (component == "thin1")
    up = rng.normal(0.0, 2.5, 2400)
    up[:50] = np.nan
    ax = motions_by_component(along, up, component)
    assert len(ax.collections) == 6
    known = np.isfinite(up)
    for contours, part in zip(ax.collections, parts_of(component[known]), strict=True):
        rows = parts_of(component[known])[part]
        inner = contours.get_paths()[-1].vertices
        assert abs(inner[:, 0].mean() - along[known][rows].mean()) < 1.0
        assert abs(inner[:, 1].mean()) < 1.0


def test_no_stars_are_drawn_as_none():
    """Empty axes, no error."""
    none = np.zeros(0)
    names = none.astype(str)
    assert not colour_magnitude(none, none, names).lines
    assert not motions_by_component(none, none, names).lines
    counts_map(none, none)
