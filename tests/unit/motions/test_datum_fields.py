"""Fields by name: what they are on the sky."""

from dataclasses import replace

import numpy as np
import pytest

from plain_plates import EPOCH, plain_survey
from reseau.constants import DEGREE, MILLIARCSECOND
from reseau.motions.datum_fields import (
    Frame,
    fields_of_stars,
    frame_of,
    named_fields,
)
from reseau.motions.stars import Stars


def _stars(dec: float = 0.0, side: float = 1.0) -> Stars:
    return plain_survey(stars=200, plates=1, side=side, dec=dec).truth


def _field(stars: Stars, frame: Frame, name: str) -> np.ndarray:
    names = [field.name for field in named_fields(frame.degree)]
    return fields_of_stars(stars, frame)[:, :, names.index(name)] / MILLIARCSECOND


def test_every_field_has_a_name_and_a_unit_of_its_own() -> None:
    named = named_fields(2)
    assert len({field.name for field in named}) == len(named) == 30
    units = {field.name: field.unit for field in named}
    assert units["parallax zero point"] == "mas"
    assert units["spin"] == "mas/yr/deg"
    assert units["parallax east^2"] == "mas/deg^2"
    stars = _stars()
    assert fields_of_stars(stars, frame_of(stars, 2)).shape == (200, 5, 30)


@pytest.mark.parametrize("dec", [0.0, -29.0, 85.0])
def test_means_and_rotation_are_those_of_a_turned_sky(dec: float) -> None:
    # What turns the sky rigidly moves a star by ω × u, whatever the meridians do.
    stars = _stars(dec)
    frame = frame_of(stars, 1)
    u = stars.direction
    z = np.array([0.0, 0.0, 1.0])
    east = np.cross(z, u) / np.linalg.norm(np.cross(z, u), axis=1)[:, None]
    north = np.cross(u, east)
    c = frame.centre
    c_east = np.cross(z, c) / np.linalg.norm(np.cross(z, c))
    c_north = np.cross(c, c_east)
    # Of second order in the field's half side of half a degree.
    second = (0.75 * DEGREE) ** 2
    for name, axis, size in (
        ("mean position east", c_north, 1.0),
        ("mean position north", -c_east, 1.0),
        ("rotation", -c, 1.0 / DEGREE),
    ):
        moved = np.cross(axis, u) * size
        expected = np.stack([np.sum(moved * v, axis=1) for v in (east, north)], axis=1)
        found = _field(stars, frame, name)
        assert not found[:, 2:].any()
        mean = 0.0
        if name == "rotation":  # about the mean place of the stars, not the centre
            mean = (expected - found[:, :2]).mean(axis=0)
            assert np.abs(mean).max() < 0.05
        limit = second * max(np.abs(expected).max(), 1.0)
        # The mean shift has turned axes where meridians converge.
        turned = 0.05 * 0.02 * abs(np.tan(dec * DEGREE)) if name == "rotation" else 0.0
        assert np.abs(found[:, :2] + mean - expected).max() < limit + turned


def test_fields_of_second_degree_have_no_mean_and_no_slope() -> None:
    stars = _stars()
    frame = frame_of(stars, 2)
    place = frame.place(stars.direction)
    lower = np.column_stack([np.ones(len(place)), place])
    for name in ("parallax east^2", "parallax east north", "parallax north^2"):
        value = _field(stars, frame, name)[:, 2]
        assert np.abs(lower.T @ value).max() < 1e-11
    bent = _field(stars, frame, "parallax east^2")[:, 2] - place[:, 0] ** 2
    fitted = lower @ np.linalg.lstsq(lower, bent, rcond=None)[0]
    np.testing.assert_allclose(bent, fitted, atol=1e-12)


def test_a_star_of_another_epoch_has_moved_meanwhile() -> None:
    stars = _stars()
    epoch = stars.epoch.copy()
    epoch[0] += 2.0
    late = replace(stars, epoch=epoch)
    frame = frame_of(late, 1)
    assert frame.epoch == EPOCH
    found = _field(late, frame, "expansion")
    np.testing.assert_allclose(found[0, :2], 2.0 * found[0, 3:5], rtol=1e-12)
    assert not found[1:, :2].any()
