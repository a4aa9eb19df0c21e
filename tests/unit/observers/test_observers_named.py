"""Observers by name: what is understood, and what is said of the rest."""

from pathlib import Path

import numpy as np
import pytest

from reseau.errors import ConfigError
from reseau.observers import (
    FileChoice,
    Geocentre,
    Orbit,
    Site,
    circular_orbit,
    geocentre,
    parse_observer,
    site_states,
    states_of,
)

EPOCH = np.array([2024.5, 2024.6])


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("geocentre", Geocentre()),
        (" Geocentre ", Geocentre()),
        ("orbit", Orbit()),
        ("orbit:period=97", Orbit(period=97.0)),
        ("orbit: phase = -30 , node_time=6", Orbit(phase=-30.0, node_time=6.0)),
        ("site:-29.26,-70.73,2400", Site(-29.26, -70.73, 2400.0)),
        ("SITE: 19.8 , 204.53, 4.2e3", Site(19.8, 204.53, 4200.0)),
        ("orbit.parquet", FileChoice(Path("orbit.parquet"))),
        ("runs/states", FileChoice(Path("runs/states"))),
        ("c:/data/states.fits", FileChoice(Path("c:/data/states.fits"))),
    ],
)
def test_what_is_understood(text, choice):
    assert parse_observer(text) == choice


def test_a_file_that_exists_needs_no_suffix(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("states").touch()
    assert parse_observer("states") == FileChoice(Path("states"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("geocenter", r"unknown observer 'geocenter'(.|\n)*did you mean 'geocentre'"),
        ("orbti:period=97", r"did you mean 'orbit'"),
        ("siet:-29.2,-70.7,2400.5", r"did you mean 'site'"),
        ("moon", r"wanted: one of geocentre; orbit;(.|\n)*site:LAT,LON,H"),
        ("", r"unknown observer ''"),
        ("orbit:", r"unknown observer 'orbit:'"),
        ("geocentre:1", r"unknown observer"),
        ("orbit:perod=97", r"'perod=97'(.|\n)*did you mean period=\.\.\."),
        ("orbit:97", r"'97' in 'orbit:97'(.|\n)*write, e.g., orbit:period=100"),
        ("orbit:period", r"'period' in(.|\n)*did you mean period=\.\.\."),
        ("orbit:period=97,period=98", r"'period=98'(.|\n)*each once"),
        ("orbit:period=fast", r"period 'fast'(.|\n)*wanted: a number"),
        ("site", r"0 numbers in 'site'(.|\n)*wanted: three"),
        ("site:-29.2", r"1 number in"),
        ("site:-29,2,-70,7,2400", r"5 numbers in"),
        ("site:29S,-70,2400", r"latitude '29S'"),
        ("site:-70.7,-29.2,", r"height ''"),
        ("site:-129.2,-70.7,2400", r"latitude = -129.2 deg"),
        ("site:-29.2,-70.7,24000", r"height = 24000 m"),
    ],
)
def test_what_is_not(text, message):
    with pytest.raises(ConfigError, match=message):
        parse_observer(text)


@pytest.mark.parametrize("ephemeris", ["builtin", "de440"])
@pytest.mark.parametrize(
    ("text", "direct"),
    [
        ("geocentre", lambda e: geocentre(EPOCH, ephemeris=e)),
        (
            "orbit:period=97,phase=30,node_time=6",
            lambda e: circular_orbit(
                EPOCH, period=97.0, phase=30, node_time=6.0, ephemeris=e
            ),
        ),
        (
            "site:-29.26,-70.73,2400",
            lambda e: site_states(EPOCH, Site(-29.26, -70.73, 2400.0), ephemeris=e),
        ),
    ],
)
def test_a_name_gives_the_states_of_what_it_names(text, direct, ephemeris):
    expected = direct(ephemeris)
    for choice in (text, parse_observer(text)):
        found = states_of(choice, EPOCH, ephemeris=ephemeris)
        np.testing.assert_array_equal(found.position, expected.position)
        np.testing.assert_array_equal(found.velocity, expected.velocity)
        assert (found.zenith is None) == (not text.startswith("site"))


def test_a_file_must_be_read_first():
    with pytest.raises(ConfigError, match=r"'orbit\.parquet' that was not read"):
        states_of(parse_observer("orbit.parquet"), EPOCH)
