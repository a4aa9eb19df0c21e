"""Rotation curve, Shu distribution function and the tables of the discs."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import kstest, norm

from galaxy_velocities import kinematics
from reseau.errors import ConfigError
from reseau.galaxy.kinematics.moments import Cylinder
from reseau.galaxy.kinematics.parameters import DiscConfig, RotationCurveConfig
from reseau.galaxy.kinematics.rotation import RotationCurve
from reseau.galaxy.kinematics.shu import log_shape_integral, shape_exponent

DISCS = ("thin1", "thin4", "thin7", "thick")


def places(*radii: float, height: float = 0.0) -> np.ndarray:
    return np.array([[-r, 0.0, height] for r in radii])


def law(name: str):
    return kinematics().law(name).table


def test_rotation_curve_beyond_its_ends_and_off_the_plane():
    curve = RotationCurve(
        RotationCurveConfig(
            radius_kpc=[0.0, 1.0, 2.0, 3.0], speed_km_s=[0.0, 100.0, 150.0, 160.0]
        )
    )
    radius = np.array([0.0, 1000.0, 2000.0, 9000.0])
    flat = curve.speed(radius, np.zeros(4))
    assert flat == pytest.approx(np.array([0.0, 100.0, 150.0, 160.0]), rel=1e-12)
    high = curve.speed(radius, np.full(4, -2000.0))
    assert high[1:] == pytest.approx(
        np.array([100.0, 150.0, 160.0]) / (1.0 + 0.0374 * 2.0**1.34), rel=1e-12
    )


@pytest.mark.parametrize(
    ("radii", "speeds", "key"),
    [
        ([0.0, 2.0, 1.0, 3.0], [0.0, 1.0, 1.0, 1.0], "radius_kpc"),
        ([0.1, 1.0, 2.0, 3.0], [0.0, 1.0, 1.0, 1.0], "radius_kpc"),
        ([0.0, 1.0, 2.0, 3.0], [0.0, 1.0, 1.0], "speed_km_s"),
        ([0.0, 1.0, 2.0, 3.0], [0.0, 1.0, -1.0, 1.0], "speed_km_s"),
        ([0.0, 1.0, 2.0, 3.0], [0.0, 1.0, "a", 1.0], "speed_km_s"),
        ([0.0, 1.0, 2.0, np.inf], [0.0, 1.0, 1.0, 1.0], "radius_kpc"),
    ],
)
def test_knots_that_are_no_curve(radii, speeds, key):
    with pytest.raises(ConfigError, match=key):
        RotationCurveConfig(radius_kpc=radii, speed_km_s=speeds)


@pytest.mark.parametrize("c", [0.7, 2.0, 9.99, 30.0])
def test_shape_integral(c):
    def integrand(f: float) -> float:
        return float(np.exp(c * shape_exponent(np.array([f]))[0])) / f**2

    expected = quad(integrand, 1e-9, 40.0, limit=200)[0]
    got = np.exp(log_shape_integral(np.array([c])))[0]
    assert got == pytest.approx(expected, rel=1e-6)


def test_large_concentrations_as_published():
    c = np.array([10.0, 30.0, 300.0])
    published = np.sqrt(0.5 * np.pi / (c - 0.913))
    assert np.exp(log_shape_integral(c)) == pytest.approx(published, rel=8e-4)


@pytest.mark.parametrize("name", DISCS)
@pytest.mark.parametrize("place", [(520.0, 30.0), (2000.0, 0.0), (8160.0, 900.0)])
def test_quantiles_against_an_integral_of_the_distribution(name, place):
    table = law(name)
    radius = np.array([place[0]])
    guiding = np.linspace(1.0, 30_000.0, 400_001)
    level = np.full_like(guiding, place[1])
    density = table.disc.guiding_density(guiding, radius, level)
    speed = guiding / radius * table.disc.curve.speed(guiding, level)
    cumulative = np.cumsum(density) / density.sum()
    normal = np.linspace(-3.0, 3.0, 61)
    at = Cylinder.of(places(*radius, height=place[1])[np.zeros(61, int)])
    reached = np.interp(table.azimuthal(at, normal), speed, cumulative)
    assert reached == pytest.approx(norm.cdf(normal), abs=0.006)


@pytest.mark.parametrize("name", DISCS)
def test_moments_against_an_integral_of_the_distribution(name):
    table = law(name)
    for radius, height in ((700.0, 100.0), (3000.0, 0.0), (8160.0, 500.0)):
        guiding = np.linspace(1.0, 30_000.0, 200_001)
        at = np.full_like(guiding, height)
        weight = table.disc.guiding_density(guiding, np.array([radius]), at)
        speed = guiding / radius * table.disc.curve.speed(guiding, at)
        mean = (weight * speed).sum() / weight.sum()
        variance = (weight * (speed - mean) ** 2).sum() / weight.sum()
        local = table.moments(Cylinder.of(places(radius, height=height)))
        assert local.rotation[0] == pytest.approx(mean, abs=0.3)
        assert local.sigma_phi[0] == pytest.approx(np.sqrt(variance), rel=0.006)


def test_a_cold_disc_rotates_with_the_curve():
    table = law("thin1")
    local = table.moments(Cylinder.of(places(8160.0)))
    circular = table.disc.curve.speed(np.array([8160.0]), np.array([0.0]))
    drift = circular - local.rotation
    assert 0.2 < drift[0] < 1.0
    # The distribution function is that of a flat curve: σ_phi / σ_R = 1/√2, times
    # how the angular momentum grows with the guiding radius.
    step = 50.0
    outer, inner = (
        table.disc.curve.speed(np.array([8160.0 + s]), np.array([0.0]))[0]
        for s in (step, -step)
    )
    slope = (outer - inner) / (2.0 * step) * 8160.0 / circular[0]
    ratio = local.sigma_phi[0] / local.sigma_r[0]
    assert ratio == pytest.approx(np.sqrt(0.5) * (1.0 + slope), rel=0.02)


def test_asymmetric_drift_grows_with_age():
    at = Cylinder.of(places(8160.0))
    rotation = [law(f"thin{i}").moments(at).rotation[0] for i in range(1, 8)]
    assert (np.diff(rotation) < 0.0).all()
    # Stromberg: v_a = σ_R² / (2 v_c) (...); the bracket is 2.5 to 4 near the Sun.
    circular = law("thin1").disc.curve.speed(np.array([8160.0]), np.array([0.0]))[0]
    old = law("thin7").moments(at)
    bracket = (circular - old.rotation[0]) * 2.0 * circular / old.sigma_r[0] ** 2
    assert 3.0 < bracket < 5.0


@pytest.mark.parametrize("name", DISCS)
def test_the_centre_is_smooth(name):
    table = law(name)
    radius = np.array([0.0, 1.0, 20.0, 100.0, 499.9, 500.1])
    local = table.moments(Cylinder.of(places(*radius)))
    assert local.rotation[:5] == pytest.approx(
        local.rotation[5] * radius[:5] / 500, rel=2e-3, abs=1e-9
    )
    assert local.sigma_phi == pytest.approx(local.sigma_phi[5], rel=2e-3)
    at = Cylinder.of(np.repeat(places(20.0), 20_000, axis=0))
    drawn = table.draw(at, np.random.default_rng(5))
    assert np.abs(drawn[:, 1]).max() < 550.0
    assert drawn[:, 1].mean() == pytest.approx(
        local.rotation[2], abs=4 * local.sigma_phi[2] / 141
    )


@pytest.mark.parametrize("name", DISCS)
def test_draws_follow_the_distribution(name):
    position = np.repeat(places(6000.0, height=-250.0), 20_000, axis=0)
    velocity = kinematics().draw(name, position, np.random.default_rng(11))
    table = law(name)
    guiding = np.linspace(1.0, 30_000.0, 100_001)
    at = np.full_like(guiding, 250.0)
    density = table.disc.guiding_density(guiding, np.array([6000.0]), at)
    cumulative = np.cumsum(density) / density.sum()
    speed = guiding / 6000.0 * table.disc.curve.speed(guiding, at)
    # At X < 0, Y = 0 the rotation is along +Y.
    found = kstest(velocity[:, 1], lambda v: np.interp(v, speed, cumulative))
    assert found.pvalue > 1e-3
    local = table.moments(Cylinder.of(position[:1]))
    for axis, sigma in ((0, local.sigma_r[0]), (2, local.sigma_z[0])):
        assert kstest(velocity[:, axis] / sigma, "norm").pvalue > 1e-3
    correlation = np.corrcoef(velocity.T) - np.eye(3)
    assert np.abs(correlation).max() < 0.03


def test_a_thick_disc_has_no_dependence_on_age():
    config = DiscConfig(
        radial_dispersion_km_s=75.0,
        radial_scale_pc=1e5,
        vertical_dispersion_km_s=49.2,
        vertical_scale_pc=1e5,
    )
    assert config.radial_age_exponent == config.vertical_age_exponent == 0.0
