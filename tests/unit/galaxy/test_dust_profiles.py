"""How extinction grows with distance."""

from pathlib import Path

import numpy as np
import pytest
from scipy import integrate

from reseau.errors import ConfigError
from reseau.galaxy.extinction import read_dust, read_profile
from reseau.galaxy.extinction.clump import clump_distance
from reseau.galaxy.extinction.columns import column

NAMES = ["exponential", "disc", "central-zone"]


def _sky(n: int, seed: int = 4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.uniform(-1.5, 1.5, n), rng.uniform(-0.7, 0.7, n)


def test_the_clump_is_where_nataf_has_it() -> None:
    found = clump_distance(np.array([0.31, 360.31]), np.full(2, -0.0375))
    assert found == pytest.approx(8004.0, abs=1.0)
    moved = clump_distance(np.array([0.0]), np.array([0.0]), centre=8160.0)
    assert moved == pytest.approx(8160.0)


@pytest.mark.parametrize("name", NAMES)
def test_the_share_is_one_at_the_clump_and_none_here(name: str) -> None:
    longitude, latitude = _sky(50)
    centre = None if name == "exponential" else read_dust(name).r0
    clump = clump_distance(longitude, latitude, centre=centre)
    share = read_profile(name).share
    assert share(longitude, latitude, clump) == pytest.approx(1.0, abs=2e-3)
    assert share(longitude, latitude, np.zeros(50)) == pytest.approx(0.0)


@pytest.mark.parametrize("name", NAMES)
def test_the_share_grows_with_distance(name: str) -> None:
    distance = np.linspace(0.0, 60_000.0, 6001)
    for longitude, latitude in ((0.0, 0.0), (-0.7, 0.3), (8.0, -3.9), (90.0, 1.0)):
        place = np.full(6001, longitude), np.full(6001, latitude)
        assert (np.diff(read_profile(name).share(*place, distance)) >= 0.0).all()


def test_the_exponential_profile_is_as_published() -> None:
    # At 35 kpc it is four times the map's: its known defect.
    one = np.ones(1)
    found = read_profile("exponential").share(0.0 * one, 0.1 * one, 35_000.0 * one)
    assert found == pytest.approx(3.766, abs=0.005)
    plane = read_profile("exponential").share(0.0 * one, 0.0 * one, 35_000.0 * one)
    assert plane == pytest.approx(4.32, abs=0.01)


@pytest.mark.parametrize("name", ["disc", "central-zone"])
def test_dust_ends_behind_the_centre(name: str) -> None:
    longitude, latitude = np.linspace(-1.4, 0.7, 40), np.linspace(-0.6, 0.6, 40)
    far = read_profile(name).share(longitude, latitude, np.full(40, 35_000.0))
    assert far.max() < 2.5
    assert far.min() > 1.0


def test_a_screen_stands_before_and_behind_the_centre() -> None:
    distance = np.array([7900.0, 8160.0, 8420.0])
    place = np.full(3, -0.056), np.full(3, -0.046)
    zone = np.diff(read_profile("central-zone").share(*place, distance))
    disc = np.diff(read_profile("disc").share(*place, distance))
    assert (zone > 3.0 * disc).all()
    # The ring about the centre is as thick behind as before.
    assert zone[0] == pytest.approx(zone[1], rel=0.01)


def test_columns_are_those_of_a_quadrature() -> None:
    rng = np.random.default_rng(1)
    dust, n = read_dust(), 16
    place = rng.uniform(-1, 1, n), rng.uniform(-1, 1, n), rng.uniform(500, 16e3, n)
    marks = [7800.0, 7950.0, 8050.0, 8160.0, 8270.0, 8370.0, 8500.0]

    def slow(longitude: float, latitude: float, distance: float) -> float:
        def density(d: float) -> float:
            one = (np.array([x]) for x in (longitude, latitude, d))
            return float(dust.density(*one)[0])

        inside = [m for m in marks if m < distance]
        return integrate.quad(
            density, 0.0, distance, points=inside, epsabs=1e-7, limit=200
        )[0]

    wanted = [slow(*star) for star in zip(*place, strict=True)]
    assert column(dust, *place) == pytest.approx(wanted, rel=5e-3)


def test_a_star_has_the_same_share_whatever_others_there_are() -> None:
    longitude, latitude = _sky(1000)
    distance = np.linspace(100.0, 16_000.0, 1000)
    share = read_profile("central-zone").share
    whole = share(longitude, latitude, distance)
    parts = [
        share(longitude[at], latitude[at], distance[at])
        for at in (slice(0, 10), slice(10, 500), slice(500, 1000))
    ]
    assert (np.concatenate(parts) == whole).all()


def test_a_longitude_may_be_told_either_way() -> None:
    one, share = np.ones(1), read_profile("central-zone").share
    east = share(-0.5 * one, 0.1 * one, 8000.0 * one)
    assert share(359.5 * one, 0.1 * one, 8000.0 * one) == pytest.approx(east)


def test_dust_of_ones_own_is_a_profile(tmp_path: Path) -> None:
    file = tmp_path / "dust.toml"
    file.write_text(
        '[[dust]]\nname = "thin"\nlocal_mag_per_kpc = 0.1\nlength_pc = 3000\n'
        "height_pc = 100\n"
    )
    profile = read_profile(str(file))
    assert profile.name == "thin"
    high = profile.share(np.zeros(2), np.full(2, 30.0), np.array([1000.0, 30_000.0]))
    # At b = 30 deg all the dust is within a kiloparsec.
    assert high[0] == pytest.approx(high[1], rel=0.01)
    file.write_text('[[dust]]\nname = "thin"\nlocal_mag_per_kpc = -0.1\n')
    with pytest.raises(ConfigError, match=r"local_mag_per_kpc"):
        read_profile(file)


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(ConfigError, match="did you mean 'central-zone'"):
        read_profile("centralzone")
