"""Segments against stars drawn one by one, whose magnitudes are looked up by mass."""

import numpy as np
import pytest

from isochrone_files import KOSHIMOTO
from reseau.galaxy.isochrones import luminosity_function, shipped_isochrones
from reseau.galaxy.isochrones.luminosity import clump_of, luminosity_segments

STARS = 400_000

SLOPE, FACTOR, KNEE, HIGHEST = 2.32279457, 0.158157, 0.859770467, 120.0
"""dN/dm = FACTOR m**-SLOPE of one star born, above KNEE, where all is closed form."""


def births_above(mass):
    """Share of the stars born above a mass on the last power law."""
    power = SLOPE - 1.0
    return FACTOR * (mass**-power - HIGHEST**-power) / power


def drawn_masses(rng, size, low, high=HIGHEST):
    """Masses on the last power law, by inversion."""
    power = SLOPE - 1.0
    ends = np.array([low, high]) ** -power
    return (ends[0] + rng.random(size) * (ends[1] - ends[0])) ** (-1.0 / power)


def drawn_stars(component, band, lowest, rng):
    """Magnitudes of stars above a mass, and the share of the living that they are.

    Slow: births from all sequences, the dead thrown away, magnitudes by interpolation
    in mass on the sequence of each star.
    """
    of = shipped_isochrones().of_component(component)
    assert lowest >= KNEE
    mass = drawn_masses(rng, STARS, lowest)
    sequence = rng.choice(len(of), size=STARS, p=of.weight)
    alive = mass < of.living_limits()[sequence]
    magnitudes = np.empty(STARS)
    for row, points in enumerate(of.points()):
        chosen = sequence == row
        magnitudes[chosen] = np.interp(
            mass[chosen], of.mass[points], of.magnitudes[points, band]
        )
    living = 1.0 - of.weight @ births_above(of.living_limits())
    share = births_above(lowest) / living
    return magnitudes[alive], share / STARS


@pytest.mark.parametrize(
    ("component", "lowest"), [("nsd", 0.86), ("thin3", 1.3), ("thin1", 0.9)]
)
def test_luminosity_function_is_that_of_stars_drawn_by_mass(component, lowest):
    """On near-vertical giant branches as well: 0.02 solar masses, 8 magnitudes."""
    drawn, share = drawn_stars(component, 2, lowest, np.random.default_rng(3))
    edges = np.array([-9.0, -6.0, -4.5, -3.5, -2.5, -2.0, -1.75, -1.5, -1.0, 0.0, 1.0])
    counts, _ = np.histogram(drawn, edges)
    ours = luminosity_function(shipped_isochrones(), component, "Ks", edges, KOSHIMOTO)
    expected = ours / share
    filled = expected > 5.0
    pulls = (counts - expected)[filled] / np.sqrt(expected[filled])
    assert filled.sum() >= 5
    assert np.abs(pulls).max() < 4.0
    assert (pulls**2).sum() / filled.sum() < 3.0


def test_clump_is_that_of_stars_drawn_by_mass():
    of = shipped_isochrones().of_component("nsd")
    segments = luminosity_segments(of, "nsd", KOSHIMOTO)
    clump = clump_of(segments, 2)
    rng = np.random.default_rng(4)
    values, weights = [], []
    for row, points in enumerate(of.points()):
        burning = np.flatnonzero(np.isin(of.phase[points], [4, 5, 6])) + points.start
        low, high = of.mass[burning[0]], of.mass[burning[-1]]
        mass = drawn_masses(rng, 20_000, low, high)
        values.append(np.interp(mass, of.mass[burning], of.magnitudes[burning, 2]))
        share = of.weight[row] * (births_above(low) - births_above(high))
        weights.append(np.full(mass.shape, share / len(mass)))
    magnitudes, weight = np.concatenate(values), np.concatenate(weights)
    mean = np.average(magnitudes, weights=weight)
    assert clump.mean == pytest.approx(mean, abs=2e-3)
    assert clump.scatter == pytest.approx(
        np.sqrt(np.average((magnitudes - mean) ** 2, weights=weight)), abs=2e-3
    )
    counts, edges = np.histogram(magnitudes, 2000, weights=weight)
    middle = 0.5 * (edges[1:] + edges[:-1])
    fine = np.arange(clump.mode - 0.2, clump.mode + 0.2, 0.005)
    density = np.exp(-0.5 * ((fine[:, None] - middle) / 0.05) ** 2) @ counts
    assert clump.mode == pytest.approx(fine[np.argmax(density)], abs=0.02)
