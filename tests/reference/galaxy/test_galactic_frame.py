"""Galactocentric positions and velocities against astropy's Galactocentric."""

import astropy.coordinates as c
import astropy.units as u
import numpy as np
import pytest

from reseau.galaxy.frame import GalacticFrame

SGR_A = (266.41682, -29.00782)
RELATIVE = 1e-9
N = 400


@pytest.fixture(scope="module")
def frame() -> GalacticFrame:
    centre = tuple(float(v) for v in GalacticFrame.galactic(*SGR_A))
    return GalacticFrame(8160.0, 25.0, (10.0, 248.0, 8.47), centre)


@pytest.fixture(scope="module")
def astropys(frame: GalacticFrame) -> c.Galactocentric:
    return c.Galactocentric(
        galcen_coord=c.SkyCoord(*SGR_A, unit="deg"),
        galcen_distance=frame.r0 * u.pc,
        z_sun=frame.z_sun * u.pc,
        galcen_v_sun=c.CartesianDifferential(np.array(frame.sun_velocity) * u.km / u.s),
    )


@pytest.fixture(scope="module")
def stars() -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(5)
    l, sine = rng.uniform(-180.0, 180.0, N), rng.uniform(-1.0, 1.0, N)  # noqa: E741
    l[:100], sine[:100] = rng.normal(0.0, 1.0, 100), rng.normal(0.0, 0.01, 100)
    distance = 10.0 ** rng.uniform(0.0, 4.5, N)
    return l, np.degrees(np.arcsin(sine)), distance


def _observed(
    frame: GalacticFrame, stars: tuple[np.ndarray, ...], velocity: np.ndarray
) -> c.SkyCoord:
    """Return what our frame says of stars, as astropy's ICRS coordinates."""
    l, b, distance = stars  # noqa: E741
    pml, pmb, radial = frame.proper_motions(l, b, distance, velocity)
    ra, dec, pmra, pmdec = frame.equatorial(l, b, pml, pmb)
    return c.SkyCoord(
        ra=ra * u.deg,
        dec=dec * u.deg,
        distance=distance * u.pc,
        pm_ra_cosdec=pmra * u.mas / u.yr,
        pm_dec=pmdec * u.mas / u.yr,
        radial_velocity=radial * u.km / u.s,
    )


def test_positions_and_velocities_are_astropys(
    frame: GalacticFrame,
    astropys: c.Galactocentric,
    stars: tuple[np.ndarray, ...],
) -> None:
    velocity = np.random.default_rng(6).normal(0.0, 150.0, (N, 3))
    found = _observed(frame, stars, velocity).transform_to(astropys)
    position = frame.galactocentric(*stars)
    scale = np.linalg.norm(position, axis=1)
    off = found.cartesian.xyz.to_value(u.pc).T - position
    assert np.max(np.abs(off) / scale[:, None]) < RELATIVE
    speed = found.velocity.d_xyz.to_value(u.km / u.s).T
    assert np.max(np.abs(speed - velocity)) < RELATIVE * 150.0


def test_the_way_back_is_astropys(
    frame: GalacticFrame, astropys: c.Galactocentric
) -> None:
    rng = np.random.default_rng(7)
    position = rng.normal(0.0, 1.0, (N, 3)) * np.array([9000.0, 9000.0, 500.0])
    velocity = rng.normal(0.0, 120.0, (N, 3))
    x, y, z = (position * u.pc).T
    vx, vy, vz = (velocity * u.km / u.s).T
    made = astropys.realize_frame(
        c.CartesianRepresentation(
            x, y, z, differentials=c.CartesianDifferential(vx, vy, vz)
        )
    )
    icrs = made.transform_to(c.ICRS())
    l, b, distance = frame.heliocentric(position)  # noqa: E741
    pml, pmb, radial = frame.proper_motions(l, b, distance, velocity)
    ra, dec, pmra, pmdec = frame.equatorial(l, b, pml, pmb)
    towards = c.SkyCoord(ra, dec, unit="deg").separation(c.SkyCoord(icrs.ra, icrs.dec))
    assert towards.max().to_value(u.rad) < RELATIVE
    np.testing.assert_allclose(distance, icrs.distance.to_value(u.pc), rtol=RELATIVE)
    motion = icrs.proper_motion.to_value(u.mas / u.yr)
    size = np.hypot(*motion)
    assert np.max(np.abs(motion - np.array([pmra, pmdec])) / size) < RELATIVE
    np.testing.assert_allclose(
        radial, icrs.radial_velocity.to_value(u.km / u.s), rtol=RELATIVE, atol=1e-7
    )


def test_sgr_a_star_is_the_origin_and_moves_as_observed() -> None:
    """Reid & Brunthaler 2020: -6.411 and -0.219 mas/yr, of a body at rest."""
    centre = tuple(float(v) for v in GalacticFrame.galactic(*SGR_A))
    for r0 in (8160.0, 8200.0, 8277.0):
        frame = GalacticFrame.from_centre_motion(
            r0, 25.0, centre=centre, motion=(-6.411, -0.219), towards_centre=10.0
        )
        place = frame.galactocentric(*centre, r0)
        assert np.max(np.abs(place)) < 1e-9 * r0
        rest = np.zeros(3)
        pml, pmb, radial = frame.proper_motions(*centre, r0, rest)
        assert pml == pytest.approx(-6.411, rel=1e-12)
        assert pmb == pytest.approx(-0.219, rel=1e-12)
        # What is left along the line of sight is the Sun's motion towards the centre.
        assert radial == pytest.approx(-10.0, abs=0.03)


@pytest.mark.parametrize(
    ("r0", "rotation", "north"),
    [(8160.0, 248.0, 8.47), (8200.0, 249.2, 8.51), (8277.0, 251.5, 8.59)],
)
def test_the_suns_velocity_belongs_to_its_distance(
    r0: float, rotation: float, north: float
) -> None:
    """V and W of the Sun by the motion of Sgr A*, 4.740470 km/s per mas/yr and kpc."""
    frame = GalacticFrame.from_centre_motion(
        r0, 0.0, centre=(0.0, 0.0), motion=(-6.411, -0.219), towards_centre=10.0
    )
    assert frame.sun_velocity[0] == 10.0
    assert frame.sun_velocity[1] == pytest.approx(rotation, abs=0.05)
    assert frame.sun_velocity[2] == pytest.approx(north, abs=0.005)


def test_the_sun_is_above_the_plane() -> None:
    """Towards l = b = 0 the height falls from 25 pc to 0 at the centre."""
    frame = GalacticFrame(8160.0, 25.0, (10.0, 248.0, 8.5), (0.0, 0.0))
    distance = np.array([0.0, 4000.0, 8160.0])
    height = frame.galactocentric(0.0, 0.0, distance)[:, 2]
    np.testing.assert_allclose(height, [25.0, 12.745, 0.0], atol=1e-3)
    rotating = frame.galactocentric(90.0, 0.0, 100.0) - frame.sun
    np.testing.assert_allclose(rotating, [0.0, 100.0, 0.0], atol=0.02)
