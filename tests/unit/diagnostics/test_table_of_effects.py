"""The table of effects against numbers that come from elsewhere."""

import json
import math
from pathlib import Path

import astropy.units as u
import erfa
import numpy as np
import pytest
from astropy.constants import GM_jup, R_jup, c
from astropy.coordinates import (
    EarthLocation,
    SkyCoord,
    get_body_barycentric,
    get_body_barycentric_posvel,
)
from astropy.table import Table
from astropy.time import Time

from reseau.diagnostics import Effects, effects
from reseau.diagnostics.field.air import standard_air
from reseau.diagnostics.field.small_angles import measure
from reseau.errors import CatalogueError, ConfigError
from reseau.observers import (
    EphemerisRangeError,
    circular_orbit,
    deflecting_bodies,
    geocentre,
)

EPOCH = 2031.2
CENTRE = {"ra": 266.4168, "dec": -29.0078}
HALF = math.tan(math.radians(0.275))
MAS = math.radians(1.0 / 3.6e6)


def _time(epoch: float) -> Time:
    return Time(2000.0 + (epoch - 2000.0), format="jyear", scale="tcb").tdb


def _earth(epoch: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the Earth's place [au] and velocity [c], by astropy."""
    place, velocity = get_body_barycentric_posvel("earth", _time(epoch), "builtin")
    return place.xyz.to_value(u.au), (velocity.xyz / c).to_value(u.one)


def _direction(vector: np.ndarray) -> dict[str, float]:
    ra, dec = erfa.c2s(vector)
    return {"ra": math.degrees(ra % math.tau), "dec": math.degrees(dec)}


def _unit(ra: float, dec: float) -> np.ndarray:
    return erfa.s2c(math.radians(ra), math.radians(dec))


def _beside(vector: np.ndarray, angle: float) -> np.ndarray:
    """Return a unit vector at an angle from another."""
    vector = vector / np.linalg.norm(vector)
    side = np.cross(vector, [0.0, 0.0, 1.0])
    return math.cos(angle) * vector + math.sin(angle) * side / np.linalg.norm(side)


@pytest.fixture(scope="module")
def bulge() -> Effects:
    """Return the table of a field in the bulge, from a satellite."""
    return effects(**CENTRE, epoch=EPOCH, observer="orbit")


@pytest.fixture(scope="module")
def ground() -> Effects:
    """Return the table of a wide field from a mountain."""
    site = "site:-29.26,-70.73,2400"
    return effects(**CENTRE, epoch=2031.20055, observer=site, fov=1.0)


def _left(x: np.ndarray, displacement: np.ndarray, degree: int) -> np.ndarray:
    """Return what NumPy's least squares leave of displacements."""
    powers = [(i, j) for i in range(3) for j in range(3) if i + j <= degree]
    scaled = x / np.abs(x).max()
    design = np.stack([scaled[:, 0] ** i * scaled[:, 1] ** j for i, j in powers], 1)
    return displacement - design @ np.linalg.lstsq(design, displacement, rcond=None)[0]


def test_the_earth_displaces_by_her_velocity_across() -> None:
    _, velocity = _earth(EPOCH)
    field = _beside(velocity, math.pi / 2)
    found = effects(**_direction(field), epoch=EPOCH)
    speed = np.linalg.norm(velocity)
    row = found["aberration_earth"]
    assert row.displacement == pytest.approx(math.atan(speed) / MAS, rel=1e-8)
    assert 20_100 < row.displacement < 20_850
    angle = SkyCoord(**_direction(field), unit="deg").position_angle(
        SkyCoord(**_direction(velocity), unit="deg")
    )
    assert row.position_angle == pytest.approx(angle.deg, abs=1e-4)


def test_the_higher_orders_of_aberration_are_a_quarter_of_the_square() -> None:
    """Δθ = β sin θ - β²/4 sin 2θ + ... (seed formula), largest at 45°: 0.5 mas."""
    _, velocity = _earth(EPOCH)
    speed = np.linalg.norm(velocity)
    found = effects(**_direction(_beside(velocity, math.pi / 4)), epoch=EPOCH)
    higher = found["aberration_higher_orders"].displacement
    assert higher == pytest.approx(speed**2 / 4 / MAS, rel=3 * speed)
    assert 0.48 < higher < 0.54


@pytest.mark.parametrize("side", [0.2, 0.55, 2.0])
def test_aberration_over_the_field_is_a_scale_then_conformal(side: float) -> None:
    """-q V∥ x + (q-1) V⊥ - x (V⊥·x) in the tangent plane that follows the centre.

    With q = √(1 + x²): the exact first-order field, derived by hand.
    """
    _, velocity = _earth(EPOCH)
    centre = _unit(**CENTRE)
    found = effects(**CENTRE, epoch=EPOCH, fov=side)["aberration_earth"]
    east = np.cross([0.0, 0.0, 1.0], centre)
    east /= np.linalg.norm(east)
    across = np.array([velocity @ east, velocity @ np.cross(centre, east)])
    x = np.radians(found.field.offset)
    q = np.sqrt(1.0 + np.sum(x * x, axis=1))[:, None]
    wanted = (
        -q * (velocity @ centre) * x + (q - 1.0) * across - x * (x @ across)[:, None]
    )
    # What is left is of the second order in the velocity.
    size, second = np.abs(x).max(), 3.0 * np.linalg.norm(velocity) ** 2 / MAS
    assert np.abs(found.field.displacement - wanted / MAS).max() < second * size
    left = _left(x, wanted / MAS, 1)
    np.testing.assert_allclose(found.field.residual, left, atol=second * size**2)
    assert np.abs(left).max() > 100 * second * size**2
    corner = math.sqrt(2.0) * math.tan(math.radians(side / 2))
    scale = abs(velocity @ centre) * corner / MAS
    assert found.differential == pytest.approx(scale, rel=0.02)


def test_plate_models_leave_what_numpy_leaves(bulge: Effects) -> None:
    for row in bulge.rows:
        for degree, left in ((1, row.after_affine), (2, row.after_quadratic)):
            remains = _left(row.field.offset, row.field.displacement, degree)
            wanted = np.hypot(*remains.T).max()
            assert left == pytest.approx(wanted, rel=1e-6, abs=1e-7)


def test_a_satellite_displaces_by_its_own_velocity(bulge: Effects) -> None:
    state = circular_orbit(np.array([EPOCH]))
    own = state.velocity[0] - _earth(EPOCH)[1]
    assert bulge.own_speed == pytest.approx(7.47, abs=0.02)
    across = np.linalg.norm(np.cross(own, _unit(**CENTRE)))
    row = bulge["aberration_own"]
    assert row.displacement == pytest.approx(math.atan(across) / MAS, rel=1e-5)
    assert row.displacement < 5_200


def test_the_sun_bends_light_by_four_mas_at_a_right_angle() -> None:
    """2 GM/(c² r) = 4.07 mas at 1 au (Klioner 2003, table 1)."""
    place, _ = _earth(EPOCH)
    sun = (
        get_body_barycentric("sun", _time(EPOCH), "builtin").xyz.to_value(u.au) - place
    )
    distance = np.linalg.norm(sun)
    for degrees in (5.0, 90.0, 150.0):
        field = _beside(sun, math.radians(degrees))
        found = effects(**_direction(field), epoch=EPOCH)
        row = found["deflection_sun"]
        cotangent = 1.0 / math.tan(math.radians(degrees / 2))
        wanted = erfa.SRS / distance * cotangent / MAS
        # Aberration of the Sun's own place, 20″, is what the two differ by.
        assert row.displacement == pytest.approx(wanted, rel=3e-4)
        assert found.separations["sun"] == pytest.approx(degrees, abs=0.01)
        away = SkyCoord(**_direction(field), unit="deg").position_angle(
            SkyCoord(**_direction(-sun), unit="deg")
        )
        assert row.position_angle == pytest.approx(away.deg, abs=0.05)


def test_jupiter_bends_light_near_its_limb() -> None:
    """2 GM/(c² r) cot(χ/2), and some 0.2 mas more by the oblateness."""
    epoch = np.array([EPOCH])
    earth = geocentre(epoch, ephemeris="de440").position
    seen = deflecting_bodies(["jupiter"], epoch, earth, ephemeris="de440")
    toward = np.asarray(seen.position)[0, 0]
    distance = np.linalg.norm(toward) * u.au
    angle = 1.2 * math.asin((R_jup / distance).to_value(u.one))
    found = effects(
        **_direction(_beside(toward, angle)),
        epoch=EPOCH,
        ephemeris="de440",
        bodies=["jupiter"],
        fov=0.02,
    )
    row = found["deflection_jupiter"]
    strength = (2.0 * GM_jup / c**2 / distance).to_value(u.one)
    wanted = strength / math.tan(angle / 2) / MAS
    assert 13.0 < wanted < 14.0
    # The planet's moons are a part in 4800 of its mass.
    assert row.displacement == pytest.approx(wanted, rel=5e-4)
    oblate = found["deflection_jupiter_quadrupole"].displacement
    # Klioner 2003, table 1: 240 µas on the limb at most; it falls with the cube.
    assert 0.05 < oblate < 0.245 / 1.2**3
    assert row.after_quadratic > 0.1, "near a limb no polynomial serves"


@pytest.mark.parametrize("parallax", [0.0, 1.0, 768.0])
def test_all_together_is_what_erfa_makes_of_it(parallax: float) -> None:
    time = _time(EPOCH)
    from_sun, barycentric = erfa.epv00(time.jd1, time.jd2)
    astrom = erfa.apcg(time.jd1, time.jd2, barycentric, from_sun["p"])
    ra, dec = (math.radians(CENTRE[k]) for k in ("ra", "dec"))
    seen = erfa.atciq(ra, dec, 0.0, 0.0, parallax / 1000.0, 0.0, astrom)
    apart, angle = erfa.seps(ra, dec, *seen), erfa.pas(ra, dec, *seen)
    found = effects(**CENTRE, epoch=EPOCH, parallax=parallax, bodies=["sun"]).together
    # ERFA's directions are rounded like its angles, to some 1e-16 rad.
    assert found.displacement == pytest.approx(apart / MAS, abs=1e-6)
    assert found.position_angle == pytest.approx(math.degrees(angle) % 360.0, abs=1e-7)


def test_parallax_is_that_of_the_earth_across() -> None:
    place, _ = _earth(EPOCH)
    across = np.linalg.norm(np.cross(place, _unit(**CENTRE)))
    found = effects(**CENTRE, epoch=EPOCH, parallax=2.5)
    assert found["parallax"].displacement == pytest.approx(2.5 * across, rel=1e-7)
    nothing = effects(**CENTRE, epoch=EPOCH, parallax=0.0)["parallax"]
    # What is left of 1 rad in 64 bits.
    assert nothing.displacement < np.finfo(float).eps / MAS
    assert math.isnan(nothing.position_angle)


def test_refraction_is_that_of_erfa(ground: Effects) -> None:
    air = ground.weather
    assert air is not None
    z = math.radians(ground.zenith_distance)

    def lifted(wavelength: float) -> float:
        a, b = erfa.refco(air.pressure, air.temperature, air.humidity, wavelength)
        return a * math.tan(z) + b * math.tan(z) ** 3

    row, redder = ground["refraction"], ground["refraction_colour"]
    # 10″: ERFA's constants are good to some mas there, and z is not the refracted one.
    assert row.displacement == pytest.approx(lifted(0.59) / MAS, rel=3e-3)
    wanted = (lifted(0.59) - lifted(0.69)) / MAS
    assert redder.displacement == pytest.approx(wanted, rel=0.02)
    turn = abs(redder.position_angle - row.position_angle)
    assert turn == pytest.approx(180.0, abs=0.1), "red light is refracted less"
    # (n - 1) sec² z is the largest change with z.
    a, _ = erfa.refco(air.pressure, air.temperature, air.humidity, 0.59)
    corner = math.sqrt(2.0) * math.tan(math.radians(0.5))
    assert a * corner < row.differential * MAS < 1.1 * a * corner / math.cos(z) ** 2


def test_a_site_moves_with_the_earth(ground: Effects) -> None:
    """ω r cos φ at the latitude and height of the site."""
    site = EarthLocation.from_geodetic(-70.73, -29.26, 2400.0)
    radius = np.hypot(site.x, site.y).to_value(u.km)
    assert ground.own_speed == pytest.approx(7.292115e-5 * radius, rel=1e-3)


def test_a_table_of_states_is_an_observer(tmp_path: Path, bulge: Effects) -> None:
    minutes = np.arange(-10, 11) / (365.25 * 1440.0)
    state = circular_orbit(EPOCH + minutes)
    speed = state.velocity * c.to_value(u.km / u.s)
    columns = {"epoch": EPOCH + minutes}
    for k, axis in enumerate("xyz"):
        columns[f"obs_{axis}"] = state.position[:, k]
        columns[f"obs_v{axis}"] = speed[:, k]
    file = tmp_path / "states.ecsv"
    Table(columns).write(file)
    found = effects(**CENTRE, epoch=EPOCH, observer=str(file))
    for row, wanted in zip(found.rows, bulge.rows, strict=True):
        assert row.name == wanted.name
        assert row.displacement == pytest.approx(wanted.displacement, abs=1e-5)
    with pytest.raises(EphemerisRangeError, match="2031"):
        effects(**CENTRE, epoch=2032.0, observer=str(file))


def test_galactic_aberration_is_not_added(bulge: Effects) -> None:
    galactic = [row for row in bulge.rows if row.in_catalogues]
    assert {row.name for row in galactic} == {
        "galactic_aberration",
        "galactic_aberration_change",
    }
    # Seed: 150″ for 220 km/s; here 246 km/s, seen near a right angle.
    assert 150_000 < bulge["galactic_aberration"].displacement < 170_000
    # 5.05 µas/yr (Klioner et al. 2021) towards a place near the field.
    apart = SkyCoord(**CENTRE, unit="deg").separation(
        SkyCoord(269.1, -31.6, unit="deg")
    )
    wanted = 10 * 5.05e-3 * math.sin(apart.rad)
    change = bulge["galactic_aberration_change"].displacement
    assert change == pytest.approx(wanted, abs=np.finfo(float).eps / MAS)


def test_the_rows_add_up(bulge: Effects) -> None:
    total = np.zeros(2)
    for row in bulge.rows[:-1]:
        if not (row.in_catalogues or math.isnan(row.position_angle)):
            angle = math.radians(row.position_angle)
            total += row.displacement * np.array([math.sin(angle), math.cos(angle)])
    whole = bulge.together
    # Aberration acts at a place that parallax and deflection have moved.
    earlier = [r.displacement for r in bulge.rows if r.name.startswith(("par", "defl"))]
    allowed = bulge.speed / c.to_value(u.km / u.s) * sum(earlier)
    assert np.hypot(*total) == pytest.approx(whole.displacement, abs=allowed)
    assert allowed < 1e-3


def test_bodies_may_be_chosen_or_left_out() -> None:
    names = [r.name for r in effects(**CENTRE, epoch=EPOCH, bodies=[]).rows]
    assert not any(name.startswith("deflection") for name in names)
    chosen = effects(**CENTRE, epoch=EPOCH, bodies=["Moon", "sun"])
    assert list(chosen.separations) == ["moon", "sun"]
    assert "earth" not in effects(**CENTRE, epoch=EPOCH).separations
    assert "earth" in effects(**CENTRE, epoch=EPOCH, observer="orbit").separations


@pytest.mark.parametrize(
    "place", [(0.0, 90.0), (123.0, -90.0), (360.0, 0.0), (-90.0, 1e-9)]
)
def test_nowhere_are_there_no_numbers(place: tuple[float, float]) -> None:
    found = effects(ra=place[0], dec=place[1], epoch=EPOCH, fov=60.0)
    for row in found.rows:
        numbers = [row.displacement, row.differential, row.after_quadratic]
        assert np.isfinite(numbers).all()
    # The same field, seen from the geocentre, on whatever meridian it is looked for.
    again = effects(ra=place[0] - 360.0, dec=place[1], epoch=EPOCH, fov=60.0)
    for row, other in zip(found.rows, again.rows, strict=True):
        assert row.differential == pytest.approx(other.differential, rel=1e-9, abs=1e-6)


BAD = [
    ({"dec": 90.001}, "dec = 90.001", "-90 to 90 deg"),
    ({"dec": float("nan")}, "dec = nan", "-90 to 90 deg"),
    ({"ra": float("nan")}, "ra = nan", "deg"),
    ({"fov": 0.0}, "fov = 0", "at most 60 deg"),
    ({"fov": 60.5}, "fov = 60.5", "at most 60 deg"),
    ({"parallax": float("nan")}, "parallax = nan", "mas"),
    ({"epoch": float("inf")}, "1900 to 2100", "inf"),
    ({"epoch": 2462502.5}, "2462502.5", "not as Julian dates"),
    ({"epoch": 2100.5}, "1900 to 2100", r"2100\.5"),
    ({"observer": "geocenter"}, "'geocenter'", "did you mean 'geocentre'"),
    ({"observer": "site:29.26,109,0"}, "zenith distance", "below|above the horizon"),
    ({"bodies": ["jupitre"]}, "'jupitre'", "did you mean 'jupiter'"),
    ({"bodies": ["jupiter"]}, "'jupiter'", r"pip install 'reseau\[ephemeris\]'"),
    ({"bodies": [""]}, "''", "one of sun"),
    ({"ephemeris": "de404"}, "'de404'", "did you mean 'de440'"),
    ({"temperature": 10.0}, "temperature", "name a site"),
]


@pytest.mark.parametrize(("wrong", "given", "hint"), BAD)
def test_bad_input_is_named(wrong: dict, given: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=f"(?s){given}.*({hint})") as error:
        effects(**{**CENTRE, "epoch": EPOCH, **wrong})
    for part in ("wanted:", "where:", "to do:"):
        assert part in str(error.value)


def test_impossible_air_is_refused() -> None:
    with pytest.raises(CatalogueError, match="divide by 100"):
        effects(
            **CENTRE,
            epoch=2031.20055,
            observer="site:-29.26,-70.73,2400",
            pressure=75600,
        )


def test_a_field_that_sets_names_its_lowest_corner() -> None:
    """The zenith distance of the centre grows by 90° within six hours."""
    site, days = "site:-29.26,-70.73,2400", 1.0 / 365.25
    for k in range(24):
        epoch = 2031.20055 + k / 48.0 * days
        try:
            found = effects(**CENTRE, epoch=epoch, observer=site, bodies=[])
        except ConfigError:
            break
    before = epoch - days / 48.0
    high = effects(**CENTRE, epoch=before, observer=site, bodies=[]).zenith_distance
    assert 80.0 < high < 90.0
    wide = min(2.0 * (90.0 - high) + 5.0, 60.0)
    with pytest.raises(ConfigError, match="lowest corner of the field"):
        effects(**CENTRE, epoch=before, observer=site, bodies=[], fov=wide)
    assert found.zenith_distance == pytest.approx(high)


@pytest.mark.parametrize(
    ("height", "celsius", "hectopascal"),
    [
        (0.0, 15.0, 1013.25),
        (1000.0, 8.5, 898.746),
        (5000.0, -17.5, 540.199),
        (11_000.0, -56.5, 226.321),
        (15_000.0, -56.5, 120.446),
    ],
)
def test_standard_air(height: float, celsius: float, hectopascal: float) -> None:
    """ISO 2533:1975, table of the International Standard Atmosphere."""
    found = standard_air(height)
    assert found == pytest.approx((celsius, hectopascal), rel=2e-5)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (20_490.0, "20.49″"),
        (999.96, "1.000″"),
        (4.073, "4.073 mas"),
        (0.99996, "1.000 mas"),
        (0.5123456, "512.3 µas"),
        (1.2345e-6, "0.001 µas"),
        (9.9e-7, "< 0.001 µas"),
        (1.5e6, "1500″"),
        (12.3e6, "12300″"),
        (float("nan"), "–"),
    ],
)
def test_small_angles_read_well(value: float, text: str) -> None:
    assert measure(value) == text


def test_lines_say_what_the_numbers_mean(bulge: Effects, ground: Effects) -> None:
    lines = bulge.lines()
    assert max(map(len, lines)) <= 80
    text = " ".join(lines)
    assert f"a quadratic one {measure(bulge.together.after_quadratic)}" in text
    own = next(line for line in lines if "own velocity" in line)
    number = measure(bulge["aberration_own"].displacement).removesuffix("″")
    assert own.split()[3:5] == [number, "″"]
    assert "the J₂ of Sun, Moon" in text
    assert "deflection, Sun's J₂" not in text
    above = " ".join(ground.lines())
    assert "Taken as standard: pressure, temperature, humidity." in above
    assert f"{ground.zenith_distance:.1f}° from the zenith" in above


def test_the_dictionary_has_all_digits(ground: Effects) -> None:
    found = json.loads(json.dumps(ground.as_dict()))
    assert found["observer"] == "site:-29.26,-70.73,2400"
    assert found["atmosphere"]["wavelength_um"] == 0.59
    assert [t["name"] for t in found["terms"]] == [r.name for r in ground.rows]
    for term, row in zip(found["terms"], ground.rows, strict=True):
        assert term["displacement_mas"] == row.displacement
        assert term["after_quadratic_mas"] == row.after_quadratic
    with pytest.raises(KeyError):
        ground["nothing"]
