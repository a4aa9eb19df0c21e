"""Derivatives of light deflection, all over the sphere, by everything it depends on."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax.flatten_util import ravel_pytree

from quick import quick_jit
from reseau.records import Bodies
from reseau.sky import deflect, deflection_angle, normalise, undeflect
from slopes import Slopes
from strategies import examples, numbers, seeds

# Large masses, so that derivatives of the bending stand out of those of the direction.
RADIUS, MASS, STEP = 0.05, 1e-3, 1e-6
NAMES = (
    "direction",
    "position",
    "mass",
    "radius",
    "oblateness",
    "pole",
    "gamma",
    "source",
)

axes = st.sampled_from([np.eye(3)[0], np.eye(3)[2], -np.eye(3)[2]])
# In the disc and out of it, but not on the limb, where the derivative has a step.
separations = st.one_of(
    st.sampled_from([0.0, np.pi / 2, np.pi]),
    numbers(0.0, 0.045),
    numbers(0.055, np.pi),
)


def _unit(vector):
    return vector / np.linalg.norm(vector)


def _case(toward, separation, seed):
    """Return a body at `toward` or anywhere, and a star at a separation from it."""
    rng = np.random.default_rng(seed)
    body = toward if seed % 2 else _unit(rng.normal(size=3))
    aside = _unit(np.cross(body, rng.normal(size=3)))
    star = _unit(np.cos(separation) * body + np.sin(separation) * aside)
    reach = rng.choice([0.3, 0.8, 1.3, 40.0])
    return {
        "direction": star,
        "position": body[None],
        "mass": MASS * rng.uniform(0.5, 1.5, 1),
        "radius": np.array([RADIUS]),
        "oblateness": rng.uniform(0.0, 0.1, 1),
        "pole": _unit(rng.normal(size=3))[None],
        "gamma": np.asarray(rng.uniform(0.5, 1.5)),
        "source": reach * star,
    }


def _bodies(case):
    return Bodies(
        position=case["position"],
        mass=case["mass"],
        radius=case["radius"],
        oblateness=case["oblateness"],
        pole=normalise(case["pole"]),
    )


def _seen(case, *, function, finite):
    return function(
        normalise(case["direction"]),
        _bodies(case),
        gamma=case["gamma"],
        source=case["source"] if finite else None,
    )


def _slopes(case, tangent, weight, *, function, finite):
    """Return the slope along a tangent: forward mode and differences.

    Between them the slope of the vector weighted, in reverse mode.
    """

    def seen(x):
        return _seen(x, function=function, finite=finite)

    _, push = jax.linearize(seen, case)
    (rows,) = jax.linear_transpose(push, case)(weight)
    reverse = sum(jnp.sum(rows[name] * tangent[name]) for name in NAMES)
    moves = jnp.array([STEP, -STEP])
    ends = jax.vmap(lambda h: seen(jax.tree.map(lambda x, t: x + h * t, case, tangent)))
    plus, minus = ends(moves)
    return push(tangent), reverse, (plus - minus) / (2 * STEP)


_slopes = quick_jit(_slopes, static_argnames=("function", "finite"))


@pytest.mark.parametrize("finite", [False, True])
@pytest.mark.parametrize("function", [deflect, undeflect])
@pytest.mark.parametrize("name", [*NAMES, "everything"])
@examples(15)
@given(axes, separations, seeds)
def test_slopes_are_differences(name, function, finite, toward, separation, seed):
    case = jax.tree.map(jnp.asarray, _case(toward, separation, seed))
    if function is undeflect:
        # A bending as large as the body is wide is not one that can be undone.
        case["mass"] = 1e-2 * case["mass"]
    rng = np.random.default_rng(seed)
    tangent = {
        key: jnp.asarray(rng.normal(size=value.shape))
        * float(name in (key, "everything"))
        * (case[key] if key == "mass" else 1.0)
        * (1e-2 if key in ("radius", "position") else 1.0)
        for key, value in case.items()
    }
    weight = jnp.asarray(rng.normal(size=3))
    forward, reverse, wanted = _slopes(
        case, tangent, weight, function=function, finite=finite
    )
    scale = 1.0 + np.abs(wanted).max()
    np.testing.assert_allclose(forward, wanted, atol=2e-7 * scale)
    np.testing.assert_allclose(reverse, forward @ weight, atol=1e-11 * scale)


def _edge_cases():
    z, x = np.eye(3)[2], np.eye(3)[0]
    yield "towards the body", {"direction": z}
    yield "away from the body", {"direction": -z}
    yield "at right angles", {"direction": x}
    yield "observer in the centre", {"position": np.zeros((1, 3))}
    yield "observer on the ground", {"position": 0.9 * RADIUS * z[None]}
    yield "a point in front", {"direction": z, "radius": np.zeros(1)}
    yield "source in the body", {"direction": z, "source": z}
    yield "source behind the body", {"direction": z, "source": 3 * z}
    yield "source before the body", {"direction": z, "source": 0.5 * z}
    yield "source at the observer", {"direction": z, "source": np.zeros(3)}
    yield "no mass", {"mass": np.zeros(1)}
    yield "no oblateness", {"oblateness": np.zeros(1)}
    yield "no pole", {"pole": np.zeros((1, 3))}


def _plain(case, *, function, finite):
    """Return the direction seen, with no scaling of what comes in."""
    bodies = Bodies(*(case[name] for name in NAMES[1:6]))
    source = case["source"] if finite else None
    return function(case["direction"], bodies, gamma=case["gamma"], source=source)


def _value_and_slopes(case, *, function, finite):
    def seen(x):
        return _plain(x, function=function, finite=finite)

    flat, restore = ravel_pytree(case)
    value, push = jax.linearize(lambda x: seen(restore(x)), flat)
    pull = jax.linear_transpose(push, flat)
    forward = jax.vmap(push)(jnp.eye(flat.size))
    (reverse,) = jax.vmap(pull)(jnp.eye(3))
    return value, forward, reverse


_value_and_slopes = quick_jit(_value_and_slopes, static_argnames=("function", "finite"))


@pytest.mark.parametrize("edge", list(_edge_cases()), ids=lambda edge: edge[0])
@pytest.mark.parametrize("finite", [False, True])
@pytest.mark.parametrize("function", [deflect, undeflect])
def test_values_and_slopes_are_finite(edge, function, finite):
    z = np.eye(3)[2]
    case = {
        "direction": _unit(np.array([0.3, 0.1, 1.0])),
        "position": z[None],
        "mass": np.array([1e-8]),
        "radius": np.array([RADIUS]),
        "oblateness": np.array([0.01]),
        "pole": np.eye(3)[:1],
        "gamma": np.asarray(1.0),
        "source": 5 * z,
    } | edge[1]
    value, *slopes = _value_and_slopes(case, function=function, finite=finite)
    assert jnp.linalg.norm(value) == pytest.approx(1.0, abs=1e-15)
    for mode in slopes:
        assert jnp.isfinite(mode).all()


ANGLE = Slopes(lambda p: deflection_angle(p[0], p[1], p[2], p[3]), pairs=1)


@examples(30)
@given(numbers(0.01, np.pi), numbers(0.5, 10.0), numbers(0.1, 2.0), numbers(0.5, 2))
def test_slopes_of_the_scalar_formula(separation, distance, mass, gamma):
    point = np.array([separation, distance, mass, gamma])
    _, forward, reverse, numeric = ANGLE.three(point, step=1e-6 * point)
    np.testing.assert_allclose(forward, numeric, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(reverse, forward, rtol=1e-12)
