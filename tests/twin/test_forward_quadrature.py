"""Counts of the forward draw against a direct integral of the model."""

import numpy as np
import pytest
from scipy import stats

from reseau.galaxy.extinction.laws import read_law
from reseau.galaxy.extinction.profiles import read_profile
from reseau.galaxy.forward.draw import draw_tile, tile_seed
from reseau.galaxy.forward.limit import read_limit
from reseau.galaxy.forward.obscuration import Obscuration
from reseau.galaxy.forward.opening import UniformReddening, model_of
from reseau.galaxy.forward.window import Window
from reseau.galaxy.isochrones import luminosity_segments, shipped_isochrones
from reseau.galaxy.model import cell_numbers, distance_cells, read_galaxy

RUNS = 12
PARTS = 5
"""Places along a segment."""
COLOUR = np.array([-np.inf, 0.6, 1.0, 1.6, 2.4, 3.2, 4.0, np.inf])


def integral(galaxy, dust, limit, place, edges):
    """Expected counts by component, magnitude and J - Ks, of 0.1 x 0.1 deg."""
    east, b = place
    isochrones = shipped_isochrones()
    cells = distance_cells(galaxy.frame, east, b)[::6]
    area = np.deg2rad(0.1) ** 2 * np.cos(np.deg2rad(b))
    numbers = cell_numbers(galaxy, east, b, cells, extent=(0.1, 0.1)) * area
    middle = 0.5 * (cells[:-1] + cells[1:])
    at = [np.full(len(middle), v % 360.0) for v in (east, b)]
    at[1] = np.full(len(middle), b)
    excess = dust.at(*at).excess * dust.share(*at, middle)
    light = dust.extinction(excess, *at)
    light += 5.0 * np.log10(middle / 10.0)[:, None]
    parts = (np.arange(PARTS) + 0.5) / PARTS
    counts = np.zeros((len(galaxy.names), len(edges) - 1, len(COLOUR) - 1))
    for i, name in enumerate(galaxy.names):
        of = luminosity_segments(isochrones, name, galaxy.mass_function)
        ends = of.magnitudes[:, :, None]
        stars = ends[:, 0] + parts[:, None] * (ends[:, 1] - ends[:, 0])
        stars, weight = stars.reshape(-1, 4), np.repeat(of.weight / PARTS, PARTS)
        faint = np.argsort(stars[:, 1])
        stars, weight = stars[faint], weight[faint]
        for number, added in zip(numbers[i], light, strict=True):
            if number < 1e-3:
                continue
            stop = np.searchsorted(stars[:, 1] + added[1], limit.magnitude + 1.0)
            seen = stars[:stop] + added
            value = limit.value(seen)
            sample = np.column_stack([value, seen[:, 0] - seen[:, 2]])
            good = np.isfinite(sample).all(axis=1) & (value <= limit.magnitude)
            counts[i] += np.histogram2d(
                *sample[good].T,
                bins=[edges, COLOUR],
                weights=number * weight[:stop][good],
            )[0]
    return counts


@pytest.mark.parametrize(
    ("limit", "place"), [("Hw=15", (0.35, 0.25)), ("Ks=12.5", (359.05, -1.95))]
)
def test_counts_are_those_of_the_integral(limit, place):
    """By component, by magnitude and by colour, chi-square of all classes."""
    limit = read_limit(limit)
    galaxy, window = read_galaxy(), Window(*place, 0.1, 0.1)
    dust = Obscuration(
        UniformReddening(1.5), read_profile("central-zone"), read_law("wang2019")
    )
    model = model_of(galaxy, shipped_isochrones(), dust, limit, 0.0, window)
    edges = np.array(
        [-np.inf, *(limit.magnitude - np.array([4.0, 3.0, 2.0, 1.0, 0.5, 0.0]))]
    )
    wanted = RUNS * integral(galaxy, dust, limit, place, edges)
    (tile,) = window.tiles()
    found = np.zeros_like(wanted)
    number = np.arange(len(galaxy.names) + 1) - 0.5
    for seed in range(RUNS):
        rng = np.random.default_rng(tile_seed(seed, tile))
        for part in draw_tile(model, tile, rng):
            value = limit.value(part.magnitudes)
            colour = part.magnitudes[:, 0] - part.magnitudes[:, 2]
            sample = np.column_stack([part.component, value, colour])
            found += np.histogramdd(sample, bins=[number, edges, COLOUR])[0]
    # Numbers of boxes and of this integral are right to some 0.3 %.
    for axes in ((1, 2), (0, 2), (0, 1)):
        mean, count = wanted.sum(axes), found.sum(axes)
        known = mean > 10.0
        assert known.sum() > 3
        variance = mean + (0.004 * mean) ** 2
        chi2 = np.sum((count - mean)[known] ** 2 / variance[known])
        assert stats.chi2.sf(chi2, known.sum()) > 1e-3, (axes, mean, count)
