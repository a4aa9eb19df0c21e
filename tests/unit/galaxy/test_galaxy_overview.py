"""Numbers behind the figures of a model, against closed forms and published ones."""

import numpy as np
import pytest
from scipy.integrate import dblquad

from galaxy_masses import axial_mass
from galaxy_velocities import galaxy, kinematics
from reseau.galaxy.isochrones import BANDS, luminosity_segments, shipped_isochrones
from reseau.galaxy.kinematics import Moments
from reseau.galaxy.overview import (
    absolute_hw,
    luminosity_functions,
    mass_density_at,
    mass_within,
    parts_of,
    seen_edge_on,
    seen_from_above,
    stars_along,
    velocity_curves,
    vertex_deviation,
)
from reseau.galaxy.overview import published as figures


def test_every_component_is_of_one_part() -> None:
    parts = parts_of(galaxy())
    assert [c.name for group in parts.values() for c in group] == list(galaxy().names)
    assert len(parts["thin disc"]) == 7
    assert len(parts) == 5


def test_columns_of_discs_are_those_of_closed_forms() -> None:
    """An exponential's column is 2 z rho, and so is that of sech²."""
    seen = seen_from_above(galaxy(), half=8000.0, cells=6)
    x, y = np.meshgrid(seen.across, seen.up, indexing="ij")
    plane = np.stack([x.ravel(), y.ravel(), 0.0 * x.ravel()], axis=1)
    for part in ("thin disc", "thick disc"):
        wanted = sum(
            2.0 * c.law.scale_height * c.mass_density(plane)
            for c in parts_of(galaxy())[part]
        )
        np.testing.assert_allclose(seen.mass[part].ravel(), wanted, rtol=1e-4)
    assert seen.total == pytest.approx(sum(seen.mass.values()))


def test_both_projections_of_the_bar_have_its_mass() -> None:
    above = seen_from_above(galaxy(), half=4000.0, cells=40)
    beside = seen_edge_on(galaxy(), half=4000.0, height=3000.0, cells=40)
    masses = [
        seen.mass["bar"].sum() * np.diff(seen.across)[0] * np.diff(seen.up)[0]
        for seen in (above, beside)
    ]
    # Bar and X of Koshimoto, Baba & Bennett 2021 together: 1.11e10 solar masses.
    assert masses == pytest.approx([1.11e10, 1.11e10], rel=0.01)


def test_edge_on_is_along_y() -> None:
    beside = seen_edge_on(galaxy(), half=2000.0, height=900.0, cells=8)
    i, k = 5, 2
    component = galaxy().component("thick")
    y = np.linspace(-1e4, 1e4, 20001)
    line = np.stack([0 * y + beside.across[i], y, 0 * y + beside.up[k]], axis=1)
    wanted = component.mass_density(line).sum() * (y[1] - y[0])
    assert beside.mass["thick disc"][i, k] == pytest.approx(wanted, rel=1e-3)


def test_stars_along_a_line_of_sight_are_those_of_the_model() -> None:
    distance = np.array([500.0, 4000.0, 8100.0])
    found = stars_along(galaxy(), 0.3, -0.2, distance)
    position = galaxy().frame.galactocentric(0.3, -0.2, distance)
    arcminute = np.deg2rad(1.0 / 60.0)
    number = galaxy().number_density(position)
    wanted = 1000.0 * number[:7].sum(axis=0) * (distance * arcminute) ** 2
    np.testing.assert_allclose(found["thin disc"], wanted)
    total = 1000.0 * number.sum(axis=0) * (distance * arcminute) ** 2
    np.testing.assert_allclose(sum(found.values()), total)


@pytest.mark.parametrize(
    ("part", "figure", "height"),
    [
        ("nuclear disc", figures.NUCLEAR_DENSITY, 0.0),
        ("nuclear disc", figures.NUCLEAR_DENSITY_ABOVE, 50.0),
        ("nuclear cluster", figures.CLUSTER_DENSITY, 0.0),
    ],
)
def test_nuclear_densities_are_the_published_ones(part, figure, height) -> None:
    found = mass_density_at(galaxy(), part, np.array(figure.at), height)
    np.testing.assert_allclose(found, figure.value, rtol=0.04)


def test_masses_within_spheres() -> None:
    disc = mass_within(galaxy(), "nuclear disc", np.geomspace(1.0, 1000.0, 31))
    assert disc[-1] == pytest.approx(figures.NUCLEAR_MASS.value[0], rel=0.002)
    whole = axial_mass(
        galaxy().component("nsd"),
        [0.0, 3.0, 30.0, 200.0, 1000.0],
        [0.0, 3.0, 30.0, 400.0],
    )
    assert disc[-1] == pytest.approx(whole, rel=0.002)
    component = galaxy().component("nsc")

    def shell(sine: float, radius: float) -> float:
        flat = radius * np.sqrt(1.0 - sine**2)
        place = np.array([[flat, 0.0, radius * sine]])
        return 4.0 * np.pi * radius**2 * float(component.mass_density(place)[0])

    wanted, _ = dblquad(shell, 0.0, 10.0, 0.0, 1.0, epsrel=1e-4)
    cluster = mass_within(galaxy(), "nuclear cluster", np.array([0.1, 1.0, 10.0]))
    assert cluster[-1] == pytest.approx(wanted, rel=1e-3)
    # The published 2.1e7 has two digits, and stands within a tenth.
    assert cluster[-1] == pytest.approx(figures.CLUSTER_MASS.value[0], rel=0.1)


def test_curves_of_the_nuclear_disc_are_the_published_ones() -> None:
    radius = np.array(figures.NUCLEAR_RADII)
    found = velocity_curves(kinematics(), "nsd", radius)
    np.testing.assert_allclose(found.rotation, figures.NUCLEAR_ROTATION.value, atol=1.2)
    for axis, values in zip(
        ("R", "φ", "z"), (found.sigma_r, found.sigma_phi, found.sigma_z), strict=True
    ):
        wanted = figures.NUCLEAR_DISPERSIONS[axis].value
        np.testing.assert_allclose(values, wanted, atol=1.2)


def test_published_dispersions_of_discs_and_bar() -> None:
    for name, (outwards, upwards) in figures.LOCAL_DISPERSIONS.items():
        found = velocity_curves(kinematics(), name, np.array([8160.0]))
        assert found.sigma_r[0] == pytest.approx(outwards, abs=0.06)
        assert found.sigma_z[0] == pytest.approx(upwards, abs=0.06)
    bar = kinematics().moments("bar", np.zeros((1, 3))).covariance[0]
    spread = np.sqrt(np.linalg.eigvalsh(bar))
    assert sorted(spread) == pytest.approx(sorted(figures.BAR_CENTRE), abs=0.1)


def test_means_over_circles_see_the_bar_from_all_sides() -> None:
    """Streaming along the bar is in both axes of a circle; the trace is kept."""
    radius = np.array([1000.0])
    found = velocity_curves(kinematics(), "bar", radius)
    angle = np.linspace(0.0, 2.0 * np.pi, 2000, endpoint=False)
    place = 1000.0 * np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1)
    moments = kinematics().moments("bar", place)
    trace = np.einsum("nii->n", moments.covariance).mean()
    total = found.sigma_r**2 + found.sigma_phi**2 + found.sigma_z**2
    assert total[0] == pytest.approx(trace, rel=1e-3)
    momentum = place[:, 1] * moments.mean[:, 0] - place[:, 0] * moments.mean[:, 1]
    assert found.rotation[0] == pytest.approx(momentum.mean() / 1000.0, rel=1e-3)


@pytest.mark.parametrize("angle", [-40.0, -27.0, 0.0, 30.0, 89.0])
def test_vertex_deviation_is_the_angle_of_the_long_axis(angle: float) -> None:
    turn = np.deg2rad(angle)
    long = np.array([np.cos(turn), np.sin(turn), 0.0])
    covariance = 100.0 * np.eye(3) + 50.0 * np.outer(long, long)
    moments = Moments(np.zeros((1, 3)), covariance[None])
    assert vertex_deviation(moments)[0] == pytest.approx(angle)


def test_the_bar_has_its_own_direction_as_vertex_deviation() -> None:
    centre = kinematics().moments("bar", np.array([[100.0, 50.0, 0.0]]))
    angle = galaxy().component("bar").law.angle
    assert vertex_deviation(centre)[0] == pytest.approx(-np.rad2deg(angle))


def test_hw_of_luminosity_functions_is_that_of_the_formula() -> None:
    isochrones = shipped_isochrones()
    edges = np.arange(-9.0, 12.01, 0.25)
    found = luminosity_functions(galaxy(), isochrones, "Hw", edges)
    segments = luminosity_segments(isochrones, "bar", galaxy().mass_function)
    middle = segments.magnitudes.mean(axis=1)
    j, h = middle[:, BANDS.index("J")], middle[:, BANDS.index("H")]
    hw = 0.7829 * j + 0.2171 * h - 0.0323 * (j - h) ** 2
    np.testing.assert_allclose(absolute_hw(middle), hw)
    whole, _ = np.histogram(hw, bins=edges, weights=segments.weight)
    assert found["bar"].sum() * 0.25 == pytest.approx(segments.weight.sum())
    # Means of segments' ends, of which few are as long as three bins.
    three = np.cumsum(whole)[::6], np.cumsum(found["bar"] * 0.25)[::6]
    np.testing.assert_allclose(*three, atol=0.01)


def test_luminosity_functions_hold_all_stars_that_have_magnitudes() -> None:
    edges = np.arange(-14.0, 14.01, 0.5)
    found = luminosity_functions(galaxy(), shipped_isochrones(), "Ks", edges)
    for name in ("thin3", "nsd"):
        segments = luminosity_segments(
            shipped_isochrones(), name, galaxy().mass_function
        )
        seen = 1.0 - segments.unseen
        assert found[name].sum() * 0.5 == pytest.approx(seen, rel=1e-9)
