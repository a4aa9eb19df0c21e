"""Numbers of stars in cells of distance against adaptive quadrature."""

import dataclasses
import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.integrate import quad

from reseau.errors import ConfigError
from reseau.galaxy.model import Galaxy, cell_numbers, distance_cells, read_galaxy

NUCLEAR = ("nsd", "nsc")


@pytest.fixture(scope="module")
def galaxy() -> Galaxy:
    return read_galaxy()


def _only(galaxy: Galaxy, *names: str) -> Galaxy:
    chosen = tuple(galaxy.component(name) for name in names)
    return dataclasses.replace(galaxy, components=chosen)


def _closest(galaxy: Galaxy, l: float, b: float) -> float:  # noqa: E741
    return -float(galaxy.frame.axes(l, b)[2] @ galaxy.frame.sun)


def _line(
    galaxy: Galaxy,
    name: str,
    l: float,  # noqa: E741
    b: float,
) -> Callable[[float], float]:
    component = galaxy.component(name)

    def stars(distance: float) -> float:
        place = galaxy.frame.galactocentric(l, b, np.array([distance]))
        return float(component.number_density(place)[0]) * distance**2

    return stars


@pytest.mark.parametrize(
    ("l", "b", "name"),
    [
        (0.3, 0.1, "thin1"),
        (0.3, 0.1, "bar"),
        (-0.04, -0.05, "nsd"),
        (0.5, 30.0, "thin7"),
    ],
)
def test_every_cell_is_integrated(
    galaxy: Galaxy,
    l: float,  # noqa: E741
    b: float,
    name: str,
) -> None:
    edges = distance_cells(galaxy.frame, l, b)
    found = cell_numbers(_only(galaxy, name), l, b, edges)[0]
    stars, closest = _line(galaxy, name, l, b), _closest(galaxy, l, b)
    middle = np.searchsorted(edges, closest)
    for i in (0, 40, middle - 30, middle - 1, middle, middle + 100, len(found) - 1):
        number = quad(stars, edges[i], edges[i + 1], epsabs=0.0, epsrel=1e-10)[0]
        assert found[i] == pytest.approx(number, rel=1e-5, abs=1e-12 * found.max())


@pytest.mark.parametrize(
    "offset", [(0.3, 0.1), (0.02, 0.01), (0.002, -0.001), (2e-4, 0.0)]
)
@pytest.mark.parametrize("name", NUCLEAR)
def test_lines_of_sight_near_the_cusp(
    galaxy: Galaxy, name: str, offset: tuple[float, float]
) -> None:
    """Passing Sgr A* at 45, 3, 0.3 and 0.03 pc."""
    l, b = (c + o for c, o in zip(galaxy.frame.centre, offset, strict=True))  # noqa: E741
    edges = distance_cells(galaxy.frame, l, b)
    found = cell_numbers(_only(galaxy, name), l, b, edges).sum()
    stars, closest = _line(galaxy, name, l, b), _closest(galaxy, l, b)
    steps = (0.0, 0.05, 0.5, 5.0, 50.0, 300.0, 1000.0)
    number = sum(
        quad(stars, closest + s * near, closest + s * far, limit=100)[0] * s
        for near, far in itertools.pairwise(steps)
        for s in (-1, 1)
    )
    assert found == pytest.approx(number, rel=1e-5)


@pytest.mark.parametrize("shift", [0.0, 0.3])
def test_a_window_holds_the_cusp(galaxy: Galaxy, shift: float) -> None:
    """The cluster in a square of 0.02 deg with Sgr A* in it, in polar coordinates."""
    cluster, side = _only(galaxy, "nsc"), 0.02
    l, b = galaxy.frame.centre  # noqa: E741
    middle = (l + shift * side, b + 0.5 * shift * side)
    edges = distance_cells(galaxy.frame, *middle, extent=(side, side))
    found = cell_numbers(cluster, *middle, edges, extent=(side, side)).sum()

    near = edges[np.abs(edges - galaxy.frame.r0) < 1100.0]
    x, w = np.polynomial.legendre.leggauss(6)
    sides = [(shift + s) * side for s in (-0.5, 0.5)]
    ends = [(0.5 * shift + s) * side for s in (-0.5, 0.5)]
    corners = sorted(math.atan2(v, u) for u in sides for v in ends)
    total = 0.0
    for first, last in zip(
        corners, [*corners[1:], corners[0] + 2 * math.pi], strict=True
    ):
        for i in range(6):
            angle = first + 0.5 * (x[i] + 1.0) * (last - first)
            way = np.array([math.cos(angle), math.sin(angle)])
            with np.errstate(divide="ignore"):
                reach = np.array([sides, ends]) / way[:, None]
            far = np.min(reach[reach > 0.0])
            # The cusp goes as radius^0.29 in projection: even steps of its power.
            power = 0.5 * (x + 1.0)
            radius = far * power**2
            line = [
                cell_numbers(cluster, l + r * way[0], b + r * way[1], near).sum()
                for r in radius
            ]
            ring = 0.5 * w * 2.0 * power * far * radius
            total += 0.5 * w[i] * (last - first) * float(np.array(line) @ ring)
    assert found == pytest.approx(total / side**2, rel=2e-3)


def test_a_window_far_from_the_centre_is_the_mean(galaxy: Galaxy) -> None:
    l, b, side = 20.0, 5.0, 2.0  # noqa: E741
    edges = distance_cells(galaxy.frame, l, b)[::8]
    found = cell_numbers(galaxy, l, b, edges, extent=(side, side)).sum(axis=1)
    x, w = np.polynomial.legendre.leggauss(6)
    mean, area = np.zeros(11), 0.0
    for i in range(6):
        for k in range(6):
            up = b + 0.5 * side * x[k]
            share = w[i] * w[k] * math.cos(math.radians(up))
            along = l + 0.5 * side * x[i]
            mean += share * cell_numbers(galaxy, along, up, edges).sum(axis=1)
            area += share
    mean /= area
    np.testing.assert_allclose(found[:9], mean[:9], rtol=1e-4)
    assert not found[9:].any()


def test_edges_are_fine_where_they_need_to_be(galaxy: Galaxy) -> None:
    frame = galaxy.frame
    for place in (frame.centre, (0.3, 0.1), (5.0, -2.0), (180.0, 0.0), (359.9, 89.0)):
        edges = distance_cells(frame, *place)
        width, middle = np.diff(edges), 0.5 * (edges[1:] + edges[:-1])
        assert edges[0] == 10.0
        assert edges[-1] == 30000.0
        assert np.all(width > 0.0)
        # A cell that would leave less than half of itself takes that in.
        assert np.all(width <= 1.55 * 0.02 * edges[1:])
        assert np.all(width <= 1.55 * 50.0)
        towards = frame.galactocentric(*place, middle)
        apart = np.linalg.norm(towards, axis=1)
        assert np.all(width[apart < 2450.0] <= 10.0 + 1e-9)
        assert np.all(width <= np.maximum(0.25 * apart, 0.0501))
    through = distance_cells(frame, *frame.centre)
    assert np.min(np.diff(through)) == pytest.approx(0.05)
    assert np.min(np.abs(through - frame.r0)) < 1e-6
    assert len(through) < 1500
    near = distance_cells(frame, frame.centre[0] + 0.05, frame.centre[1])
    within = distance_cells(
        frame, frame.centre[0] + 0.05, frame.centre[1], extent=(0.2, 0.2)
    )
    assert np.min(np.diff(near[near > 7000.0])) > 1.0
    assert np.min(np.diff(within[within > 7000.0])) == pytest.approx(0.05)


@pytest.mark.parametrize(
    "wrong",
    [{"nearest": 0.0}, {"farthest": 5.0}, {"finest": 0.0}, {"farthest": math.inf}],
)
def test_impossible_cells_are_refused(galaxy: Galaxy, wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="0 < nearest < farthest"):
        distance_cells(galaxy.frame, 0.0, 0.0, **wrong)
