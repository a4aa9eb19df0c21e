"""The record of isochrones, its weights, and how it is thinned."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isochrone_files import KOSHIMOTO, shipped_one
from reseau.errors import CatalogueError, ConfigError, ShapeError
from reseau.galaxy.isochrones import (
    PHASES,
    POPULATIONS,
    luminosity_segments,
    shipped_isochrones,
)
from reseau.galaxy.isochrones.grid import in_order
from reseau.galaxy.isochrones.populations import shares_of_nodes
from reseau.galaxy.isochrones.shipped import _unpacked, packed
from reseau.galaxy.isochrones.simplify import kept_points

TABLE = shipped_isochrones()


def test_the_shipped_table_has_all_components_and_phases():
    assert TABLE.components == tuple(POPULATIONS)
    assert set(TABLE.phase) == set(range(len(PHASES)))
    assert np.isfinite(TABLE.magnitudes).all()
    assert TABLE.magnitudes.min() > -13.0
    assert (np.diff(TABLE.magnitudes[:, :3], axis=1) < 0.7).all()
    assert (TABLE.lowest_masses() < 0.0982).all()


@pytest.mark.parametrize("component", POPULATIONS)
def test_mean_age_and_metallicity_are_the_populations(component):
    of = TABLE.of_component(component)
    population = POPULATIONS[component]
    # Ages below that of the youngest isochrone, 9 million years, count as that.
    tolerance = 4e-3 if component == "thin1" else 1e-9
    assert of.weight @ of.age == pytest.approx(population.mean_age(), rel=tolerance)
    assert of.weight @ of.metallicity == pytest.approx(population.mean_metallicity())


def test_no_isochrone_stands_for_a_moment_of_many_asymptotic_giants():
    """Those with thermal pulses are at most 3 per cent of those in the clump."""
    for row, points in enumerate(TABLE.points()):
        if TABLE.age[row] > 0.5:
            phase, born = TABLE.phase[points][1:], np.diff(TABLE.mass[points])
            pulsing, clump = (
                born[phase == 8].sum(),
                born[np.isin(phase, [4, 5, 6])].sum(),
            )
            assert pulsing < 0.03 * clump, (TABLE.age[row], TABLE.metallicity[row])


def test_packing_keeps_every_digit():
    again = _unpacked(packed(TABLE))
    np.testing.assert_array_equal(again.mass, TABLE.mass)
    np.testing.assert_allclose(again.magnitudes, TABLE.magnitudes, rtol=0, atol=1e-12)
    np.testing.assert_allclose(again.temperature, TABLE.temperature, rtol=1e-12)


def test_an_unknown_component_is_told_with_those_there_are():
    with pytest.raises(ConfigError, match="thin1"):
        TABLE.of_component("halo")


def test_weights_that_do_not_sum_to_one_are_refused():
    bar = TABLE.of_component("bar")
    with pytest.raises(CatalogueError, match=r"0\.5 in bar"):
        replace(bar, weight=0.5 * bar.weight)


def test_masses_that_fall_are_refused():
    with pytest.raises(CatalogueError, match="do not rise"):
        replace(TABLE, mass=TABLE.mass[::-1].copy())


def test_arrays_of_other_lengths_are_refused():
    with pytest.raises(ShapeError, match=r"age of shape \(\d+,\)"):
        replace(TABLE, age=TABLE.age[:-1])


def test_masses_lose_the_steps_back_of_rounding_only():
    mass = np.array([1.0, 2.0, 2.0 - 4e-7, 2.5, 2.4])
    np.testing.assert_array_equal(in_order(mass), [1.0, 2.0, 2.0, 2.5, 2.4])


@pytest.mark.parametrize("tolerance", [0.05, 0.3])
def test_no_magnitude_moves_by_more_than_the_tolerance(tolerance):
    one = shipped_one("thin3", 6)
    kept = kept_points(one.mass, one.magnitudes, one.phase, tolerance)
    assert 10 < len(kept) < len(one.mass)
    few = one.at(kept)
    for band in range(4):
        apart = np.diff(one.mass, prepend=0.0) > 0.0
        between = np.interp(one.mass, few.mass, few.magnitudes[:, band])
        inside = apart & np.append(np.diff(one.mass) > 0.0, False)
        off = np.abs(between - one.magnitudes[:, band])[inside]
        assert off.max() <= tolerance * (1.0 + 1e-9)


def test_thinning_is_by_the_bands_there_are():
    one = shipped_one("bar", 8)
    without = one.magnitudes.copy()
    without[:, 3] = np.nan
    kept = kept_points(one.mass, without, one.phase, 0.05)
    expected = kept_points(one.mass, one.magnitudes[:, :3], one.phase, 0.05)
    np.testing.assert_array_equal(kept, expected)
    assert len(kept) > 50


def test_thinning_keeps_both_ends_of_every_phase():
    one = shipped_one("bar", 8)
    few = one.simplified(5.0)
    turns = np.flatnonzero(np.diff(one.phase))
    assert set(one.mass[turns]) | set(one.mass[turns + 1]) <= set(few.mass)


@given(
    points=st.lists(st.floats(-3.0, 14.0), min_size=1, max_size=20),
    nodes=st.lists(st.floats(0.0, 10.0), min_size=1, max_size=8, unique=True),
)
def test_shares_of_nodes_keep_the_sum_and_inside_the_mean(points, nodes):
    nodes = np.sort(np.array(nodes))
    if np.any(np.diff(nodes) < 1e-6):
        return
    inside = np.clip(points, nodes[0], nodes[-1])
    shares = np.full(len(points), 1.0 / len(points))
    of_nodes = shares_of_nodes(np.array(points), shares, nodes)
    assert (of_nodes >= -1e-12).all()
    assert of_nodes.sum() == pytest.approx(1.0)
    assert of_nodes @ nodes == pytest.approx(inside.mean(), abs=1e-9)


@pytest.mark.parametrize("component", ["thin1", "thin4", "bar", "nsc"])
def test_segments_and_what_is_unseen_are_all_living_stars(component):
    segments = luminosity_segments(TABLE, component, KOSHIMOTO)
    assert segments.weight.sum() + segments.unseen == pytest.approx(1.0, abs=1e-12)
    assert (segments.weight > 0.0).all()
    assert (np.diff(segments.mass, axis=1) > 0.0).all()
    np.testing.assert_array_equal(segments.band("Ks"), segments.magnitudes[:, :, 2])
    assert (segments.mass[:, 1] / segments.mass[:, 0]).max() < 1.1 * (1.0 + 1e-9)
    joined = segments.sequence[1:] == segments.sequence[:-1]
    assert (segments.mass[1:, 0] >= segments.mass[:-1, 1] * (1.0 - 1e-12))[joined].all()
