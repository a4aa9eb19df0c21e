"""Windows, their tiles, and the polygons and bounds that hold them, against PyGaia.

PyGaia's Galactic coordinates are those of the Hipparcos Catalogue, as Gaia's are, and
ERFA's. Those of astropy are turned by the 25 mas between FK5 and ICRS.
"""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from pygaia.astrometry.coordinates import CoordinateTransformation, Transformations

from reseau._windows import WINDOWS, Window, window_of
from reseau.errors import ConfigError
from reseau.exchange.archives.tiles import Tile, bounds, galactic, polygon, tiles_of

BOXES = [
    WINDOWS["jasmine"],
    window_of("359.5,0.3,2,0.5"),
    window_of("120,60,5,4"),
    window_of("200,-75,3,5"),
    window_of("123,27,4,4"),  # the celestial North pole
    window_of("96.3,-60.2,3,3"),  # right ascension 0
    window_of("40,87.5,5,5"),  # the Galactic pole
]


def places(box: Window, n: int = 4000, wider: float = 0.0) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(3)
    longitude = rng.uniform(box.l_min - wider, box.l_max + wider, n)
    latitude = rng.uniform(
        max(box.b_min - wider, -90.0), min(box.b_max + wider, 90.0), n
    )
    # Places on the edges, too.
    longitude[:200], longitude[200:400] = box.l_min, box.l_max
    latitude[400:600], latitude[600:800] = box.b_min, box.b_max
    return longitude, latitude


def icrs(longitude: np.ndarray, latitude: np.ndarray) -> SkyCoord:
    turned = CoordinateTransformation(Transformations.GAL2ICRS)
    angles = turned.transform_sky_coordinates(
        np.radians(longitude), np.radians(latitude)
    )
    return SkyCoord(*angles * u.rad)


def test_names_and_numbers_of_windows() -> None:
    assert window_of("JASMINE") == Window(-1.4, 0.7, -0.6, 0.6, "jasmine")
    near = window_of((359.9, 0.0, 0.4, 0.2))
    assert (near.l_min, near.l_max) == pytest.approx((-0.3, 0.1))
    assert window_of("0,0,360,180").area == pytest.approx(41252.96, abs=0.01)


def test_limits_belong_to_a_window_on_every_turn() -> None:
    jasmine = WINDOWS["jasmine"]
    inside = jasmine.contains(
        [-1.4, 0.7, 360.7 - 1e-9, 359.0, 0.0], [0, 0.6, 0, -0.6, 0]
    )
    assert inside.all()
    outside = jasmine.contains([0.7000001, 358.5999, 180.0, 0.0], [0, 0, 0, 0.6000001])
    assert not outside.any()
    assert not jasmine.contains(np.nan, 0.0)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("jasmin", "did you mean 'jasmine'"),
        ("1,2,3", "four numbers"),
        ("0,0,0,1", "0 < dl <= 360"),
        ("0,89.9,1,1", "latitudes within"),
        ("nan,0,1,1", "finite"),
    ],
)
def test_what_is_no_window_is_refused(given: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        window_of(given)


@pytest.mark.parametrize("box", BOXES, ids=str)
def test_galactic_coordinates_are_those_of_hipparcos(box: Window) -> None:
    given = places(box)
    place = icrs(*given)
    ours = SkyCoord(*np.array(galactic(place.ra.deg, place.dec.deg)) * u.deg)
    assert ours.separation(SkyCoord(*given * u.deg)).to_value("uas").max() < 1e-2
    theirs = SkyCoord(place.galactic.l, place.galactic.b)
    assert 5.0 < ours.separation(theirs).to_value("mas").max() < 30.0


@pytest.mark.parametrize("side", [0.3, 1.0, 50.0])
@pytest.mark.parametrize("box", BOXES, ids=str)
def test_each_place_is_in_one_tile(box: Window, side: float) -> None:
    longitude, latitude = places(box, wider=0.5)
    tiles = tiles_of(box, side)
    quarters = [
        q for t in tiles for q in (t.split() if t.name != tiles[0].name else (t,))
    ]
    count = sum(t.contains(longitude, latitude).astype(int) for t in quarters)
    np.testing.assert_array_equal(count, box.contains(longitude, latitude))
    assert max(t.l_max - t.l_min for t in tiles) <= min(side, 5.0) + 1e-9
    assert len({q.name for q in quarters}) == len(quarters)


def inner(corners: np.ndarray, ra: np.ndarray, dec: np.ndarray) -> np.ndarray:
    """Return which places are on the inner side of all great circles, by vectors."""
    unit = [SkyCoord(*p * u.deg).cartesian.xyz.value for p in corners]
    at = SkyCoord(ra * u.deg, dec * u.deg).cartesian.xyz.value
    turned = [*unit[1:], unit[0]]
    normals = np.array([np.cross(a, b) for a, b in zip(unit, turned, strict=True)])
    normals *= np.sign(normals @ np.mean(unit, axis=0))[:, None]
    return (normals @ at >= 0.0).all(axis=0)


@pytest.mark.parametrize("box", BOXES, ids=str)
def test_a_polygon_holds_its_box_and_little_else(box: Window) -> None:
    corners = polygon(box, 1e-5)
    place = icrs(*places(box))
    assert inner(corners, place.ra.deg, place.dec.deg).all()
    if box.b_max < 85.0:  # near the pole a parallel is far from a great circle
        longitude, latitude = places(box, wider=0.5)
        around = icrs(longitude, latitude)
        held = inner(corners, around.ra.deg, around.dec.deg)
        excess = held & ~box.contains(longitude, latitude)
        assert excess.sum() < 0.03 * held.sum()


@pytest.mark.parametrize("box", BOXES, ids=str)
def test_bounds_hold_their_box(box: Window) -> None:
    west, east, south, north = bounds(box, 1e-5)
    place = icrs(*places(box))
    ra, dec = place.ra.deg, place.dec.deg
    in_ra = (ra >= west) & (ra <= east) if west <= east else (ra >= west) | (ra <= east)
    assert (in_ra & (dec >= south) & (dec <= north)).all()
    assert north - south < 2.5 * max(box.b_max - box.b_min, box.l_max - box.l_min)


def test_a_tile_says_whether_its_upper_limits_are_its_own() -> None:
    tile = Tile("0", 0.0, 1.0, 0.0, 1.0, last_l=False, last_b=True)
    at = np.array([0.0, 1.0]), np.array([0.0, 1.0])
    np.testing.assert_array_equal(tile.contains(at[0], np.zeros(2)), [True, False])
    np.testing.assert_array_equal(tile.contains(np.zeros(2), at[1]), [True, True])
