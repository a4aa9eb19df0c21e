"""Distortion maps against NumPy's Legendre series and Monte Carlo."""

import numpy as np
import pytest
from numpy.polynomial import legendre

from reseau.diagnostics import (
    DistortionMap,
    difference,
    evaluate_distortion,
    focal_plane_grid,
    in_mas,
    without_affine,
)
from reseau.errors import ShapeError
from reseau.instrument import BrownConrady, Legendre

SCALE = 20_000.0
MODEL = Legendre(degree=3, normalisation=SCALE)


def _coefficients(seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0, 10.0, MODEL.n_coefficients)


def test_the_map_is_numpys_series() -> None:
    coefficients = _coefficients()
    x, y = focal_plane_grid(SCALE, 0.5 * SCALE, n=9)
    found = evaluate_distortion(MODEL, coefficients, x=x, y=y)
    table = np.zeros((2, 4, 4))
    for name, value in zip(MODEL.names, coefficients, strict=True):
        table["AB".index(name[0]), int(name[2]), int(name[3])] = value
    for part, of in ((found.dx, table[0]), (found.dy, table[1])):
        wanted = legendre.legval2d(x / SCALE, y / SCALE, of)
        np.testing.assert_allclose(part, wanted, rtol=1e-9, atol=1e-9)
    assert found.sigma is None
    assert found.rms == pytest.approx(np.sqrt(np.mean(found.size**2)))


def test_the_skew_comes_before_the_distortion() -> None:
    x, y = focal_plane_grid(SCALE, n=5)
    zero = np.zeros(MODEL.n_coefficients)
    found = evaluate_distortion(MODEL, zero, x=x, y=y, skew=1e-4)
    np.testing.assert_allclose(found.dx, 1e-4 * y, atol=1e-9)
    np.testing.assert_allclose(found.dy, 0.0, atol=1e-9)


@pytest.mark.parametrize("model", [MODEL, BrownConrady(normalisation=SCALE)])
def test_the_uncertainty_is_that_of_drawn_coefficients(model) -> None:
    rng = np.random.default_rng(2)
    n = model.n_coefficients + 1
    widths = np.append(1e-2 * model.widths(10.0), 1e-6)
    root = rng.normal(size=(n, n)) * widths[:, None]
    covariance = root @ root.T
    values = np.append(model.default() + model.widths(10.0), 1e-5)
    x, y = focal_plane_grid(SCALE, n=3)

    def at(parameters: np.ndarray, **options: np.ndarray) -> DistortionMap:
        return evaluate_distortion(
            model, parameters[:-1], x=x, y=y, skew=float(parameters[-1]), **options
        )

    draws = rng.multivariate_normal(values, covariance, size=400, method="cholesky")
    maps = [at(d) for d in draws]
    found = at(values, covariance=covariance)
    spread_x = np.std([m.dx for m in maps], axis=0)
    spread_y = np.std([m.dy for m in maps], axis=0)
    # Four σ of a standard deviation from 400 draws.
    np.testing.assert_allclose(found.sigma_x, spread_x, rtol=0.14, atol=1e-9)
    np.testing.assert_allclose(found.sigma_y, spread_y, rtol=0.14, atol=1e-9)


def test_a_covariance_without_skew_is_taken_too() -> None:
    x, y = focal_plane_grid(SCALE, n=3)
    n = MODEL.n_coefficients
    values, options = _coefficients(), {"x": x, "y": y}
    small = np.eye(n)
    large = np.zeros((n + 1, n + 1))
    large[:n, :n] = small
    first = evaluate_distortion(MODEL, values, covariance=small, **options)
    second = evaluate_distortion(MODEL, values, covariance=large, **options)
    assert first.sigma is not None
    np.testing.assert_array_equal(first.sigma, second.sigma)
    with pytest.raises(ShapeError, match=f"{n + 2} rows"):
        evaluate_distortion(MODEL, values, covariance=np.eye(n + 2), **options)


def test_a_difference_subtracts_vectors_and_joins_errors() -> None:
    x, y = focal_plane_grid(SCALE, n=5)
    n = MODEL.n_coefficients
    first = evaluate_distortion(MODEL, _coefficients(1), x=x, y=y, covariance=np.eye(n))
    second = evaluate_distortion(MODEL, _coefficients(2), x=x, y=y)
    delta = _coefficients(1) - _coefficients(2)
    wanted = evaluate_distortion(MODEL, delta, x=x, y=y)
    found = difference(first, second)
    np.testing.assert_allclose(found.dx, wanted.dx, atol=1e-9)
    np.testing.assert_array_equal(found.sigma, first.sigma)
    np.testing.assert_array_equal(difference(second, first).sigma, first.sigma)
    twice = difference(first, first)
    np.testing.assert_allclose(twice.sigma, np.sqrt(2.0) * first.sigma)


def test_a_difference_wants_one_grid_and_one_unit() -> None:
    x, y = focal_plane_grid(SCALE, n=5)
    field = evaluate_distortion(MODEL, _coefficients(), x=x, y=y)
    with pytest.raises(ShapeError, match="um and mas"):
        difference(field, in_mas(field, 5e6, 5e6))


def test_micrometres_become_milliarcseconds_by_axis() -> None:
    x, y = focal_plane_grid(SCALE, n=3)
    ones = np.ones_like(x)
    found = in_mas(DistortionMap(x, y, ones, ones, ones, ones), 206_264.806, 412_529.61)
    np.testing.assert_allclose(found.dx, 1000.0, rtol=1e-8)
    np.testing.assert_allclose(found.dy, 500.0, rtol=1e-7)
    np.testing.assert_allclose(found.sigma_y, 500.0, rtol=1e-7)
    assert found.unit == "mas"


def test_affine_parts_go_and_the_rest_stays() -> None:
    x, y = focal_plane_grid(SCALE, n=11)
    quadratic = 1e-8 * (x**2 - np.mean(x**2))
    dx, dy = 3.0 + 1e-4 * x - 2e-4 * y + quadratic, -1.0 + 5e-4 * y
    found = without_affine(DistortionMap(x, y, dx, dy))
    np.testing.assert_allclose(found.dx, quadratic, atol=1e-10)
    np.testing.assert_allclose(found.dy, 0.0, atol=1e-10)
