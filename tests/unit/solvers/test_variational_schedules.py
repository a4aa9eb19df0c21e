"""Variational inference: names, units, schedules, convergence, checkpoints."""

import astropy.units as u
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from plates import make_plate
from reseau.constants import DEGREE
from reseau.errors import ConfigError, FileFormatError, OutputExistsError, Result
from reseau.instrument import attitude_from_axes
from reseau.model.density import solved_sources
from reseau.solvers.start.parameters import find_start
from reseau.solvers.variational import (
    Schedule,
    Stage,
    scaled_schedule,
    seed_schedule,
    solve_variational,
)
from reseau.solvers.variational.convergence import judge
from reseau.solvers.variational.unknowns import find_places, seed_unknowns


@pytest.fixture(scope="module")
def problem():
    return make_plate(sources=12, exposures=3, seed=5).problem


SHORT = Schedule((Stage(1e-3, 150), Stage(1e-4, 150)), early=False)


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({"guide": "sead"}, "did you mean 'seed'"),
        ({"guide": "xyz"}, "seed, meanfield, lowrank, arrow"),
        ({"init": "mop"}, "none, map"),
        ({"guide": "lowrank", "rank": 0}, "rank 0"),
        ({"guide": "lowrank", "rank": 10**9}, "rank 1000000000"),
        ({"guide": "arrow", "schedule": SHORT}, "natural-gradient"),
    ],
)
def test_bad_choices(problem, choice, said):
    with pytest.raises(ConfigError, match=said):
        solve_variational(problem, **choice)


def test_free_network_is_refused():
    free = make_plate(sources=12, exposures=3, free_network=True).problem
    with pytest.raises(ConfigError, match="free network"):
        solve_variational(free)


def test_fixed_sources_are_refused():
    fixed = make_plate(sources=12, exposures=3, free=("attitude",)).problem
    with pytest.raises(ConfigError, match="no source"):
        solve_variational(fixed)


def test_seed_schedule():
    schedule = seed_schedule(700)
    rates = [stage.rate for stage in schedule.stages]
    assert rates == [1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10]
    assert schedule.steps == 5600
    assert "early" in schedule.describe("degrees")
    assert "early" not in seed_schedule(700, early=False).describe("degrees")


def test_scaled_schedule_falls_to_its_end():
    rates = [stage.rate for stage in scaled_schedule(1.0, 1e-2, 5).stages]
    np.testing.assert_allclose(rates, 10.0 ** np.arange(0, -2.1, -0.5), rtol=1e-12)


@pytest.fixture(scope="module")
def seed_coordinates(problem):
    start = find_start(problem)
    places = find_places(start.problem, solved_sources(start.problem))
    unknowns, mean = seed_unknowns(start.problem, places, start.parameters)
    return start, places, unknowns, mean


def test_seed_units_are_those_of_the_table(seed_coordinates):
    """One unit in each entry: degrees, µm per degree, mm, µm."""
    start, places, unknowns, mean = seed_coordinates
    one = unknowns.parameters(jnp.asarray(mean).at[places.normal :].add(1.0))
    before = start.parameters
    scale = (np.asarray(one.focal) - before.focal) * DEGREE
    np.testing.assert_allclose(scale, 1.0, rtol=1e-9)
    np.testing.assert_allclose(one.coefficients - before.coefficients, 1000.0)
    moved = np.asarray(one.detectors) - before.detectors
    np.testing.assert_allclose(moved[:, [0, 1, 3, 4]], 1.0, rtol=1e-9)
    np.testing.assert_allclose(moved[:, 2], DEGREE, rtol=1e-12)
    turned = attitude_from_axes(one.axes) - attitude_from_axes(before.axes)
    np.testing.assert_allclose(turned, DEGREE, rtol=1e-10)


def test_sources_move_in_right_ascension_and_declination(seed_coordinates):
    """Offsets are those of astropy, for steps of an arcsecond and of a µas."""
    start, places, unknowns, mean = seed_coordinates
    x, y, z = start.problem.prior.direction.T
    ra, dec = np.arctan2(y, x), np.arctan2(z, np.hypot(x, y))
    rng = np.random.default_rng(3)
    for size in (1.0, 1e-6):
        step = rng.normal(size=mean.size) * size / 3600.0
        found = unknowns.parameters(jnp.asarray(step)).offset
        by_ra, by_dec = step[: places.normal].reshape(-1, 2).T
        rows = places.rows
        here = SkyCoord(ra[rows] * u.rad, dec[rows] * u.rad)
        there = SkyCoord(
            ra[rows] * u.rad + by_ra * u.deg, dec[rows] * u.rad + by_dec * u.deg
        )
        east, north = here.spherical_offsets_to(there)
        expected = np.stack([east.rad, north.rad], axis=-1)
        np.testing.assert_allclose(found[rows], expected, atol=3e-15, rtol=1e-9)


def test_zero_is_the_start(seed_coordinates):
    start, _, unknowns, mean = seed_coordinates
    assert not mean.any()
    found = unknowns.parameters(jnp.asarray(mean))
    for a, b in zip(
        jax.tree.leaves(found), jax.tree.leaves(start.parameters), strict=True
    ):
        np.testing.assert_allclose(a, b, atol=1e-15, rtol=1e-14)


def _window(elbo, gradient=0.0):
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 1e-3, (10, 2))
    return judge(elbo, noise, gradient + noise, np.zeros(2), np.ones(2))


def test_level_series_is_settled():
    level = _window(np.random.default_rng(1).normal(size=10))
    assert level.settled
    assert "is level" in level.describe()


def test_rising_series_is_not():
    rising = _window(np.arange(10.0) + 0.1 * np.random.default_rng(1).normal(size=10))
    assert not rising.plateau
    assert 9.0 < rising.rise < 11.0
    assert "still rises" in rising.describe()


def test_drift_counts():
    noise = np.random.default_rng(1).normal(size=10)
    judged = judge(
        noise, np.full((10, 2), 0.5), np.zeros((10, 2)), np.zeros(2), np.array([1, 5.0])
    )
    assert judged.plateau
    assert not judged.settled
    assert (judged.drift, judged.moving) == (0.5, 0)


def test_a_rate_too_small_to_move_is_not_convergence():
    """Level and without drift, but the gradient stands out of its noise."""
    stuck = _window(np.random.default_rng(1).normal(size=10), gradient=3.0)
    assert stuck.drift < 0.1
    assert not stuck.settled
    assert stuck.pull == pytest.approx(3.0, rel=0.01)


def _leaves(found):
    solution = found.solution
    return [
        *jax.tree.leaves(solution.parameters),
        solution.source_covariance,
        found.elbo,
        found.step,
    ]


def test_resumed_run_is_the_same_to_the_bit(problem, tmp_path):
    path = tmp_path / "state.npz"
    whole = solve_variational(problem, schedule=SHORT, seed=4)
    choices = {"schedule": SHORT, "seed": 4, "checkpoint": path}
    part = solve_variational(problem, max_steps=250, **choices)
    assert part.steps == 250
    assert part.result is Result.NOT_CONVERGED
    assert "limit" in part.verdict
    rest = solve_variational(problem, resume=True, **choices)
    assert rest.steps == whole.steps == 300
    for a, b in zip(_leaves(rest), _leaves(whole), strict=True):
        np.testing.assert_array_equal(a, b)
    assert rest.seconds > part.seconds
    with pytest.raises(FileFormatError, match="another run"):
        solve_variational(problem, resume=True, **{**choices, "seed": 5})


def test_what_is_no_checkpoint_is_refused(problem, tmp_path):
    path = tmp_path / "state.npz"
    path.write_text("nothing")
    with pytest.raises(FileFormatError, match="no checkpoint"):
        solve_variational(problem, schedule=SHORT, checkpoint=path, resume=True)
    with pytest.raises(OutputExistsError, match="no checkpoint"):
        solve_variational(problem, schedule=SHORT, checkpoint=path)
    assert path.read_text() == "nothing"


def test_divergence_is_said_and_the_last_state_kept(problem, tmp_path):
    path = tmp_path / "state.npz"
    wild = Schedule((Stage(1e-3, 100), Stage(1e4, 200)), early=False)
    found = solve_variational(problem, schedule=wild, checkpoint=path)
    assert found.result is Result.DIVERGED
    assert "step 10" in found.verdict
    assert str(path) in found.verdict
    assert found.steps == 100
    with np.load(path, allow_pickle=False) as kept:
        assert kept["trace_step"][-1] == 100
        assert all(np.isfinite(kept[k]).all() for k in kept if k.startswith("state"))


def test_seed_guide_says_nothing_of_the_calibration(problem):
    found = solve_variational(problem, schedule=SHORT).solution
    free = np.isin(problem.layout.blocks(), problem.free)
    assert np.isnan(np.diag(found.shared_covariance)[free]).all()
    assert not np.diag(found.shared_covariance)[~free].any()
    assert np.isfinite(found.source_covariance).all()


def test_time_limit_ends_a_run(problem):
    found = solve_variational(problem, schedule=SHORT, time_limit=0.0)
    assert found.steps == 0
    assert found.result is Result.NOT_CONVERGED
    assert "too few steps to judge" in found.verdict
