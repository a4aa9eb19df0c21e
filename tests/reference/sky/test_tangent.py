"""Standard coordinates against ERFA and WCSLIB; tilt terms against exact geometry."""

import erfa
import jax.numpy as jnp
import numpy as np
import pytest
from astropy.wcs import WCS

from accuracy import Accuracy
from reseau.constants import DEGREE, MILLIARCSECOND
from reseau.sky import (
    detector_tilt,
    direction_from_angles,
    equidistant,
    from_equidistant,
    from_gnomonic,
    gnomonic,
    plate_residual,
    tangent_point_error,
)

MICROARCSECOND = MILLIARCSECOND / 1000
N = 2000


def _origins(n: int, seed: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Return right ascensions and declinations, both poles and RA zero among them."""
    rng = np.random.default_rng(seed)
    ra, dec = rng.uniform(0, 2 * np.pi, n), np.arcsin(rng.uniform(-1, 1, n))
    ra[:3], dec[:3] = [0.0, 0.0, 1e-9], [np.pi / 2, -np.pi / 2, 0.1]
    return ra, dec


def _vectors(ra: np.ndarray, dec: np.ndarray) -> np.ndarray:
    return np.asarray(direction_from_angles(jnp.asarray(ra), jnp.asarray(dec)))


def _largest(found: object, wanted: object) -> float:
    """Return the largest distance of points or vectors [µas]."""
    difference = np.asarray(found) - np.asarray(wanted)
    return float(np.linalg.norm(difference, axis=-1).max()) / MICROARCSECOND


def test_gnomonic_coordinates_are_erfas(accuracy: Accuracy):
    """`tpsts` by angles, `tpxev` by vectors, to a degree from the origin."""
    ra, dec = _origins(N)
    offset = np.random.default_rng(3).uniform(-1, 1, (N, 2)) * DEGREE
    star = erfa.tpsts(*offset.T, ra, dec)
    place = from_gnomonic(offset, _vectors(ra, dec))
    section, authority = "Tangent plane", "ERFA tpsts, tpxev"
    accuracy.record(
        section=section,
        term="gnomonic, plane to sky, fields of 2°, 2000 origins",
        authority=authority,
        measured=_largest(place, _vectors(*star)),
        asked=1e-3,
    )
    xi, eta = erfa.tpxev(np.asarray(place), _vectors(ra, dec))
    accuracy.record(
        section=section,
        term="gnomonic, sky to plane, fields of 2°, 2000 origins",
        authority=authority,
        measured=_largest(
            gnomonic(place, _vectors(ra, dec)), np.stack([xi, eta], axis=-1)
        ),
        asked=1e-3,
    )


def _wcs(kind: str, ra: float, dec: float) -> WCS:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = [f"RA---{kind}", f"DEC--{kind}"]
    wcs.wcs.crval = [ra / DEGREE, dec / DEGREE]
    wcs.wcs.crpix = [0.0, 0.0]
    wcs.wcs.cdelt = [1.0, 1.0]
    wcs.wcs.set()
    return wcs


@pytest.mark.parametrize(
    ("kind", "forth", "back", "reach"),
    [
        ("TAN", gnomonic, from_gnomonic, 45.0),
        ("ARC", equidistant, from_equidistant, 45.0),
        ("ARC", equidistant, from_equidistant, 175.0),
    ],
)
def test_projections_are_wcslibs(kind, forth, back, reach, accuracy: Accuracy):
    rng = np.random.default_rng(4)
    radius = rng.uniform(0, reach, N) * DEGREE
    turn = rng.uniform(0, 2 * np.pi, N)
    length = np.tan(radius) if kind == "TAN" else radius
    offset = length[:, None] * np.stack([np.sin(turn), np.cos(turn)], axis=-1)
    apart = []
    for ra, dec in [(0.0, 0.3), (4.0, -1.2), (2.0, 1.57), (6.28, 0.0)]:
        wcs, origin = _wcs(kind, ra, dec), _vectors(np.array(ra), np.array(dec))
        angles = wcs.wcs_pix2world(offset / DEGREE, 0 + 1) * DEGREE
        place = _vectors(*angles.T)
        apart.append(_largest(back(offset, origin), place))
        # The plane's own scale grows with the distance; compare on the sky.
        seen = wcs.wcs_world2pix(angles / DEGREE, 1) * DEGREE
        apart.append(_largest(forth(place, origin), seen))
    accuracy.record(
        section="Tangent plane",
        term=f"{back.__name__.removeprefix('from_')}, both ways, to {reach:g}°",
        authority=f"WCSLIB {kind}",
        measured=max(apart),
        asked=1e-2,
    )


@pytest.mark.parametrize("size", [1e-9, 1e-4, 0.0316, 0.0317, 1.0, 3.0])
def test_equidistant_coordinates_keep_the_distance(size):
    """By ERFA's separation `sepp`; the sizes lie on both sides of the series' end."""
    ra, dec = _origins(200)
    turn = np.random.default_rng(5).uniform(0, 2 * np.pi, 200)
    offset = size * np.stack([np.sin(turn), np.cos(turn)], axis=-1)
    place = np.asarray(from_equidistant(offset, _vectors(ra, dec)))
    np.testing.assert_allclose(np.linalg.norm(place, axis=-1), 1.0, rtol=1e-15)
    np.testing.assert_allclose(
        erfa.sepp(_vectors(ra, dec), place), size, rtol=1e-14, atol=4e-16
    )
    angle = erfa.pap(_vectors(ra, dec), place)[3:] - turn[3:]
    tolerance = 1e-13 + 1e-15 / size
    np.testing.assert_allclose(np.sin(angle), 0.0, atol=100 * tolerance)
    back = equidistant(place, _vectors(ra, dec))
    np.testing.assert_allclose(back, offset, atol=1e-15 + 1e-14 * size)


@pytest.mark.parametrize("function", [gnomonic, equidistant])
def test_the_origin_is_at_zero(function):
    origin = _vectors(*_origins(100))
    np.testing.assert_allclose(function(origin, origin), 0.0, atol=3e-16)


def test_where_nothing_is_projected_is_nan():
    origin = jnp.asarray([1.0, 0.0, 0.0])
    behind = jnp.asarray([[0.0, 1.0, 0.0], [-0.6, 0.8, 0.0], [-1.0, 0.0, 0.0]])
    assert bool(jnp.all(jnp.isnan(gnomonic(behind, origin))))
    nan = np.isnan(np.asarray(equidistant(behind, origin)))
    np.testing.assert_array_equal(nan[:, 0], [False, False, True])
    beyond = from_equidistant(jnp.asarray([3.2, 0.0]), origin)
    assert bool(jnp.all(jnp.isnan(beyond)))


def _carried_coordinates(offset: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Return exact coordinates about a shifted point, with the axes carried there.

    By Rodrigues' formula in the frame of the first point (axes ξ, η, outwards).
    """
    ray = np.concatenate([offset, np.ones((len(offset), 1))], axis=1)
    length = np.hypot(*shift)
    angle = np.arctan(length)
    axis = np.array([-shift[1], shift[0], 0.0]) / length
    # Turning the rays back takes the shifted point to the first one.
    back = (
        ray * np.cos(angle)
        - np.cross(axis, ray) * np.sin(angle)
        + np.outer(ray @ axis, axis) * (1 - np.cos(angle))
    )
    return back[:, :2] / back[:, 2:]


def _exact_shift_error(size: float, shift: float, dec: float | None) -> np.ndarray:
    """Return formula minus exact error of a wrong tangent point over a field."""
    side = np.linspace(-size, size, 7)
    offset = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    wrong = shift * np.array([0.6, -0.8])
    if dec is None:
        found = tangent_point_error(offset, wrong)
        exact = _carried_coordinates(offset, wrong) - offset
    else:
        found = tangent_point_error(offset, wrong, declination=jnp.asarray(dec))
        origin = erfa.s2c(1.0, dec)
        star = erfa.s2c(*erfa.tpsts(*offset.T, 1.0, dec))
        other = erfa.s2c(*erfa.tpsts(*wrong, 1.0, dec))
        about = np.stack(erfa.tpxev(star, other)[:2], axis=-1)
        exact = about - np.stack(erfa.tpxev(star, origin)[:2], axis=-1)
    return np.asarray(found) - exact


def _slope(error: list[float], size: list[float]) -> np.ndarray:
    return np.diff(np.log(error)) / np.diff(np.log(size))


@pytest.mark.parametrize("dec", [None, 0.7, -1.2])
def test_a_wrong_tangent_point_is_right_to_second_order(dec):
    """What is missing falls as shift², as the third power if the field shrinks too."""
    sizes = [4e-3, 2e-3, 1e-3]
    shifts = [np.abs(_exact_shift_error(0.05, s, dec)).max() for s in sizes]
    np.testing.assert_allclose(_slope(shifts, sizes), 2.0, atol=0.1)
    both = [np.abs(_exact_shift_error(10 * s, s, dec)).max() for s in sizes]
    np.testing.assert_allclose(_slope(both, sizes), 3.0, atol=0.1)
    assert (
        both[-1] < 2 * (1 + np.tan(dec or 0.0) ** 2) * sizes[-1] ** 2 * 10 * sizes[-1]
    )


@pytest.mark.parametrize("dec", [None, 0.7])
def test_the_tilt_terms_are_what_an_affine_plate_model_leaves(dec):
    """Of a pointing 1′ off over a field of 1°: 10 mas at the corner."""
    side = np.linspace(-0.5, 0.5, 11) * DEGREE
    offset = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    shift = np.array([0.6, -0.8]) * DEGREE / 60
    if dec is None:
        exact = _carried_coordinates(offset, shift) - offset
        formula = tangent_point_error(offset, shift)
    else:
        star = erfa.s2c(*erfa.tpsts(*offset.T, 1.0, dec))
        other = erfa.s2c(*erfa.tpsts(*shift, 1.0, dec))
        exact = np.stack(erfa.tpxev(star, other)[:2], axis=-1) - offset
        formula = tangent_point_error(offset, shift, declination=jnp.asarray(dec))
    wanted, found = plate_residual(offset, exact, 1), plate_residual(offset, formula, 1)
    tilt = float(jnp.max(jnp.linalg.norm(wanted, axis=-1)))
    assert tilt > 3 * MILLIARCSECOND
    assert _largest(found, wanted) * MICROARCSECOND < 2e-3 * tilt
    assert float(jnp.max(jnp.abs(plate_residual(offset, formula, 2)))) < 1e-17


def _tilted_detector(position: np.ndarray, tilt: np.ndarray) -> np.ndarray:
    """Return where rays meet a tilted detector, along its own axes, by ray and plane.

    The detector goes through the axis at distance 1; its normal is the ideal one turned
    by the tilt (Rodrigues), and so are its axes.
    """
    slope = np.hypot(*tilt)
    normal = np.array([-tilt[0], -tilt[1], 1.0]) / np.hypot(1.0, slope)
    ray = np.concatenate([position, np.ones((len(position), 1))], axis=1)
    hit = ray * (normal[2] / (ray @ normal))[:, None] - [0.0, 0.0, 1.0]
    up = np.array([0.0, 0.0, 1.0])
    axis, sine = np.cross(up, normal), np.linalg.norm(np.cross(up, normal))
    axis = axis / sine
    turned = [
        each * normal[2]
        + np.cross(axis, each) * sine
        + axis * (axis @ each) * (1 - normal[2])
        for each in np.eye(3)[:2]
    ]
    return hit @ np.array(turned).T


def test_a_tilted_detector_is_right_to_second_order():
    """By tracing rays; of second order in the tilt alone, of third with the field."""
    rng = np.random.default_rng(6)
    field = rng.uniform(-1, 1, (50, 2))

    def missed(size: float, tilt: float) -> float:
        lean = tilt * np.array([0.8, 0.6])
        exact = _tilted_detector(size * field, lean) - size * field
        return float(np.abs(detector_tilt(size * field, lean) - exact).max())

    sizes = [4e-3, 2e-3, 1e-3]
    np.testing.assert_allclose(
        _slope([missed(0.05, s) for s in sizes], sizes), 2.0, atol=0.1
    )
    together = [missed(10 * s, s) for s in sizes]
    np.testing.assert_allclose(_slope(together, sizes), 3.0, atol=0.1)
    # Without the formula the error would be of first order in the tilt.
    lean = 1e-3 * np.array([0.8, 0.6])
    plain = np.abs(_tilted_detector(0.05 * field, lean) - 0.05 * field).max()
    assert missed(0.05, 1e-3) < 0.05 * plain


def test_a_tilted_detector_is_a_gnomonic_plane_about_its_normal():
    """The exact sky model, with the tangent point at the detector's normal."""
    field = np.random.default_rng(7).uniform(-0.05, 0.05, (50, 2))
    lean = np.array([0.02, -0.01])
    axis = jnp.asarray([1.0, 0.0, 0.0])
    star = from_gnomonic(field, axis)
    normal = np.asarray(from_gnomonic(-lean, axis))
    plane = np.asarray(gnomonic(star, normal)) - np.asarray(gnomonic(axis, normal))
    seen = plane * np.cos(np.arctan(np.hypot(*lean)))
    model = _tilted_detector(field, lean)
    # East and North about the normal are turned against those about the axis; lengths
    # and the angles between the points do not know of it.
    np.testing.assert_allclose(seen @ seen.T, model @ model.T, atol=1e-16)
