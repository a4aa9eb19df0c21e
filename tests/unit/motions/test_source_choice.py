"""Which model simulated sources are given, and what is found of them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from alarm import normal_bound, share_bounds, spread_bounds
from reseau.motions.epoch_astrometry import EpochAstrometry
from reseau.motions.epoch_positions import factors_at, two_dimensional
from reseau.motions.source_models.basis import FIVE, model_columns
from reseau.motions.source_models.campbell import thiele_innes
from reseau.motions.source_models.choice import choose_models
from reseau.motions.source_models.kepler import orbit_position
from reseau.motions.source_models.options import SourceOptions
from reseau.motions.source_models.robust import fit_robustly
from reseau.motions.source_models.solution import solution_of
from reseau.motions.source_models.solution_table import solution_table
from reseau.motions.source_models.solution_text import lines_of
from reseau.motions.source_models.track import beyond_five, track_of
from reseau.motions.source_models.velocities import (
    RadialVelocities,
    orbital_speed,
    velocity_columns,
)
from reseau.verbs.source_figures import draw_sources

PLACE = np.array([266.4, -29.0])
FALSE_ALARM = 0.003
"""Of sources without companions, how many are given more than five parameters: F2 > 3
and an acceleration or its change beyond 4σ, 0.0014 + 2 × 0.0003."""


def simulated(
    n: int,
    m: int,
    rng: np.random.Generator,
    extra: np.ndarray | float = 0.0,
    error: float = 0.1,
    noise: float | None = None,
) -> EpochAstrometry:
    """Return positions of sources with straight motion and something more."""
    t = np.sort(rng.uniform(-1.5, 1.5, m))
    return at_times(t, n, rng, extra, error, noise)


def at_times(
    t: np.ndarray,
    n: int,
    rng: np.random.Generator,
    extra: np.ndarray | float = 0.0,
    error: float = 0.1,
    noise: float | None = None,
) -> EpochAstrometry:
    """Return positions at given times, counted from 2031."""
    m = len(t)
    factors = factors_at(2031.0 + t, PLACE)
    places = rng.normal(0.0, error if noise is None else noise, (n, m, 2)) + extra
    places += np.array([3.0, -2.0]) * t[:, None] + 1.5 * factors
    return two_dimensional(
        np.tile(2031.0 + t, n),
        places.reshape(-1, 2),
        np.full((n * m, 2), error),
        reference_epoch=2031.0,
        factors=np.tile(factors, (n, 1)),
        source_id=np.repeat(np.arange(n) + 10**18, m),
        place=np.tile(PLACE, (n, 1)),
    )


def on_orbit(
    t: np.ndarray, period: float, eccentricity: float, elements: list[float]
) -> np.ndarray:
    """Return displacements by an orbit that is at periastron at t = 0.3."""
    anomaly = 2.0 * np.pi * (t - 0.3) / period
    x, y = orbit_position(anomaly, np.array(eccentricity))
    a, b, f, g = thiele_innes(np.array(elements))
    return np.stack([b * x + g * y, a * x + f * y], axis=1)


def test_single_stars_have_five_parameters_with_the_stated_rate_of_false_alarms() -> (
    None
):
    astrometry = simulated(300, 30, np.random.default_rng(1))
    choice = choose_models(astrometry)
    alarms = np.mean([kind != "FiveParameters" for kind in choice.kind])
    assert alarms <= share_bounds(FALSE_ALARM, 300)[1]
    # Parameters and their errors, over all stars at once.
    fit = choice.linear["5"].fit
    truth = np.array([0.0, 0.0, 1.5, 3.0, -2.0])
    pulls = (fit.value - truth) / fit.error
    low, high = spread_bounds(300, 5)
    spread = np.sqrt(np.mean(pulls**2, axis=0))
    assert (low < spread).all()
    assert (spread < high).all()
    f2 = choice.linear["9"].fit.goodness
    assert abs(np.mean(f2)) < 0.05 + normal_bound() / np.sqrt(300)


@pytest.mark.recovery
def test_the_rate_of_false_alarms_is_that_of_the_rules() -> None:
    """No smaller than that of F2 alone, no larger than what is stated."""
    astrometry = simulated(20_000, 40, np.random.default_rng(2))
    kinds = choose_models(astrometry).kind
    rate = np.mean([kind != "FiveParameters" for kind in kinds])
    assert share_bounds(0.00135, 20_000)[0] < rate
    assert rate < share_bounds(FALSE_ALARM, 20_000)[1]


def test_accelerations_are_found_with_their_size() -> None:
    rng = np.random.default_rng(3)
    t = np.sort(rng.uniform(-1.5, 1.5, 40))
    bend = np.array([0.6, -0.4])
    extra = 0.5 * t[:, None] ** 2 * bend
    twist = np.array([1.0, 0.9]) * t[:, None] ** 3 / 6.0
    for more, kind in ((extra, "Acceleration7"), (extra + twist, "Acceleration9")):
        choice = choose_models(at_times(t, 20, rng, more, error=0.05))
        assert set(choice.kind) == {kind}
        model = "7" if kind == "Acceleration7" else "9"
        fit = choice.linear[model].fit
        pulls = (fit.value[:, 5:7] - bend) / fit.error[:, 5:7]
        assert np.abs(pulls).max() < normal_bound(pulls.size)
        one = solution_of(choice, 0)
        shape = beyond_five(one, t)
        straight = np.stack([np.ones_like(t), t], axis=1)
        left = shape - straight @ np.linalg.lstsq(straight, shape, rcond=None)[0]
        wanted = more - straight @ np.linalg.lstsq(straight, more, rcond=None)[0]
        assert np.abs(left - wanted).max() < 0.15


@pytest.mark.parametrize(("period", "eccentricity"), [(0.61, 0.2), (1.3, 0.7)])
def test_an_orbit_is_found_with_its_elements(
    period: float, eccentricity: float
) -> None:
    rng = np.random.default_rng(4)
    t = np.sort(rng.uniform(-1.5, 1.5, 60))
    elements = [0.8, 1.0, 0.9, 2.0]
    extra = on_orbit(t, period, eccentricity, elements)
    choice = choose_models(at_times(t, 1, rng, extra))
    assert choice.kind == ("Orbital",)
    found = solution_of(choice, 0)
    truth = {
        "period": period * 365.25,
        "eccentricity": eccentricity,
        "semi_major_axis": elements[0],
        "inclination": np.rad2deg(elements[1]),
        "nodeangle": np.rad2deg(elements[3]),
        "arg_periastron": np.rad2deg(elements[2]),
        "parallax": 1.5,
    }
    for name, value in truth.items():
        apart = abs(found[name] - value) / found.error_of(name)
        assert apart < normal_bound(len(truth)), name
    assert found["semi_major_axis"] == pytest.approx(0.8, rel=0.2)
    where = track_of(found, t)
    assert where.parallactic is not None
    assert np.abs(where.beyond - extra).max() < 0.3


def test_an_orbit_in_noise_larger_than_stated_has_a_floor() -> None:
    rng = np.random.default_rng(5)
    t = np.sort(rng.uniform(-1.5, 1.5, 80))
    extra = on_orbit(t, 0.9, 0.3, [2.0, 0.7, 1.0, 1.0])
    choice = choose_models(at_times(t, 1, rng, extra, error=0.1, noise=0.3))
    assert choice.kind == ("Orbital",)
    found = solution_of(choice, 0)
    # The floor of 160 - 12 rows is known to 6 %.
    assert found.floor == pytest.approx(np.sqrt(0.3**2 - 0.1**2), rel=0.3)
    assert found["period"] == pytest.approx(0.9 * 365.25, rel=0.02)


def test_noise_that_no_orbit_explains_is_stochastic() -> None:
    rng = np.random.default_rng(6)
    astrometry = simulated(3, 30, rng, error=0.1, noise=0.3)
    choice = choose_models(astrometry)
    assert set(choice.kind) == {"Stochastic"}
    floors = np.array([solution_of(choice, i).floor for i in range(3)])
    assert np.abs(floors / np.sqrt(0.08) - 1.0).max() < 0.5
    table = solution_table(choice)
    np.testing.assert_allclose(table["astrometric_excess_noise"].value, floors)
    assert (table["astrometric_excess_noise_sig"] > 5.0).all()


def test_too_few_visits_have_no_orbit() -> None:
    """Eight positions in noise: some orbit of twelve parameters fits them always."""
    rng = np.random.default_rng(7)
    choice = choose_models(simulated(1, 8, rng, error=0.1, noise=0.5))
    assert choice.kind == ("Stochastic",)
    assert not choice.curved


def test_velocities_and_positions_share_an_orbit() -> None:
    rng = np.random.default_rng(8)
    t = np.sort(rng.uniform(-1.5, 1.5, 60))
    period, e, elements = 1.1, 0.4, [0.9, 1.0, 4.0, 2.5]
    extra = on_orbit(t, period, e, elements)
    speed = orbital_speed(elements[0] / 1.5, elements[1], period, e)
    when = np.linspace(-1.4, 1.4, 15)
    mean = (2.0 * np.pi * (when - 0.3) / period)[:, None]
    columns = velocity_columns(mean, np.array([e]))[:, 0]
    turn = np.array([np.cos(elements[2]), np.sin(elements[2])])
    value = -12.0 + speed * (columns @ turn) + rng.normal(0.0, 0.2, 15)
    velocities = RadialVelocities(2031.0 + when, value, np.full(15, 0.2))
    astrometry = at_times(t, 1, rng, extra)
    errors = []
    for dark in (False, True):
        options = SourceOptions(dark=dark)
        found = solution_of(choose_models(astrometry, options, velocities), 0)
        assert found.kind == "AstroSpectroSB1"
        truth = {
            "semi_amplitude_primary": speed,
            "center_of_mass_velocity": -12.0,
            "arg_periastron": np.rad2deg(elements[2]),
            "nodeangle": np.rad2deg(elements[3]),
            "parallax": 1.5,
        }
        for name, wanted in truth.items():
            apart = abs(found[name] - wanted) / found.error_of(name)
            assert apart < normal_bound(10), name
        errors.append(found.error_of("semi_amplitude_primary"))
    assert errors[1] < errors[0]


def test_a_lens_is_found_with_its_einstein_radius() -> None:
    rng = np.random.default_rng(9)
    t = np.sort(rng.uniform(-1.5, 1.5, 80))
    closest, duration, impact, radius, angle = 0.2, 0.3, -0.5, 3.0, np.deg2rad(40.0)
    # The two images and their brightness, not their shift: Paczynski 1986.
    along, across = (t - closest) / duration, np.full_like(t, impact)
    direction = np.array([np.sin(angle), np.cos(angle)])
    aside = np.array([np.cos(angle), -np.sin(angle)])
    u = along[:, None] * direction + across[:, None] * aside
    size = np.linalg.norm(u, axis=1)
    root = np.sqrt(size**2 + 4.0)
    outer, inner = 0.5 * (size + root), 0.5 * (size - root)
    brightness = (size**2 + 2.0) / (size * root)
    big, small = 0.5 * (brightness + 1.0), 0.5 * (brightness - 1.0)
    centroid = (outer * big + inner * small) / brightness
    extra = radius * (centroid - size)[:, None] * u / size[:, None]
    found = solution_of(
        choose_models(
            at_times(t, 1, rng, extra, error=0.05), SourceOptions(model="lens")
        ),
        0,
    )
    assert found.kind == "Lens"
    truth = {
        "einstein_radius": radius,
        "direction": 40.0,
        "t_closest": closest * 365.25,
        "einstein_time": duration * 365.25,
        "impact_parameter": impact,
    }
    for name, value in truth.items():
        apart = abs(found[name] - value) / found.error_of(name)
        assert apart < normal_bound(len(truth)), name
    assert found.error_of("einstein_radius") < 0.2
    assert np.abs(beyond_five(found, t) - extra).max() < 0.2


def test_outliers_lose_their_weight_and_spoil_nothing() -> None:
    rng = np.random.default_rng(10)
    astrometry = simulated(20, 40, rng)
    value = astrometry.value.copy()
    spoilt = np.arange(7, len(value), 40)
    value[spoilt] += 3.0  # 30σ
    columns = model_columns(astrometry, FIVE)
    fit, weight, noise = fit_robustly(replace(astrometry, value=value), columns, FIVE)
    assert noise is None
    assert weight[spoilt].max() < 0.01
    pulls = (fit.value - [0.0, 0.0, 1.5, 3.0, -2.0]) / fit.error
    # Weights below one beyond 2σ cost some precision: 1.05 in errors.
    assert np.abs(pulls).max() < 1.1 * normal_bound(pulls.size)
    assert (fit.degrees == 80 - 5 - 2).all()


def test_sources_that_are_not_determined_are_named_and_stop_nobody(
    tmp_path: Path,
) -> None:
    rng = np.random.default_rng(11)
    good, few = simulated(1, 20, rng), simulated(1, 2, rng)
    both = two_dimensional(
        np.concatenate([good.epoch[::2], few.epoch[::2]]) + 2031.0,
        np.concatenate([good.value, few.value]).reshape(-1, 2),
        np.concatenate([good.error, few.error]).reshape(-1, 2),
        reference_epoch=2031.0,
        factors=np.concatenate([good.parallax_factor, few.parallax_factor]).reshape(
            -1, 2
        ),
        source_id=np.repeat(np.array([2, 1]), [20, 2]),
    )
    choice = choose_models(both)
    assert choice.kind == ("Undetermined", "FiveParameters")
    table = solution_table(choice)
    assert np.isnan(table["parallax"].value[0])
    assert table["parallax"].value[1] == pytest.approx(1.5, abs=0.5)
    assert any("do not determine" in line for line in lines_of(choice))
    assert not any("nan" in line for line in lines_of(choice))
    drawn = draw_sources(choice, tmp_path)
    assert [path.name for path in drawn] == ["source_2.png"]


def test_the_table_has_gaias_names_and_whole_ids() -> None:
    choice = choose_models(simulated(4, 25, np.random.default_rng(12)))
    table = solution_table(choice)
    assert table["source_id"].dtype == np.int64
    assert table["source_id"].tolist() == [10**18 + i for i in range(4)]
    for name, unit in (
        ("ra", "deg"),
        ("parallax", "mas"),
        ("pmra_error", "mas / yr"),
        ("ref_epoch", "yr"),
    ):
        assert str(table[name].unit) == unit
    shift = (table["dec"].value - PLACE[1]) * 3_600_000.0
    np.testing.assert_allclose(shift, table["ddec"].value, atol=1e-4)
    assert max(len(line) for line in lines_of(choice)) <= 80


def test_published_values_are_added_to_what_is_fitted() -> None:
    astrometry = simulated(2, 25, np.random.default_rng(13))
    published = np.array([[10.0, 20.0, 30.0]] * 2)
    choice = choose_models(replace(astrometry, published=published))
    found = solution_of(choice, 1)
    fit = choice.linear["5"].fit
    np.testing.assert_allclose(found.value[2:], fit.value[1, 2:] + published[1])
    np.testing.assert_allclose(
        solution_table(choice)["pmdec"].value, fit.value[:, 4] + 30.0
    )
