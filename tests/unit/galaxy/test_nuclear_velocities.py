"""Nuclear disc and nuclear cluster: tables, their look-up, draws."""

import dataclasses
import pickle

import numpy as np
import pytest

from galaxy_velocities import galaxy, kinematics
from reseau.errors import CatalogueError, ConfigError, FileFormatError
from reseau.galaxy.kinematics import kinematics_of
from reseau.galaxy.kinematics.cluster import ClusterMoments
from reseau.galaxy.kinematics.moments import Cylinder
from reseau.galaxy.kinematics.nuclear import GRAVITATION, NuclearDiscMoments
from reseau.galaxy.nuclear_moments import DiscTable, read_disc, shipped_cluster


def test_gravitation_is_astropys():
    from astropy import constants, units

    unit = units.pc * (units.km / units.s) ** 2 / units.Msun
    assert constants.G.to_value(unit) == pytest.approx(GRAVITATION, rel=3e-5)


def small_table() -> DiscTable:
    r, z = np.meshgrid([0.0, 10.0, 20.0], [0.0, 10.0], indexing="ij")
    sigma = np.exp(0.01 * r - 0.02 * z) * 50.0
    return DiscTable(
        "test", r[:, 0], z[0], sigma, 2.0 * r - z, sigma, sigma, sigma, 0.01 * r + z * 0
    )


def test_look_up_is_bilinear_and_clamped():
    local = NuclearDiscMoments(small_table())
    position = np.array([[3.0, 4.0, 5.0], [-30.0, 40.0, -99.0], [0.0, 0.0, 0.0]])
    found = local.moments(Cylinder.of(position))
    assert found.rotation == pytest.approx([2.0 * 5.0 - 5.0, 40.0 - 10.0, 0.0])
    expected = 50.0 * np.exp([0.05 - 0.1, 0.2 - 0.2, 0.0])
    assert found.sigma_z == pytest.approx(expected, rel=1e-12)
    # Below the plane the velocity ellipsoid is tilted the other way.
    assert found.correlation == pytest.approx([0.05, -0.2, 0.0])


def test_below_the_plane_is_the_mirror_image():
    above = np.array([[80.0, -60.0, 70.0]])
    mirror = np.array([1.0, 1.0, -1.0])
    up = kinematics().moments("nsd", above)
    down = kinematics().moments("nsd", above * mirror)
    assert down.mean == pytest.approx(up.mean * mirror, abs=1e-9)
    flipped = up.covariance * np.outer(mirror, mirror)
    assert down.covariance == pytest.approx(flipped, abs=1e-9)
    assert np.abs(up.covariance[0, :2, 2]).max() > 50.0


def test_outside_of_the_table_there_are_numbers():
    far = np.array([[1.0e4, 0.0, 0.0], [0.0, 0.0, 5.0e3], [1200.0, 900.0, -600.0]])
    for name in ("nsd", "nsc"):
        moments = kinematics().moments(name, far)
        assert np.isfinite(moments.mean).all()
        assert (np.linalg.eigvalsh(moments.covariance) > 0.0).all()


@pytest.mark.parametrize("name", ["nsd", "nsc"])
def test_draws_have_the_moments(name):
    place = np.array([[-60.0, 80.0, -40.0]]) * (1.0 if name == "nsd" else 0.05)
    velocity = kinematics().draw(
        name, np.repeat(place, 60_000, axis=0), np.random.default_rng(8)
    )
    moments = kinematics().moments(name, place)
    scale = moments.dispersion[0]
    mean = (velocity.mean(axis=0) - moments.mean[0]) / scale
    assert np.abs(mean).max() < 4.0 / np.sqrt(60_000)
    difference = np.cov(velocity.T) - moments.covariance[0]
    assert np.abs(difference / np.outer(scale, scale)).max() < 0.025


def test_cluster_near_the_black_hole_is_keplerian():
    r = np.array([1e-3, 4e-3, 9e-3])
    zero = np.zeros(3)
    place = Cylinder.of(np.stack([0.8 * r, zero, 0.6 * r], axis=1))
    found = ClusterMoments(shipped_cluster()).moments(place)
    for values in (found.sigma_r, found.sigma_phi, found.rotation):
        assert values * np.sqrt(r) == pytest.approx(values[0] * np.sqrt(r[0]))
    # A cusp of slope g around a point mass: sigma^2 = GM / (r (1 + g)), if round.
    squared = (2.0 * found.sigma_r**2 + found.sigma_phi**2 + found.rotation**2) / 3.0
    expected = GRAVITATION * 4.3e6 / (1.71 * r)
    assert squared == pytest.approx(expected, rel=0.04)


def test_rotation_of_the_cluster_trades_against_dispersion():
    place = Cylinder.of(np.array([[3.0, 4.0, 1.0]]))
    still, half, isotropic = (
        ClusterMoments(shipped_cluster(), k).moments(place) for k in (0.0, 0.5, 1.0)
    )
    assert still.rotation[0] == 0.0
    assert half.rotation[0] == pytest.approx(0.5 * isotropic.rotation[0])
    assert isotropic.sigma_phi == pytest.approx(isotropic.sigma_r)
    total, *others = (m.rotation**2 + m.sigma_phi**2 for m in (still, half, isotropic))
    for other in others:
        assert other == pytest.approx(total)


def test_stars_near_the_black_hole_are_bound_to_it():
    position = np.repeat(np.array([[0.03, 0.0, 0.0]]), 20_000, axis=0)
    velocity = kinematics().draw("nsc", position, np.random.default_rng(2))
    speed = np.linalg.norm(velocity, axis=1)
    limit = np.sqrt(600.0**2 + 2.0 * GRAVITATION * 4.3e6 / 0.03)
    assert 1000.0 < speed.max() <= limit
    at_centre = kinematics().draw("nsc", np.zeros((5, 3)), np.random.default_rng(2))
    assert np.isfinite(at_centre).all()


def test_the_same_state_gives_the_same_velocities():
    position = np.random.default_rng(0).normal(0.0, 100.0, (1000, 3))
    for name in ("thin3", "thick", "bar", "nsd", "nsc"):
        first, second = (
            kinematics().draw(name, position, np.random.default_rng(7))
            for _ in range(2)
        )
        assert first.tobytes() == second.tobytes()


def test_no_stars():
    none = np.empty((0, 3))
    for name in ("thin3", "bar", "nsd", "nsc"):
        rng = np.random.default_rng(1)
        assert kinematics().draw(name, none, rng).shape == (0, 3)
        assert kinematics().moments(name, none).covariance.shape == (0, 3, 3)


def test_an_unknown_component():
    with pytest.raises(ConfigError, match="thin7"):
        kinematics().moments("thin8", np.zeros((1, 3)))


def table_text(change: str = "") -> str:
    rows = [
        f"{r} {z} 10.0 5.0 50.0 60.0 40.0 0.1"
        for r in (0.0, 0.005)
        for z in (0.0, 0.005)
    ]
    if change == "row":
        rows = rows[:-1]
    text = "\n".join(rows)
    return text.replace("40.0", change) if change not in ("", "row") else text


def test_moments_from_a_file(tmp_path):
    path = tmp_path / "own.dat"
    path.write_text("# R z rho vphi sphi sR sz corr\n" + table_text())
    table = read_disc(path)
    assert table.radius.tolist() == [0.0, 5.0]
    assert (table.sigma_phi, table.sigma_r)[0].tolist() == [[50.0] * 2] * 2
    own = kinematics_of(galaxy(), moments=path)
    sigma = own.moments("nsd", np.array([[1.0, 0.0, 0.0]])).dispersion[0]
    assert sigma == pytest.approx([60.0, 50.0, 40.0])


@pytest.mark.parametrize("change", ["row", "-1.0", "0.0", "nan", "forty"])
def test_tables_that_are_none(tmp_path, change):
    path = tmp_path / "own.dat"
    path.write_text(table_text(change))
    with pytest.raises(FileFormatError, match=r"own\.dat"):
        read_disc(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match=r"absent\.dat"):
        kinematics_of(galaxy(), moments=tmp_path / "absent.dat")
    with pytest.raises(FileFormatError, match=r"absent\.dat"):
        read_disc(tmp_path / "absent.dat")


def without_genulens(monkeypatch) -> None:
    from importlib import metadata

    def absent(name: str):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "files", absent)


def test_where_genulens_is_not_installed(monkeypatch):
    without_genulens(monkeypatch)
    with pytest.raises(ConfigError, match=r"reseau\[galaxy\]"):
        kinematics_of(galaxy(), moments="genulens")
    own = kinematics_of(galaxy(), moments="auto").law("nsd").local
    assert own.table.source == "shipped"


def test_kinematics_that_a_file_lacks():
    bare = dataclasses.replace(galaxy(), kinematics={})
    with pytest.raises(ConfigError, match="rotation_curve"):
        kinematics_of(bare)


def test_a_component_of_another_kind():
    halo = dataclasses.replace(
        galaxy().component("nsd"), name="halo", kind="stellar halo"
    )
    other = dataclasses.replace(galaxy(), components=(halo,))
    with pytest.raises(ConfigError, match="stellar halo"):
        kinematics_of(other)


def test_positions_that_are_not_finite():
    position = np.zeros((4, 3))
    position[2, 1] = np.nan
    for name in ("thin1", "nsc"):
        with pytest.raises(CatalogueError, match=r"1 of 4 .* row 2"):
            kinematics().moments(name, position)
        with pytest.raises(CatalogueError, match=r"1 of 4 .* row 2"):
            kinematics().draw(name, position, np.random.default_rng(1))


@pytest.mark.parametrize("name", ["thin2", "thick", "nsd", "nsc"])
def test_turned_places_have_turned_moments(name):
    rng = np.random.default_rng(9)
    position = rng.normal(0.0, 300.0, (20, 3))
    angle = 1.234
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
    here = kinematics().moments(name, position)
    there = kinematics().moments(name, position @ turn.T)
    assert there.mean == pytest.approx(here.mean @ turn.T, abs=1e-9)
    turned = turn @ here.covariance @ turn.T
    assert there.covariance == pytest.approx(turned, rel=1e-9, abs=1e-6)


def test_kinematics_travel_to_workers():
    position = np.random.default_rng(1).normal(0.0, 50.0, (100, 3))
    copy = pickle.loads(pickle.dumps(kinematics()))
    for name in ("thin5", "bar", "nsd", "nsc"):
        here, there = (
            k.draw(name, position, np.random.default_rng(3))
            for k in (kinematics(), copy)
        )
        assert here.tobytes() == there.tobytes()
