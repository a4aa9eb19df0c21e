"""A simulated orbit against astropy, ERFA and NumPy: positions and pixels."""

import astropy.units as u
import erfa
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.time import Time
from astropy.wcs import WCS
from numpy.polynomial.legendre import legval2d

from alarm import normal_bound, spread_bounds
from reseau.survey import simulate_orbit
from reseau.survey.galactic import equatorial, equatorial_motion, galactic, north_angle

MICROARCSECOND = np.radians(1e-6 / 3600.0)


@pytest.fixture(scope="module")
def plate():
    return simulate_orbit(small=True, measurement_error=1e-9)


def vectors(ra, dec):
    """Return unit vectors of angles in degrees."""
    return erfa.s2c(np.radians(ra), np.radians(dec))


def test_true_directions_are_astropys_space_motion_seen_from_the_observer(plate):
    truth = {
        n: v[~plate.truth_sources["artificial"]] for n, v in plate.truth_sources.items()
    }
    barycentric = SkyCoord(
        truth["barycentric_ra"] * u.deg,
        truth["barycentric_dec"] * u.deg,
        distance=(truth["parallax"] * u.mas).to(u.pc, u.parallax()),
        pm_ra_cosdec=truth["pmra"] * u.mas / u.yr,
        pm_dec=truth["pmdec"] * u.mas / u.yr,
        radial_velocity=truth["radial_velocity"] * u.km / u.s,
        obstime=Time(2016.0, format="jyear", scale="tcb"),
    )
    epoch = Time(plate.exposures["epoch"].mean(), format="jyear", scale="tcb")
    position = barycentric.apply_space_motion(epoch).cartesian.xyz.to_value(u.au).T
    observer = [plate.exposures[f"obs_{a}"].mean() for a in "xyz"]
    seen = position - observer
    seen /= np.linalg.norm(seen, axis=1, keepdims=True)
    found = vectors(truth["ra"], truth["dec"])
    assert np.abs(found - seen).max() < MICROARCSECOND
    # Motion and parallax are there to be seen: the barycentric places are far off.
    still = vectors(truth["barycentric_ra"], truth["barycentric_dec"])
    assert np.median(np.linalg.norm(still - seen, axis=1)) > 1e4 * MICROARCSECOND


def test_artificial_sources_do_not_move(plate):
    truth = {
        n: v[plate.truth_sources["artificial"]] for n, v in plate.truth_sources.items()
    }
    still = vectors(truth["barycentric_ra"], truth["barycentric_dec"])
    moved = vectors(truth["ra"], truth["dec"]) - still
    assert np.abs(moved).max() < 0.001 * MICROARCSECOND


def focal_plane(plate, rows):
    """Return X, Y [um] of measurements by ERFA, astropy's WCS and NumPy's Legendre."""
    measurements, truth = plate.measurements, plate.truth_exposures
    source = np.searchsorted(
        plate.truth_sources["source_id"], measurements["source_id"][rows]
    )
    exposure = measurements["exposure_id"][rows][0]
    velocity = np.array([plate.exposures[f"obs_v{a}"][exposure] for a in "xyz"])
    velocity /= 299_792.458
    natural = vectors(
        plate.truth_sources["ra"][source], plate.truth_sources["dec"][source]
    )
    # So far from the Sun that ERFA leaves its potential away.
    apparent = erfa.ab(natural, velocity, 1e12, np.sqrt(1.0 - velocity @ velocity))
    ra, dec = erfa.c2s(apparent)
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [truth["ra"][exposure], truth["dec"][exposure]]
    xi, eta = np.radians(wcs.wcs_world2pix(np.degrees(ra), np.degrees(dec), 1))
    pa = np.radians(truth["pa"][exposure])
    x = -1e3 * truth["focal_x_mm"][exposure] * (xi * np.cos(pa) - eta * np.sin(pa))
    y = 1e3 * truth["focal_y_mm"][exposure] * (xi * np.sin(pa) + eta * np.cos(pa))
    return x, y


def distorted(plate, x, y):
    """Add the true distortion to X, Y [um]."""
    instrument = plate.truth_instrument
    a, b = np.zeros((2, 6, 6))
    for name, value in zip(
        instrument.distortion.names, instrument.coefficients, strict=True
    ):
        {"A": a, "B": b}[name[0]][int(name[2]), int(name[3])] = value
    p, q = x / 21_000.0, y / 21_000.0
    return x + legval2d(p, q, a), y + legval2d(p, q, b)


def test_pixels_follow_the_convention_of_the_design(plate):
    measurements, detectors = plate.measurements, plate.truth_instrument.detectors
    worst = 0.0
    for exposure in plate.exposures["exposure_id"]:
        rows = np.flatnonzero(measurements["exposure_id"] == exposure)
        x, y = distorted(plate, *focal_plane(plate, rows))
        n = measurements["detector_id"][rows] - 1
        dx, dy = x - detectors.centre[n, 0], y - detectors.centre[n, 1]
        cos, sin = np.cos(detectors.theta[n]), np.sin(detectors.theta[n])
        i = (cos * dx + sin * dy) / detectors.pitch[n, 0] + 959.5
        j = (cos * dy - sin * dx) / detectors.pitch[n, 1] + 959.5
        worst = max(worst, np.abs(i - measurements["x"][rows]).max())
        worst = max(worst, np.abs(j - measurements["y"][rows]).max())
    # A millionth of a pixel is 0.4 microarcseconds.
    assert worst < 1e-6


def test_measurements_scatter_as_stated(plate):
    noisy = simulate_orbit(small=True)
    for axis in "xy":
        scatter = noisy.measurements[axis] - plate.measurements[axis]
        n = len(scatter)
        low, high = spread_bounds(n, 2)
        assert 0.01 * low < scatter.std() < 0.01 * high
        assert abs(scatter.mean()) < normal_bound(2) * 0.01 / np.sqrt(n)


def test_galactic_coordinates_are_astropys():
    rng = np.random.default_rng(7)
    longitude, latitude = rng.uniform(-3.1, 3.1, 50), rng.uniform(-1.5, 1.5, 50)
    along, across = rng.normal(0.0, 5.0, (2, 50))
    sky = SkyCoord(
        longitude * u.rad,
        latitude * u.rad,
        pm_l_cosb=along * u.mas / u.yr,
        pm_b=across * u.mas / u.yr,
        frame="galactic",
    ).icrs
    # The rotations differ by 25 mas: one is from Hipparcos, one by FK4 from B1950.
    close = {"rtol": 0, "atol": 2e-7}
    ra, dec = equatorial(longitude, latitude)
    assert sky.separation(SkyCoord(ra * u.rad, dec * u.rad)).max() < 0.05 * u.arcsec
    np.testing.assert_allclose(galactic(ra, dec), (longitude, latitude), **close)
    pole = SkyCoord(0.0 * u.rad, 0.5 * np.pi * u.rad, frame="galactic").icrs
    angle = sky.position_angle(pole).to_value(u.rad)
    difference = np.angle(np.exp(1j * (north_angle(longitude, latitude) - angle)))
    np.testing.assert_allclose(difference, 0.0, atol=1e-5)
    pmra, pmdec = equatorial_motion(longitude, latitude, along=along, across=across)
    np.testing.assert_allclose(pmra, sky.pm_ra_cosdec.value, atol=1e-4)
    np.testing.assert_allclose(pmdec, sky.pm_dec.value, atol=1e-4)
