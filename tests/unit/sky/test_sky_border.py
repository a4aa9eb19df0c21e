"""What `reseau.sky` refuses: units, 32 bits, wrong shapes, plates without an answer."""

import inspect
import re
from collections.abc import Callable
from typing import Any

import astropy
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from astropy import units
from astropy.constants import c
from astropy.table import Column
from numpy.testing import assert_allclose, assert_array_equal

from reseau import sky
from reseau.errors import (
    CatalogueError,
    DegeneracyError,
    PrecisionError,
    ShapeError,
    UnitError,
)
from reseau.instrument import camera_axes
from reseau.records import Air, Bodies, Surroundings
from reseau.sky import Atmosphere

FUNCTIONS = [f for n in sky.__all__ if inspect.isfunction(f := getattr(sky, n))]
# These look at what a table contains, with NumPy, wherever they are called.
IN_NUMPY = {"check_air", "check_zenith_distance"}
NO_NUMBERS = {"degree", "function", "light_time", "n_side", "where"}

NORTH = np.array([0.6, 0.0, 0.8])
PLANE = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]) * 1e-3
BODIES = Bodies(np.eye(3)[:1], *np.full((3, 1), 1e-8), np.eye(3)[:1])
AIR = Air(NORTH, np.array(3e-4), np.array(3e-7))
GIVEN: dict[str, Any] = {
    "acceleration": np.zeros(3),
    "air": AIR,
    "angle": 1.0,
    "astrometry": np.zeros(6),
    "band": np.ones(4),
    "bodies": BODIES,
    "carbon_dioxide": 400.0,
    "centre": NORTH,
    "covariance": np.eye(6) * 1e-18,
    "cube": 3e-7,
    "dec": 0.3,
    "declination": 0.3,
    "degree": 1,
    "direction": NORTH,
    "displacement": PLANE,
    "distance": 1.0,
    "elapsed": 15,
    "function": lambda n: n,
    "gamma": 1.0,
    "half_side": 0.01,
    "height": 100.0,
    "humidity": 0.5,
    "lapse": 0.006,
    "latitude": 0.8,
    "light_time": True,
    "mass": 1e-8,
    "n_side": 3,
    "observer": [1.0, 0.0, 0.0],
    "offset": PLANE,
    "origin": NORTH,
    "parallax": 1e-7,
    "photons": np.ones(4),
    "position": PLANE,
    "potential": 1e-8,
    "pressure": 1013.0,
    "ra": 0.3,
    "radial_velocity": 30.0,
    "reference": 0.5,
    "refractivity": 3e-4,
    "separation": 0.5,
    "shift": PLANE[1],
    "source": np.ones(3),
    "speed": 1e-4,
    "surroundings": Surroundings(BODIES, np.zeros(3), AIR),
    "tangent": 3e-4,
    "temperature": 10.0,
    "tilt": PLANE[1],
    "top": 1e5,
    "vector": NORTH,
    "velocity": np.zeros(3),
    "wavelength": np.array([0.4, 0.5, 0.6, 0.7]),
    "z": 0.5,
    "z0": 0.5,
    "zenith": NORTH,
}
LAYERS = Atmosphere(6.4e6, 283.0, 0.0065, 1e4, 3e-4, 0.0, 0.034)


def arguments(function: Callable[..., Any]) -> dict[str, Any]:
    """Return plain arguments of a function, all it has."""
    names = inspect.signature(function).parameters
    given = {name: GIVEN[name] for name in names if name != "where"}
    if function.__name__ == "refraction_through":
        given["air"] = LAYERS
    return given


def spoiled(
    function: Callable[..., Any], spoil: Callable[[Any], Any]
) -> list[tuple[str, dict[str, Any]]]:
    """Return every argument, and field of a record, with all of which only it is."""
    given, cases = arguments(function), []
    for name in given.keys() - NO_NUMBERS:
        value = given[name]
        if not isinstance(value, eqx.Module):
            cases.append((name, {**given, name: spoil(value)}))
            continue
        for k, (path, leaf) in enumerate(jax.tree.leaves_with_path(value)):
            record = eqx.tree_at(lambda r, k=k: jax.tree.leaves(r)[k], value, "leaf")
            record = jax.tree.map(
                lambda x, leaf=leaf: spoil(leaf) if isinstance(x, str) else x, record
            )
            full = name + jax.tree_util.keystr(path)
            cases.append((full, {**given, name: record}))
    return cases


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_plain_numbers_pass_and_stay_64_bits(function: Callable[..., Any]) -> None:
    found = jax.eval_shape(lambda: function(**arguments(function)))
    assert all(leaf.dtype == jnp.float64 for leaf in jax.tree.leaves(found))


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_a_quantity_is_refused_in_every_argument(function: Callable[..., Any]) -> None:
    cases = spoiled(function, lambda value: value * units.kpc)
    assert cases
    for name, given in cases:
        with pytest.raises(UnitError) as caught:
            function(**given)
        assert str(caught.value).startswith(f"{name} has the unit kpc\n")
        assert function.__name__ in str(caught.value)


@pytest.mark.parametrize(
    "function",
    [f for f in FUNCTIONS if f.__name__ not in IN_NUMPY],
    ids=lambda f: f.__name__,
)
def test_32_bits_are_refused_in_every_argument(function: Callable[..., Any]) -> None:
    for name, given in spoiled(function, np.float32):
        with pytest.raises(PrecisionError) as caught:
            function(**given)
        assert str(caught.value).startswith(f"{name} is float32 to JAX\n")
    made_before = jax.tree.map(
        lambda x: jnp.asarray(x) if isinstance(x, np.ndarray) else x,
        arguments(function),
    )
    with jax.enable_x64(False):
        for given in (arguments(function), made_before):
            with pytest.raises(PrecisionError, match=r"with jax.enable_x64\(True\)"):
                function(**given)


@pytest.mark.parametrize(
    ("call", "name", "quantity", "plain"),
    [
        (lambda x: sky.direction_from_angles(x, 0.0), "ra", 30 * units.deg, np.pi / 6),
        (
            lambda x: sky.direction_from_angles(x, 0.0),
            "ra",
            Column([30.0], unit="deg"),
            np.pi / 6,
        ),
        (
            lambda x: sky.aberrate(NORTH, x),
            "velocity",
            [30, 0, 0] * units.km / units.s,
            [30 / 299792.458, 0, 0],
        ),
        (
            lambda x: sky.secular_motion(NORTH, x),
            "acceleration",
            [2, 0, 0] * c / units.yr,
            [2, 0, 0],
        ),
        (
            lambda x: sky.refractivity(1e3, x, 0.5, 0.5),
            "temperature",
            283.15 * units.K,
            10.0,
        ),
        (
            lambda x: sky.refractivity(x, 10.0, 0.5, 0.5),
            "pressure",
            1e5 * units.Pa,
            1000.0,
        ),
        (
            lambda x: sky.refractivity(1e3, 10.0, 0.5, x),
            "wavelength",
            500 * units.nm,
            0.5,
        ),
        (
            lambda x: sky.refractivity(1e3, 10.0, 0.5, 0.5, carbon_dioxide=x),
            "carbon_dioxide",
            4e-4 * units.one,
            400.0,
        ),
        (sky.normalise, "vector", [0, 0, 2] * units.kpc, [0, 0, 2]),
    ],
)
def test_what_the_error_says_to_write_is_right(
    call: Callable[[Any], Any], name: str, quantity: Any, plain: Any
) -> None:
    with pytest.raises(UnitError) as caught:
        call(quantity)
    found = re.search(r"to do: +write (.*)$", str(caught.value))
    assert found is not None
    written = eval(found[1], {"astropy": astropy, name: quantity})
    assert type(written) in (float, np.float64, np.ndarray)
    assert_allclose(written, plain, rtol=1e-15)
    call(written)


def test_a_column_without_unit_and_of_fits_is_plain() -> None:
    wanted = sky.direction_from_angles(np.array([0.5]), np.array([0.1]))
    for ra in (Column([0.5]), np.array([0.5], ">f8"), [0.5]):
        assert_array_equal(sky.direction_from_angles(ra, [0.1]), wanted)


def test_transformations_of_jax_go_through() -> None:
    def x(ra: Any, dec: Any) -> jax.Array:
        return sky.direction_from_angles(ra, dec)[..., 0]

    ra = np.array([0.3, 2.0])
    assert_allclose(jax.jit(x)(0.3, 1), np.cos(0.3) * np.cos(1.0), rtol=1e-15)
    assert_allclose(
        jax.vmap(jax.grad(x), in_axes=(0, None))(ra, 0.2),
        -np.sin(ra) * np.cos(0.2),
        rtol=1e-15,
    )


def test_the_camera_has_the_same_border() -> None:
    with pytest.raises(UnitError, match=r'camera_axes\n.*attitude.to_value\("rad"\)'):
        camera_axes([10, 20, 30] * units.deg)


@pytest.mark.parametrize("name", ["direction_at", "linear_direction_at", "propagate"])
def test_the_parameters_may_be_a_list_but_not_five(name: str) -> None:
    function = getattr(sky, name)
    rest = [] if name == "propagate" else [[0.5, 0.0, 0.5]]
    six = [0.0, 0.0, 1e-7, 1e-7, 1e-7, 0.0]
    for found, wanted in zip(
        jax.tree.leaves(function(NORTH.tolist(), six, 15, *rest)),
        jax.tree.leaves(function(NORTH, np.array(six), 15.0, *rest)),
        strict=True,
    ):
        assert_array_equal(found, wanted)
    with pytest.raises(ShapeError, match=r"\(5,\)\n[^$]*radial velocity.*append 0"):
        function(NORTH, six[:5], 15.0, *rest)


def test_columns_in_place_of_rows_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"direction has the shape \(3, 5\)"):
        sky.aberrate(np.zeros((3, 5)), np.zeros(3))
    with pytest.raises(ShapeError, match=r"covariance has[^$]*6 by 6"):
        sky.propagate_with_covariance(NORTH, np.zeros(6), np.eye(5), 1.0)


@pytest.mark.parametrize(
    ("function", "rest"),
    [
        (sky.propagate_with_covariance, ()),
        (sky.direction_and_covariance, (np.array([0.5, 0.6, 0.1]),)),
    ],
)
def test_one_star_or_one_epoch_is_a_row_of_many(
    function: Callable[..., Any], rest: tuple[np.ndarray, ...]
) -> None:
    rng = np.random.default_rng(3)
    direction = np.asarray(sky.normalise(rng.normal(size=(3, 3))))
    sigma = np.array([1e-9, 1e-9, 1e-9, 1e-9, 1e-9, 2.0])
    mean = np.array([0.0, 0.0, 1e-6, 1e-6, 1e-6, 30.0]) + sigma * rng.normal(size=6)
    matrix = np.diag(sigma**2)
    compiled = jax.jit(function)
    many = compiled(direction, mean, matrix, np.full(3, 15.0), *rest)
    one = compiled(direction[1], mean, matrix, 15.0, *rest)
    for each, row in zip(many[:-1], one[:-1], strict=True):
        assert_allclose(row, each[1], rtol=1e-13, atol=1e-20)
    assert_allclose(
        one[-1] / _products(one[-1]),
        many[-1][1] / _products(one[-1]),
        rtol=0,
        atol=1e-12,
    )


def _products(covariance: jax.Array) -> np.ndarray:
    sigma = np.sqrt(np.diagonal(covariance))
    return sigma[:, None] * sigma


def test_a_star_behind_has_no_offset() -> None:
    stars = np.array([-NORTH + 1e-3, NORTH + 1e-3, [0.8, 0.0, -0.6]])
    found = sky.tangent_offset(sky.normalise(stars), NORTH)
    assert_array_equal(np.isnan(found), [[True] * 2, [False] * 2, [True] * 2])
    assert_array_equal(found, sky.gnomonic(sky.normalise(stars), NORTH))


@pytest.mark.parametrize("far", [0.0, 1e3])
def test_a_plate_of_stars_on_one_line_is_refused(far: float) -> None:
    t = np.linspace(-1, 1, 20) ** 3
    line = np.stack([t * 1e-3 + far, 2e-3 * t + 0.3 + far], axis=1)
    with pytest.raises(DegeneracyError, match=r"of η\n.*one line") as caught:
        sky.plate_residual(line, np.ones((20, 2)), 1)
    assert caught.value.directions == ("η",)
    with pytest.raises(DegeneracyError, match="ξ, η"):
        sky.plate_residual(0.0 * line, np.ones((20, 2)), 1)
    # Off the line by 1e-6 of its length is enough; checked by another decomposition.
    offset = line - far + 1e-9 * np.stack([t, np.sin(40 * t)], axis=1)
    seen = np.stack([np.cos(9 * t), t**2], axis=1)
    scaled = (offset - offset.mean(axis=0)) / np.ptp(offset, axis=0)
    u, w, _ = np.linalg.svd(np.column_stack([np.ones(20), scaled]), False)
    assert w[-1] > 1e-8
    assert_allclose(
        sky.plate_residual(offset, seen, 1), seen - u @ (u.T @ seen), atol=1e-8
    )


def test_a_plate_of_stars_on_a_circle_has_no_second_degree() -> None:
    t = np.linspace(0, 6, 20)
    circle = np.stack([np.cos(t), np.sin(t)], axis=1)
    with pytest.raises(DegeneracyError, match="one conic"):
        sky.plate_residual(circle, np.ones((20, 2)), 2)
    assert_allclose(sky.plate_residual(circle, circle, 1), 0.0, atol=1e-14)


@pytest.mark.parametrize("name", ["offset", "displacement"])
def test_a_star_that_is_nan_is_named(name: str) -> None:
    rng = np.random.default_rng(0)
    given = {"offset": rng.normal(size=(9, 2)), "displacement": np.ones((9, 2))}
    given[name][4, 1] = np.nan
    with pytest.raises(CatalogueError, match=f"{name} is NaN .* 1 of 9 rows: 4"):
        sky.plate_residual(**given, degree=1)
    assert np.isnan(jax.jit(lambda: sky.plate_residual(**given, degree=1))()).any()


def test_an_effect_that_is_nan_is_not_called_zero() -> None:
    effect = jax.jit(
        lambda n: sky.differential_effect(lambda m: m * jnp.nan, n, 0.01, 1, n_side=3)
    )
    assert all(np.isnan(value).all() for value in effect(NORTH))


def test_air_with_a_unit_is_refused_before_it_is_looked_at() -> None:
    with pytest.raises(UnitError, match="pressure has the unit Pa"):
        sky.check_air(1e3 * units.Pa, 10.0, 0.5, 0.5)
    with jax.enable_x64(False):
        sky.check_air(1e3, 10.0, 0.5, 0.5)
