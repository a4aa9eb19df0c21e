"""Laws and map against the package genulens, which has them in C++."""

import numpy as np
import pytest

from reseau.galaxy.extinction import read_extinction_map, read_law
from reseau.galaxy.extinction.maps import GridMap

genulens = pytest.importorskip("genulens")

QUADRANTS = ((1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0))
FIELDS = ["Jmag", "Hmag", "Kmag"]


def _theirs(law: int, quadrant: int, names: list[str]) -> np.ndarray:
    found = genulens.genstars_reference_extinction(*QUADRANTS[quadrant], 1.0, law)
    return np.array([getattr(found, name) for name in names])


def test_wang_and_chen_in_all_bands() -> None:
    names = [*FIELDS, "Vmag", "Imag", "F087mag", "F146mag", "F213mag"]
    ours = read_law("wang2019").ratios(
        ["J", "H", "Ks", "V", "I", "Z087", "W146", "F213"]
    )
    assert ours == pytest.approx(_theirs(2, 0, names), rel=1e-9)


@pytest.mark.parametrize("quadrant", range(4))
def test_nishiyama_by_quadrant(quadrant: int) -> None:
    ours = read_law("nishiyama2009").ratios(["J", "H", "Ks"], quadrant)
    theirs = _theirs(1, quadrant, FIELDS)
    # They turn VVV's excess into 2MASS' by 1 / 0.97 in all; ours follows from the law.
    assert ours / (ours[0] - ours[2]) == pytest.approx(
        theirs / (theirs[0] - theirs[2]), rel=1e-4
    )
    assert ours == pytest.approx(theirs, rel=0.015)


@pytest.mark.parametrize("quadrant", range(4))
def test_alonso_garcia_by_quadrant(quadrant: int) -> None:
    ours = read_law("alonso-garcia2017").ratios(["J", "H", "Ks"], quadrant)
    theirs = _theirs(3, quadrant, FIELDS)
    assert ours[[0, 2]] == pytest.approx(theirs[[0, 2]], rel=1e-3)
    # Between the bands ours is a power law of its own, theirs the far one's.
    assert ours[1] == pytest.approx(theirs[1], rel=5e-3)


@pytest.fixture(scope="module")
def surot() -> GridMap:
    """Return the map of Surot et al. 2020."""
    found = read_extinction_map("genulens")
    assert isinstance(found, GridMap)
    return found


def test_the_map_is_the_same_in_random_directions(surot: GridMap) -> None:
    table = genulens.GenstarsExtinctionMap.load_default()
    rng = np.random.default_rng(7)
    longitude, latitude = rng.uniform(-9.4, 9.4, 2000), rng.uniform(-9.9, 4.4, 2000)
    theirs = [table.ejk_at(*place) for place in zip(longitude, latitude, strict=True)]
    found = surot.at(longitude, latitude)
    assert (found.inside == (np.array(theirs) > 0.0)).all()
    known = found.inside
    assert found.excess[known] == pytest.approx(np.array(theirs)[known], abs=1e-12)
    assert 0.9 < known.mean() < 1.0


def test_typical_reddenings(surot: GridMap) -> None:
    at = surot.at(np.array([0.3125]), np.array([-0.0375]))
    assert at.excess == pytest.approx(4.759, abs=1e-9)
    # Corners of cells: the value is among those of the four that meet there.
    for place, value in (
        ((0.0, 0.0), 4.67),
        ((0.5, -0.4), 3.28),
        ((-1.2, 0.5), 2.06),
        ((1.0, -3.9), 0.23),
    ):
        beside = np.linspace(-0.0225, 0.0225, 10)
        around = np.meshgrid(place[0] + beside, place[1] + beside)
        near = surot.at(*(x.ravel() for x in around)).excess
        assert near.min() < value < near.max()
        assert np.median(near) == pytest.approx(value, rel=0.1)
    assert not surot.at(np.array([9.6, 0.0]), np.array([0.0, 4.6])).inside.any()


def test_what_the_smooth_map_is_worth(surot: GridMap) -> None:
    edges = surot.longitude_edges, surot.latitude_edges
    middle = [0.5 * (e[1:] + e[:-1]) for e in edges]
    l, b = (x.ravel() for x in np.meshgrid(*middle, indexing="ij"))  # noqa: E741
    smooth = read_extinction_map("smooth").at(l, b).excess
    off = np.log(smooth / surot.excess.ravel())
    field = (l > -1.4) & (l < 0.7) & (np.abs(b) < 0.6)
    assert np.std(off[field]) == pytest.approx(0.19, abs=0.02)
    assert np.mean(off[field]) == pytest.approx(0.0, abs=0.07)
    wide = (np.abs(b) < 4.0) & np.isfinite(off)
    assert np.std(off[wide]) == pytest.approx(0.38, abs=0.02)
    assert np.mean(off[wide]) == pytest.approx(0.0, abs=0.05)


def test_scatter_inside_cells_is_that_of_their_sub_cells(surot: GridMap) -> None:
    assert surot.detail is not None
    divided = surot.detail.row >= 0
    inside = surot.detail.excess.std(axis=(1, 2))
    told = surot.scatter[divided]
    spread = np.empty(divided.shape)
    spread[divided] = inside[surot.detail.row[divided]]
    assert np.median(told / spread[divided]) == pytest.approx(1.0, abs=0.1)
