"""Potential, Jeans equations and actions, against formulas and slow integrals."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.integrate import cumulative_trapezoid, quad, solve_ivp
from scipy.interpolate import RectBivariateSpline, RegularGridInterpolator

from reseau.galaxy.kinematics.jeans import solve_jeans
from reseau.galaxy.kinematics.multipole import Multipole
from reseau.galaxy.kinematics.nuclear import GRAVITATION
from reseau.galaxy.kinematics.nuclear_model import (
    DiscModel,
    cluster_density,
    first_disc_density,
)
from reseau.galaxy.kinematics.staeckel import Place
from reseau.galaxy.nuclear_moments import DiscTable, shipped_cluster, shipped_disc

MASS = 1.0e9


def homoeoid_gradient(
    density, ratio: float, radius: float, height: float
) -> tuple[float, float]:
    """Gradient of a spheroid's potential, Binney & Tremaine 2008, eq. 2.125."""

    def layer(u: float) -> tuple[float, float]:
        tau = np.exp(u)
        a = np.sqrt(radius**2 / (tau + 1.0) + height**2 / (tau + ratio**2))
        weight = density(np.array([a]), np.zeros(1))[0] * tau
        root = np.sqrt(tau + ratio**2)
        return weight / ((tau + 1.0) ** 2 * root), weight / ((tau + 1.0) * root**3)

    scale = 2.0 * np.pi * GRAVITATION * ratio
    parts = [
        quad(lambda u, k=k: layer(u)[k], -25.0, 25.0, limit=400)[0] for k in (0, 1)
    ]
    return scale * radius * parts[0], scale * height * parts[1]


@pytest.mark.parametrize(
    ("density", "ratio"), [(cluster_density, 0.73), (first_disc_density, 0.37)]
)
def test_multipoles_against_homoeoids(density, ratio):
    potential = Multipole(density)
    for radius, height in ((1.0, 0.5), (20.0, 20.0), (100.0, 5.0), (0.01, 3.0)):
        expected = homoeoid_gradient(density, ratio, radius, height)
        found = potential.gradient(np.array([radius]), np.array([height]))
        assert [f[0] for f in found] == pytest.approx(expected, rel=2e-5)


def test_gradient_is_that_of_the_potential():
    potential = Multipole(cluster_density, 4.3e6)
    r, z, step = np.array([3.0, 40.0]), np.array([2.0, -10.0]), 1e-4
    by_r, by_z = potential.gradient(r, z)
    outer, inner = (potential.potential(r + s, z) for s in (step, -step))
    assert by_r == pytest.approx((outer - inner) / (2.0 * step), rel=1e-6)
    upper, lower = (potential.potential(r, z + s) for s in (step, -step))
    assert by_z == pytest.approx((upper - lower) / (2.0 * step), rel=1e-6)


@dataclass(frozen=True)
class MiyamotoNagai:
    """A disc whose density, potential and isotropic Jeans solution are formulas."""

    a: float = 60.0
    b: float = 20.0

    def _lengths(self, radius, height):
        zeta = np.sqrt(height**2 + self.b**2)
        return zeta, radius**2 + (self.a + zeta) ** 2

    def density(self, radius, height):
        zeta, squared = self._lengths(radius, height)
        top = self.a * radius**2 + (self.a + 3.0 * zeta) * (self.a + zeta) ** 2
        factor = self.b**2 * MASS / (4.0 * np.pi)
        return factor * top / (squared**2.5 * zeta**3)

    def gradient(self, radius, height):
        zeta, squared = self._lengths(radius, height)
        factor = GRAVITATION * MASS / squared**1.5
        return factor * radius, factor * height * (self.a + zeta) / zeta

    def pressure(self, radius, height):
        """Density times variance (Nagai & Miyamoto 1976, PASJ 28, 1)."""
        zeta, squared = self._lengths(radius, height)
        factor = GRAVITATION * MASS**2 * self.b**2 / (8.0 * np.pi)
        return factor * (self.a + zeta) ** 2 / (zeta**2 * squared**3)


def test_jeans_equations_of_a_miyamoto_nagai_disc():
    model = MiyamotoNagai()
    radius = np.array([5.0, 50.0, 200.0, 80.0])
    height = np.array([0.0, 10.0, 0.0, 150.0])
    found = solve_jeans(model.density, model, radius, height)
    variance = model.pressure(radius, height) / model.density(radius, height)
    assert found.meridional == pytest.approx(variance, rel=1e-6)
    step = 1e-3 * radius
    slope = (
        model.pressure(radius + step, height) - model.pressure(radius - step, height)
    ) / 2e-3
    outwards, _ = model.gradient(radius, height)
    mean_square = variance + slope / model.density(radius, height) + radius * outwards
    assert found.azimuthal == pytest.approx(mean_square, rel=1e-5)


def spherical_estimate(disc: DiscTable, at: list[float]) -> np.ndarray:
    """Isotropic dispersions of the cluster if everything were spherical [km/s]."""
    logarithm = RegularGridInterpolator(
        (disc.radius, disc.height),
        np.log(disc.density),
        bounds_error=False,
        fill_value=-99.0,
    )
    x, weight = np.polynomial.legendre.leggauss(64)
    sine, weight = 0.5 * (x + 1.0), 0.5 * weight
    r = np.geomspace(1e-3, 1500.0, 1500)
    place = np.stack([r[:, None] * np.sqrt(1.0 - sine**2), r[:, None] * sine], axis=-1)
    disc_density = np.exp(logarithm(place)) @ weight
    stars = cluster_density(place[..., 0], place[..., 1]) @ weight
    shells = 4.0 * np.pi * (stars + disc_density) * r**3
    inside = cumulative_trapezoid(shells, np.log(r), initial=0.0) + 4.3e6
    pull = stars * GRAVITATION * inside / r
    above = -cumulative_trapezoid(pull[::-1], np.log(r)[::-1], initial=0.0)[::-1]
    return np.interp(at, r, np.sqrt(above / stars))


def test_cluster_dispersions_as_expected():
    """Figures of a spherical isotropic estimate, and the flattened cluster's own."""
    at = [0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0]
    expected = np.array([142.0, 106.0, 85.0, 70.0, 61.0, 57.0, 63.0, 67.0])
    estimate = spherical_estimate(shipped_disc(), at)
    assert estimate[:6] == pytest.approx(expected[:6], rel=0.045)
    assert estimate[6:] == pytest.approx(expected[6:], rel=0.08)
    table = shipped_cluster()
    mean_square = (2.0 * table.meridional**2 + table.azimuthal**2) / 3.0
    averaged = np.sqrt(np.trapezoid(mean_square, table.sine, axis=1))
    own = np.interp(at, table.distance, averaged)
    assert own == pytest.approx(estimate, rel=0.03)


class Isochrone:
    """A sphere whose actions are formulas (Binney & Tremaine 2008, eq. 3.225)."""

    scale = 50.0

    def potential(self, radius, height):
        root = np.sqrt(self.scale**2 + radius**2 + height**2)
        return -GRAVITATION * MASS / (self.scale + root)


def test_actions_of_an_isochrone():
    radius, height = 100.0, 30.0
    place = Place(Isochrone(), radius, height, 0.2)
    velocity = np.abs(np.random.default_rng(1).normal(0.0, 60.0, (50, 3))) + 1.0
    radial, vertical = place.actions(*velocity.T)
    flat = velocity[:, :2] @ place.directions
    potential = Isochrone().potential(radius, height)
    energy = 0.5 * (velocity**2).sum(axis=1) + potential
    tilt = radius * flat[:, 1] - height * flat[:, 0]
    momentum = np.sqrt(tilt**2 + (radius**2 + height**2) * velocity[:, 2] ** 2)
    root = np.sqrt(momentum**2 + 4.0 * GRAVITATION * MASS * Isochrone.scale)
    expected = GRAVITATION * MASS / np.sqrt(-2.0 * energy) - 0.5 * (momentum + root)
    scale = momentum + expected
    assert np.abs(radial - expected).max() < 2e-5 * scale.max()
    assert np.abs(vertical - (momentum - radius * velocity[:, 2])).max() < (
        1e-4 * scale.max()
    )


class KuzminKutuzov:
    """A flattened potential that is separable (Dejonghe & de Zeeuw 1988)."""

    focus, short = 80.0, 40.0

    def roots(self, radius, height):
        near = np.hypot(radius, height - self.focus)
        far = np.hypot(radius, height + self.focus)
        cosh, cos = 0.5 * (far + near), 0.5 * (far - near)
        return np.sqrt(self.short**2 + cosh**2), np.sqrt(self.short**2 + cos**2)

    def potential(self, radius, height):
        return -GRAVITATION * MASS / sum(self.roots(radius, height))


def test_actions_are_conserved_where_the_potential_is_separable():
    model = KuzminKutuzov()
    momentum = 60.0 * 55.0

    def force(_: float, w: np.ndarray) -> list[float]:
        r, z, vr, vz = w
        step = 1e-3
        by_r = (model.potential(r + step, z) - model.potential(r - step, z)) / 2e-3
        by_z = (model.potential(r, z + step) - model.potential(r, z - step)) / 2e-3
        return [vr, vz, momentum**2 / r**3 - by_r, -by_z]

    orbit = solve_ivp(force, (0.0, 6.0), [60.0, 10.0, 50.0, 60.0], rtol=1e-9, atol=1e-9)
    found = []
    for r, z, vr, vz in orbit.y[:, ::25].T:
        place = Place(model, float(r), float(abs(z)), model.focus)
        along, across = place.directions @ [vr, vz * (1.0 if z >= 0.0 else -1.0)]
        actions = place.actions(*(np.array([v]) for v in (along, across, momentum / r)))
        found.append([a[0] for a in actions])
    spread = np.ptp(found, axis=0) / np.mean(found, axis=0)
    assert len(found) > 8
    assert spread.max() < 2e-3


def smooth(table: DiscTable, values: np.ndarray):
    return RectBivariateSpline(table.radius, table.height, values).ev


def test_the_nuclear_disc_is_in_equilibrium():
    """Both Jeans equations hold for the shipped density and moments."""
    table = shipped_disc()
    logarithm = RegularGridInterpolator(
        (table.radius, table.height),
        np.log(table.density),
        bounds_error=False,
        fill_value=-99.0,
    )

    def disc(radius, height):
        return np.exp(logarithm(np.stack([radius, np.abs(height)], axis=-1)))

    potential = Multipole(lambda r, z: disc(r, z) + cluster_density(r, z))
    rho = smooth(table, np.log(table.density))
    sigma_r = smooth(table, np.log(table.sigma_r))
    sigma_z = smooth(table, np.log(table.sigma_z))
    tilt = smooth(table, table.correlation)
    rotation = smooth(table, table.rotation)
    sigma_phi = smooth(table, table.sigma_phi)

    def outwards(r, z):
        return np.exp(rho(r, z) + 2.0 * sigma_r(r, z))

    def upwards(r, z):
        return np.exp(rho(r, z) + 2.0 * sigma_z(r, z))

    def mixed(r, z):
        return tilt(r, z) * np.exp(rho(r, z) + sigma_r(r, z) + sigma_z(r, z))

    r = np.array([100.0, 100.0, 150.0, 200.0, 300.0, 60.0])
    z = np.array([30.0, 60.0, 50.0, 40.0, 60.0, 100.0])
    h, here = 2.0, np.exp(rho(r, z))
    by_r, by_z = potential.gradient(r, z)
    vertical = (upwards(r, z + h) - upwards(r, z - h)) / (2.0 * h) + here * by_z
    vertical += ((r + h) * mixed(r + h, z) - (r - h) * mixed(r - h, z)) / (2.0 * h * r)
    radial = (outwards(r + h, z) - outwards(r - h, z)) / (2.0 * h) + here * by_r
    radial += (mixed(r, z + h) - mixed(r, z - h)) / (2.0 * h)
    mean_square = rotation(r, z) ** 2 + sigma_phi(r, z) ** 2
    radial += (outwards(r, z) - here * mean_square) / r
    assert np.abs(vertical / (here * by_z)).max() < 0.08
    assert np.abs(radial / (here * by_r)).max() < 0.08


def test_the_shipped_moments_are_those_of_the_distribution_function():
    table = shipped_disc()
    logarithm = RegularGridInterpolator(
        (table.radius, table.height),
        np.log(table.density),
        bounds_error=False,
        fill_value=-99.0,
    )

    def disc(radius, height):
        return np.exp(logarithm(np.stack([radius, np.abs(height)], axis=-1)))

    model = DiscModel(disc)
    for radius, height in ((50.0, 0.0), (105.0, 50.0), (200.0, 20.0)):
        i = np.searchsorted(table.radius, radius)
        k = np.searchsorted(table.height, height)
        found = model.at(radius, height)
        for name in ("rotation", "sigma_r", "sigma_phi", "sigma_z"):
            stored = getattr(table, name)[i, k]
            assert getattr(found, name) == pytest.approx(stored, abs=0.6), name
        assert found.correlation == pytest.approx(table.correlation[i, k], abs=0.01)
