"""Derivatives of the stages against differences of the observation equation."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from plates import make_plate, two_detectors
from quick import quick_jit
from reseau.instrument import make_distortion, rotate_axes
from reseau.model import (
    detector_frame,
    exposure_frame,
    feature_matrix,
    on_detector,
    on_plane,
    plain_columns,
    predict,
    source_frame,
)
from reseau.sky import displaced

_rotate_axes = quick_jit(rotate_axes)

N, K = 7, 4
"""Sources and slots: exposures 0, 1, 2, 0 on detectors 0, 1, 0, 1."""

EXPOSURE, DETECTOR = np.array([0, 1, 2, 0]), np.array([0, 1, 0, 1])


def _instrument(kind):
    if kind == "legendre":
        return two_detectors(skew=np.asarray(0.003))
    distortion = make_distortion("brown-conrady", normalisation=20_000.0)
    return two_detectors(
        distortion=distortion,
        coefficients=distortion.default() + 0.01,
        coefficient_sigma=distortion.widths(1000.0),
        projection="equidistant",
        skew=np.asarray(0.003),
    )


@pytest.fixture(scope="module", params=["legendre", "brown-conrady"])
def plate(request):
    plate = make_plate(
        sources=N, exposures=3, velocity=1e-4, instrument=_instrument(request.param)
    )
    offset = np.random.default_rng(0).normal(0, 1e-6, (N, 2))
    return plate.problem, replace(plate.truth, offset=offset, skew=np.asarray(0.003))


@quick_jit
def _stages(problem, parameters, valid):
    frame = exposure_frame(
        parameters.axes, parameters.focal, problem.exposures.surroundings
    )
    frames = jax.tree.map(lambda v: v[EXPOSURE], frame)
    sources = source_frame(jnp.asarray(problem.prior.direction), parameters.offset)
    origin = jnp.asarray(problem.instrument.detectors.origin)
    detectors = detector_frame(parameters.detectors, origin)
    instrument = problem.instrument
    plane = on_plane(instrument, sources, frames, valid)
    met = jax.tree.map(lambda v: v[DETECTOR], detectors)
    at = on_detector(
        instrument, plane.position, parameters.coefficients, parameters.skew, met
    )
    plain = plain_columns(plane.position, at)
    return plane, at, feature_matrix(instrument, detectors), plain


@quick_jit
def _pixels(problem, parameters):
    direction = displaced(jnp.asarray(problem.prior.direction), parameters.offset)
    frame = exposure_frame(
        parameters.axes, parameters.focal, problem.exposures.surroundings
    )
    return jnp.stack(
        predict(
            problem.instrument,
            tuple(direction[None, :, i] for i in range(3)),
            jax.tree.map(lambda v: v[EXPOSURE][:, None], frame),
            parameters.coefficients,
            parameters.skew,
            parameters.detectors,
            jnp.asarray(DETECTOR)[:, None],
        )
    )


@pytest.fixture(scope="module")
def found(plate):
    return jax.tree.map(np.asarray, _stages(*plate, np.ones((K, N), dtype=bool)))


def _difference(plate, change, step):
    """Return central differences of the pixels, to fourth order."""
    problem, parameters = plate

    def at(amount):
        return np.asarray(_pixels(problem, change(parameters, amount)))

    near, far = at(step) - at(-step), at(2 * step) - at(-2 * step)
    return (8.0 * near - far) / (12.0 * step)


def _agree(found, wanted):
    """Compare with differences over steps that move pixels by some tenths or more.

    Pixels have some 1e-12 of rounding, from the 3e5 of a focal length.
    """
    size = np.abs(wanted).max()
    assert size > 0
    np.testing.assert_allclose(found / size, wanted / size, rtol=0, atol=1e-10)


def _on_pixels(at, columns, i):
    """Return the i-th derivative of undistorted positions, carried to the pixels."""
    (xx, xy), (yx, yy) = at.plane
    x, y = columns[0][i], columns[1][i]
    return np.stack([xx * x + xy * y, yx * x + yy * y])


def test_pixels_are_those_of_the_prediction(plate, found):
    at = found[1]
    # 1e-16 of 3e5 pixels of focal length, some operations.
    np.testing.assert_allclose(np.stack(at.pixel), _pixels(*plate), rtol=0, atol=1e-8)


@pytest.mark.parametrize("axis", [0, 1])
def test_by_the_offsets_of_the_sources(plate, found, axis):
    plane, at = found[:2]

    def change(parameters, amount):
        offset = np.array(parameters.offset)
        offset[:, axis] += amount
        return replace(parameters, offset=offset)

    _agree(_on_pixels(at, plane.source, axis), _difference(plate, change, 1e-5))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_by_the_attitude(plate, found, axis):
    plane, at = found[:2]

    def change(parameters, amount):
        step = np.zeros((3, 3))
        step[:, axis] = amount
        axes = np.asarray(_rotate_axes(parameters.axes, step))
        return replace(parameters, axes=axes)

    # A roll acts over the field only, a hundredth of a radian.
    step = 1e-3 if axis == 2 else 1e-5
    _agree(_on_pixels(at, plane.exposure, axis), _difference(plate, change, step))


@pytest.mark.parametrize("axis", [0, 1])
def test_by_the_focal_lengths(plate, found, axis):
    plane, at = found[:2]

    def change(parameters, amount):
        focal = np.array(parameters.focal)
        focal[:, axis] += amount
        return replace(parameters, focal=focal)

    _agree(_on_pixels(at, plane.exposure, 3 + axis), _difference(plate, change, 100.0))


def _by_features(found, column):
    """Return derivatives of the pixels as features combine them, (2, k, n)."""
    _, at, matrix, _ = found
    return np.einsum("kif,fkn->ikn", matrix[DETECTOR, :, column], at.features)


def test_by_the_coefficients(plate, found):
    problem, _ = plate
    n, plain = problem.instrument.coefficients.size, found[3]
    for i in range(n):

        def change(parameters, amount, i=i):
            coefficients = np.array(parameters.coefficients)
            coefficients[i] += amount
            return replace(parameters, coefficients=coefficients)

        linear = problem.instrument.distortion.is_linear
        got = _by_features(found, i) if linear else np.stack([plain[0][i], plain[1][i]])
        # What moves a position at the edge by 5 µm.
        step = 5.0 * float(problem.instrument.distortion.widths(1.0)[i])
        _agree(got, _difference(plate, change, step))


def test_by_the_skew(plate, found):
    plain = found[3]
    wanted = _difference(
        plate, lambda p, a: replace(p, skew=np.asarray(float(p.skew) + a)), 1e-4
    )
    _agree(np.stack([plain[0][-1], plain[1][-1]]), wanted)


STEPS = (1.0, 1.0, 1e-4, 1e-3, 1e-3)


@pytest.mark.parametrize("i", range(5))
def test_by_the_detector(plate, found, i):
    """Directly, and as combinations of features; those of the other detector are 0."""
    problem, _ = plate
    _, at, matrix, _ = found

    def change(parameters, amount):
        detectors = np.array(parameters.detectors)
        detectors[:, i] += amount
        return replace(parameters, detectors=detectors)

    wanted = _difference(plate, change, STEPS[i])
    both = [np.broadcast_to(row[i], (K, N)) for row in at.detector]
    _agree(np.stack(both), wanted)
    first = matrix.shape[2] - 5
    _agree(_by_features(found, first + i), wanted)
    linear = problem.instrument.distortion.is_linear
    assert first == (problem.instrument.coefficients.size if linear else 0)


def test_empty_places_are_finite(plate, found):
    """Where a source was not measured it may lie behind the camera."""
    problem, parameters = plate
    direction = np.array(problem.prior.direction)
    direction[0] = -direction[0]
    behind = replace(problem, prior=replace(problem.prior, direction=direction))
    valid = np.ones((K, N), dtype=bool)
    valid[:, 0] = False
    plane, at = jax.tree.map(np.asarray, _stages(behind, parameters, valid))[:2]
    for leaf in jax.tree.leaves((plane, at)):
        assert np.all(np.isfinite(leaf))
    np.testing.assert_array_equal(plane.position[0][:, 0], np.zeros(K))
    for one, other in zip(plane.position, found[0].position, strict=True):
        np.testing.assert_array_equal(one[:, 1:], other[:, 1:])
