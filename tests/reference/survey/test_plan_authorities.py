"""A plan against astropy, ERFA, a search, a plain least squares, and the mission."""

from pathlib import Path

import erfa
import numpy as np
import pytest
from astropy.coordinates import get_body_barycentric, get_sun
from astropy.time import Time

from reseau.constants import DEGREE, MILLIARCSECOND
from reseau.observers import circular_orbit, geocentre
from reseau.survey.noise import exposure_error
from reseau.survey.random_limit import factors_at, random_limit
from reseau.survey.schedule_config import OrbitConfig
from reseau.survey.visibility import (
    earth_limb_angles,
    middle_of_orbit,
    sun_angles,
    sun_directions,
)
from reseau.verbs.plan import plan

EPOCH = 2031.0 + np.linspace(0.0, 3.0, 97)
PLACE = (266.2 * DEGREE, -29.1 * DEGREE)
TARGET = erfa.s2c(*PLACE)


def instants():
    """Return the epochs as astropy has them."""
    return Time(EPOCH, format="jyear", scale="tcb")


def test_the_suns_angle_is_astropys(accuracy):
    time = instants()
    earth, sun = (get_body_barycentric(body, time).xyz.T for body in ("earth", "sun"))
    to_sun = (sun - earth).to_value("au")
    wanted = erfa.sepp(to_sun, np.broadcast_to(TARGET, to_sun.shape))
    off = np.abs(sun_angles(EPOCH, TARGET) - wanted).max() / MILLIARCSECOND * 1000.0
    accuracy.record(
        section="Surveys",
        term="the Sun's angle from a region",
        authority="astropy, get_body_barycentric",
        measured=off,
        asked=1.0,
    )


def test_the_sun_is_where_get_sun_has_it_but_for_aberration():
    # get_sun is apparent to the geocentre: 20.5 arcsec of aberration.
    epoch = np.linspace(2015.0, 2018.0, 97)  # leap seconds are known
    time = Time(epoch, format="jyear", scale="tcb")
    found = get_sun(time.tt).cartesian.xyz.value.T
    found = found / np.linalg.norm(found, axis=1, keepdims=True)
    apart = erfa.sepp(found, sun_directions(epoch)) / DEGREE * 3600.0
    assert apart.min() > 20.0
    assert apart.max() < 21.0


def test_parallax_factors_are_erfas(accuracy):
    """Half the shift between a star's parallax of 0.1 arcsec and one of -0.1."""
    earth = get_body_barycentric("earth", instants()).xyz.to_value("au").T
    parallax = 0.1
    near, beyond = (
        erfa.pmpx(*PLACE, 0.0, 0.0, sign * parallax, 0.0, 0.0, earth)
        for sign in (1.0, -1.0)
    )
    seen = 0.5 * (near - beyond)
    ra, dec = PLACE
    east = np.array([-np.sin(ra), np.cos(ra), 0.0])
    north = np.array(
        [-np.sin(dec) * np.cos(ra), -np.sin(dec) * np.sin(ra), np.cos(dec)]
    )
    shift = np.stack([seen @ east, seen @ north], axis=-1) / (
        parallax * DEGREE / 3600.0
    )
    off = np.abs(factors_at(EPOCH, TARGET) - shift).max()
    accuracy.record(
        section="Surveys",
        term="parallax factors of a plan",
        authority="ERFA pmpx with astropy's Earth",
        measured=off,
        asked=1e-9,
        unit="au",
    )


@pytest.mark.parametrize("node_time", [6.0, 9.0, 18.0])
def test_the_middle_of_an_orbit_is_where_a_search_finds_it(node_time):
    """The Earth is farthest from the line of sight: of 2000 instants of an orbit.

    Within half a degree of phase, as the orbit's plane turns while it is gone round.
    """
    period = 96.7
    orbit = {"period": period, "node_time": node_time, "phase": 77.0}
    year = period / 525_960.0
    start = 2031.2 + 3000.0 * year * np.arange(3)
    found = middle_of_orbit(start, TARGET, **orbit)
    for middle, begin in zip(found, start, strict=True):
        epoch = begin + np.arange(2000) / 2000.0 * year
        states = circular_orbit(epoch, **orbit)
        up = states.position - geocentre(epoch).position
        best = epoch[np.argmax(up @ TARGET / np.linalg.norm(up, axis=1))]
        off = (middle - best) / year
        assert abs(off - np.round(off)) < 1.0 / 720.0
        assert abs(np.round(off)) <= 1.0


def test_the_earths_limb_is_where_geometry_has_it():
    """The tangent from the satellite to the sphere of the Earth."""
    orbit = OrbitConfig(kind="sun-synchronous", period=96.7)
    epoch = 2031.2 + np.linspace(0.0, 1e-4, 7)
    axis = np.broadcast_to(TARGET, (7, 3))
    states = circular_orbit(epoch, period=96.7, node_time=6.0)
    up = (states.position - geocentre(epoch).position) * 149_597_870.7
    # The distance of the line of sight from the Earth's centre, ahead of the satellite.
    nearest = np.linalg.norm(np.cross(up, TARGET), axis=1)
    ahead = up @ TARGET < 0.0
    found = earth_limb_angles(epoch, axis, orbit)
    np.testing.assert_array_equal(found < 0.0, ahead & (nearest < 6378.1366))
    wanted = erfa.sepp(-up, axis) - np.arcsin(6378.1366 / np.linalg.norm(up, axis=1))
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_the_random_limit_is_that_of_least_squares_of_every_exposure():
    """NumPy's pseudo-inverse of a design with a row for each exposure."""
    rng = np.random.default_rng(4)
    epoch = np.sort(rng.uniform(2031.0, 2034.0, 60))
    exposures = rng.integers(1, 45, 60).astype(float)
    factors = factors_at(epoch, TARGET)
    magnitude = np.array([12.5, 14.0])
    error = exposure_error(magnitude)
    found = random_limit(
        magnitude, error, epoch=epoch, factors=factors, exposures=exposures
    )
    count = exposures.astype(int)
    time = np.repeat(epoch - np.average(epoch, weights=exposures), count)
    one, none = np.ones_like(time), np.zeros_like(time)
    p, q = np.repeat(factors, count, axis=0).T
    design = np.concatenate(
        [
            np.stack([one, none, p, time, none], axis=1),
            np.stack([none, one, q, none, time], axis=1),
        ]
    )
    inverse = np.linalg.pinv(design)
    wanted = 1000.0 * error[:, None] * np.linalg.norm(inverse, axis=1)
    got = np.concatenate(
        [found.position, found.parallax[:, None], found.motion], axis=1
    )
    np.testing.assert_allclose(got, wanted, rtol=1e-9)


def test_draws_scatter_by_the_random_limit():
    """NumPy's least squares of noisy positions, 4000 times."""
    rng = np.random.default_rng(6)
    epoch = np.repeat([2031.1, 2031.2, 2031.7, 2031.8, 2032.1, 2032.2], 5)
    factors, exposures = factors_at(epoch, TARGET), np.full(30, 44.0)
    found = random_limit(
        np.array([12.5]),
        np.array([4.0]),
        epoch=epoch,
        factors=factors,
        exposures=exposures,
        floor=0.3,
    )
    time = epoch - epoch.mean()
    one, none = np.ones(30), np.zeros(30)
    design = np.concatenate(
        [
            np.stack([one, none, factors[:, 0], time, none], axis=1),
            np.stack([none, one, factors[:, 1], none, time], axis=1),
        ]
    )
    sigma = np.hypot(4.0 / np.sqrt(44.0), 0.3)
    noise = sigma * rng.standard_normal((60, 4000))
    answers = np.linalg.lstsq(design, noise, rcond=None)[0]
    spread = 1000.0 * answers[2].std()
    # 4.9 sigma of a standard deviation of 4000 draws.
    assert abs(spread / found.parallax[0] - 1.0) < 4.9 / np.sqrt(8000.0)


@pytest.fixture(scope="module")
def mission():
    """Return the mission's plan."""
    return plan("mission")


def test_the_page_shows_what_is_printed(mission):
    page = Path(__file__).resolve().parents[3] / "docs" / "plan-a-survey.md"
    text = page.read_text(encoding="utf-8")
    shown = text.split("```text\n")[1].split("```")[0].splitlines()
    printed = mission.lines()
    assert len(shown) > 6
    assert max(map(len, printed)) <= 80
    assert not [line for line in shown if line.strip() != "..." and line not in printed]


def test_the_missions_seasons(mission):
    """1 February to 2 May, 4 August to 4 November, within a day."""
    wanted = [(2, 1, 5, 2), (8, 4, 11, 4)] * 3
    years = [2031, 2031, 2032, 2032, 2033, 2033]
    found = mission.summary.seasons
    assert len(found) == 6
    for season, year, (m1, d1, m2, d2) in zip(found, years, wanted, strict=True):
        for epoch, month, day in ((season.begin, m1, d1), (season.end, m2, d2)):
            date = erfa.cal2jd(year, month, day)
            off = 2_451_545.0 + (epoch - 2000.0) * 365.25 - sum(date)
            assert -1.0 < off < 2.0


def test_the_missions_visits(mission):
    summary = mission.summary
    assert len(summary.plan.middle) >= 6000
    assert summary.config.schedule.years > 3.0
    assert summary.plan.exposures == 44
    inside, area = summary.map.inside, summary.map.area
    mean = [
        np.average(v[inside], weights=area[inside])
        for v in (summary.map.exposures, summary.map.visits)
    ]
    np.testing.assert_allclose(mean, [110_000.0, 2500.0], rtol=0.02)
    assert summary.limb > 25.7


def test_the_missions_random_limit(mission):
    limit = mission.summary.limit
    row = [int(np.flatnonzero(limit.magnitude == m)[0]) for m in (12.5, 13.5, 14.5)]
    np.testing.assert_allclose(limit.parallax[row], [13.4, 20.8, 37.7], rtol=0.02)
    np.testing.assert_allclose(limit.motion[row[0]], 14.0, rtol=0.04)
    np.testing.assert_allclose(limit.exposure[row], [3.84, 5.97, 10.8], rtol=2e-3)


def test_the_missions_limit_is_that_of_evenly_spread_visits(mission):
    """σ(ϖ) = 1.157, σ(μ) = 1.22 and 1.17 a year, of the mean's σ, over three years."""
    found = mission.summary
    schedule = found.config.schedule
    day = schedule.begin + np.arange(0.0, schedule.years, 0.1 / 365.25)
    angle = sun_angles(day, found.plan.target) / DEGREE
    epoch = day[(angle >= 45.0) & (angle <= 135.0)]
    even = random_limit(
        np.array([12.5]),
        np.array([1.0]),
        epoch=epoch,
        factors=factors_at(epoch, found.plan.target),
        exposures=np.ones(len(epoch)),
    )
    mean = 1000.0 / np.sqrt(len(epoch))
    np.testing.assert_allclose(even.parallax / mean, 1.157, atol=1e-3)
    np.testing.assert_allclose(even.motion[0] / mean, [1.22, 1.17], atol=5e-3)
