"""Floors of references: their fields, and what is refused."""

import numpy as np
import pytest

from plain_plates import EPOCH, plain_survey
from reseau.constants import DEGREE, MILLIARCSECOND
from reseau.errors import ConfigError
from reseau.motions.reference_floor import (
    UNEXPLAINED,
    ReferenceFloor,
    floor_root,
    smooth_root,
)


def _kernel(direction: np.ndarray, scale: float) -> np.ndarray:
    apart = np.linalg.norm(direction[:, None] - direction, axis=2)
    return np.exp(-0.5 * (apart / scale) ** 2)


@pytest.mark.parametrize("scale", [0.15, 0.5, 20.0])
def test_the_columns_have_the_stated_correlation(scale: float) -> None:
    direction = plain_survey(stars=300, plates=1, side=1.0).truth.direction
    columns = smooth_root(direction, scale * DEGREE)
    off = columns @ columns.T - _kernel(direction, scale * DEGREE)
    assert np.abs(off).max() < UNEXPLAINED
    assert columns.shape[1] < 150


def test_motions_move_positions_since_the_epoch_of_the_catalogue() -> None:
    stars = plain_survey(stars=40, plates=1, references=0.5).truth
    floor = ReferenceFloor(position=0.02, motion=0.01, scale=0.3, epoch=EPOCH - 10.0)
    root = floor_root(floor, stars) / MILLIARCSECOND
    assert not root[20:].any()
    assert not root[:, 2].any()
    kernel = _kernel(stars.direction[:20], 0.3 * DEGREE)
    for axis in (0, 1):
        at, rate = root[:20, axis], root[:20, 3 + axis]
        expected = {"pp": 0.02**2 + 0.1**2, "pm": 10.0 * 0.01**2, "mm": 0.01**2}
        for left, right, size in (
            (at, at, expected["pp"]),
            (at, rate, expected["pm"]),
            (rate, rate, expected["mm"]),
        ):
            off = left @ right.T - size * kernel
            assert np.abs(off).max() < UNEXPLAINED * size
    assert np.abs(root[:20, 0] @ root[:20, 1].T).max() == 0.0


def test_without_an_epoch_positions_keep_their_own_floor() -> None:
    stars = plain_survey(stars=20, plates=1).truth
    root = floor_root(ReferenceFloor(motion=0.01), stars)
    assert not root[:, :3].any()
    assert root[:, 3:].any()


def test_what_hardly_any_neighbours_share_is_refused() -> None:
    direction = plain_survey(stars=1000, plates=1, side=3.0).truth.direction
    with pytest.raises(ConfigError, match=r"0\.01 deg[\s\S]*catalogue's own errors"):
        smooth_root(direction, 0.01 * DEGREE)


def test_few_references_may_be_independent() -> None:
    direction = plain_survey(stars=30, plates=1, side=3.0).truth.direction
    columns = smooth_root(direction, 1e-3 * DEGREE)
    np.testing.assert_allclose(columns @ columns.T, np.eye(30), atol=UNEXPLAINED)


@pytest.mark.parametrize(
    ("given", "value"),
    [("parallax", -0.01), ("motion", np.nan), ("scale", 0.0), ("epoch", np.inf)],
)
def test_widths_that_are_none_are_refused(given: str, value: float) -> None:
    with pytest.raises(ConfigError, match=f"{given} = "):
        ReferenceFloor(**{given: value})


def test_a_floor_says_itself() -> None:
    text = str(ReferenceFloor(parallax=0.01, motion=0.023, scale=0.5))
    assert text == "10 µas of parallax, 23 µas/yr of motion, alike over 0.5 deg"
