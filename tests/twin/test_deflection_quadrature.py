"""Light deflection against numerical integration of the potential along the ray.

The twin knows only the potential of an oblate body and that light turns towards it, so
that the image moves away. The gradient across the ray is taken by complex steps and
integrated by QUADPACK; no formula is shared.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

from reseau.records import Bodies
from reseau.sky import deflect

# The formula is linear in the mass; a large one lifts the bending out of the rounding
# of unit vectors.
RADIUS, OBLATENESS, MASS, GAMMA = 0.03, 0.2, 1.0, 0.8


def _unit(vector):
    return vector / np.linalg.norm(vector)


def _potential(x, body, oblateness, pole):
    """Return U in units of m at complex positions."""
    r = x - body
    square = np.sum(r * r)
    distance = np.sqrt(square)
    sine = np.sum(r * pole) / distance
    zonal = (3 * sine**2 - 1) / 2
    return (1 - oblateness * RADIUS**2 / square * zonal) / distance


def _gradient(x, body, oblateness, pole, axis):
    step = 1e-30
    return _potential(x + 1j * step * axis, body, oblateness, pole).imag / step


def _integral(direction, body, oblateness, pole, reach):
    """Return ∫ (1 - s/L) ∇U ds across the ray, the way s = z + d tan θ."""
    nearest = direction @ body
    impact = np.linalg.norm(np.cross(direction, body))
    end = np.pi / 2 if reach is None else np.arctan2(reach - nearest, impact)
    start = np.arctan2(-nearest, impact)
    total = np.zeros(3)
    first = _unit(np.cross(direction, pole + np.array([0.3, 0.1, -0.2])))
    for axis in (first, np.cross(direction, first)):

        def integrand(angle, axis=axis):
            s = nearest + impact * np.tan(angle)
            weight = 1.0 if reach is None else 1 - s / reach
            slope = _gradient(s * direction, body, oblateness, pole, axis)
            return weight * slope * impact / np.cos(angle) ** 2

        value, _ = quad(integrand, start, end, epsabs=0, epsrel=1e-12, limit=200)
        total += value * axis
    return total


def _cases():
    """Yield rays grazing, near, at right angles, opposite; sources at all depths."""
    rng = np.random.default_rng(3)
    for separation in (0.031, 0.05, 0.3, 1.2, np.pi / 2, 2.0, 3.0, 3.1415):
        for reach in (None, 0.4, 1.1, 30.0):
            body = _unit(rng.normal(size=3))
            aside = _unit(np.cross(body, rng.normal(size=3)))
            direction = np.cos(separation) * body + np.sin(separation) * aside
            yield body, _unit(rng.normal(size=3)), _unit(direction), reach


def _bend(direction, body, pole, oblateness, source):
    """Return what is added to the direction, undoing the scaling to unit length."""
    bodies = Bodies(
        position=body[None],
        mass=np.array([MASS]),
        radius=np.array([RADIUS]),
        oblateness=jnp.asarray(oblateness)[None],
        pole=pole[None],
    )
    seen = deflect(direction, bodies, gamma=GAMMA, source=source)
    return seen / jnp.sum(seen * direction) - direction


_bend = jax.jit(_bend)


def _found_and_wanted(distance, oblateness):
    for toward, pole, direction, reach in _cases():
        body = toward * distance
        source = None if reach is None else reach * direction
        integral = _integral(direction, body, oblateness, pole, reach)
        yield (
            np.asarray(_bend(direction, body, pole, oblateness, source)),
            -(1 + GAMMA) * MASS * integral,
        )


@pytest.mark.parametrize("distance", [1.0, 4.0])
def test_bending_is_the_integral_of_the_gradient(distance):
    for found, wanted in _found_and_wanted(distance, OBLATENESS):
        assert np.abs(found - wanted).max() < 1e-10 * np.abs(wanted).max()


@pytest.mark.parametrize("distance", [1.0, 4.0])
def test_oblateness_is_its_own_integral(distance):
    """The same for the oblate part alone, of which the sum above shows little."""
    oblate = _found_and_wanted(distance, OBLATENESS)
    sphere = _found_and_wanted(distance, 0.0)
    for (found, wanted), (found_0, wanted_0) in zip(oblate, sphere, strict=True):
        part = wanted - wanted_0
        assert np.abs(found - found_0 - part).max() < 1e-8 * np.abs(part).max()
