"""Cells of tiles: numbers of stars against quadrature, and the cusp at Sgr A*."""

import numpy as np
import pytest

from reseau.galaxy.forward.cells import cells_of
from reseau.galaxy.forward.window import Window
from reseau.galaxy.model import cell_numbers, distance_cells, read_galaxy

DEGREE = np.pi / 180.0


@pytest.fixture(scope="module")
def galaxy():
    return read_galaxy()


@pytest.mark.parametrize(("east", "b"), [(0.35, 0.25), (1.05, -3.95), (-1.15, 0.55)])
def test_numbers_are_those_of_the_integrated_density(galaxy, east, b):
    """Within 0.5 % of Gauss-Legendre over cells of 2 % of the distance."""
    (tile,) = Window(east, b, 0.1, 0.1).tiles()
    numbers = cells_of(galaxy, tile).numbers.sum(axis=(1, 2))
    edges = distance_cells(galaxy.frame, east, b)
    area = (0.1 * DEGREE) ** 2 * np.cos(b * DEGREE)
    expected = (
        cell_numbers(galaxy, east, b, edges, extent=(0.1, 0.1)).sum(axis=1) * area
    )
    known = expected > 1.0
    assert known.sum() >= 9
    assert numbers[known] == pytest.approx(expected[known], rel=5e-3)


def test_the_cluster_at_sgr_a_is_resolved(galaxy):
    """Its stars in the central tile, against an integral about its centre."""
    centre_l, centre_b = galaxy.frame.centre
    (tile,) = Window(-0.05, -0.05, 0.1, 0.1).tiles()
    cells = cells_of(galaxy, tile)
    number = galaxy.names.index("nsc")
    found = cells.numbers[number].sum()
    scale = galaxy.frame.r0 * DEGREE
    component = galaxy.component("nsc")

    x, wx = _nodes(
        (tile.west - 360.0 - centre_l) * scale, (tile.east - 360.0 - centre_l) * scale
    )
    y, wy = _nodes((tile.south - centre_b) * scale, (tile.north - centre_b) * scale)
    z, wz = _nodes(-300.0, 300.0)
    place = np.stack(np.meshgrid(z, x, y, indexing="ij"), axis=-1).reshape(-1, 3)
    density = component.number_density(place).reshape(len(z), len(x), len(y))
    expected = np.einsum("zxy,z,x,y->", density, wz, wx, wy)
    assert found == pytest.approx(expected, rel=0.01)


def _nodes(low, high):
    """Gauss-Legendre nodes that are dense at zero, by the cube of the place."""
    points, weights = np.polynomial.legendre.leggauss(16)
    x, w = [], []
    for end in (low, high):
        s = 0.5 * (points + 1.0)
        x.append(end * s**3)
        w.append(abs(end) * 3.0 * s**2 * 0.5 * weights)
    return np.concatenate(x), np.concatenate(w)


def test_places_in_a_box_have_the_density_of_its_corners(galaxy):
    """At corners the density is theirs, and nowhere in the box it is greater."""
    (tile,) = Window(0.35, 0.25, 0.1, 0.1).tiles()
    cells = cells_of(galaxy, tile)
    rng = np.random.default_rng(6)
    n = 500
    box = (
        np.full(n, galaxy.names.index("nsd")),
        rng.integers(0, 16, n),
        rng.integers(0, len(cells.distance) - 1, n),
    )
    inside = cells.density(box, rng.random((n, 3)))
    blocks = (box[0], np.zeros(n, int), box[2])
    assert (inside <= cells.largest[blocks] * (1.0 + 1e-12)).all()
    for corner, (x, y) in enumerate([(0, 0), (1, 0), (0, 1), (1, 1)]):
        place = np.tile([x, y, 0.0], (n, 1)).astype(float)
        expected = cells.corners[(*box, corner)] * cells.curvature[box]
        assert cells.density(box, place) == pytest.approx(expected, rel=1e-12)
