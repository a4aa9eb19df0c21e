"""What a survey's description is refused for, and how the message reads.

Every message has four parts; what stands in a file is found by its line and its key.
All of these are raised before a star is imaged.
"""

import numpy as np
import pytest

from reseau.errors import CatalogueError, ConfigError, FileFormatError, ReseauError
from reseau.survey.flaw_config import CameraConfig
from reseau.survey.schedule_config import OrbitConfig, ScheduleConfig
from reseau.survey.survey_config import FORMAT, SurveyConfig, read_survey
from reseau.verbs.simulate_survey import simulate_survey
from reseau.verbs.survey_input import open_described
from small_survey import SATELLITE, small_config, small_survey, survey_text

SUN = {"effects": ["deflection"]}
IN_A_FILE = {
    # Unknown keys, with the nearest one.
    "a key": ({"schedule": {"exposures_s": 1.0}}, "schedule.exposures_s", "exposure_s"),
    "a table": ({"scheduling": {"fields": 4}}, "scheduling", "schedule"),
    "a top key": ({"effekts": []}, "effekts", "effects"),
    "a key of another unit": (
        {"camera": {"angle_arcsec": 3.0}},
        "camera.angle_arcsec",
        "angle_deg",
    ),
    # Values.
    "a unit": (
        {"schedule": {"exposure_s": "12.5 m"}},
        "schedule.exposure_s",
        "a finite number",
    ),
    "a type": ({"schedule": {"fields": "four"}}, "schedule.fields", "type int"),
    "a sign": ({"noise": {"constant_pixel": -1}}, "noise.constant_pixel", "> 0"),
    "a slip": ({"camera": {"focal_um": 1e9}}, "camera.focal_um", "at most 1e+06"),
    "a choice": ({"orbit": {"kind": "geocenter"}}, "orbit.kind", "geocentre"),
    "an effect": ({"effects": ["aberratio"]}, "effects", "'aberration'"),
    "the air in space": ({"effects": ["refraction"]}, "effects", "deflection"),
    "magnitudes": (
        {"stars": {"brightest_mag": 15.0}},
        "stars.brightest_mag",
        "less than faintest_mag",
    ),
    "kinds of stars": (
        {"stars": {"binary_fraction": 0.7, "lensed_fraction": 0.7}},
        "stars.lensed_fraction",
        "a star is of one kind",
    ),
    "no table of errors": ({"noise": {"kind": "table"}}, "noise.kind", "a file"),
    # Orbits, seasons, time.
    "an orbit in the Earth": (
        {"orbit": {**SATELLITE, "period_min": 60.0}},
        "orbit.period_min",
        "-1,301 km above the equator",
    ),
    "an orbit too high": (
        {"orbit": {**SATELLITE, "period_min": 1440.0}},
        "orbit.period_min",
        "85 to 225 min",
    ),
    "a period longer than the survey": (
        {"orbit": {"period_min": 1e8}},
        "orbit.period_min",
        "0.03 years",
    ),
    "an epoch without an ephemeris": (
        {"schedule": {"begin": 2099.0, "years": 5.0}},
        "schedule.years",
        "from 2099 to 2104",
    ),
    "a field never visible": (
        {"schedule": {"sun_min_deg": 90.0}},
        "schedule.sun_min_deg",
        "never in season",
    ),
    "angles of the Sun": (
        {"schedule": {"sun_min_deg": 100.0, "sun_max_deg": 50.0}},
        "schedule.sun_max_deg",
        "sun_min_deg less than sun_max_deg",
    ),
    "a region": (
        {"region": {"longitude_min_deg": 5.0}},
        "region.longitude_max_deg",
        "from 5.0 to 0.078",
    ),
    "too many exposures": (
        {"schedule": {"exposures": 1000}},
        "schedule.exposures",
        "at most 46",
    ),
    "no time for an exposure": (
        {"schedule": {"exposures": 0, "slew_s": 1e5}},
        "schedule.exposures",
        "no exposures of 13.71 s",
    ),
    "too many orbits": (
        {"schedule": {"orbits": 10_000}},
        "schedule.orbits",
        "at most 157",
    ),
    "corners of a square": (
        {"schedule": {"fields": 3}},
        "schedule.fields",
        "the corners of a square",
    ),
    # Bodies.
    "an unknown deflector": (
        {**SUN, "deflectors": ["juppiter"]},
        "deflectors",
        "'jupiter'",
    ),
    "a deflector without ephemeris": (
        {**SUN, "deflectors": ["jupiter"]},
        "deflectors",
        "de440",
    ),
    "a deflector that the observer is in": (
        {**SUN, "deflectors": ["sun", "earth"]},
        "deflectors",
        "the observer is not inside of",
    ),
    "a deflector twice": (
        {**SUN, "deflectors": ["sun", "sun"]},
        "deflectors",
        "named twice",
    ),
    "no deflector": ({**SUN, "deflectors": []}, "deflectors", "no deflectors"),
    # Stars.
    "no reference": (
        {"reference": {"faintest_g_mag": -5.0}},
        "reference.faintest_g_mag",
        "no star is as bright",
    ),
    "a schedule without a measurement": ({"stars": {"count": 1}}, "stars", "3 of 3"),
}


def read_as_a_reader(message):
    """Return the four parts of a message."""
    lines = message.splitlines()
    assert len(lines) == 4, message
    heads = ("  wanted: ", "  where:  ", "  to do:  ")
    for line, head in zip(lines[1:], heads, strict=True):
        assert line.startswith(head), message
        assert len(line) > len(head) + 3, message
    return lines


@pytest.mark.parametrize(("changes", "key", "words"), IN_A_FILE.values(), ids=IN_A_FILE)
def test_what_is_wrong_in_a_file_is_told_with_its_line(tmp_path, changes, key, words):
    path = tmp_path / "mine.toml"
    path.write_text(survey_text(**changes))
    with pytest.raises(ConfigError) as caught:
        open_described(path)
    message = str(caught.value)
    _, _, where, _ = read_as_a_reader(message)
    assert words in message
    assert str(path) in where
    assert where.endswith(f"key {key}")
    *tables, name = key.split(".")
    number = int(where.split("line ")[1].split(",")[0])
    line = path.read_text().splitlines()[number - 1]
    # Of a key that is absent, and has its default, the table's line is told.
    assert line.startswith((f"{name} =", f"[{name}]", *(f"[{t}]" for t in tables)))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"stars": {"count": 10**6}}, "count = 1000000"),
        ({"stars": {"brightest_mag": 14.59999, "count": 0}}, "within the limits"),
        ({"stars": {"bodies": ["mooon"]}}, "mooon"),
        ({"stars": {"source": "absent.parquet"}}, "absent.parquet"),
        ({"noise": {"kind": "table", "file": "absent.ecsv"}}, "absent.ecsv"),
        ({"instrument": "jasmin"}, "jasmin"),
        ({"instrument": "absent.toml"}, "absent.toml"),
        ({"format": "reseau-survey/2"}, "reseau-survey/1"),
    ],
)
def test_what_is_wrong_with_what_a_file_names(tmp_path, changes, words):
    path = tmp_path / "mine.toml"
    path.write_text(survey_text(**changes))
    with pytest.raises(ReseauError) as caught:
        open_described(path)
    read_as_a_reader(str(caught.value))
    assert words in str(caught.value)


def test_what_is_no_toml(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(survey_text() + "\n[schedule]\n")
    with pytest.raises(FileFormatError, match="is not TOML"):
        read_survey(path)
    with pytest.raises(FileFormatError, match="does not exist"):
        read_survey(tmp_path / "absent.toml")
    with pytest.raises(ConfigError, match="did you mean 'mini'"):
        read_survey("minni")


@pytest.mark.unchecked
@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"seed": -1}, "seed = -1"),
        ({"seed": 2**62}, f"to {2**60:,}"),
        ({"seed": 1.0}, "an integer"),
        ({"scale": 0.0}, "greater than 0"),
        ({"scale": float("nan")}, "greater than 0"),
        ({"scale": 1.5}, "at most 1"),
    ],
)
def test_options_out_of_range(keys, words):
    with pytest.raises(ConfigError) as caught:
        simulate_survey(small_config(), **keys)
    read_as_a_reader(str(caught.value))
    assert words in str(caught.value)


def test_the_largest_seed_works():
    errors = {"flat_pixel": 0.01, "phase_pixel": 0.01}
    survey = small_survey(seed=2**60, stars={"count": 100}, pixels=errors)
    assert len(survey.plate(0).measurements["x"]) > 0


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: OrbitConfig(period=-1.0), "period_min = -1.0"),
        (lambda: ScheduleConfig(pattern="squares"), "square"),
        (lambda: CameraConfig(focal=float("inf")), "a finite number"),
        (lambda: SurveyConfig(format=FORMAT, name="mine", seed=-3), "seed = -3"),
    ],
)
def test_records_made_in_python_are_checked_by_the_same_rules(make, words):
    with pytest.raises(ConfigError) as caught:
        make()
    read_as_a_reader(str(caught.value))
    assert words in str(caught.value)


def test_a_record_made_in_python_is_that_of_a_file():
    schedule = ScheduleConfig(years=0.03, orbits=3, exposures=4)
    mine = SurveyConfig(format=FORMAT, name="small", seed=5, schedule=schedule)
    assert mine.schedule == small_config().schedule
    assert mine.camera == small_config().camera


def test_a_bad_table_of_errors_is_refused_before_a_plate_is_made():
    from reseau.survey.jasmine import jasmine_instrument
    from reseau.survey.survey import open_survey

    config = small_config(noise={"kind": "table", "file": "errors.ecsv"})
    table = {"mag": np.array([12.0, 13.0]), "error_mas": np.array([4.0, 0.0])}
    with pytest.raises(CatalogueError, match="an error > 0"):
        open_survey(config, jasmine_instrument(), noise=table)


def test_stars_elsewhere_than_the_fields():
    n = 50
    rng = np.random.default_rng(1)
    listed = {
        "source_id": np.arange(n),
        "ra": 10.0 + rng.uniform(0.0, 1.0, n),
        "dec": rng.uniform(0.0, 1.0, n),
        "phot_hw_mag": np.full(n, 12.0),
    }
    with pytest.raises(ConfigError) as caught:
        small_survey(listed=listed, stars={"count": 0, "artificial": 0})
    read_as_a_reader(str(caught.value))
    # One field of four has stars: then each plate has some.
    listed["ra"], listed["dec"] = (
        np.full(n, 266.0) + rng.uniform(0.0, 0.1, n),
        np.full(n, -29.1) + rng.uniform(0.0, 0.1, n),
    )
    survey = small_survey(listed=listed, stars={"count": 0, "artificial": 0})
    assert len(survey.plate(0).measurements["x"]) > 0


def test_a_plate_on_which_nothing_falls_on_a_detector():
    survey = small_survey(schedule={"dither_deg": 9.0}, stars={"count": 100})
    with pytest.raises(ConfigError, match="no star falls on a detector on plate 1"):
        survey.plate(1)


def test_a_region_at_a_pole():
    region = {
        "frame": "icrs",
        "longitude_min_deg": 0.0,
        "longitude_max_deg": 2.0,
        "latitude_min_deg": 89.5,
        "latitude_max_deg": 90.0,
    }
    survey = small_survey(region=region)
    assert np.all(np.abs(survey.stars.dec) <= 90.0)
