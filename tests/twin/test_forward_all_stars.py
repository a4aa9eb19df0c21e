"""The forward draw against a slow twin that draws every star and then looks at it."""

import numpy as np
import pytest
from scipy import stats

import stand_in_galaxy as stand_in
from reseau.galaxy.forward.draw import draw_tile, tile_seed
from reseau.galaxy.forward.limit import read_limit
from reseau.galaxy.forward.window import Window
from reseau.galaxy.photometry import HW_FORMULAS

TILE = Window(0.35, 0.25, 0.1, 0.1).tiles()[0]
RUNS = 3


def with_companions(populations, component, ends, share, fraction, rng):
    """Magnitudes of stars, some with the light of a companion, by interpolation."""
    rows = slice(*populations.first[component : component + 2])
    mass = np.append(populations.mass[rows, 0], populations.mass[rows, 1][-1])
    points = np.concatenate(
        [populations.magnitudes[rows, 0], populations.magnitudes[rows, 1][-1:]]
    )
    magnitude = (1.0 - share) * ends[0] + share * ends[1]
    own = (1.0 - share[:, 0]) * ends[2][:, 0] + share[:, 0] * ends[2][:, 1]
    paired = rng.random(len(own)) < fraction
    other = rng.random(len(own)) * own
    flux = 10.0 ** (-0.4 * magnitude)
    for band in range(4):
        light = 10.0 ** (-0.4 * np.interp(other, mass, points[:, band]))
        flux[:, band] += np.where(paired & (other >= mass[0]), light, 0.0)
    return -2.5 * np.log10(flux)


def every_star(galaxy, cloud, limit, rng, fraction=0.0):
    """All living stars of the tile, one by one; those within the limit at the end."""
    populations = stand_in.populations()
    grid = np.geomspace(1.0, 30_000.0, 6001)
    middle = 0.5 * (grid[:-1] + grid[1:])
    area = np.deg2rad(0.1) * (
        np.sin(np.deg2rad(TILE.north)) - np.sin(np.deg2rad(TILE.south))
    )
    found = []
    for component in range(3):
        place = [
            np.full(len(middle), 0.5 * sum(ends))
            for ends in ((TILE.west, TILE.east), (TILE.south, TILE.north))
        ]
        line = galaxy.star_density(*place, middle)[component] * np.diff(grid) * area
        most = 2.0  # the ball's density varies by less over the tile
        count = rng.poisson(most * line.sum())
        step = rng.choice(len(line), count, p=line / line.sum())
        distance = grid[step] + rng.random(count) * np.diff(grid)[step]
        east = TILE.west + 0.1 * rng.random(count)
        b = TILE.south + 0.1 * rng.random(count)
        # Of unequal area in sin b, and of unequal density off the tile's middle.
        here = galaxy.star_density(east, b, distance)[component]
        there = galaxy.star_density(
            np.full(count, place[0][0]), np.full(count, place[1][0]), distance
        )[component]
        kept = rng.random(count) * most < here / there
        assert np.max(here / there) < most
        east, b, distance = east[kept], b[kept], distance[kept]
        first, last = populations.first[component : component + 2]
        weight = populations.weight[first:last]
        shares = np.append(weight, 1.0 - weight.sum())
        segment = rng.choice(len(shares), len(east), p=shares)
        seen = segment < len(weight)
        east, b, distance, segment = east[seen], b[seen], distance[seen], segment[seen]
        reddening = cloud.at(east, b)
        scatter = stats.truncnorm.rvs(-3.0, 3.0, size=len(east), random_state=rng)
        front = np.maximum(reddening.excess + reddening.scatter * scatter, 0.0)
        ends = populations.magnitudes[first + segment]
        share = rng.random((len(east), 1))
        magnitude = with_companions(
            populations,
            component,
            (ends[:, 0], ends[:, 1], populations.mass[first + segment]),
            share,
            fraction,
            rng,
        )
        magnitude = magnitude + (5.0 * np.log10(distance / 10.0))[:, None]
        magnitude += (front * distance / stand_in.R0)[:, None] * stand_in.RATIOS
        if limit.band == "Hw":
            hw = HW_FORMULAS["2mass"].magnitude(magnitude[:, 0], magnitude[:, 1])
        else:
            hw = magnitude[:, ("J", "H", "Ks", "G").index(limit.band)]
        bright = hw <= limit.magnitude
        found.append(
            np.column_stack(
                [
                    np.full(bright.sum(), component),
                    hw[bright],
                    (magnitude[:, 0] - magnitude[:, 2])[bright],
                    distance[bright],
                    east[bright],
                    b[bright],
                ]
            )
        )
    return np.concatenate(found)


def fast(model, seed):
    parts = list(
        draw_tile(model, TILE, np.random.default_rng(tile_seed(seed, TILE)), chunk=7000)
    )
    return np.concatenate(
        [
            np.column_stack(
                [
                    p.component,
                    model.limit.value(p.magnitudes),
                    p.magnitudes[:, 0] - p.magnitudes[:, 2],
                    p.distance,
                    p.l,
                    p.b,
                ]
            )
            for p in parts
        ]
    )


@pytest.mark.parametrize(
    ("limit", "fraction"),
    [("Hw=18", 0.0), ("Ks=14.5", 0.0), ("G=23", 0.4), ("Hw=18", 0.7)],
)
def test_it_draws_the_stars_that_drawing_all_of_them_leaves(limit, fraction):
    """Poisson counts by component, magnitude, colour, distance and place agree."""
    galaxy, cloud = stand_in.Slab(0.02), stand_in.Cloud()
    model = stand_in.model(limit, galaxy=galaxy, cloud=cloud, fraction=fraction)
    slow = np.concatenate(
        [
            every_star(
                galaxy, cloud, read_limit(limit), np.random.default_rng(seed), fraction
            )
            for seed in range(4)
        ]
    )
    runs = 4 * RUNS
    quick = np.concatenate([fast(model, seed) for seed in range(runs)])
    for component in range(3):
        one, many = slow[slow[:, 0] == component], quick[quick[:, 0] == component]
        if len(one) < 200:
            continue
        for column in range(1, 6):
            edges = np.quantile(one[:, column], np.linspace(0, 1, 11))
            edges[[0, -1]] = -np.inf, np.inf
            a, _ = np.histogram(one[:, column], edges)
            b, _ = np.histogram(many[:, column], edges)
            chi2 = np.sum((RUNS * a - b) ** 2 / (RUNS**2 * a + b))
            assert stats.chi2.sf(chi2, 10) > 1e-4, (component, column, a, b)
    assert np.all(quick[:, 1] <= model.limit.magnitude)


def test_edges_of_a_limit_lose_no_star():
    """Stars just within the limit are there: a deeper draw, cut, has as many."""
    galaxy = stand_in.Slab(0.05)
    shallow = stand_in.model("Hw=17", galaxy=galaxy)
    deep = stand_in.model("Hw=18.5", galaxy=galaxy)
    one = np.concatenate([fast(shallow, seed) for seed in range(6)])
    two = np.concatenate([fast(deep, seed) for seed in range(6, 12)])
    two = two[two[:, 1] <= 17.0]
    edges = np.append(np.quantile(one[:, 1], np.linspace(0.0, 1.0, 16))[:-1], 17.0)
    edges[0] = -np.inf
    a, _ = np.histogram(one[:, 1], edges)
    b, _ = np.histogram(two[:, 1], edges)
    assert stats.chi2.sf(np.sum((a - b) ** 2 / (a + b)), 15) > 1e-4
