"""Distortion models: names, order, widths, inverses, options."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jaxtyping
import numpy as np
import pytest
from numpy.testing import assert_allclose

from reseau.errors import ConfigError
from reseau.instrument import (
    DISTORTIONS,
    BrownConrady,
    Distortion,
    InverseSIP,
    Legendre,
    NoDistortion,
    Powers,
    Radial,
    basis_name,
    make_distortion,
)

S = 21000.0
MODELS = [
    Legendre(S),
    Legendre(S, degree=3, degree_kind="per-axis", minimum_degree=0),
    Powers(S),
    InverseSIP(S, degree=4, minimum_degree=1, centre=(500.0, -300.0)),
    BrownConrady(S, n_radial=3, n_tilt=2),
    Radial(S),
    NoDistortion(),
]


def some_coefficients(model: Distortion, size: float = 20.0) -> np.ndarray:
    """Return coefficients that displace by about `size` um each."""
    rng = np.random.default_rng(8)
    width = np.minimum(model.widths(size), 3000.0)
    return model.default() + width * rng.uniform(-1.0, 1.0, model.n_coefficients)


@functools.cache
def compiled(model: Distortion, method: str) -> Callable[..., Any]:
    """Return a method, compiled once."""
    return jax.jit(getattr(model, method))


def displace(
    model: Distortion, x: np.ndarray, y: np.ndarray, c: np.ndarray
) -> np.ndarray:
    """Return the measured positions."""
    return np.asarray(compiled(model, "displace")(x, y, c))


def restore(
    model: Distortion, x: np.ndarray, y: np.ndarray, c: np.ndarray
) -> np.ndarray:
    """Return the undistorted positions."""
    return np.asarray(compiled(model, "restore")(x, y, c))


def plane(n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Return points all over the focal plane [um]."""
    x, y = np.random.default_rng(9).uniform(-S, S, (2, n))
    return x, y


def test_terms_go_by_total_degree_then_x_first() -> None:
    assert Legendre(S, degree=3).terms == (
        (2, 0), (1, 1), (0, 2), (3, 0), (2, 1), (1, 2), (0, 3),
    )  # fmt: skip
    assert Powers(S, degree=2, degree_kind="per-axis").terms == (
        (2, 0), (1, 1), (0, 2), (2, 1), (1, 2), (2, 2),
    )  # fmt: skip
    assert Legendre(S).n_coefficients == 36
    assert Legendre(S, degree=1, minimum_degree=0).terms == ((0, 0), (1, 0), (0, 1))


def test_names_and_units() -> None:
    assert Legendre(S, degree=2).names == (
        "A_20",
        "A_11",
        "A_02",
        "B_20",
        "B_11",
        "B_02",
    )
    assert {"A_10_0", "B_0_10", "A_91"} < set(Legendre(S, degree=10).names)
    assert BrownConrady(S).names == ("K_1", "S_x", "S_y", "T_1", "scale")
    radial = Radial(S, n_radial=2)
    assert radial.names == ("K_x1", "K_y1", "K_x2", "K_y2", "x_c", "y_c")
    assert radial.units == ("", "", "", "", "um", "um")
    for model in MODELS:
        assert len(model.units) == len(model.widths(1.0)) == model.n_coefficients
        assert len(set(model.names)) == model.n_coefficients


@pytest.mark.parametrize("model", MODELS, ids=basis_name)
def test_the_default_is_no_distortion(model: Distortion) -> None:
    x, y = plane()
    start = model.default()
    assert_allclose(displace(model, x, y, start), (x, y), rtol=0, atol=0)
    assert_allclose(restore(model, x, y, start), (x, y), rtol=0, atol=0)


@pytest.mark.parametrize("size", [0.1, 20.0])
@pytest.mark.parametrize("model", MODELS, ids=basis_name)
def test_inverses_to_1e_12_of_the_normalisation(model: Distortion, size: float) -> None:
    coefficients = some_coefficients(model, size)
    x, y = plane()
    there = displace(model, x, y, coefficients)
    back = restore(model, *there, coefficients)
    assert_allclose(back, (x, y), rtol=0, atol=1e-12 * S)
    back = restore(model, x, y, coefficients)
    there = displace(model, *back, coefficients)
    assert_allclose(there, (x, y), rtol=0, atol=1e-12 * S)


@pytest.mark.parametrize("model", MODELS[:-1], ids=basis_name)
def test_a_width_displaces_by_sigma_at_the_edge(model: Distortion) -> None:
    """One width of one coefficient moves no source at r = s by more than sigma."""
    angle = np.linspace(0.0, 2 * np.pi, 721)
    x, y = S * np.cos(angle), S * np.sin(angle)
    widths = model.widths(1e-3)
    moved = {}
    for i, name in enumerate(model.names):
        coefficients = model.default()
        coefficients[i] += widths[i]
        u, v = displace(model, x, y, coefficients)
        moved[name] = float(np.hypot(u - x, v - y).max())
    # T alone modulates nothing, and a centre alone displaces nothing.
    idle = {n for n in model.names if n.startswith("T_") or n in ("x_c", "y_c")}
    assert all(moved[name] == 0.0 for name in idle)
    full = [m for name, m in moved.items() if name not in idle]
    if isinstance(model, Legendre):
        assert max(full) <= 1.001e-3
    elif isinstance(model, Powers):
        # A mixed power is largest at (k/(k+l))^(k/2)..., less than 1 on the circle.
        assert max(full) == pytest.approx(1e-3, rel=1e-6)
        assert min(full) > 0.15e-3
    elif isinstance(model, InverseSIP):
        assert max(full) == pytest.approx(1e-3, rel=0.15)  # its centre is off axis
    else:
        assert_allclose(full, 1e-3, rtol=1e-3)


def test_linear_models_are_linear() -> None:
    x, y = plane(50)
    for model in MODELS[:3]:
        assert model.is_linear
        coefficients = some_coefficients(model)
        once = np.subtract(model.displace(x, y, coefficients), (x, y))
        twice = np.subtract(model.displace(x, y, 2 * coefficients), (x, y))
        assert_allclose(twice, 2 * once, rtol=0, atol=2e-11)
        assert model.basis(x, y).shape == (len(model.terms), 50)
    assert not any(model.is_linear for model in MODELS[3:])
    assert [m.carries_scale for m in MODELS] == [False] * 4 + [True, False, False]


def test_coefficients_may_differ_between_points() -> None:
    model = Legendre(S)
    x, y = plane(3)
    each = np.stack([some_coefficients(model, s) for s in (1.0, 2.0, 3.0)], axis=-1)
    together = np.asarray(model.displace(x, y, each))
    for i in range(3):
        assert_allclose(
            together[:, i], model.displace(x[i], y[i], each[:, i]), rtol=1e-15
        )
    assert_allclose(model.restore(*together, each), (x, y), rtol=0, atol=1e-12 * S)


def test_where_no_solution_exists_the_inverse_is_nan() -> None:
    """x' = x - x²/s never exceeds s/4; the other points are not held up."""
    model = Powers(S, degree=2)
    coefficients = np.zeros(6)
    coefficients[0] = -S
    x = np.array([0.1 * S, 0.9 * S, -0.5 * S])
    u, v = model.restore(x, np.zeros(3), coefficients)
    assert np.isnan(u).tolist() == [False, True, False]
    assert np.isnan(v).tolist() == [False, True, False]
    expected = 0.5 * S * (1.0 - np.sqrt(1.0 - 4.0 * x[[0, 2]] / S))
    assert_allclose(u[np.array([0, 2])], expected, rtol=1e-14)


def test_radial_refuses_to_throw_through_infinity() -> None:
    model = Radial(S, n_radial=1)
    coefficients = np.array([2.0, 2.0, 0.0, 0.0])
    x, _ = model.displace(np.array([0.5 * S, S]), np.zeros(2), coefficients)
    assert np.isnan(x).tolist() == [False, True]


def test_registry_makes_each_model() -> None:
    for name, model in DISTORTIONS.items():
        made = make_distortion(name, **({} if name == "none" else {"normalisation": S}))
        assert type(made) is model
        assert basis_name(made) == name
    sip = make_distortion("sip", normalisation=S, degree=3, centre=(1.0, 2.0))
    assert sip == InverseSIP(S, degree=3, centre=(1.0, 2.0))


@pytest.mark.parametrize(
    ("basis", "options", "texts"),
    [
        (
            "legendr",
            {"normalisation": S},
            ["unknown distortion 'legendr'", "did you mean 'legendre'"],
        ),
        (
            "legendre",
            {"normalisation": S, "degre": 3},
            ["'degre'", "did you mean 'degree'"],
        ),
        ("powers", {}, ["no normalisation", "half the side"]),
        ("powers", {"normalisation": -1.0}, ["normalisation is -1.0", "positive"]),
        ("powers", {"normalisation": float("nan")}, ["normalisation is nan"]),
        ("powers", {"normalisation": S, "degree": 1}, ["degree is 1"]),
        ("powers", {"normalisation": S, "degree": 2.5}, ["degree is 2.5", "whole"]),
        ("radial", {"normalisation": S, "n_radial": 0}, ["n_radial is 0"]),
        ("brown-conrady", {"normalisation": S, "n_tilt": -1}, ["n_tilt is -1"]),
        ("sip", {"normalisation": S, "degree_kind": "both"}, ["'both'", "per-axis"]),
    ],
)
def test_wrong_options_are_explained(
    monkeypatch: pytest.MonkeyPatch,
    basis: str,
    options: dict[str, float],
    texts: list[str],
) -> None:
    # Where tests check types at run time, those would complain first.
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ConfigError) as error:
        make_distortion(basis, **options)
    for part in (*texts, "wanted:", "where:", "to do:"):
        assert part in str(error.value)
