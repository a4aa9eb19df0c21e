"""Windows, tiles and limits of mocks."""

import numpy as np
import pytest

from reseau.errors import ConfigError
from reseau.galaxy.forward.limit import MagnitudeLimit, read_limit
from reseau.galaxy.forward.window import Window, read_window
from reseau.galaxy.photometry import HW_FORMULAS


@pytest.mark.parametrize("east", [-0.1, 359.9, 719.9, -360.1])
def test_a_window_across_l_0_is_the_same_however_it_is_written(east):
    """Tiles and places inside do not depend on the turn of l."""
    window = Window(east, 0.0, 0.3, 0.1)
    tiles = window.tiles()
    assert {round(t.west, 6) for t in tiles} == {359.7, 359.8, 359.9, 0.0}
    assert {round(t.south, 6) for t in tiles} == {-0.1, 0.0}
    assert len({t.number for t in tiles}) == len(tiles) == 8
    inside = window.contains(
        np.array([359.751, 0.049, -0.2, 359.749, 0.051]), np.zeros(5)
    )
    assert inside.tolist() == [True, True, True, False, False]


def test_edges_that_are_tiles_own_touch_no_others():
    """0.25 to 0.35 needs two columns, 0.3 to 0.4 one."""
    assert len(Window(0.35, 0.25, 0.1, 0.1).tiles()) == 1
    assert len(Window(0.3, 0.25, 0.1, 0.1).tiles()) == 2
    (tile,) = Window(0.35, -0.05, 0.1, 0.1).tiles()
    assert tile[1:] == pytest.approx((0.3, 0.4, -0.1, 0.0), abs=1e-12)


def test_tiles_cover_a_window_once():
    """Random places in a window are in one tile each, which is one of the window's."""
    window = Window(10.03, -89.7, 0.77, 0.5)
    rng = np.random.default_rng(1)
    east = (10.03 + 0.77 * (rng.random(500) - 0.5)) % 360.0
    b = -89.7 + 0.5 * (rng.random(500) - 0.5)
    assert window.contains(east, b).all()
    count = sum(
        ((east >= t.west) & (east < t.east) & (b >= t.south) & (b < t.north)).astype(
            int
        )
        for t in window.tiles()
    )
    assert (count == 1).all()


def test_the_area_counts_the_shrinking_of_longitude():
    """The whole sky has 41,253 square degrees."""
    whole = 4.0 * np.pi * np.rad2deg(1.0) ** 2
    assert Window(0.0, 0.0, 360.0, 180.0).area == pytest.approx(whole, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0,0,0.1", "four numbers"),
        ("0,0,0.1,x", "four numbers"),
        ("nan,0,1,1", "finite"),
        ("0,0,0,1", "above 0"),
        ("0,89.9,1,1", "pole"),
        ("0,0,360,180", "tiles"),
    ],
)
def test_a_wrong_window_says_what_is_wanted(text, said):
    """Each of them names the option."""
    with pytest.raises(ConfigError, match=said) as refused:
        read_window(text).tiles()
    assert "window" in str(refused.value)


def test_the_field_of_the_mission_has_a_name():
    """-1.4 to 0.7 deg in longitude, 0.6 deg on both sides of the plane."""
    window = read_window("Jasmine")
    assert [window.l, window.b, window.dl, window.db] == pytest.approx(
        [-0.35, 0.0, 2.1, 1.2]
    )


@pytest.mark.parametrize("text", ["Hw", "Hw=", "Hw=faint", "Q=12", "Hw=nan", "J=99"])
def test_a_wrong_limit_says_what_is_wanted(text):
    """A band, and a magnitude that is believed."""
    with pytest.raises(ConfigError, match="limit"):
        read_limit(text)


def test_a_limit_in_any_band_is_a_function_of_the_apparent_magnitudes():
    """Hw is the formula of J and H, the others are themselves."""
    seen = np.random.default_rng(2).uniform(8.0, 18.0, (50, 4))
    for i, band in enumerate(("J", "H", "Ks", "G")):
        assert np.array_equal(read_limit(f"{band}=12").value(seen), seen[:, i])
    for name, formula in HW_FORMULAS.items():
        limit = MagnitudeLimit("Hw", 12.0, formula)
        expected = formula.magnitude(seen[:, 0], seen[:, 1])
        assert np.allclose(limit.value(seen), expected, rtol=0, atol=1e-12), name
    assert str(read_limit("hw=16")) == "Hw=16"
