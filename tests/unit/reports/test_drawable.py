"""What figures are drawn from: numbers that follow from a solution's columns."""

from dataclasses import replace

import numpy as np
import pytest

from plates import two_detectors
from reseau.constants import DEGREE, MILLIARCSECOND
from reseau.diagnostics.comparison.solution import Compared
from reseau.errors import CatalogueError
from reseau.reports.drawable import Drawable

RESIDUALS = {
    "source_id": np.array([30, 10, 10, 20]),
    "exposure_id": np.array([5, 7, 5, 7]),
    "detector_id": np.array([2, 1, 1, 2]),
    "x": np.array([0.0, 999.5, 1999.0, 999.5]),
    "y": np.array([999.5, 999.5, 0.0, 1499.5]),
    "x_error": np.array([0.3, 0.1, 0.2, 0.4]),
    "y_error": np.array([0.4, 0.1, 0.2, 0.0]),
}


def _solution(instrument=None, **residuals):
    instrument = instrument or two_detectors()
    n = instrument.distortion.n_coefficients + 1
    columns = {k: v for k, v in {**RESIDUALS, **residuals}.items() if v is not None}
    return Compared(
        sources={"source_id": np.array([10, 20, 30])},
        exposures={
            "exposure_id": np.array([7, 5, 6]),
            "ra": np.array([10.0, 20.0, np.nan]),
            "dec": np.array([-5.0, 5.0, 0.0]),
            "pa": np.array([90.0, 0.0, 0.0]),
        },
        calibration={},
        covariance=np.diag(np.arange(1.0, n + 1)),
        instrument=instrument,
        free=(),
        free_network=False,
        residuals=columns,
        summary={"dof": 2.0},
    )


def test_rows_of_what_each_measurement_is_of():
    drawable = Drawable(_solution())
    np.testing.assert_array_equal(drawable.source, [2, 0, 0, 1])
    np.testing.assert_array_equal(drawable.exposure, [1, 0, 1, 0])
    np.testing.assert_array_equal(drawable.detector, [1, 0, 0, 1])


@pytest.mark.parametrize(
    ("column", "name"),
    [("source_id", "source"), ("exposure_id", "exposure"), ("detector_id", "detector")],
)
def test_ids_that_are_nowhere_are_refused(column, name):
    wrong = RESIDUALS[column].copy()
    wrong[2] = 99
    with pytest.raises(CatalogueError, match="99"):
        getattr(Drawable(_solution(**{column: wrong})), name)


def test_angles_of_exposures_that_are_determined():
    np.testing.assert_allclose(
        Drawable(_solution()).attitude,
        np.array([[10.0, -5.0, 90.0], [20.0, 5.0, 0.0]]) * DEGREE,
        rtol=1e-15,
    )


def test_places_in_the_plane_by_hand():
    """The first detector at −10.5 mm lies straight, the second is turned by 90°."""
    drawable = Drawable(_solution())
    x, y = drawable.on_plane(RESIDUALS["x"], RESIDUALS["y"])
    np.testing.assert_allclose(x, [10_500, -10_500, -505, 10_500 - 5000], atol=1e-9)
    np.testing.assert_allclose(y, [-9995, 0, -9995, 0], atol=1e-9)


def test_residuals_are_smaller_than_errors_by_the_freedom_of_the_fit():
    """2 degrees of freedom of 8 numbers: a quarter of the variance each."""
    drawable = Drawable(_solution())
    assert drawable.freedom == pytest.approx(0.5, rel=1e-15)
    np.testing.assert_array_equal(drawable.redundancy, np.full((4, 2), 0.25))
    # √ of the mean over x and y of ¼ (error · 10 µm)².
    wanted = 0.5 * np.sqrt([12.5, 1.0, 4.0, 8.0])
    np.testing.assert_allclose(drawable.sigma, wanted, rtol=1e-14)
    np.testing.assert_allclose(
        drawable.sky_sigma, wanted / 3e6 / MILLIARCSECOND, rtol=1e-14
    )


@pytest.mark.parametrize("dof", [None, -3.0])
def test_without_degrees_of_freedom_nothing_is_left(dof):
    solution = replace(_solution(), summary={"dof": dof})
    assert Drawable(solution).freedom == 0.0


def test_redundancies_of_each_where_they_are_said():
    x, y = np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.5, 0.6, 0.7, -1e-9])
    drawable = Drawable(_solution(redundancy_x=x, redundancy_y=y))
    np.testing.assert_array_equal(
        drawable.redundancy, np.stack([x, np.maximum(y, 0.0)], axis=1)
    )
    errors = np.stack([RESIDUALS["x_error"], RESIDUALS["y_error"]], axis=1)
    own = drawable.redundancy * (10.0 * errors) ** 2
    np.testing.assert_allclose(drawable.sigma**2, own.mean(axis=1), rtol=1e-14)
    y[1] = np.nan
    drawable = Drawable(_solution(redundancy_x=x, redundancy_y=y))
    np.testing.assert_array_equal(drawable.redundancy, np.full((4, 2), 0.25))


@pytest.mark.parametrize("missing", ["x", "y", "x_error", "y_error"])
def test_whether_places_are_known(missing):
    assert Drawable(_solution()).has_positions
    assert not Drawable(_solution(**{missing: None})).has_positions


def test_limits_are_the_edges_of_the_pixels():
    drawable = Drawable(_solution())
    np.testing.assert_array_equal(
        drawable.plane_limits, np.tile([-0.5, 1999.5], (2, 2, 1))
    )
    # 1000 pixels of 10 µm beyond centres at 10.5 mm.
    assert drawable.half_side == pytest.approx(20_500.0, rel=1e-15)


def test_a_plane_without_pixels_reaches_as_far_as_its_measurements():
    """As of positions that were given in µm."""
    instrument = two_detectors()
    detectors = replace(instrument.detectors, naxis=np.array([[0.0, 0.0], [2000] * 2]))
    bare = replace(instrument, detectors=detectors)
    limits = Drawable(_solution(bare)).plane_limits
    np.testing.assert_array_equal(limits[0], [[999.5, 1999.0], [0.0, 999.5]])
    np.testing.assert_array_equal(limits[1], [[-0.5, 1999.5]] * 2)
    without = Drawable(_solution(bare, y_error=None)).plane_limits
    np.testing.assert_array_equal(without[0], np.zeros((2, 2)))


def test_the_map_of_the_fitted_distortion():
    """On a square that holds all detectors, with one coefficient by hand."""
    instrument = two_detectors()
    coefficients = np.zeros(14)
    coefficients[3] = 2.0
    fitted = replace(instrument, coefficients=coefficients, skew=np.asarray(1e-3))
    drawable = Drawable(_solution(fitted))
    found = drawable.fitted_map
    half = drawable.half_side
    assert np.abs(found.x).max() == pytest.approx(half, rel=1e-12)
    assert np.abs(found.y).max() == pytest.approx(half, rel=1e-12)
    skewed = drawable.map_of(np.zeros(14), 1e-3)
    np.testing.assert_allclose(skewed.dx, 1e-3 * skewed.y, rtol=0, atol=1e-9)
    np.testing.assert_allclose(skewed.dy, 0.0, atol=1e-9)
    # The fourth of seven terms along x, at the place that the skew has moved.
    x, y = found.x.ravel(), found.y.ravel()
    basis = np.asarray(instrument.distortion.basis(x + 1e-3 * y, y))
    wanted = 1e-3 * y + 2.0 * basis[3]
    np.testing.assert_allclose(found.dx.ravel(), wanted, rtol=0, atol=1e-9)
    np.testing.assert_allclose(found.dy, 0.0, atol=1e-9)
