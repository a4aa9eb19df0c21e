"""How measurements are laid out: each at one place, whatever their order."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from plates import make_plate
from reseau.equations.plan import BATCH, PARTS, SLOTS, plan_tiles, rounded_up
from reseau.model.arrangement import whitening_factors


@pytest.fixture(scope="module")
def problem():
    """A plate of several tiles, which takes several batches."""
    problem = make_plate(exposures=40, sources=300, seed=4).problem
    fixed = np.zeros(300, dtype=bool)
    fixed[::7] = True
    return replace(problem, prior=replace(problem.prior, fixed=fixed))


@pytest.fixture(scope="module")
def plan(problem):
    return plan_tiles(problem)


def _places(plan):
    """Return measurements and their blocks, slots and positions."""
    b, s, i = np.nonzero(plan.row < plan.n_measurements)
    return plan.row[b, s, i], b, s, i


def _check_parts(plan):
    """Check that the batches of the parts hold the blocks of the plan, in order."""
    assert 1 <= len(plan.parts) <= PARTS
    tiles = [i for part in plan.parts for i in part.tiles]
    assert tiles == list(range(len(plan.tiles)))
    row, pixel, of_tile, sizes = [], [], [], set()
    for part in plan.parts:
        of_part = []
        for batch in part.batches:
            k, whitening = batch.tile.size, np.asarray(batch.blocks.whitening)
            sizes.add(len(batch.blocks.detector))
            row.append(batch.row[:k])
            pixel.append(np.asarray(batch.blocks.pixel_x)[:k])
            of_part += list(batch.tile)
            # What fills the batch up counts for nothing and is no measurement.
            assert np.all(whitening[:, k:] == 0.0)
            assert np.all(batch.row[k:] == plan.n_measurements)
        assert set(of_part) == set(part.tiles)
        of_tile += of_part
    assert len(sizes) == 1
    assert max(sizes) <= BATCH
    np.testing.assert_array_equal(np.concatenate(row), plan.row)
    np.testing.assert_array_equal(np.concatenate(pixel), plan.blocks.pixel_x)
    wanted = [[i] * (t.blocks.stop - t.blocks.start) for i, t in enumerate(plan.tiles)]
    np.testing.assert_array_equal(of_tile, np.concatenate(wanted))


def test_a_measurement_is_at_its_place(problem, plan):
    measurements = problem.measurements
    row, b, s, i = _places(plan)
    np.testing.assert_array_equal(np.sort(row), np.arange(plan.n_measurements))
    blocks = plan.blocks
    pixel = np.stack([blocks.pixel_x[b, s, i], blocks.pixel_y[b, s, i]], axis=1)
    np.testing.assert_array_equal(pixel, measurements.pixel[row])
    factors = whitening_factors(measurements.covariance)
    np.testing.assert_array_equal(blocks.whitening[:, b, s, i], factors[:, row])
    np.testing.assert_array_equal(blocks.exposure[b, s], measurements.exposure[row])
    assert blocks.exposure.shape[1] in SLOTS
    assert np.all(blocks.whitening[:, plan.row == plan.n_measurements] == 0.0)


def test_batches_hold_the_blocks(plan):
    assert len(plan.parts) > 1
    assert sum(len(part.batches) for part in plan.parts) > len(plan.parts)
    _check_parts(plan)


def test_tiles_tell_what_their_sources_met(problem, plan):
    measurements = problem.measurements
    sources = [tile.source[tile.source < 300] for tile in plan.tiles]
    met = np.unique(measurements.source)
    np.testing.assert_array_equal(np.sort(np.concatenate(sources)), met)
    for tile, own in zip(plan.tiles, sources, strict=True):
        rows = np.isin(measurements.source, own)
        exposures = np.unique(measurements.exposure[rows])
        np.testing.assert_array_equal(tile.exposure, exposures)
        np.testing.assert_array_equal(
            tile.detector, np.unique(measurements.detector[rows])
        )
        slots = plan.blocks.exposure[tile.blocks].ravel()
        for slot, which in tile.slots:
            np.testing.assert_array_equal(slots[slot], tile.exposure[which])
            assert np.unique(which).size == which.size
        filled = np.any(plan.row[tile.blocks] < plan.n_measurements, axis=2).ravel()
        every = np.sort(np.concatenate([slot for slot, _ in tile.slots]))
        np.testing.assert_array_equal(every, np.flatnonzero(filled))


def test_sources_that_are_held_are_not_solved_for(problem, plan):
    prior = problem.prior
    for tile in plan.tiles:
        inside = tile.source < 300
        held = prior.fixed[tile.source[inside]]
        np.testing.assert_array_equal(tile.free[inside], ~held)
        assert np.all(tile.free[~inside] == 0.0)
    met = np.zeros(300, dtype=bool)
    met[problem.measurements.source] = True
    wanted = prior.information * (met & ~prior.fixed)[:, None, None]
    np.testing.assert_array_equal(plan.information, wanted)


def test_no_priors_in_a_free_network_and_none_free_where_sources_are_held(problem):
    network = plan_tiles(replace(problem, free_network=True))
    assert not network.information.any()
    assert any(tile.free.any() for tile in network.tiles)
    held = plan_tiles(replace(problem, free=("attitude", "scale")))
    assert not held.information.any()
    assert not any(tile.free.any() for tile in held.tiles)
    assert not held.blocks.free.any()


def test_sources_that_met_the_like_share_a_tile():
    """Half of the sources met three of exposures 0 to 4, the others three of 5 to 9."""
    problem = make_plate(sources=5, exposures=10).problem
    n, rng = 128, np.random.default_rng(0)
    met = [5 * (i % 2) + rng.choice(5, 3, replace=False) for i in range(n)]
    m = 3 * n
    measurements = replace(
        problem.measurements,
        pixel=np.zeros((m, 2)),
        covariance=np.tile(np.eye(2), (m, 1, 1)),
        source=np.repeat(np.arange(n), 3).astype(np.int32),
        exposure=np.concatenate(met).astype(np.int32),
        detector=np.zeros(m, dtype=np.int32),
    )
    prior = replace(
        problem.prior,
        direction=np.tile([1.0, 0.0, 0.0], (n, 1)),
        information=np.zeros((n, 2, 2)),
        fixed=np.zeros(n, dtype=bool),
    )
    plan = plan_tiles(replace(problem, measurements=measurements, prior=prior))
    assert sorted(tuple(tile.exposure) for tile in plan.tiles) == [
        (0, 1, 2, 3, 4),
        (5, 6, 7, 8, 9),
    ]


def test_the_same_whatever_the_order_of_rows(problem, plan):
    order = np.random.default_rng(1).permutation(plan.n_measurements)
    mixed = jax.tree.map(lambda leaf: leaf[order], problem.measurements)
    other = plan_tiles(replace(problem, measurements=mixed))
    for one, two in zip(plan.blocks, other.blocks, strict=True):
        np.testing.assert_array_equal(one, two)
    row, b, s, i = _places(plan)
    np.testing.assert_array_equal(order[other.row[b, s, i]], row)


def test_some_of_the_tiles(plan):
    numbers = [len(plan.tiles) - 1, 1]
    some = plan.of_tiles(numbers)
    _check_parts(some)
    assert len(some.tiles) == 2
    for number, tile in zip(numbers, some.tiles, strict=True):
        whole = plan.tiles[number]
        np.testing.assert_array_equal(tile.source, whole.source)
        np.testing.assert_array_equal(some.row[tile.blocks], plan.row[whole.blocks])
        for one, two in zip(some.blocks, plan.blocks, strict=True):
            if one is None:  # covariates, of which there are none
                assert two is None
            elif one.ndim < 4:  # not the whitening, whose first axis is of its entries
                np.testing.assert_array_equal(one[tile.blocks], two[whole.blocks])
        np.testing.assert_array_equal(
            some.blocks.whitening[:, tile.blocks],
            plan.blocks.whitening[:, whole.blocks],
        )


def test_none_of_the_tiles(plan):
    nothing = plan.of_tiles([])
    assert nothing.tiles == []
    assert nothing.parts == ()
    assert nothing.row.shape[0] == 0


def test_held_sources_and_other_measurements(plan):
    m = plan.n_measurements
    rng = np.random.default_rng(2)
    pixel, counts = rng.normal(size=(m, 2)), rng.uniform(size=m) < 0.7
    held = plan.held(pixel, counts)
    _check_parts(held)
    assert not held.information.any()
    assert not held.blocks.free.any()
    assert not any(tile.free.any() for tile in held.tiles)
    row, b, s, i = _places(held)
    np.testing.assert_array_equal(np.sort(row), np.arange(m))
    np.testing.assert_array_equal(held.blocks.pixel_x[b, s, i], pixel[row, 0])
    np.testing.assert_array_equal(held.blocks.pixel_y[b, s, i], pixel[row, 1])
    np.testing.assert_array_equal(
        held.blocks.whitening[:, b, s, i],
        plan.blocks.whitening[:, b, s, i] * counts[row],
    )
    # The plan that it came from is as it was.
    assert plan.blocks.free.any()


def test_a_source_seen_twice_in_a_slot_takes_two(problem):
    measurements = problem.measurements
    thrice = np.array([5, 5, 5, 9])
    more = jax.tree.map(lambda leaf: np.concatenate([leaf, leaf[thrice]]), measurements)
    plan = plan_tiles(replace(problem, measurements=more))
    row, b, s, i = _places(plan)
    np.testing.assert_array_equal(np.sort(row), np.arange(plan.n_measurements))
    assert np.unique(np.stack([b, s, i]), axis=1).shape[1] == row.size
    own = np.isin(row, [5, *(len(measurements.source) + np.arange(3))])
    assert np.unique(plan.blocks.source[b[own], i[own]]).size == 1
    assert np.unique(plan.blocks.exposure[b[own], s[own]]).size == 1
    tile = next(t for t in plan.tiles if t.blocks.start <= b[own][0] < t.blocks.stop)
    assert len(tile.slots) >= 4


def test_one_measurement(problem):
    single = jax.tree.map(lambda leaf: leaf[10:11], problem.measurements)
    plan = plan_tiles(replace(problem, measurements=single))
    _check_parts(plan)
    assert plan.row.shape == (1, 1, 8)
    row, b, s, i = _places(plan)
    np.testing.assert_array_equal(row, [0])
    assert plan.blocks.source[b[0], i[0]] == single.source[0]
    assert plan.blocks.exposure[b[0], s[0]] == single.exposure[0]
    assert plan.blocks.detector[b[0]] == single.detector[0]
    assert np.count_nonzero(plan.blocks.source < 300) == 1


@pytest.mark.parametrize(
    ("number", "wanted"),
    [(1, 4), (4, 4), (5, 6), (6, 6), (7, 8), (8, 8), (9, 12), (13, 16), (25, 32)],
)
def test_few_numbers_to_compile_for(number, wanted):
    assert rounded_up(number) == wanted


def test_numbers_of_programs_waste_less_than_half():
    numbers = np.arange(4, 2000)
    rounded = np.array([rounded_up(int(n)) for n in numbers])
    assert np.all(rounded >= numbers)
    assert np.all(rounded < 1.5 * numbers)
    assert np.unique(rounded).size == 19  # two an octave, from 4 to 2048
