"""Derivatives and round trips of standard coordinates, over the whole sphere."""

import jax.numpy as jnp
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reseau.constants import DEGREE
from reseau.sky import (
    detector_tilt,
    direction_from_angles,
    equidistant,
    from_equidistant,
    from_gnomonic,
    gnomonic,
    tangent_point_error,
)
from slopes import Slopes
from strategies import examples, numbers

few = examples(25)
angles = st.tuples(
    numbers(0, 360) | st.sampled_from([0.0, 1e-12, 180.0, 360.0]),
    numbers(-90, 90) | st.sampled_from([-90.0, 0.0, 90.0]),
)
# Zero, tiny, both sides of the end of the series, beyond 90° and nearly opposite.
lengths = st.sampled_from([0.0, 1e-10, 0.01, 0.0316, 0.0317, 0.5, 1.2, 2.0, 3.0])
turns = numbers(0, 2 * np.pi)

FORTH = {f: Slopes(f) for f in (gnomonic, equidistant)}
BACK = {f: Slopes(f) for f in (from_gnomonic, from_equidistant)}
POLES = {
    f: Slopes(lambda x, f=f: f(x, jnp.asarray([0.0, 0.0, 1.0])))
    for f in (gnomonic, equidistant, from_gnomonic, from_equidistant)
}


def vector(place: tuple[float, float]) -> np.ndarray:
    ra, dec = jnp.asarray(place) * DEGREE
    return np.asarray(direction_from_angles(ra, dec))


def offset(length: float, turn: float) -> np.ndarray:
    return length * np.array([np.sin(turn), np.cos(turn)])


def far_from_poles(n: np.ndarray) -> bool:
    """Where East and North turn slowly enough for differences to follow them."""
    return bool(np.hypot(n[0], n[1]) > 0.3)


@few
@given(angles, lengths, turns)
def test_projecting(place, length, turn):
    origin = vector(place)
    if not far_from_poles(origin):
        return
    away = np.asarray(from_equidistant(offset(length, turn), origin))
    if length < 1.3:
        FORTH[gnomonic].check(away, origin, tolerance=1e-7)
    if length < 2.5:
        FORTH[equidistant].check(away, origin, tolerance=1e-7)


@few
@given(angles, lengths, turns)
def test_deprojecting(place, length, turn):
    origin = vector(place)
    if not far_from_poles(origin):
        return
    BACK[from_gnomonic].check(offset(length, turn), origin, tolerance=1e-7)
    BACK[from_equidistant].check(offset(length, turn), origin, tolerance=1e-7)


@few
@given(lengths, turns)
def test_about_a_pole(length, turn):
    x = offset(length, turn)
    pole = jnp.asarray([0.0, 0.0, 1.0])
    POLES[from_gnomonic].check(x, tolerance=1e-7)
    POLES[from_equidistant].check(x, tolerance=1e-7)
    away = from_equidistant(x, pole)
    if length < 1.3:
        POLES[gnomonic].check(away, tolerance=1e-7)
    if length < 2.5:
        POLES[equidistant].check(away, tolerance=1e-7)


@few
@given(angles, lengths, turns)
def test_no_derivative_is_nan(place, length, turn):
    """Poles as origins too, and places where the gnomonic plane ends."""
    origin, x = vector(place), offset(length, turn)
    for back, forth in ((from_gnomonic, gnomonic), (from_equidistant, equidistant)):
        away = back(x, origin)
        BACK[back].check_finite(x, origin)
        FORTH[forth].check_finite(away, origin)


@few
@given(angles, lengths, turns)
def test_round_trips(place, length, turn):
    origin, x = vector(place), offset(length, turn)
    there = from_equidistant(x, origin)
    np.testing.assert_allclose(equidistant(there, origin), x, atol=1e-14)
    there = from_gnomonic(x, origin)
    np.testing.assert_allclose(gnomonic(there, origin), x, atol=1e-14)


SHIFT = Slopes(lambda x, s, dec: tangent_point_error(x, s, declination=dec))
UNTURNED = Slopes(tangent_point_error)
TILT = Slopes(detector_tilt)


@few
@given(lengths, turns, lengths, turns, numbers(-1.4, 1.4))
def test_errors_of_the_set_up(length, turn, shift, towards, dec):
    x, s = offset(length, turn), offset(shift, towards)
    SHIFT.check(x, s, dec, tolerance=1e-9)
    UNTURNED.check(x, s, tolerance=1e-9)
    TILT.check(x, s, tolerance=1e-9)
