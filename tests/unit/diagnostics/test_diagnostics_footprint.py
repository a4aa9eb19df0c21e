"""Outlines and offsets against astropy."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS

from reseau.diagnostics import detector_outlines, field_centre, sky_offsets
from reseau.instrument import Detectors, Instrument, NoDistortion

FOCAL = 4.86e6
PITCH = 10.0


def _instrument(parity: int, naxis: float = 1000.0) -> Instrument:
    zero = np.zeros(1)
    return Instrument(
        name="test",
        projection="gnomonic",
        parity=parity,
        focal=np.full(2, FOCAL),
        focal_sigma=np.array(0.0),
        focal_prior="normal",
        scale="plate",
        distortion=NoDistortion(),
        coefficients=np.zeros(0),
        coefficient_sigma=np.zeros(0),
        skew=np.array(0.0),
        skew_sigma=np.array(0.0),
        detectors=Detectors(
            ids=(1,),
            centre=np.zeros((1, 2)),
            theta=zero,
            pitch=np.full((1, 2), PITCH),
            naxis=np.full((1, 2), naxis),
            sigma_centre=zero,
            sigma_theta=zero,
            sigma_pitch=zero,
        ),
    )


@pytest.mark.parametrize("parity", [1, -1])
def test_outlines_are_the_footprint_of_astropys_wcs(parity: int) -> None:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [266.4, -29.0]
    wcs.wcs.crpix = [500.5, 500.5]
    step = np.degrees(PITCH / FOCAL)
    # At pa = 0 and parity +1, X grows towards east.
    wcs.wcs.cdelt = [parity * step, step]
    wanted = wcs.calc_footprint(axes=(1000, 1000), center=False)
    attitude = np.radians([[266.4, -29.0, 0.0]])
    found = detector_outlines(_instrument(parity), attitude)
    assert found.shape == (1, 1, 4, 2)
    # astropy goes round the other way.
    np.testing.assert_allclose(found[0, 0], wanted[[0, 3, 2, 1]], atol=1e-10)


def test_a_plane_is_seen_by_the_range_of_its_positions() -> None:
    plane = _instrument(1, naxis=0.0)
    attitude = np.radians([[10.0, 20.0, 30.0]])
    limits = np.array([[[-100.0, 100.0], [-50.0, 50.0]]])
    points = detector_outlines(plane, attitude, pixel_range=limits, n_per_side=3)
    assert points.shape == (1, 1, 12, 2)
    corners = SkyCoord(points[0, 0, ::3, 0], points[0, 0, ::3, 1], unit="deg")
    sides = corners.separation(corners[[1, 2, 3, 0]]).rad * FOCAL / PITCH
    np.testing.assert_allclose(sides, [200.0, 100.0, 200.0, 100.0], rtol=1e-6)


def test_offsets_are_those_of_astropys_wcs() -> None:
    rng = np.random.default_rng(1)
    ra, dec = rng.uniform(359.0, 361.0, 50) % 360.0, rng.uniform(60.0, 62.0, 50)
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [0.2, 61.0]
    wcs.wcs.cdelt = [1.0, 1.0]
    wanted = wcs.wcs_world2pix(ra, dec, 0)
    found = sky_offsets(ra, dec, centre=(0.2, 61.0))
    # FITS pixels count from one.
    np.testing.assert_allclose(found, np.array(wanted) + 1.0, atol=1e-9)


def test_the_far_side_has_no_offset() -> None:
    assert np.isnan(sky_offsets(np.array([180.0]), np.array([0.0]), centre=(0.0, 0.0)))[
        0
    ].all()


def test_the_centre_of_a_field_across_the_origin() -> None:
    ra, dec = np.array([359.0, 1.0, 359.0, 1.0]), np.array([-1.0, -1.0, 1.0, 1.0])
    centre = SkyCoord(*field_centre(ra, dec), unit="deg")
    assert centre.separation(SkyCoord(0.0, 0.0, unit="deg")) < 1e-9 * u.deg
