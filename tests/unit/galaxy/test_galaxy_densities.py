"""Densities, normalisations and masses of the preset against published figures."""

import dataclasses
import math
import pickle
import time
from pathlib import Path

import numpy as np
import pytest

from galaxy_masses import axial_mass, box_mass
from reseau.galaxy.model import ARCMIN2, Component, Galaxy, galaxy_presets, read_galaxy
from reseau.galaxy.model.bar import Bar
from reseau.galaxy.model.discs import Disc
from reseau.galaxy.model.normalisation import mass_in_box, number_densities
from reseau.galaxy.model.nuclear import Cluster, ExponentialDisc, FlattenedDisc
from reseau.galaxy.model.places import Places

THIN = [f"thin{i}" for i in range(1, 8)]


@pytest.fixture(scope="module")
def galaxy() -> Galaxy:
    return read_galaxy("koshimoto2021")


def _at(*place: float) -> np.ndarray:
    return np.array([place])


def _density(component: Component, *place: float) -> float:
    return float(component.mass_density(_at(*place))[0])


def test_components_and_frame(galaxy: Galaxy) -> None:
    assert galaxy.names == (*THIN, "thick", "bar", "nsd", "nsc")
    assert galaxy.frame.r0 == 8160.0
    assert galaxy.frame.z_sun == 25.0
    assert galaxy.frame.sun_velocity == pytest.approx((10.0, 248.0, 8.47), abs=0.02)
    sgr_a = galaxy.frame.galactic(266.41682, -29.00782)
    np.testing.assert_allclose(galaxy.frame.centre, sgr_a, atol=1e-8)


LOCAL = {
    # living stars per pc^3, and Msun/pc^3 of living stars and of remnants
    "thin1": (1.39e-2, 5.92e-3, 4.29e-4),
    "thin2": (1.53e-2, 5.45e-3, 7.34e-4),
    "thin3": (1.27e-2, 4.02e-3, 7.90e-4),
    "thin4": (1.11e-2, 3.21e-3, 8.13e-4),
    "thin5": (2.12e-2, 5.72e-3, 1.79e-3),
    "thin6": (2.35e-2, 5.93e-3, 2.23e-3),
    "thin7": (4.92e-2, 1.17e-2, 5.17e-3),
    "thick": (8.04e-3, 1.68e-3, 1.05e-3),
}


@pytest.mark.parametrize("name", LOCAL)
def test_local_counts_and_densities(galaxy: Galaxy, name: str) -> None:
    number, alive, dead = LOCAL[name]
    component = galaxy.component(name)
    at_sun = _at(-galaxy.frame.r0, 0.0, 0.0)
    assert component.number_density(at_sun)[0] == pytest.approx(number, rel=1e-9)
    # The figures have three digits; of the range of ages the median stands here.
    density = component.mass_density(at_sun)[0]
    assert density == pytest.approx(alive + dead, rel=0.01)
    low, top = galaxy.mass_function.low, component.highest_living_mass
    mean = float(galaxy.mass_function.mean_mass(low, top))
    assert number * mean == pytest.approx(alive, rel=0.02)


def test_number_densities_follow_from_physical_quantities(galaxy: Galaxy) -> None:
    """0.042 Msun/pc^3, star-formation rate, 4 per cent thick disc, mass in a box."""
    assert galaxy.normalisation is not None
    found = number_densities(
        galaxy.components, galaxy.mass_function, galaxy.normalisation
    )
    assert set(found) == {*THIN, "thick", "bar"}
    for name, number in found.items():
        known = {**{n: v[0] for n, v in LOCAL.items()}, "bar": 11.9712}[name]
        # The figures of the discs have three digits: 0.4 per cent of 1.39e-2.
        assert number == pytest.approx(known, rel=1e-4 if name == "bar" else 4e-3)


def test_mean_height_of_the_thin_discs(galaxy: Galaxy) -> None:
    """Koshimoto, Baba & Bennett 2021, Table 1: 329 pc by its densities."""
    alive = [5.1e-3, 5.0e-3, 3.8e-3, 3.2e-3, 5.9e-3, 6.3e-3, 1.3e-2]
    dead = [5.5e-5, 2.2e-4, 2.9e-4, 3.3e-4, 7.8e-4, 1.0e-3, 2.4e-3]
    laws = [galaxy.component(n).law for n in THIN]
    heights = [law.scale_height for law in laws if isinstance(law, Disc)]
    mean = np.average(heights, weights=np.add(alive, dead))
    assert mean == pytest.approx(329.0, rel=5e-3)


def test_surface_density_is_exponential_outside_and_constant_inside(
    galaxy: Galaxy,
) -> None:
    """Sums across the plane: 2 zd n for sech^2 and exponential profiles alike."""
    z = np.linspace(-8000.0, 8000.0, 32001)
    for name, scale in (("thin1", 5000.0), ("thin4", 2600.0), ("thick", 2200.0)):
        component = galaxy.component(name)
        sums = []
        for radius in (1000.0, 5300.0, 8160.0, 10000.0):
            place = np.stack([0.0 * z, 0.0 * z + radius, z], axis=-1)
            sums.append(np.trapezoid(component.number_density(place), z))
        assert isinstance(component.law, Disc)
        height = component.law.scale_height
        assert sums[2] == pytest.approx(2.0 * height * LOCAL[name][0], rel=1e-3)
        assert sums[0] == pytest.approx(sums[1], rel=1e-9)
        assert sums[1] / sums[2] == pytest.approx(math.exp(2860.0 / scale), rel=1e-6)
        assert sums[3] / sums[2] == pytest.approx(math.exp(-1840.0 / scale), rel=1e-6)


def test_heights_linear_in_radius_keep_the_surface_density(galaxy: Galaxy) -> None:
    disc = galaxy.component("thin7").law
    assert isinstance(disc, Disc)
    flaring = dataclasses.replace(disc, inner_height=267.22)
    height = flaring.height_at(np.array([0.0, 4500.0, 6330.0, 8160.0]))
    np.testing.assert_allclose(height, [267.22, 267.22, 356.295, 445.37], rtol=1e-12)
    z = np.linspace(-8000.0, 8000.0, 16001)
    for radius in (3000.0, 6000.0, 9000.0):
        places = Places(np.stack([0.0 * z + radius, 0.0 * z, z], axis=-1))
        same = np.trapezoid(flaring.shape(places), z)
        assert same == pytest.approx(np.trapezoid(disc.shape(places), z), rel=1e-9)


def test_masses_of_bar_and_inner_discs(galaxy: Galaxy) -> None:
    """Bar and X 1.11e10 Msun, 7.77e9 and 3.31e9 apart; rho0 4.12; discs 1.08e10."""
    bar = galaxy.component("bar")
    assert isinstance(bar.law, Bar)
    assert bar.factor * bar.mass_per_star == pytest.approx(4.12, abs=0.005)
    edges = [0.0, 500.0, 1500.0, 3000.0, 6000.0]
    sides = [edges, edges, [0.0, 300.0, 1000.0, 3000.0]]
    # Along the bar's own axes an octant is an eighth.
    upright = dataclasses.replace(bar, law=dataclasses.replace(bar.law, angle=0.0))
    body = dataclasses.replace(
        bar, law=dataclasses.replace(bar.law, angle=0.0, arms=None)
    )
    whole = box_mass(upright, sides, 12)
    alone = box_mass(body, sides, 12)
    assert whole == pytest.approx(1.11e10, rel=5e-3)
    assert alone == pytest.approx(7.77e9, rel=5e-3)
    assert whole - alone == pytest.approx(3.31e9, rel=5e-3)
    inner = sum(
        axial_mass(galaxy.component(n), [0.0, 5300.0], [0.0, 500.0, 2000.0, 9000.0])
        for n in (*THIN, "thick")
    )
    assert inner == pytest.approx(1.08e10, rel=5e-3)


def test_mass_in_the_box(galaxy: Galaxy) -> None:
    """Portail et al. 2017, times 0.839: bar, X and discs within 2.2, 1.4, 1.2 kpc."""
    bar = galaxy.component("bar").law
    assert isinstance(bar, Bar)
    discs = mass_in_box([galaxy.component(n) for n in LOCAL], bar)
    whole = discs + mass_in_box([galaxy.component("bar")], bar)
    assert discs == pytest.approx(1.44e9, rel=5e-3)
    assert whole == pytest.approx(0.839014514507754 * 1.32e10, rel=1e-3)


def test_the_bar_points_to_positive_longitude(galaxy: Galaxy) -> None:
    bar, frame = galaxy.component("bar"), galaxy.frame
    near = frame.galactocentric(10.0, 0.0, np.linspace(4000.0, 12000.0, 4001))
    far = frame.galactocentric(-10.0, 0.0, np.linspace(4000.0, 12000.0, 4001))
    peaks = [np.argmax(bar.number_density(p)) * 2.0 + 4000.0 for p in (near, far)]
    assert peaks[0] < 7500.0 < 8160.0 < peaks[1]
    # Its long axis: 27 deg from the line to the Sun.
    angle = np.radians(np.arange(0.0, 90.0, 0.5))
    ring = 1500.0 * np.stack([-np.cos(angle), np.sin(angle), 0.0 * angle], axis=-1)
    longest = np.degrees(angle[np.argmax(bar.number_density(ring))])
    assert longest == pytest.approx(27.0, abs=0.5)


def test_the_x_is_an_x(galaxy: Galaxy) -> None:
    """At 700 pc of height two maxima along the bar, at slopes of 1.38 or less."""
    bar = galaxy.component("bar")
    assert isinstance(bar.law, Bar)
    along = np.arange(-2000.0, 2001.0, 10.0)
    x, y = bar.law.in_bar(along, 0.0 * along)
    density = bar.number_density(np.stack([x, y, 0.0 * x + 700.0], axis=-1))
    middle = density[len(along) // 2]
    peak = along[np.argmax(density)]
    assert density.max() > 1.02 * middle
    assert 200.0 < abs(peak) < 1.3777 * 700.0
    np.testing.assert_allclose(density, density[::-1], rtol=1e-12)


def test_double_exponential_nuclear_disc(galaxy: Galaxy) -> None:
    """7.0e8 Msun; 391.25 Msun/pc^3 at the centre; profile in and above the plane."""
    law = ExponentialDisc(7.0e8, 74.0, 26.0, 1000.0, 400.0)
    assert law.central_density == pytest.approx(391.25, abs=0.01)
    nsd = dataclasses.replace(galaxy.component("nsd"), law=law)
    # 2.87925 living stars per Msun with stars of 7 +- 1 Gyr, of 7 Gyr here.
    number = nsd.number_density(_at(0.0, 0.0, 0.0))[0]
    assert number == pytest.approx(1126.4987, rel=1e-3)
    radii, heights = [0.0, 100.0, 400.0, 1000.0], [0.0, 50.0, 150.0, 400.0]
    assert axial_mass(nsd, radii, heights) == pytest.approx(7.0e8, rel=1e-6)
    for z, profile in (
        (0.0, {20: 299.0, 50: 199.0, 100: 101.0, 200: 26.2, 300: 6.8}),
        (50.0, {20: 44.0, 50: 29.0, 100: 14.8, 200: 3.8, 300: 0.99}),
    ):
        for radius, density in profile.items():
            # Of two or three digits.
            assert _density(nsd, radius, 0.0, z) == pytest.approx(density, rel=0.02)
    assert _density(nsd, 1001.0, 0.0, 0.0) == 0.0
    assert _density(nsd, 0.0, 0.0, 401.0) == 0.0


def test_nuclear_disc_of_the_preset(galaxy: Galaxy) -> None:
    """9.71e8 Msun; 288 to 6.0 Msun/pc^3 in the plane; 77 pc long, 29 pc high."""
    nsd = galaxy.component("nsd")
    radii = [0.0, 5.0, 20.0, 100.0, 400.0, 1000.0]
    heights = [0.0, 5.0, 20.0, 100.0, 400.0]
    assert axial_mass(nsd, radii, heights) == pytest.approx(9.71e8, rel=5e-3)
    plane = {20: 288.0, 50: 140.0, 100: 87.6, 200: 25.0, 300: 6.0}
    above = {20: 49.0, 50: 41.0, 100: 25.0, 200: 6.9, 300: 2.0}
    for z, profile in ((0.0, plane), (50.0, above)):
        for radius, density in profile.items():
            assert _density(nsd, 0.0, radius, z) == pytest.approx(density, rel=0.04)
    radius = np.linspace(50.0, 300.0, 26)
    place = np.stack([radius, 0.0 * radius, 0.0 * radius], axis=-1)
    slope = np.polyfit(radius, np.log(nsd.mass_density(place)), 1)[0]
    assert -1.0 / slope == pytest.approx(77.0, rel=0.05)


def test_nuclear_disc_over_the_double_exponential(galaxy: Galaxy) -> None:
    """Surface densities 1.16, 1.11, 1.35, 1.47, 1.50 times as high."""
    nsd = galaxy.component("nsd")
    law = ExponentialDisc(7.0e8, 74.0, 26.0, 1000.0, 400.0)
    other = dataclasses.replace(nsd, law=law)
    z = np.linspace(0.0, 399.9, 4000)
    ratios = {20: 1.16, 50: 1.11, 100: 1.35, 200: 1.47, 300: 1.50}
    for radius, ratio in ratios.items():
        place = np.stack([0.0 * z + radius, 0.0 * z, z], axis=-1)
        sums = [np.trapezoid(c.mass_density(place), z) for c in (nsd, other)]
        assert sums[0] / sums[1] == pytest.approx(ratio, rel=0.05)


def test_two_flattened_components() -> None:
    """Sormani et al. 2020, eq. 24, times 0.9: 6.3e8 Msun."""
    outer = 0.9 * 1700.0
    law = FlattenedDisc(
        densities=(1.311 * outer, outer),
        axis_ratios=(0.37, 0.37),
        scales=(5.06, 24.6),
        powers=(0.72, 0.79),
        radius=1e5,
        height=1e5,
    )
    assert law.mass == pytest.approx(6.3e8, rel=0.02)
    a = np.geomspace(1e-4, 1e4, 20001)
    along = law.density(Places(np.stack([a, 0.0 * a, 0.0 * a], axis=-1)))
    shells = np.trapezoid(4.0 * math.pi * 0.37 * a**3 * along, np.log(a))
    assert law.mass == pytest.approx(shells, rel=1e-5)
    radius, height = 30.0, 10.0
    a = math.hypot(radius, height / 0.37)
    expected = outer * (
        1.311 * math.exp(-((a / 5.06) ** 0.72)) + math.exp(-((a / 24.6) ** 0.79))
    )
    found = law.density(Places(_at(radius, 0.0, -height)))[0]
    assert found == pytest.approx(expected, rel=1e-12)


def test_nuclear_cluster(galaxy: Galaxy) -> None:
    """Chatzopoulos et al. 2015: densities from 1 to 100 pc, 2.1e7 Msun in 10 pc."""
    nsc = galaxy.component("nsc")
    law = nsc.law
    assert isinstance(law, Cluster)
    profile = {1: 1.6e5, 5: 1.1e4, 10: 2.0e3, 50: 10.0, 100: 0.74}
    for radius, density in profile.items():
        # Of two digits.
        assert _density(nsc, radius, 0.0, 0.0) == pytest.approx(density, rel=0.05)
        flat = _density(nsc, 0.0, 0.0, 0.73 * radius)
        assert flat == pytest.approx(_density(nsc, radius, 0.0, 0.0), rel=1e-12)
    factor = (3.0 - law.slope) * law.mass / (4.0 * math.pi * law.axis_ratio)
    assert factor == pytest.approx(1.52276e7, rel=1e-5)
    assert law.mass_inside(10.0) == pytest.approx(2.1e7, rel=0.02)
    assert law.mass_inside(1000.0) == pytest.approx(0.987 * law.mass, rel=1e-3)
    # A spheroid's mass is that of the density, shell by shell.
    a = np.geomspace(0.01, 1000.0, 4001)
    place = np.stack([a, 0.0 * a, 0.0 * a], axis=-1)
    shells = 4.0 * math.pi * law.axis_ratio * a**3 * nsc.mass_density(place)
    mass = np.trapezoid(shells, np.log(a))
    assert mass == pytest.approx(float(law.mass_inside(1000.0)), rel=1e-4)
    centre = nsc.number_density(_at(0.0, 0.0, 0.0))
    assert np.isfinite(centre).all()


def test_stars_per_solid_angle(galaxy: Galaxy) -> None:
    """n D^2 per arcmin^2: the factor is 8.461595e-8 sr."""
    assert pytest.approx(8.461595e-8, rel=1e-6) == ARCMIN2
    distance = np.array([500.0, 8000.0])
    density = galaxy.star_density(1.0, -1.0, distance)
    position = galaxy.frame.galactocentric(1.0, -1.0, distance)
    np.testing.assert_allclose(
        density, galaxy.number_density(position) * distance**2, rtol=1e-14
    )
    per_star = [c.mass_per_star for c in galaxy.components]
    np.testing.assert_allclose(
        galaxy.mass_density(position).T,
        galaxy.number_density(position).T * per_star,
        rtol=1e-14,
    )


def test_every_component_alone_is_its_row(galaxy: Galaxy) -> None:
    rng = np.random.default_rng(4)
    position = rng.normal(0.0, 1.0, (300, 3)) * 10.0 ** rng.uniform(-1, 4, (300, 1))
    rows = galaxy.number_density(position)
    assert rows.shape == (11, 300)
    assert np.isfinite(rows).all()
    for component, row in zip(galaxy.components, rows, strict=True):
        np.testing.assert_array_equal(component.number_density(position), row)
    # Above and below the plane, and through the centre, it is the same.
    mirrored = galaxy.number_density(position * np.array([-1.0, -1.0, 1.0]))
    np.testing.assert_allclose(mirrored, rows, rtol=1e-12)
    below = galaxy.number_density(position * np.array([1.0, 1.0, -1.0]))
    np.testing.assert_allclose(below, rows, rtol=1e-12)


def test_it_travels_to_other_processes(galaxy: Galaxy) -> None:
    again = pickle.loads(pickle.dumps(galaxy))
    place = _at(-500.0, 300.0, 40.0)
    np.testing.assert_array_equal(
        again.number_density(place), galaxy.number_density(place)
    )
    assert again.digest == galaxy.digest


def test_a_million_places_take_about_a_second(galaxy: Galaxy) -> None:
    """Some 0.2 s of one core for 2e5 places: ten times that is refused."""
    position = np.random.default_rng(1).uniform(-9e3, 9e3, (200_000, 3))
    position[:, 2] /= 10.0
    begun = time.process_time()
    galaxy.number_density(position)
    assert time.process_time() - begun < 2.0


def test_a_gaussian_bar(tmp_path: Path) -> None:
    """The profile exp(-r^2/2), in a file of the user's."""
    preset = galaxy_presets()["koshimoto2021"].read_text(encoding="utf-8")
    text = preset.replace('profile = "exponential"', 'profile = "gaussian"')
    file = tmp_path / "mine.toml"
    file.write_text(text, encoding="utf-8")
    bar = read_galaxy(file).component("bar")
    assert isinstance(bar.law, Bar)
    x, y = bar.law.in_bar(np.array([500.0]), np.array([200.0]))
    found = bar.law._of(bar.law.body, 0.0, Places(np.array([[x[0], y[0], 150.0]])))
    plane = (500.0 / 930.623147) ** 1.20012 + (200.0 / 370.784387) ** 1.20012
    power = plane ** (4.09327 / 1.20012) + (150.0 / 239.547516) ** 4.09327
    assert found[0] == pytest.approx(math.exp(-0.5 * power ** (2.0 / 4.09327)))
