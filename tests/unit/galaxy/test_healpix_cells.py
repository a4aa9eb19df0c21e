"""HEALPix cells of directions."""

import numpy as np
import pytest

from reseau.galaxy.extinction.healpix import HealpixHeader, HealpixMap, cell_of

ANGLES = np.random.default_rng(9)


def _directions(n: int) -> tuple[np.ndarray, np.ndarray]:
    longitude = ANGLES.uniform(-90.0, 270.0, n)
    return longitude, np.degrees(np.arcsin(ANGLES.uniform(-1.0, 1.0, n)))


def _ring_centres(nside: int) -> tuple[np.ndarray, np.ndarray]:
    """Return centres of all RING cells, after Górski et al. 2005, section 4.1."""
    z, phi = [], []
    for ring in range(1, 4 * nside):
        near = min(ring, 4 * nside - ring)
        if near < nside:
            number, height = 4 * near, 1.0 - near**2 / (3.0 * nside**2)
            z += [height if ring < nside else -height] * number
            phi += [np.pi / (2 * near) * (j - 0.5) for j in range(1, number + 1)]
        else:
            shift = 1.0 if (ring + nside) % 2 else 0.5
            z += [4.0 / 3.0 - 2.0 * ring / (3.0 * nside)] * 4 * nside
            phi += [np.pi / (2 * nside) * (j - shift) for j in range(1, 4 * nside + 1)]
    return np.degrees(np.array(phi)), np.degrees(np.arcsin(np.array(z)))


@pytest.mark.parametrize("nside", [1, 2, 4, 16])
def test_centres_of_ring_cells_are_in_their_cells(nside: int) -> None:
    longitude, latitude = _ring_centres(nside)
    # The centres of some are on the line where longitude begins: a little beside it.
    found = cell_of(longitude + 1e-9, latitude, nside, nested=False)
    assert (found == np.arange(12 * nside**2)).all()


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("nside", [1, 4, 64])
def test_cells_are_of_equal_area(nside: int, nested: bool) -> None:
    n = 200_000
    found = cell_of(*_directions(n), nside, nested=nested)
    count = np.bincount(found, minlength=12 * nside**2)
    assert len(count) == 12 * nside**2
    mean = n / len(count)
    assert ((count - mean) ** 2 / mean).mean() == pytest.approx(1.0, abs=1.0)


@pytest.mark.parametrize("nside", [1, 8, 512])
def test_four_nested_cells_are_one_of_the_order_before(nside: int) -> None:
    place = _directions(20_000)
    fine = cell_of(*place, 2 * nside, nested=True)
    assert (fine // 4 == cell_of(*place, nside, nested=True)).all()


@pytest.mark.parametrize("nside", [1, 2, 32])
def test_ring_and_nested_are_the_same_cells(nside: int) -> None:
    place = _directions(50_000)
    pair = np.stack([cell_of(*place, nside, nested=flag) for flag in (False, True)])
    several = np.unique(pair, axis=1)
    assert several.shape[1] == len(np.unique(pair[0])) == len(np.unique(pair[1]))


def test_the_finest_cells_are_those_of_64_bits() -> None:
    found = cell_of(*_directions(1000), 2**29, nested=True)
    assert (found // 4**29 == cell_of(*_directions(0), 1, nested=True).sum()).any()
    assert found.max() < 12 * 4**29


def test_a_part_of_the_sky_in_equatorial_cells() -> None:
    # The Galactic centre is at right ascension 266.405, declination -28.936.
    cell = cell_of(np.array([266.405]), np.array([-28.936]), 64, nested=True)
    found = HealpixMap.of(
        "part",
        HealpixHeader(64, nested=True, equatorial=True),
        excess=np.array([3.0]),
        scatter=None,
        pixel=cell.astype(float),
    )
    at = found.at(np.array([0.0, 5.0, np.nan]), np.zeros(3))
    assert at.inside.tolist() == [True, False, False]
    assert at.excess[0] == 3.0


def test_another_implementation_agrees() -> None:
    healpy = pytest.importorskip("healpy")
    place = _directions(100_000)
    for nside in (1, 2, 64, 2**20, 2**29):
        for nested in (False, True):
            wanted = healpy.ang2pix(nside, *place, nest=nested, lonlat=True)
            assert (cell_of(*place, nside, nested=nested) == wanted).all()
