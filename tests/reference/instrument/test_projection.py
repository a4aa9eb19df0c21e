"""Attitude and projections against astropy.wcs, astropy.coordinates and SciPy."""

import astropy.units as u
import equinox as eqx
import jax
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS
from numpy.testing import assert_allclose
from scipy.spatial.transform import Rotation

from reseau.instrument import (
    Detectors,
    Instrument,
    NoDistortion,
    attitude_difference,
    camera_axes,
    direction_to_pixel,
    identity_plane,
    pixel_to_direction,
    rotate_axes,
)

FITS_CODE = {"gnomonic": "TAN", "equidistant": "ARC", "orthographic": "SIN"}
POINTINGS = [(10.0, 20.0), (359.9999, -28.9), (0.0, 0.0), (266.4, 89.9), (123.0, -90.0)]
FOCAL = np.array([4.86e6, 4.87e6])
# One microarcsecond on the sky, in pixels of 10 um at a focal length of 4.9 m.
MICROARCSECOND = np.radians(1e-6 / 3600) * 4.9e6 / 10.0

to_pixels = jax.jit(direction_to_pixel)
to_directions = jax.jit(pixel_to_direction)


def unit_vectors(ra: np.ndarray, dec: np.ndarray) -> np.ndarray:
    """Return unit vectors of angles in degrees."""
    ra, dec = np.radians(ra), np.radians(dec)
    return np.stack(
        [np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1
    )


def make_instrument(projection: str, parity: int) -> Instrument:
    """Return a bare telescope with one detector that is shifted and turned."""
    detectors = Detectors(
        ids=(7,),
        centre=np.array([[-11100.0, 9000.0]]),
        theta=np.array([0.3]),
        pitch=np.array([[10.0, 10.1]]),
        naxis=np.array([[1920.0, 1000.0]]),
        sigma_centre=np.zeros(1),
        sigma_theta=np.zeros(1),
        sigma_pitch=np.zeros(1),
    )
    return Instrument(
        name="bare",
        projection=projection,
        parity=parity,
        focal=FOCAL,
        focal_sigma=np.array(0.0),
        focal_prior="normal",
        scale="exposure-axis",
        distortion=NoDistortion(),
        coefficients=np.zeros(0),
        coefficient_sigma=np.zeros(0),
        skew=np.array(0.0),
        skew_sigma=np.array(0.0),
        detectors=detectors,
    )


def make_wcs(instrument: Instrument, *, ra: float, dec: float, pa: float) -> WCS:
    """Say the same in FITS: xi, eta as a linear function of the pixel."""
    detectors = instrument.detectors
    cos, sin = np.cos(np.radians(pa)), np.sin(np.radians(pa))
    # xi = X cos pa + Y sin pa, eta = Y cos pa - X sin pa, X mirrored by parity.
    plane_to_sky = np.array([[cos, sin], [-sin, cos]]) @ np.diag(
        [instrument.parity / FOCAL[0], 1.0 / FOCAL[1]]
    )
    theta = detectors.theta[0]
    turn = np.array([[np.cos(theta), -np.sin(theta)], [np.sin(theta), np.cos(theta)]])
    pixel_to_plane = turn @ np.diag(detectors.pitch[0])
    axis_pixel = np.linalg.solve(pixel_to_plane, -detectors.centre[0])
    wcs = WCS(naxis=2)
    code = FITS_CODE[instrument.projection]
    wcs.wcs.ctype = [f"RA---{code}", f"DEC--{code}"]
    wcs.wcs.cunit = ["deg", "deg"]
    wcs.wcs.crval = [ra, dec]
    # FITS counts from 1: the centre of the first pixel is 1, of the detector (n+1)/2.
    wcs.wcs.crpix = axis_pixel + (detectors.naxis[0] + 1.0) / 2.0
    wcs.wcs.cd = np.degrees(plane_to_sky @ pixel_to_plane)
    wcs.wcs.lonpole = 180.0
    wcs.wcs.set()
    return wcs


def sky_positions(ra: float, dec: float, radius: float) -> SkyCoord:
    """Return points all around a pointing, out to a radius in degrees."""
    rng = np.random.default_rng(4)
    return SkyCoord(ra * u.deg, dec * u.deg).directional_offset_by(
        rng.uniform(0.0, 360.0, 400) * u.deg, radius * rng.random(400) * u.deg
    )


@pytest.mark.parametrize("parity", [1, -1])
@pytest.mark.parametrize("pointing", POINTINGS)
@pytest.mark.parametrize("projection", FITS_CODE)
def test_pixels_agree_with_wcslib(
    projection: str, pointing: tuple[float, float], parity: int
) -> None:
    """A degree around the axis: within 0.1 uas both ways."""
    ra, dec = pointing
    pa = 211.0
    instrument = make_instrument(projection, parity)
    wcs = make_wcs(instrument, ra=ra, dec=dec, pa=pa)
    sky = sky_positions(ra, dec, 1.0)
    attitude = np.radians([ra, dec, pa])
    row = np.zeros(len(sky), int)

    pixel = to_pixels(instrument, attitude, unit_vectors(sky.ra.deg, sky.dec.deg), row)
    expected = np.stack(wcs.wcs_world2pix(sky.ra.deg, sky.dec.deg, 0), axis=-1)
    assert_allclose(pixel, expected, rtol=0, atol=0.1 * MICROARCSECOND)

    # astropy adds 1 to its argument while it computes, JAX may still be reading it.
    direction = np.asarray(to_directions(instrument, attitude, expected.copy(), row))
    wcs_direction = unit_vectors(*wcs.wcs_pix2world(expected, 0).T)
    assert_allclose(
        direction, wcs_direction, rtol=0, atol=0.1 * np.radians(1e-6 / 3600)
    )


@pytest.mark.parametrize(
    ("projection", "radius"),
    [("gnomonic", 80.0), ("equidistant", 170.0), ("orthographic", 80.0)],
)
def test_far_from_the_axis(projection: str, radius: float) -> None:
    """The whole range of each projection, relative to the size of the plane."""
    instrument = make_instrument(projection, -1)
    wcs = make_wcs(instrument, ra=40.0, dec=-35.0, pa=77.0)
    sky = sky_positions(40.0, -35.0, radius)
    pixel = to_pixels(
        instrument,
        np.radians([40.0, -35.0, 77.0]),
        unit_vectors(sky.ra.deg, sky.dec.deg),
        np.zeros(len(sky), int),
    )
    expected = np.stack(wcs.wcs_world2pix(sky.ra.deg, sky.dec.deg, 0), axis=-1)
    assert_allclose(pixel, expected, rtol=0, atol=1e-12 * np.abs(expected).max())


@pytest.mark.skipif(
    np.finfo(np.longdouble).eps > 1e-18, reason="long double has no more digits here"
)
def test_gnomonic_keeps_its_digits() -> None:
    """Within 0.001 uas of the textbook's formulas in extended precision."""
    instrument = make_instrument("gnomonic", 1)
    plane = eqx.tree_at(lambda i: i.detectors, instrument, identity_plane())
    sky = sky_positions(266.4, -28.9, 0.5)
    degree = np.arccos(np.longdouble(-1.0)) / 180
    ra, dec = sky.ra.deg * degree, sky.dec.deg * degree
    ra_0, dec_0, pa = np.array([266.4, -28.9, 301.4]) * degree
    cos = np.cos(ra - ra_0)
    z = np.sin(dec) * np.sin(dec_0) + np.cos(dec) * np.cos(dec_0) * cos
    xi = np.cos(dec) * np.sin(ra - ra_0) / z
    eta = (np.sin(dec) * np.cos(dec_0) - np.cos(dec) * np.sin(dec_0) * cos) / z
    expected = np.stack(
        [
            FOCAL[0] * (xi * np.cos(pa) - eta * np.sin(pa)),
            FOCAL[1] * (xi * np.sin(pa) + eta * np.cos(pa)),
        ],
        axis=-1,
    )
    found = to_pixels(
        plane,
        np.radians([266.4, -28.9, 301.4]),
        unit_vectors(sky.ra.deg, sky.dec.deg),
        np.zeros(len(sky), int),
    )
    tolerance = 1e-3 * MICROARCSECOND * 10.0
    assert_allclose(found, expected.astype(float), rtol=0, atol=tolerance)


@pytest.mark.parametrize("pa", [0.0, 30.0, 211.0])
def test_position_angle_is_that_of_the_y_axis(pa: float) -> None:
    axes = np.asarray(camera_axes(np.radians([83.0, 42.0, pa])))
    pointing = SkyCoord(83.0 * u.deg, 42.0 * u.deg)
    along_y = axes[2] + 1e-3 * axes[1]
    there = SkyCoord(*along_y, representation_type="cartesian")
    there.representation_type = "unitspherical"
    assert_allclose(axes[2], unit_vectors(83.0, 42.0), atol=1e-15)
    assert_allclose(pointing.position_angle(there).deg, pa, atol=1e-9)


@pytest.mark.parametrize("size", [0.0, 1e-9, 1e-4, 0.03, 1.0, 1.8])
def test_steps_are_rotations_by_a_vector(size: float) -> None:
    """Against SciPy's rotation vectors, with East and North from finite motion."""
    rng = np.random.default_rng(11)
    attitude = rng.uniform([0.0, -1.5, 0.0], [6.28, 1.5, 6.28], (50, 3))
    step = size * rng.uniform(-1.0, 1.0, (50, 3))
    axes = np.array(camera_axes(attitude))
    ra, dec = attitude[:, 0], attitude[:, 1]
    east = np.stack([-np.sin(ra), np.cos(ra), 0 * ra], axis=-1)
    north = np.cross(axes[:, 2], east)
    k = step[:, :1] * north - step[:, 1:2] * east - step[:, 2:] * axes[:, 2]
    turn = Rotation.from_rotvec(k)
    expected = np.stack([turn.apply(axes[:, i]) for i in range(3)], axis=1)
    moved = rotate_axes(axes, step)
    assert_allclose(moved, expected, rtol=0, atol=3e-15)
    assert_allclose(north[:, 2], np.cos(dec), atol=1e-15)

    found = np.asarray(attitude_difference(expected, axes))
    shortest = turn.as_rotvec()
    projected = np.stack(
        [
            np.sum(shortest * north, axis=-1),
            -np.sum(shortest * east, axis=-1),
            -np.sum(shortest * axes[:, 2], axis=-1),
        ],
        axis=-1,
    )
    assert_allclose(found, projected, rtol=0, atol=1e-14)
