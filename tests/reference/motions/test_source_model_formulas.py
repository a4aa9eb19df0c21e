"""Formulas of the source models against NumPy, SciPy and astropy."""

import numpy as np
import pytest
from scipy.linalg import block_diag
from scipy.optimize import brentq
from scipy.stats import chi2, kstest, multivariate_normal

from reseau.motions.epoch_abscissae import one_dimensional
from reseau.motions.epoch_astrometry import CorrelatedRows, EpochAstrometry
from reseau.motions.epoch_positions import factors_at, offsets_from, two_dimensional
from reseau.motions.source_models.basis import FIVE, NINE, SEVEN, model_columns
from reseau.motions.source_models.campbell import campbell, thiele_innes
from reseau.motions.source_models.goodness import (
    error_factor,
    goodness_of_fit,
    significance_of,
)
from reseau.motions.source_models.kepler import (
    eccentric_anomaly,
    orbit_position,
    orbit_slopes,
)
from reseau.motions.source_models.linear_fit import fit_linear
from reseau.motions.source_models.noise_floor import (
    fit_noise_floor,
    restricted_likelihood,
)
from reseau.motions.source_models.robust import agis_weight
from reseau.motions.source_models.velocities import velocity_columns, velocity_slopes
from reseau.motions.source_models.whitening import whitening


@pytest.mark.parametrize("eccentricity", [0.0, 0.1, 0.5, 0.9, 0.99, 0.999])
def test_keplers_equation_is_solved_as_by_bracketing(eccentricity: float) -> None:
    mean = np.linspace(-7.0, 7.0, 141)
    found = eccentric_anomaly(mean, np.array(eccentricity))
    left = found - eccentricity * np.sin(found) - mean
    assert np.abs(left).max() < 4e-15
    for m, anomaly in zip(mean, found, strict=True):
        root = brentq(
            lambda x, m=m: x - eccentricity * np.sin(x) - m,
            m - 1.0,
            m + 1.0,
            xtol=1e-15,
        )
        # As uncertain as the equation leaves it: its slope is small near periastron.
        slope = 1.0 - eccentricity * np.cos(root)
        assert abs(anomaly - root) < 1e-14 + 1e-15 / slope


def test_slopes_of_orbits_are_differences() -> None:
    mean, e, h = np.linspace(-3.0, 3.0, 31), 0.6, 1e-6
    by_mean, by_eccentricity = orbit_slopes(mean, np.array(e))
    for axis in range(2):
        step = orbit_position(mean + h, np.array(e))[axis]
        back = orbit_position(mean - h, np.array(e))[axis]
        np.testing.assert_allclose(by_mean[axis], (step - back) / (2 * h), atol=3e-9)
        step = orbit_position(mean, np.array(e + h))[axis]
        back = orbit_position(mean, np.array(e - h))[axis]
        slope = (step - back) / (2 * h)
        np.testing.assert_allclose(by_eccentricity[axis], slope, atol=3e-9)


def test_slopes_of_velocities_are_differences() -> None:
    mean, e, h = np.linspace(-3.0, 3.0, 31), 0.6, 1e-6

    def columns(m: np.ndarray, eccentricity: float) -> np.ndarray:
        return velocity_columns(m[:, None], np.array([eccentricity]))[:, 0]

    by_mean, by_eccentricity = velocity_slopes(mean, e)
    slope = (columns(mean + h, e) - columns(mean - h, e)) / (2 * h)
    np.testing.assert_allclose(by_mean, slope, atol=1e-8)
    slope = (columns(mean, e + h) - columns(mean, e - h)) / (2 * h)
    np.testing.assert_allclose(by_eccentricity, slope, atol=1e-8)


def test_the_velocity_is_the_change_of_the_place() -> None:
    """Along the line of sight, from the orbit in space: the sign of K included."""
    size, inclination, periastron = 2.0, 1.1, 0.7
    period, e, h = 3.0, 0.4, 1e-6
    time = np.linspace(0.0, 3.0, 20)

    def depth(t: np.ndarray) -> np.ndarray:
        x, y = orbit_position(2.0 * np.pi * t / period, np.array(e))
        turned = np.sin(periastron) * x + np.cos(periastron) * y
        return size * np.sin(inclination) * turned

    speed = (depth(time + h) - depth(time - h)) / (2 * h)
    amplitude = 2.0 * np.pi * size * np.sin(inclination) / period / np.sqrt(1 - e**2)
    mean = (2.0 * np.pi * time / period)[:, None]
    columns = velocity_columns(mean, np.array([e]))[:, 0]
    both = amplitude * np.array([np.cos(periastron), np.sin(periastron)])
    np.testing.assert_allclose(columns @ both, speed, atol=1e-7)


def test_campbells_elements_return_and_their_errors_are_those_of_draws() -> None:
    rng = np.random.default_rng(4)
    for _ in range(20):
        value = rng.uniform([0.5, 0.2, 0.0, 0.0], [5.0, 2.9, 2 * np.pi, np.pi])
        found = campbell(thiele_innes(value))
        np.testing.assert_allclose(thiele_innes(found.value), thiele_innes(value))
        np.testing.assert_allclose(found.value, value, atol=1e-9)
    constants = thiele_innes(np.array([3.0, 1.2, 4.0, 0.6]))
    root = 1e-4 * rng.normal(size=(4, 4))
    covariance = root @ root.T
    elements = campbell(constants, covariance)
    slopes = np.stack(
        [
            (campbell(constants + w).value - campbell(constants - w).value) / 2e-6
            for w in 1e-6 * np.eye(4)
        ],
        axis=1,
    )
    wanted = slopes @ covariance @ slopes.T
    np.testing.assert_allclose(elements.covariance, wanted, rtol=1e-6, atol=1e-16)


def test_a_face_on_orbit_has_a_size_and_no_node() -> None:
    found = campbell(thiele_innes(np.array([2.0, 0.0, 0.5, 0.5])), np.eye(4))
    assert found.value[0] == pytest.approx(2.0)
    assert np.isnan(found.covariance).all()


def test_f2_is_normal_where_errors_are_right() -> None:
    for nu in (5, 30, 300):
        drawn = chi2.ppf((np.arange(2000) + 0.5) / 2000.0, nu)
        f2 = goodness_of_fit(drawn, np.array(nu))
        assert kstest(f2, "norm").statistic < 0.01
        back = error_factor(f2, np.array(nu))
        np.testing.assert_allclose(back**2 * nu, drawn, rtol=1e-10)


def test_the_significance_of_one_parameter_is_the_root_of_its_drop() -> None:
    drop = np.array([1.0, 9.0, 100.0, 2500.0])
    np.testing.assert_allclose(significance_of(drop, 1), np.sqrt(drop), rtol=1e-9)
    two = significance_of(np.array([-2.0 * np.log(0.0027)]), 2)
    np.testing.assert_allclose(two, 3.0, atol=1e-3)


def test_weights_of_agis_are_smooth_and_end_as_an_exponential() -> None:
    z = np.array([0.0, 2.0, 3.0, -3.0, 6.0])
    weight = agis_weight(z)
    np.testing.assert_allclose(weight[:2], 1.0)
    # At 3 the polynomial meets exp(-1).
    np.testing.assert_allclose(weight[2:4], np.exp(-1.0), rtol=1e-6)
    assert weight[4] == pytest.approx(np.exp(-2.0))
    h = 1e-5
    near = agis_weight(np.array([3.0 - h, 3.0 + h]))
    assert (near[1] - near[0]) / (2 * h) == pytest.approx(-np.exp(-1.0) / 3.0, rel=1e-3)


def three_sources(rng: np.random.Generator) -> EpochAstrometry:
    """Return three sources of different length with pairs that are correlated."""
    counts = np.array([14, 31, 22])
    n = int(counts.sum())
    angle, t = rng.uniform(0.0, 2.0 * np.pi, n), rng.uniform(-1.5, 1.5, n)
    group = np.concatenate([np.arange(c) // 2 for c in counts])
    return one_dimensional(
        t,
        np.stack([np.sin(angle), np.cos(angle)], axis=1),
        rng.uniform(-0.7, 0.7, n),
        rng.normal(0.0, 1.0, n),
        rng.uniform(0.3, 2.0, n),
        reference_epoch=2016.0,
        is_used=rng.uniform(size=n) > 0.1,
        source_id=np.repeat(np.array([7, 3, 5]), counts),
        group=group,
        correlation=np.repeat(rng.uniform(-0.8, 0.8, n), 2)[:n],
    )


def dense_covariance(one: EpochAstrometry, floor: float) -> np.ndarray:
    """Return the covariance of the rows that are used, entry by entry."""
    matrix = np.diag(one.error**2)
    for each in one.correlated:
        for rows, correlation in zip(each.rows, each.correlation, strict=True):
            sigma = one.error[rows]
            matrix[np.ix_(rows, rows)] = correlation * np.outer(sigma, sigma)
    matrix += floor**2 * np.eye(len(matrix))
    return matrix[np.ix_(one.is_used, one.is_used)]


@pytest.mark.parametrize("names", [FIVE, SEVEN, NINE])
def test_fits_of_all_sources_are_generalised_least_squares(
    names: tuple[str, ...],
) -> None:
    astrometry = three_sources(np.random.default_rng(8))
    floor = np.array([0.0, 0.5, 1.0])
    columns = model_columns(astrometry, names)
    white = whitening(astrometry, floor=floor)
    fit = fit_linear(astrometry, columns, names, white)
    assert astrometry.source_id.tolist() == [3, 5, 7]
    for place in range(3):
        one = astrometry.one(place)
        design = columns[astrometry.source == place][one.is_used]
        covariance = dense_covariance(one, float(floor[place]))
        weight = np.linalg.inv(covariance)
        inverse = np.linalg.inv(design.T @ weight @ design)
        value = inverse @ design.T @ weight @ one.value[one.is_used]
        left = one.value[one.is_used] - design @ value
        np.testing.assert_allclose(fit.value[place], value, rtol=1e-9, atol=1e-10)
        np.testing.assert_allclose(
            fit.covariance[place], inverse, rtol=1e-8, atol=1e-10
        )
        assert fit.chi2[place] == pytest.approx(left @ weight @ left)
        assert fit.degrees[place] == one.is_used.sum() - len(names)
        logdet = np.linalg.slogdet(covariance)[1]
        assert fit.log_determinant[place] == pytest.approx(logdet)
        # Alone it is the same.
        white = whitening(one, floor=float(floor[place]))
        alone = fit_linear(one, model_columns(one, names), names, white)
        np.testing.assert_allclose(alone.value[0], fit.value[place], rtol=1e-10)


def test_the_restricted_likelihood_is_that_of_contrasts() -> None:
    """Up to a constant: the density of what is orthogonal to the columns."""
    astrometry = three_sources(np.random.default_rng(9)).one(1)
    columns = model_columns(astrometry, FIVE)
    design = columns[astrometry.is_used]
    contrasts = np.linalg.qr(design, mode="complete")[0][:, 5:]
    ours, theirs = [], []
    for floor in (0.0, 0.4, 1.5):
        white = whitening(astrometry, floor=floor)
        fit = fit_linear(astrometry, columns, FIVE, white)
        ours.append(restricted_likelihood(fit)[0])
        covariance = contrasts.T @ dense_covariance(astrometry, floor) @ contrasts
        law = multivariate_normal(np.zeros(len(covariance)), covariance)
        theirs.append(law.logpdf(contrasts.T @ astrometry.value[astrometry.is_used]))
    np.testing.assert_allclose(np.diff(ours), np.diff(theirs), rtol=1e-8)


def test_a_floor_makes_chi2_the_degrees_of_freedom_for_each_source() -> None:
    rng = np.random.default_rng(10)
    astrometry = three_sources(rng)
    columns = model_columns(astrometry, FIVE)
    noise = fit_noise_floor(astrometry, columns, FIVE)
    plain = fit_linear(astrometry, columns, FIVE, whitening(astrometry))
    small = plain.chi2 <= plain.degrees
    assert small.any()
    assert (~small).any()
    assert (noise.floor[small] == 0.0).all()
    np.testing.assert_allclose(
        noise.fit.chi2[~small], noise.fit.degrees[~small], rtol=1e-9
    )
    for place in np.flatnonzero(~small):
        one = astrometry.one(int(place))
        cols = model_columns(one, FIVE)

        def excess(floor: float, one: EpochAstrometry = one, cols: np.ndarray = cols):  # type: ignore[no-untyped-def]
            fit = fit_linear(one, cols, FIVE, whitening(one, floor=floor))
            return float(fit.chi2[0] - fit.degrees[0])

        root = brentq(excess, 0.0, 20.0)
        assert noise.floor[place] == pytest.approx(root, rel=1e-6)


def test_larger_sets_of_correlated_rows_are_whitened_together() -> None:
    rng = np.random.default_rng(11)
    root = rng.normal(size=(2, 3, 3))
    matrix = root @ root.swapaxes(1, 2)
    sigma = np.sqrt(np.diagonal(matrix, axis1=1, axis2=2))
    correlation = matrix / sigma[:, :, None] / sigma[:, None, :]
    n = 6
    base = one_dimensional(
        np.zeros(n),
        np.tile([[1.0, 0.0]], (n, 1)),
        np.zeros(n),
        np.zeros(n),
        sigma.reshape(-1),
        reference_epoch=2000.0,
    )
    from dataclasses import replace

    rows = np.arange(6).reshape(2, 3)
    astrometry = replace(base, correlated=(CorrelatedRows(rows, correlation),))
    white = whitening(astrometry)
    found = white.apply(np.eye(n))
    np.testing.assert_allclose(found.T @ found, np.linalg.inv(block_diag(*matrix)))
    vector = rng.normal(size=n)
    wanted = np.linalg.solve(block_diag(*matrix), vector)
    np.testing.assert_allclose(white.inverse(vector), wanted)


def test_offsets_are_those_of_the_tangent_plane_of_astropy() -> None:
    from astropy.wcs import WCS

    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval, wcs.wcs.crpix = [359.9999, 60.0], [0.0, 0.0]
    wcs.wcs.cdelt = [1.0 / 3_600_000.0] * 2
    ra, dec = np.array([0.0003, 359.9991, 359.9999]), np.array([60.0002, 59.9998, 60.0])
    found = offsets_from(ra, dec, np.array([359.9999, 60.0]))
    wanted = np.stack(wcs.wcs_world2pix(ra, dec, 0), axis=1) + 1.0
    np.testing.assert_allclose(found, wanted, atol=2e-7)


def test_parallax_factors_are_differences_of_astropys_places() -> None:
    import astropy.units as u
    from astropy.coordinates import CartesianRepresentation, SkyCoord
    from astropy.time import Time

    from reseau.observers import geocentre

    place, epoch = np.array([266.4, -29.0]), np.array([2016.1, 2016.4, 2016.9])
    found = factors_at(epoch, place)
    earth = geocentre(Time(epoch, format="jyear", scale="tcb")).position
    distance = 1e6  # [au]
    star = SkyCoord(*place * u.deg, distance=distance * u.au).cartesian.xyz.value
    for row in range(3):
        seen = CartesianRepresentation((star - earth[row]) * u.au)
        ra, dec = (
            SkyCoord(seen).spherical.lon.deg,
            SkyCoord(seen).spherical.lat.deg,
        )
        shift = offsets_from(np.array([ra]), np.array([dec]), place)[0]
        parallax = 180.0 / np.pi * 3_600_000.0 / distance
        np.testing.assert_allclose(shift / parallax, found[row], atol=2e-6)


def test_two_dimensional_epochs_are_sorted_by_source_with_their_correlations() -> None:
    ids = np.array([9, 4, 9, 4])
    astrometry = two_dimensional(
        np.array([2016.0, 2016.5, 2017.0, 2017.5]),
        np.arange(8.0).reshape(4, 2),
        np.ones((4, 2)),
        reference_epoch=2016.0,
        correlation=np.array([0.1, 0.2, 0.3, 0.4]),
        source_id=ids,
    )
    assert astrometry.source_id.tolist() == [4, 9]
    np.testing.assert_array_equal(astrometry.one(1).value, [0.0, 1.0, 4.0, 5.0])
    inner = astrometry.one(1).correlated[0]
    np.testing.assert_allclose(inner.correlation[:, 0, 1], [0.1, 0.3])
    np.testing.assert_array_equal(inner.rows, [[0, 1], [2, 3]])
