"""What residuals depend on: found where it is there, and not where noise is all."""

from dataclasses import replace

import numpy as np
import pytest

from alarm import share_bounds
from reseau.plates.judgement.dependence import (
    ALARM,
    Left,
    effects_in,
    find_dependences,
)

ERROR = 0.01  # pixel
PITCH = 10.0  # um


def _draw(rng, m=2000, stars=200, shift=None, noise=None):
    """Return what a fit has left, and covariates, of a plate that is noise alone."""
    source = rng.integers(0, stars, m)
    theta = rng.integers(0, 4, m) * np.pi / 2
    cos, sin = np.cos(theta), np.sin(theta)
    turn = np.stack([np.stack([cos, sin], -1), np.stack([-sin, cos], -1)], axis=1)
    plane, own = turn / PITCH, np.tile(np.eye(2), (m, 1, 1))
    place = rng.uniform(-1, 1, (2, m))
    colour, magnitude = rng.normal(size=stars), rng.uniform(-3, 3, stars)
    row, column = rng.uniform(-1, 1, (2, m))
    time = np.linspace(-1, 1, 40)[rng.integers(0, 40, m)]
    known = {
        "colour": colour[source],
        "magnitude": magnitude[source],
        "time": time,
        "row": row,
        "column": column,
        "magnitude*row": magnitude[source] * row,
        "magnitude*column": magnitude[source] * column,
    }
    residual = rng.normal(size=(m, 2)) if noise is None else noise(rng, source, m)
    if shift is not None:
        moved = shift(known, *place)
        residual = residual + (plane @ moved.T[:, :, None])[:, :, 0] / ERROR
    whitening = np.stack([np.full(m, 1 / ERROR), np.zeros(m), np.full(m, 1 / ERROR)])
    in_plane, in_pixels = (effects_in(residual, whitening, f) for f in (plane, own))
    left = Left(
        along={"plane": in_plane[0], "pixel": in_pixels[0]},
        weight={"plane": in_plane[1], "pixel": in_pixels[1]},
        place=place,
        source=source,
        square=float(np.sum(residual**2)),
        dof=2.0 * m,
    )
    return left, known


def _alarms(draws, **choices):
    rng = np.random.default_rng(0)
    return sum(bool(find_dependences(*_draw(rng, **choices))) for _ in range(draws))


def test_noise_gives_an_alarm_once_in_hundred_plates_at_most():
    draws = 500
    assert _alarms(draws) / draws <= max(share_bounds(ALARM, draws)[1], 0.01)


def test_errors_that_are_stated_too_small_are_no_dependence():
    draws = 200
    found = _alarms(draws, noise=lambda rng, _, m: 3.0 * rng.normal(size=(m, 2)))
    assert found / draws <= max(share_bounds(ALARM, draws)[1], 0.01)


def test_heavy_tails_are_no_dependence():
    def tailed(rng, _, m):
        wide = np.where(rng.uniform(size=(m, 1)) < 0.02, 20.0, 1.0)
        return wide * rng.normal(size=(m, 2))

    draws = 200
    found = _alarms(draws, noise=tailed)
    assert found / draws <= max(share_bounds(ALARM, draws)[1], 0.01)


def test_stars_at_wrong_places_are_no_dependence():
    """All residuals of a star are off together, as its colour is."""

    def off(rng, source, m):
        wrong = np.where(rng.uniform(size=(200, 1)) < 0.05, 8.0, 0.0)
        shift = wrong * rng.normal(size=(200, 2))
        return rng.normal(size=(m, 2)) + shift[source]

    draws = 200
    found = _alarms(draws, noise=off)
    assert found / draws <= max(share_bounds(ALARM, draws)[1], 0.02)


@pytest.mark.parametrize("name", ["colour", "magnitude"])
def test_a_shift_by_a_property_of_stars_is_found(name):
    def shift(known, x, _):
        return 0.05 * np.stack([known[name] * x, 0.5 * known[name]])

    left, known = _draw(np.random.default_rng(1), shift=shift)
    (found,) = find_dependences(left, known)
    assert found.covariate == name
    assert found.sigmas > 5.0
    spread = np.sqrt(np.mean(known[name] ** 2))
    expected = np.sqrt(np.mean(np.sum(shift(known, *left.place) ** 2, axis=0)))
    assert found.size == pytest.approx(expected / spread, rel=0.1)


def test_two_effects_are_told_both():
    def shift(known, x, y):
        return np.stack([0.05 * known["colour"], 0.2 * known["time"] * x * y])

    left, known = _draw(np.random.default_rng(2), shift=shift)
    assert {d.covariate for d in find_dependences(left, known)} == {"colour", "time"}


def test_of_covariates_that_go_together_the_right_one_is_told():
    left, known = _draw(
        np.random.default_rng(3),
        shift=lambda known, x, _: np.stack([0.05 * known["colour"], 0.0 * x]),
    )
    alike = known["colour"] + 0.3 * known["magnitude"]
    (found,) = find_dependences(left, {**known, "magnitude": alike})
    assert found.covariate == "colour"


def test_few_measurements_say_nothing():
    left, known = _draw(
        np.random.default_rng(4),
        shift=lambda known, x, _: np.stack([1.0 * known["colour"], 0.0 * x]),
    )
    assert find_dependences(replace_dof(left, 50.0), known) == []
    assert find_dependences(left, {}) == []


def replace_dof(left, dof):
    return left._replace(dof=dof)


def test_sigmas_are_those_of_a_normal_variable():
    left, known = _draw(
        np.random.default_rng(5),
        shift=lambda known, x, _: np.stack([0.05 * known["colour"], 0.0 * x]),
    )
    found = find_dependences(left, known)[0]
    rare = replace(found, log_probability=float(np.log(0.0026997960632601866)))
    assert rare.sigmas == pytest.approx(3.0, abs=1e-6)
