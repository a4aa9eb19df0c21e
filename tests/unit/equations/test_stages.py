"""Pixels and derivatives of batches, each at the place of its measurement."""

import jax
import numpy as np
import pytest

from plates import make_plate
from reseau._usual import FEWEST
from reseau.equations.plan import plan_tiles
from reseau.equations.residuals import residuals_at
from reseau.equations.stages import (
    by_pixel,
    frames_at,
    in_slots,
    rows_of,
    stacked,
    stages,
    whitened_own,
)
from twin.dense import jacobian


@pytest.fixture(scope="module")
def plate():
    return make_plate()


@pytest.fixture(scope="module")
def batch(plate):
    """The only batch of a small plate, with its stages."""
    plan = plan_tiles(plate.problem)
    (part,) = plan.parts
    (batch,) = part.batches
    frames = frames_at(plate.problem, plate.truth)
    found = stages(plate.problem.instrument, frames, batch.blocks)
    return plan, batch, frames, found


def test_rows_beyond_the_last_are_the_last_again(plate, batch):
    """So that programs are of few numbers of sources and exposures."""
    frames = batch[2]
    assert frames.sources.direction.shape == (FEWEST, 3)
    assert frames.exposures.axes.shape == (FEWEST, 3, 3)
    np.testing.assert_array_equal(frames.exposures.axes[:6], plate.truth.axes)
    for leaf, n in (
        *((v, 60) for v in jax.tree.leaves(frames.sources)),
        *((v, 6) for v in jax.tree.leaves(frames.exposures)),
    ):
        last = np.broadcast_to(leaf[n - 1], leaf[n:].shape)
        np.testing.assert_array_equal(leaf[n:], last)


def test_rows_of_arrays():
    values = np.arange(8.0).reshape(4, 2)
    found = rows_of(values, np.array([2, 0, 4, 99]))
    np.testing.assert_array_equal(found, values[[2, 0, 3, 3]])


def test_own_derivatives_and_residuals_are_those_of_the_dense_rows(plate, batch):
    plan, whole, _, (plane, at) = batch
    source, left = (np.asarray(v) for v in whitened_own(whole.blocks, plane, at))
    residual, rows = jacobian(plate.problem, plate.truth)
    n = source.shape[-1]
    row = whole.row.reshape(-1, n)
    seen = 0
    for slot, i in zip(*np.nonzero(row < plan.n_measurements), strict=True):
        m = row[slot, i]
        s = plate.problem.measurements.source[m]
        # Some 1e-9 pixel over errors of a hundredth.
        np.testing.assert_allclose(
            left[slot, :, i], residual[2 * m : 2 * m + 2], rtol=1e-9, atol=1e-6
        )
        wanted = -rows[2 * m : 2 * m + 2, 2 * s : 2 * s + 2]
        size = np.abs(wanted).max()
        np.testing.assert_allclose(
            source[slot, :, :, i].T / size, wanted / size, rtol=0, atol=1e-12
        )
        seen += 1
    assert seen == plan.n_measurements
    empty = row == plan.n_measurements
    assert not np.moveaxis(left, 1, -1)[empty].any()
    assert not np.moveaxis(source, -1, 1)[empty].any()


def test_places_of_a_batch_hold_their_measurements(plate, batch):
    plan, whole, _, (_, at) = batch
    x, y, whitening = (np.asarray(v) for v in in_slots(whole.blocks))
    row = whole.row.reshape(x.shape)
    full = row < plan.n_measurements
    pixel = plate.problem.measurements.pixel
    np.testing.assert_array_equal(np.stack([x, y], -1)[full], pixel[row[full]])
    assert not whitening[:, ~full].any()
    apart = np.stack([x - at.pixel[0], y - at.pixel[1]], axis=-1)
    found = residuals_at(plate.problem, plan, plate.truth).pixel
    np.testing.assert_array_equal(apart[full], found[row[full]])


def test_columns_are_carried_on_by_the_matrix_of_the_place(batch):
    """And stacked with the pixel last but one, block by block."""
    _, whole, _, (plane, at) = batch
    by_x, by_y = by_pixel(at, plane.exposure)
    matrix = np.moveaxis(np.asarray(at.plane), (0, 1), (-2, -1))
    columns = np.stack([np.stack(row, axis=-1) for row in plane.exposure], axis=-2)
    wanted = matrix @ columns
    # Sums of two products of some 3e5 pixels a radian.
    size = np.abs(wanted).max(axis=(0, 1, 2))
    for i in range(5):
        np.testing.assert_allclose(
            by_x[i] / size[i], wanted[..., 0, i] / size[i], 0, 1e-15
        )
        np.testing.assert_allclose(
            by_y[i] / size[i], wanted[..., 1, i] / size[i], 0, 1e-15
        )
    shape = np.shape(whole.blocks.whitening)[1:]
    found = np.asarray(stacked(by_x, by_y, shape))
    assert found.shape == (*shape[:2], 5, 2, shape[2])
    np.testing.assert_array_equal(found[0, 0, 3, 1], by_y[3][0])
    np.testing.assert_array_equal(found[-1, -1, 2, 0], by_x[2][-1])
