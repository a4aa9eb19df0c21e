"""What undoes a common motion of the detectors: rays of light as the judge."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from plates import make_plate, two_detectors
from quick import quick_jit
from reseau.instrument import make_distortion
from reseau.model import exposure_frame, predict, take_step
from reseau.model.companions import (
    companions,
    compensation,
    linearised,
    positions,
    scaled_least_squares,
    spread_common,
)
from reseau.model.gauge import Datum, find_datum, move_along, moved_detectors
from reseau.model.mode_curvature import mode_curvature

ALL = np.ones(2, dtype=bool)


@pytest.fixture(scope="module")
def plate():
    return make_plate(sources=40, exposures=3, seed=8)


@quick_jit
def _predicted(instrument, direction, parameters, around):
    """Return x and y of sources on exposures, on both detectors: (2, 2, n, m)."""
    frame = exposure_frame(parameters.axes, parameters.focal, around)
    rest = parameters.coefficients, parameters.skew, parameters.detectors
    components = tuple(direction[:, None, i] for i in range(3))
    both = [
        jnp.stack(predict(instrument, components, frame, *rest, jnp.full((1, 1), d)))
        for d in range(2)
    ]
    return jnp.stack(both, axis=1)


def _predicted_of(plate, parameters):
    instrument, around = plate.problem.instrument, plate.problem.exposures.surroundings
    return np.asarray(_predicted(instrument, plate.direction, parameters, around))


def _pixels(plate, parameters):
    """Return pixels of the sources that fall on the detectors."""
    seen = _predicted_of(plate, plate.truth)
    inside = np.all((seen > 0) & (seen < 2000.0), axis=0)
    assert inside.sum() > 30
    return _predicted_of(plate, parameters)[:, inside]


def test_columns_of_what_may_move(plate):
    """Three motions, two scales, fourteen coefficients and the skew."""
    problem = plate.problem
    np.testing.assert_array_equal(companions(problem), np.eye(20))

    def columns(free=problem.free, **changes):
        instrument = replace(problem.instrument, **changes)
        return companions(replace(problem, instrument=instrument, free=free))

    def without(*blocks):
        return tuple(block for block in problem.free if block not in blocks)

    rows = np.arange(20)
    np.testing.assert_array_equal(
        columns(without("scale")), np.eye(20)[:, (rows < 3) | (rows > 4)]
    )
    np.testing.assert_array_equal(
        columns(focal_sigma=np.asarray(0.0)), np.eye(20)[:, (rows < 3) | (rows > 4)]
    )
    np.testing.assert_array_equal(
        columns(without("distortion")), np.eye(20)[:, rows < 5]
    )
    np.testing.assert_array_equal(
        columns((*without("distortion"), "skew")),
        np.eye(20)[:, (rows < 5) | (rows == 19)],
    )
    some = np.where(np.arange(14) % 2 == 0, 1.0, 0.0)
    np.testing.assert_array_equal(
        columns(coefficient_sigma=some),
        np.eye(20)[:, (rows < 5) | (rows == 19) | (rows % 2 == 1)],
    )


@pytest.mark.parametrize("scale", ["exposure", "plate"])
def test_tied_axes_move_together(plate, scale):
    instrument = replace(plate.problem.instrument, scale=scale)
    found = companions(replace(plate.problem, instrument=instrument))
    assert found.shape == (20, 19)
    np.testing.assert_array_equal(np.flatnonzero(found[:, 3]), [3, 4])
    np.testing.assert_array_equal(found.sum(axis=1), np.ones(20))


def test_scaled_least_squares_of_columns_of_any_size():
    rng = np.random.default_rng(0)
    matrix, right = rng.normal(size=(9, 4)), rng.normal(size=(9, 2))
    size = np.array([1e-9, 1.0, 1e4, 1e11])
    wanted = np.linalg.lstsq(matrix, right, rcond=None)[0]
    found = scaled_least_squares(matrix * size, right)
    # As well as the columns without their sizes, whose condition is about three.
    np.testing.assert_allclose(found * size[:, None], wanted, rtol=0, atol=1e-13)
    one = scaled_least_squares(matrix * size, right[:, 0])
    np.testing.assert_allclose(one, found[:, 0], rtol=1e-12)


def test_scaled_least_squares_of_what_is_not_determined():
    """Equal shares for columns that are alike, nothing for one that is zero."""
    rng = np.random.default_rng(1)
    matrix = rng.normal(size=(9, 3))
    matrix[:, 1], matrix[:, 2] = 5.0 * matrix[:, 0], 0.0
    found = scaled_least_squares(matrix, 4.0 * matrix[:, 0])
    np.testing.assert_allclose(found, [2.0, 0.4, 0.0], rtol=0, atol=1e-14)


@pytest.mark.parametrize("spoilt", ["matrix", "right"])
def test_scaled_least_squares_of_what_has_run_away(spoilt):
    given = {"matrix": np.ones((5, 2)), "right": np.ones((5, 3))}
    given[spoilt][2, 1] = np.nan
    np.testing.assert_array_equal(scaled_least_squares(**given), np.zeros((2, 3)))


def test_derivatives_of_the_grid_are_those_of_its_positions(plate):
    truth, instrument = plate.truth, plate.problem.instrument
    rng = np.random.default_rng(2)
    point = (
        rng.normal(0.0, 1e-4, 5),
        np.asarray(truth.coefficients),
        np.asarray(0.001),
        np.asarray(truth.detectors),
    )
    found, columns = linearised(instrument, truth, *point, taking=ALL)
    assert found.shape == (2 * 2 * 49,)
    sizes = [np.ones(2) * 10.0, [1e-3], [1e-3, 1e-3]]
    steps = np.concatenate(
        [*sizes, np.full(14, 10.0), [1e-3], np.tile([10.0, 10.0, 1e-3, 0.01, 0.01], 2)]
    )
    assert columns.shape == (found.size, steps.size)

    def moved(amounts):
        parts = np.split(amounts, [5, 19, 20], axis=1)
        parts[2], parts[3] = parts[2][:, 0], parts[3].reshape(-1, 2, 5)
        whole = [np.asarray(p) + part for p, part in zip(point, parts, strict=True)]
        return positions(instrument, truth, *whole, taking=ALL)

    step = np.diag(steps)
    near = moved(step) - moved(-step)
    far = moved(2.0 * step) - moved(-2.0 * step)
    wanted = ((8.0 * near - far) / 12.0).T
    # Positions of 2e4 µm have 1e-11 of rounding, and move by 10 µm or more.
    size = np.abs(wanted).max(axis=0)
    np.testing.assert_allclose(columns * steps / size, wanted / size, atol=1e-11)


def test_detectors_that_do_not_take_part_have_no_rows(plate):
    truth, instrument = plate.truth, plate.problem.instrument
    point = np.zeros(5), truth.coefficients, truth.skew, truth.detectors
    whole, columns = linearised(instrument, truth, *point, taking=ALL)
    for d in range(2):
        taking = np.arange(2) == d
        part, some = linearised(instrument, truth, *point, taking=taking)
        rows = np.concatenate([np.arange(49) + 49 * d, np.arange(49) + 49 * (2 + d)])
        np.testing.assert_array_equal(part, whole[rows])
        np.testing.assert_array_equal(some, columns[rows])


@pytest.mark.parametrize("axis", [0, 1])
def test_a_common_shift_moves_every_exposure_alike(plate, axis):
    """By as many µm along X or Y of the plane, however the camera is turned."""
    truth = plate.truth
    common = np.zeros((5, 1))
    common[axis] = 20.0
    step = np.zeros(plate.problem.layout.size)
    step[plate.problem.layout.exposures] = spread_common(truth, common)[:, 0]
    straight = np.asarray(truth.detectors).copy()
    straight[0, 2] = 0.0
    plain = replace(truth, coefficients=np.zeros(14), detectors=straight)
    moved = take_step(plain, step, np.zeros((40, 2)))
    change = _predicted_of(plate, moved) - _predicted_of(plate, plain)
    # On the detector that lies straight, 10 µm a pixel; its mirror turns X about. What
    # the tilt adds over the field is the square of its radius, 1e-4.
    along, across = change[axis, 0], change[1 - axis, 0]
    size = 2.0 * np.asarray(truth.detectors)[0, 3 + axis] / 10.0
    assert np.ptp(np.sign(along)) == 0
    np.testing.assert_allclose(np.abs(along), size, rtol=2e-3)
    np.testing.assert_allclose(across, 0.0, atol=4e-3)


def test_a_common_turn_and_scale(plate):
    truth = plate.truth
    found = spread_common(truth, np.eye(5)).reshape(3, 5, 5)
    np.testing.assert_array_equal(found[:, 2, 2], np.ones(3))
    np.testing.assert_array_equal(found[:, 3, 3], truth.focal[:, 0])
    np.testing.assert_array_equal(found[:, 4, 4], truth.focal[:, 1])
    # Nothing else but the shifts, which are lengths over focal lengths.
    found[:, [2, 3, 4], [2, 3, 4]] = 0.0
    shifts = found[:, :2, :2].copy()
    found[:, :2, :2] = 0.0
    assert not found.any()
    length = np.linalg.norm(shifts, axis=1)
    np.testing.assert_allclose(length, 1.0 / np.asarray(truth.focal), rtol=1e-14)


MOVES = {
    "shift": [30.0, -20.0, 0.0, 0.0, 0.0],
    "turn": [0.0, 0.0, 1e-3, 0.0, 0.0],
    "pitch": [0.0, 0.0, 0.0, 1e-3, 1e-3],
}


@pytest.mark.parametrize("kind", MOVES)
def test_what_undoes_a_finite_motion_leaves_all_pixels(plate, kind):
    """Of every source on every exposure, by the prediction and not by the grid."""
    # Where they differ from exposure to exposure, it is undone to first order in that.
    focal = np.tile([3.0002e6, 2.9997e6], (3, 1))
    problem, truth = plate.problem, replace(plate.truth, focal=focal)
    dx, dy, turn, along, _ = MOVES[kind]
    detectors = np.array(truth.detectors)
    x, y = detectors[:, 0] * (1 + along), detectors[:, 1] * (1 + along)
    cos, sin = np.cos(turn), np.sin(turn)
    detectors[:, 0], detectors[:, 1] = cos * x - sin * y + dx, sin * x + cos * y + dy
    detectors[:, 2] += turn
    detectors[:, 3:] *= 1 + along
    target = replace(truth, detectors=detectors)
    common, coefficients, skew, worst = compensation(problem, truth, target, ALL)
    # What a tilt leaves is of third degree, which the distortion takes, and beyond.
    assert worst < 1e-5
    step = np.zeros(problem.layout.size)
    step[problem.layout.exposures] = spread_common(truth, common[:, None])[:, 0]
    moved = take_step(truth, step, np.zeros((40, 2)))
    moved = replace(moved, detectors=detectors, coefficients=coefficients, skew=skew)
    before, after = _pixels(plate, truth), _pixels(plate, moved)
    bare = np.abs(_pixels(plate, target) - before).max()
    assert bare > 1.0
    np.testing.assert_allclose(after, before, rtol=0, atol=1e-6)


def test_nothing_to_undo(plate):
    common, coefficients, skew, worst = compensation(
        plate.problem, plate.truth, plate.truth, ALL
    )
    assert worst == 0.0
    np.testing.assert_array_equal(common, np.zeros(5))
    np.testing.assert_array_equal(coefficients, plate.truth.coefficients)
    assert float(skew) == float(plate.truth.skew)


def test_steps_along_modes_and_their_curvature(plate):
    """`move_along` starts along the mode and bends as `mode_curvature` says."""
    problem, truth = plate.problem, plate.truth
    datum = find_datum(problem, truth)
    m = datum.directions.shape[1]
    assert datum.rows == (0, 1, 2, 3, 4)
    width = np.array([30.0, 30.0, 3e-4, 3e-4, 3e-4])
    curvature = mode_curvature(problem, truth, datum, width)
    assert curvature.shape == (problem.layout.size, m, m)
    np.testing.assert_array_equal(curvature, curvature.transpose(0, 2, 1))
    assert not curvature[problem.layout.detectors].any()
    amount = width * np.random.default_rng(3).normal(size=m)
    there = move_along(problem, truth, datum, amount)
    back = move_along(problem, truth, datum, -amount)
    linear = datum.directions @ amount
    bent = np.einsum("pij,i,j->p", curvature, amount, amount)
    odd, even = 0.5 * (there - back), there + back
    exposures = problem.layout.exposures
    kinds = np.arange(problem.layout.size)
    parts = [kinds[exposures].reshape(3, 5)[:, i].ravel() for i in range(5)]
    for part in [*parts, kinds[problem.layout.distortion]]:
        # Beside the odd part stands the third power of the amounts, of 3e-4 each,
        size = np.abs(linear[part]).max()
        np.testing.assert_allclose(odd[part] / size, linear[part] / size, atol=1e-4)
        # and beside the even one the fourth; of the roll it is little itself.
        size = np.abs(even[part]).max()
        np.testing.assert_allclose(bent[part] / size, even[part] / size, atol=5e-3)
        assert size > 1e-6 * np.abs(linear[part]).max()


def test_no_modes_have_no_curvature(plate):
    p = plate.problem.layout.size
    none = Datum((), np.zeros((p, 0)), np.zeros((0, p)))
    found = mode_curvature(plate.problem, plate.truth, none, np.zeros(0))
    assert found.shape == (p, 0, 0)


def test_modes_tell_which_detectors_they_move(plate):
    p, layout = plate.problem.layout.size, plate.problem.layout
    directions = np.zeros((p, 2))
    np.testing.assert_array_equal(moved_detectors(plate.truth, directions[:, :0]), ALL)
    directions[layout.detectors.start + 7, 1] = -1e-9
    found = moved_detectors(plate.truth, directions)
    np.testing.assert_array_equal(found, [False, True])


def test_a_transform_and_its_covariance():
    """T C Tᵀ by the few modes, and T takes off what modes hold of the constraints."""
    rng = np.random.default_rng(4)
    directions, constraints = rng.normal(size=(9, 3)), rng.normal(size=(3, 9))
    datum = Datum((), directions, constraints)
    transform = datum.transform()
    half = rng.normal(size=(9, 9))
    covariance = half @ half.T
    wanted = transform @ covariance @ transform.T
    size = np.abs(wanted).max()
    np.testing.assert_allclose(
        datum.covariance(covariance) / size, wanted / size, rtol=0, atol=1e-12
    )
    step = rng.normal(size=9)
    left = constraints @ transform @ step
    np.testing.assert_allclose(left, 0.0, rtol=0, atol=1e-12)


def test_without_distortion_a_shift_is_undone_by_pointing_alone():
    """Exactly on the axis, and up to the square of the field's radius beside it."""
    plain = two_detectors(
        distortion=make_distortion("none"),
        coefficients=np.zeros(0),
        coefficient_sigma=np.zeros(0),
    )
    plate = make_plate(sources=5, exposures=3, instrument=plain)
    detectors = np.array(plate.truth.detectors)
    detectors[:, 0] += 50.0
    target = replace(plate.truth, detectors=detectors)
    common, _, _, worst = compensation(plate.problem, plate.truth, target, ALL)
    radius = 25_000.0 / 3e6
    assert worst < 2.0 * 50.0 * radius**2
    assert abs(common[0]) == pytest.approx(50.0, rel=2.0 * radius**2)
    assert np.all(np.abs(common[1:]) < 50.0 * 2.0 * radius**2)
