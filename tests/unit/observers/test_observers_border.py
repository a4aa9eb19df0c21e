"""What users hand over at the border: epochs, names, quantities, objects, weather."""

import dataclasses
import json
import math
from pathlib import Path
from types import SimpleNamespace

import astropy.units as u
import erfa
import jax
import numpy as np
import pytest
from astropy.coordinates import EarthLocation, get_body_barycentric_posvel
from astropy.table import Column, MaskedColumn
from astropy.time import Time
from astropy.utils.masked import Masked

from reseau.diagnostics import effects
from reseau.diagnostics.field.air import weather_at
from reseau.diagnostics.field.terms import REDDER
from reseau.errors import (
    CatalogueError,
    ConfigError,
    PrecisionError,
    ShapeError,
    UnitError,
    WrongKindError,
)
from reseau.observers import (
    EphemerisRangeError,
    FileChoice,
    Geocentre,
    Orbit,
    Site,
    TableObserver,
    Weather,
    barycentric_dynamical_time,
    chosen_observer,
    circular_orbit,
    deflecting_bodies,
    delta_t,
    earth_rotation,
    geocentre,
    names_of,
    one_tcb_year,
    open_ephemeris,
    orbit_altitude,
    orbit_inclination,
    parse_observer,
    site_states,
    states_of,
    surroundings,
    tcb_years,
    terrestrial_time,
)
from reseau.plates.surroundings import seen_from
from reseau.sky import apparent_direction, laplace_constants

pytestmark = pytest.mark.unchecked

YEAR = 2024.5
MOMENT = Time(YEAR, format="jyear", scale="tcb")
PLACE = Site(-23.0, -67.7, 5000.0)
MAS = math.radians(1.0 / 3.6e6)

STATES = {
    "geocentre": geocentre,
    "orbit": circular_orbit,
    "site": lambda e: site_states(e, PLACE),
    "text": lambda e: states_of(str(PLACE), e),
}
ROWS = {
    **{name: lambda e, f=f: f(e).position for name, f in STATES.items()},
    "delta_t": delta_t,
    "rotation": lambda e: earth_rotation(e).axis,
    "tdb": lambda e: barycentric_dynamical_time(e)[1],
    "tt": lambda e: terrestrial_time(e)[1],
    "bodies": lambda e: deflecting_bodies("sun", e, np.zeros((1, 3))).position,
    "around": lambda e: surroundings("aberration", geocentre(YEAR), e).velocity,
    "ephemeris": lambda e: open_ephemeris().barycentric("Sun", e)[0],
}

SAME = [
    MOMENT,
    MOMENT.reshape(1),
    YEAR,
    np.float64(YEAR),
    [YEAR],
    (YEAR,),
    np.array(YEAR),
    YEAR * u.yr,
    [YEAR * 365.25] * u.d,
    Column([YEAR], unit="yr"),
]


@pytest.mark.parametrize("name", ROWS)
def test_every_function_takes_every_kind_of_epoch(name: str) -> None:
    expected = ROWS[name](np.array([YEAR]))
    assert expected.shape[0] == 1
    for epoch in SAME:
        np.testing.assert_allclose(ROWS[name](epoch), expected, rtol=1e-13)


@pytest.mark.parametrize("scale", ["utc", "tai", "tt", "tdb", "tcg", "tcb"])
def test_a_time_of_any_scale_is_that_instant_to_astropy(scale: str) -> None:
    times = Time(["2019-03-01T05:00:00", "2022-11-17T23:00:00"], scale=scale)
    expected, moving = get_body_barycentric_posvel("earth", times, ephemeris="builtin")
    found = geocentre(times)
    # 0.2 m, a year's rounding; taking UTC for TCB would be off by 90 s, 2700 km.
    position = expected.xyz.to_value(u.au).T
    np.testing.assert_allclose(found.position, position, rtol=0, atol=2e-12)
    velocity = moving.xyz.to_value(u.au / u.d).T
    np.testing.assert_allclose(found.velocity, velocity / erfa.DC, rtol=0, atol=1e-15)


def test_times_to_come_are_taken_without_a_warning() -> None:
    for scale in ("tt", "tdb", "tcb"):
        (year,) = tcb_years(Time(2031.2, format="jyear", scale=scale))
        # TCB has gained 25 s since 1977.
        assert 0.0 <= year - 2031.2 < 27.0 / 31_557_600.0


def test_whole_years_are_years() -> None:
    assert tcb_years([2031, 2032]).dtype == np.float64
    np.testing.assert_array_equal(geocentre(2031).position, geocentre(2031.0).position)
    assert geocentre([]).position.shape == (0, 3)


WRONG_EPOCHS = [
    (np.float32(YEAR), PrecisionError, "32 bits"),
    (np.array([YEAR], np.float32), PrecisionError, "57,000 km"),
    (np.array([YEAR], np.float16), PrecisionError, "16 bits"),
    ([YEAR, 2031.2] * u.deg, UnitError, "epochs in deg"),
    (YEAR * u.one, UnitError, "no unit"),
    (Time(YEAR, format="jyear", scale="local"), UnitError, "'local'"),
    (np.full((1, 2), YEAR), ShapeError, r"\(1, 2\)"),
    ("2024.5", WrongKindError, "'2024.5' of type str"),
    (None, WrongKindError, "NoneType"),
    (True, WrongKindError, "bool"),
    ([MOMENT], WrongKindError, "Time"),
    ([YEAR * u.yr], WrongKindError, "of type list"),
    (np.array(["2024-07-02"], "M8[D]"), WrongKindError, "Julian years"),
]


@pytest.mark.parametrize(("epoch", "error", "message"), WRONG_EPOCHS)
def test_what_is_no_epoch_is_refused_in_words(epoch, error, message) -> None:
    for function in (geocentre, delta_t, one_tcb_year):
        with pytest.raises(error, match=message) as raised:
            function(epoch)
        for part in ("wanted:", "where:", "to do:"):
            assert part in str(raised.value)


@pytest.mark.parametrize("name", [name for name in ROWS if name != "around"])
@pytest.mark.parametrize("epoch", [2_460_000.5, 2_460_000.5 * u.d, 60_000.0, math.nan])
def test_julian_dates_and_no_numbers_are_refused_everywhere(name, epoch) -> None:
    with pytest.raises(EphemerisRangeError, match="not as Julian dates"):
        ROWS[name](epoch)


@pytest.mark.parametrize(
    "epoch",
    [
        MaskedColumn([YEAR, YEAR], mask=[False, True], unit="yr"),
        np.ma.masked_array([2024, 2025], mask=[False, True]),
        Time(Masked([YEAR, YEAR], mask=[False, True]), format="jyear", scale="tcb"),
    ],
)
def test_masked_epochs_are_named(epoch) -> None:
    with pytest.raises(EphemerisRangeError, match="rows 1: nan") as raised:
        geocentre(epoch)
    assert raised.value.mask.tolist() == [False, True]


def test_a_table_of_states_keeps_its_epochs_as_years() -> None:
    minutes = YEAR + np.arange(8) / 525_960.0
    known = geocentre(minutes)
    times = Time(minutes, format="jyear", scale="tcb")
    table = TableObserver(times, known.position, known.velocity)
    np.testing.assert_allclose(table.epoch, minutes, rtol=1e-15)
    found = states_of(table, times[3])
    np.testing.assert_allclose(found.position, known.position[3:4], rtol=1e-12)
    with pytest.raises(PrecisionError):
        TableObserver(minutes.astype(np.float32), known.position, known.velocity)


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ("Sun", ("sun",)),
        (" sun , JUPITER,", ("sun", "jupiter")),
        (["Sun", "moon"], ("sun", "moon")),
        (np.array(["sun"]), ("sun",)),
        ("None", ()),
        (["none"], ()),
        ((), ()),
        ("", ("",)),
        (["none", "sun"], ("none", "sun")),
    ],
)
def test_names_are_read_alike(given, names) -> None:
    assert names_of(given, what="bodies") == names


def test_one_name_is_a_sequence_of_one() -> None:
    earth = geocentre(YEAR)
    one = surroundings("Deflection", earth, YEAR, deflectors="Sun")
    assert one.bodies.mass.shape == (1, 1)
    assert one.velocity is None
    several = "aberration,deflection"
    both = surroundings(several, earth, YEAR, deflectors=("sun", "moon"))
    assert both.bodies.mass.shape == (1, 2)
    assert both.velocity is not None
    nothing = surroundings("none", earth, YEAR)
    assert nothing.bodies is nothing.velocity is nothing.air is None
    with pytest.raises(ConfigError, match="effects abration"):
        surroundings("abration", earth, YEAR)


def swapped() -> list[tuple[object, str]]:
    earth, years = geocentre(YEAR), np.array([YEAR])
    return [
        (lambda: states_of(years, Geocentre()), "Geocentre, Orbit, Site"),
        (lambda: states_of(None, years), "NoneType"),
        (lambda: site_states(PLACE, years), "a Site"),
        (lambda: surroundings(earth, ("aberration",), years), "the effects"),
        (lambda: surroundings("aberration", years, earth), "the observer"),
        (lambda: deflecting_bodies(years, "sun", earth.position), "the bodies"),
        (lambda: parse_observer(Orbit()), "a text such as 'orbit'"),
        (lambda: open_ephemeris(440), "builtin, de440"),
    ]


@pytest.mark.parametrize(("call", "message"), swapped())
def test_interchanged_arguments_are_noticed(call, message: str) -> None:
    with pytest.raises(TypeError, match=message) as raised:
        call()
    assert isinstance(raised.value, ConfigError)
    assert "to do:" in str(raised.value)


@pytest.mark.parametrize(
    "choice",
    [Geocentre(), Orbit(97.0, -30.0, 6.0), PLACE, FileChoice(Path("states.ecsv"))],
)
def test_an_observer_reads_as_the_text_that_names_it(choice) -> None:
    assert parse_observer(str(choice)) == choice
    assert chosen_observer(choice) is choice
    assert chosen_observer(str(choice)) == choice


def test_a_path_is_a_file() -> None:
    assert chosen_observer(Path("states")) == FileChoice(Path("states"))


def test_an_orbits_phase_is_in_degrees_wherever_it_is_given() -> None:
    state = circular_orbit(YEAR, phase=90.0)
    for choice in (Orbit(phase=90.0), "orbit:Phase=90"):
        found = states_of(choice, YEAR).position
        np.testing.assert_array_equal(found, state.position)
    earth = geocentre(YEAR).position
    start = circular_orbit(YEAR).position - earth
    assert abs(np.sum((state.position - earth) * start)) < 1e-9 * np.sum(start**2)


def test_quantities_are_converted() -> None:
    assert Site(-23 * u.deg, -243_720 * u.arcsec, 5 * u.km) == PLACE
    place = EarthLocation.from_geodetic(-67.7, -23.0, 5000.0)
    found = Site(place.lat, place.lon, place.height)
    assert dataclasses.astuple(found) == pytest.approx(dataclasses.astuple(PLACE))
    plain = circular_orbit(YEAR, period=97.0, phase=90.0, node_time=6.0)
    dressed = circular_orbit(
        YEAR, period=97 * 60 * u.s, phase=math.pi / 2 * u.rad, node_time=6 * u.h
    )
    np.testing.assert_allclose(dressed.position, plain.position, rtol=1e-12)
    assert orbit_altitude(1.6 * u.h) == orbit_altitude(96.0)
    assert orbit_inclination(1.6 * u.h) == orbit_inclination(96.0)
    with pytest.raises(UnitError, match=r"latitude = 1\.0 m(.|\n)*a number in deg"):
        Site(1 * u.m, 0.0, 0.0)


@pytest.mark.parametrize("orbit", [{"phase": math.nan}, {"node_time": math.inf}])
def test_an_orbit_has_numbers(orbit: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="wanted: a finite number"):
        circular_orbit(YEAR, **orbit)
    with pytest.raises(ConfigError, match="a period of inf"):
        orbit_altitude(math.inf)


def test_weather_in_other_units_is_refused_or_converted() -> None:
    air = Weather(743.0, 11.0, 0.15, 0.55)
    dressed = Weather(74_300 * u.Pa, 284.15 * u.K, 15 * u.percent, 550 * u.nm)
    assert dataclasses.astuple(dressed) == pytest.approx(dataclasses.astuple(air))
    assert json.loads(json.dumps(dataclasses.asdict(dressed)))["pressure"] == 743.0
    for wrong, hint in (
        ({"pressure": 101_325.0}, "divide by 100"),
        ({"temperature": 288.0}, "kelvin"),
        ({"humidity": 50.0}, "per cent"),
        ({"wavelength": 550.0}, "nm"),
        ({"pressure": None}, "pressure nan"),
    ):
        with pytest.raises(CatalogueError, match=hint):
            dataclasses.replace(air, **wrong)
    with pytest.raises(ConfigError, match="latitude = 91 deg"):
        dataclasses.replace(air, latitude=91.0)


def test_weather_may_be_traced() -> None:
    def tangent(pressure: jax.Array) -> jax.Array:
        air = Weather(pressure, 11.0, 0.15, 0.6)
        return laplace_constants(
            air.pressure, air.temperature, air.humidity, air.wavelength
        )[0]

    step = 1.0
    expected = (tangent(744.0) - tangent(742.0)) / (2.0 * step)
    np.testing.assert_allclose(jax.grad(tangent)(743.0), expected, rtol=1e-6)


@pytest.fixture(scope="module")
def field() -> dict[str, float]:
    """Return a direction 70° from the zenith of the site."""
    zenith = site_states(YEAR, PLACE).zenith[0]
    side = np.cross(zenith, [0.0, 0.0, 1.0])
    side /= np.linalg.norm(side)
    angle = math.radians(70.0)
    ra, dec = erfa.c2s(math.cos(angle) * zenith + math.sin(angle) * side)
    return {"ra": math.degrees(ra), "dec": math.degrees(dec)}


def apart(a: np.ndarray, b: np.ndarray) -> float:
    """Return the angle between two directions [mas]."""
    return float(erfa.sepp(np.asarray(a), np.asarray(b))) / MAS


def test_effects_and_solve_have_the_same_air(field: dict[str, float]) -> None:
    weather, _ = weather_at(PLACE)
    dataset = SimpleNamespace(
        observer=str(PLACE),
        states=None,
        effects=frozenset({"aberration", "deflection", "refraction"}),
        deflectors=("sun",),
        ephemeris="builtin",
        weather=dataclasses.replace(weather, height=0.0, latitude=45.0),
        name="a site",
    )
    exposure = {k: np.array([v]) for k, v in {**field, "epoch": YEAR}.items()}
    exposure["exposure_id"] = np.array([0])
    around = jax.tree.map(lambda x: x[0], seen_from(dataset, exposure).surroundings)
    centre = erfa.s2c(*(math.radians(v) for v in field.values()))
    airless = dataclasses.replace(around, air=None)
    seen = apparent_direction(centre, around)
    above = apparent_direction(centre, airless)

    found = effects(**field, epoch=MOMENT, observer=PLACE, parallax=0, bodies="sun")
    assert found.observer == str(PLACE)
    lifted = found["refraction"].displacement
    assert lifted == pytest.approx(apart(seen, above), abs=1e-6)

    def constants(**site: float) -> tuple[float, float]:
        air = (weather.pressure, weather.temperature, weather.humidity)
        redder = weather.wavelength + REDDER
        return laplace_constants(*air, redder, **site)

    def redder_by(tangent: float, cube: float) -> float:
        air = dataclasses.replace(around.air, tangent=tangent, cube=cube)
        moved = apparent_direction(centre, dataclasses.replace(around, air=air))
        return apart(moved, seen)

    right = constants(height=5000.0, latitude=math.radians(-23.0))
    colour = found["refraction_colour"].displacement
    assert colour == pytest.approx(redder_by(*right), abs=1e-6)
    # Elsewhere on Earth the same air lifts otherwise: not to be mixed.
    assert abs(colour - redder_by(*constants())) > 1.0


def test_effects_understand_what_the_rest_understands() -> None:
    place = {"ra": 266.4, "dec": -29.0}
    plain = effects(**place, epoch=YEAR, bodies=["sun"])
    dressed = effects(
        ra=266.4 * u.deg,
        dec=-104_400 * u.arcsec,
        epoch=MOMENT,
        observer=Geocentre(),
        fov=33 * u.arcmin,
        parallax=1000 * u.uas,
        ephemeris="BUILTIN",
        bodies="Sun",
    )
    # The two epochs and declinations may differ in the last digit.
    assert dressed.lines() == plain.lines()
    for row, expected in zip(dressed.rows, plain.rows, strict=True):
        assert row.displacement == pytest.approx(expected.displacement, abs=1e-6)
    assert effects(**place, epoch=YEAR, bodies="none").separations == {}
    minutes = YEAR + np.arange(-5, 6) / 525_960.0
    known = circular_orbit(minutes, period=97.0)
    table = TableObserver(minutes, known.position, known.velocity)
    tabled = effects(**place, epoch=YEAR, observer=table, bodies="sun")
    assert tabled.observer == "a table of 11 states"
    orbit = effects(**place, epoch=YEAR, observer=Orbit(period=97.0), bodies="sun")
    assert tabled.own_speed == pytest.approx(orbit.own_speed, rel=1e-6)


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ({"epoch": [YEAR, YEAR]}, ShapeError, "2 epochs"),
        ({"epoch": np.float32(YEAR)}, PrecisionError, "32 bits"),
        ({"epoch": "2024-07-01"}, WrongKindError, "Time"),
        ({"observer": 3}, WrongKindError, "3 of type int"),
        ({"bodies": 3}, WrongKindError, "the bodies"),
        ({"ra": [1.0, 2.0]}, WrongKindError, "the option ra"),
        ({"dec": 3 * u.m}, UnitError, "dec = 3.0 m"),
    ],
)
def test_effects_refuse_what_is_of_another_kind(wrong, error, message) -> None:
    with pytest.raises(error, match=message):
        effects(**{"ra": 10.0, "dec": 10.0, "epoch": YEAR, **wrong})
