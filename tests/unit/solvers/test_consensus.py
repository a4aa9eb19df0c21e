"""What most pairs of star and detection agree on, whatever the others say."""

import numpy as np
import pytest

from reseau.constants import DEGREE
from reseau.solvers.start.consensus import CERTAIN, Expected, Matches, find_consensus

PIXEL = 9e-6
UNKNOWN = Expected(np.full((3, 3), np.nan), (np.inf, np.inf), 0.01)


def _turned(rng: np.random.Generator) -> np.ndarray:
    """Return camera axes that point anywhere, right-handed."""
    axes, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    return axes * np.sign(np.linalg.det(axes))


def _matches(
    n: int, *, seed: int, scale: float = 1.0, mirror: float = 1.0
) -> tuple[Matches, np.ndarray]:
    """Return stars of half a degree, detected to 0.02 pixel, and the camera's axes."""
    rng = np.random.default_rng(seed)
    axes = _turned(rng)
    v = rng.uniform(-0.5, 0.5, (n, 2)) * DEGREE
    u = scale * v * [mirror, 1.0] + rng.normal(0, 0.02 * PIXEL, (n, 2))
    camera, star = (np.concatenate([w, np.ones((n, 1))], axis=1) for w in (u, v))
    camera /= np.linalg.norm(camera, axis=1, keepdims=True)
    star /= np.linalg.norm(star, axis=1, keepdims=True)
    return Matches(camera, star @ axes, np.full(n, 0.02 * PIXEL)), axes


def _angle(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.linalg.norm(one - other))


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(
    ("n", "wrong"), [(4, 1), (5, 1), (20, 2), (40, 16), (300, 150)]
)
def test_wrong_pairs_are_told_from_right_ones(n: int, wrong: int, seed: int):
    matches, axes = _matches(n, seed=seed, scale=1.004)
    rng = np.random.default_rng(seed + 100)
    bad = rng.choice(n, wrong, replace=False)
    star = matches.star.copy()
    star[bad] = star[np.roll(bad, 1)] if wrong > 1 else star[(bad + 1) % n]
    found = find_consensus(matches._replace(star=star), UNKNOWN)
    assert found is not None
    assert found.surprise > CERTAIN
    np.testing.assert_array_equal(np.flatnonzero(found.strays), np.sort(bad))
    # The roll is the worst: some 0.02 pixel over some hundred, by few stars.
    assert _angle(found.axes, axes) < 3e-4
    assert found.scale == pytest.approx(1.004, abs=3e-4)


@pytest.mark.parametrize("n", [3, 5, 12])
def test_a_mirror_is_told_by_three_stars(n: int):
    matches, _ = _matches(n, seed=n, mirror=-1.0)
    as_it_is = find_consensus(matches, UNKNOWN)
    mirrored = find_consensus(matches, UNKNOWN, mirrored=True)
    assert mirrored.surprise > CERTAIN > as_it_is.surprise
    assert mirrored.agrees.all()


def test_scale_is_found_however_far_off():
    for scale in (0.1, 0.5, 2.0, 15.0):
        matches, axes = _matches(10, seed=4, scale=scale)
        found = find_consensus(matches, UNKNOWN)
        assert found.scale == pytest.approx(scale, rel=1e-2)
        assert found.agrees.all()
        assert _angle(found.axes, axes) < 0.1


def test_of_three_stars_with_a_wrong_one_the_scale_decides():
    matches, axes = _matches(3, seed=5)
    star = matches.star.copy()
    star[2] += 0.004 * axes[0]
    star[2] /= np.linalg.norm(star[2])
    found = find_consensus(matches._replace(star=star), UNKNOWN)
    np.testing.assert_array_equal(found.strays, [False, False, True])
    assert found.surprise < CERTAIN  # Two stars fit always: nobody is accused.
    assert _angle(found.axes, axes) < 1e-3


def test_stars_in_one_point_tell_nothing():
    matches, _ = _matches(4, seed=6)
    same = Matches(matches.camera[[0] * 4], matches.star[[0] * 4], matches.sigma)
    assert find_consensus(same, UNKNOWN) is None


def test_chance_is_no_agreement():
    """At most 1 in e^7 by chance: more than 5 of 200 are one in a million."""
    found = []
    for seed in range(200):
        matches, _ = _matches(8, seed=seed)
        other, _ = _matches(8, seed=seed + 1000)
        mixed = find_consensus(matches._replace(star=other.star), UNKNOWN)
        found.append(mixed.surprise > CERTAIN)
    assert sum(found) <= 5


def test_a_distortion_that_nobody_knows_accuses_nobody():
    matches, _ = _matches(60, seed=7)
    u = matches.camera[:, :2] / matches.camera[:, 2:]
    bent = u * (1.0 + 100.0 * np.sum(u**2, axis=1, keepdims=True))  # 80 pixel
    camera = np.concatenate([bent, np.ones((60, 1))], axis=1)
    camera /= np.linalg.norm(camera, axis=1, keepdims=True)
    found = find_consensus(matches._replace(camera=camera), UNKNOWN)
    assert not found.strays.any()
