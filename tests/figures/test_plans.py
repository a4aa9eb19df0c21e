"""Figures of a plan draw the numbers that they are given."""

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.patches import Rectangle

from reseau.plots import (
    exposure_map,
    limit_magnitude,
    parallax_coverage,
    visibility,
    visit_histogram,
)


def lines(ax: Axes) -> dict[str, np.ndarray]:
    """Return the points of each line by its label."""
    return {str(line.get_label()): line.get_xydata() for line in ax.lines}


def legend(ax: Axes) -> list[str]:
    """Return the texts of the legend."""
    found = ax.get_legend()
    assert found is not None
    return [text.get_text() for text in found.get_texts()]


def test_visibility_shows_the_sun_the_band_and_each_plate() -> None:
    epoch = np.linspace(2031.0, 2033.0, 200)
    angle = 90.0 + 80.0 * np.cos(2.0 * np.pi * epoch)
    plates = np.array([2031.2, 2031.7])
    ax = visibility(
        epoch,
        angle,
        plate_epoch=plates,
        plate_angle=np.array([60.0, 70.0]),
        band=(45.0, 135.0),
    )
    drawn = lines(ax)
    np.testing.assert_allclose(drawn["the Sun"], np.stack([epoch, angle], axis=1))
    np.testing.assert_allclose(drawn["2 plates, one an orbit"][:, 0], plates)
    band = next(p for p in ax.patches if isinstance(p, Rectangle))
    assert (band.get_y(), band.get_y() + band.get_height()) == (45.0, 135.0)
    assert legend(ax) == ["allowed angles", "the Sun", "2 plates, one an orbit"]
    assert "Julian year (TCB)" in ax.get_xlabel()
    assert ax.get_ylabel() == "angle from the Sun to the region [deg]"


def test_one_plate_is_one_plate() -> None:
    one = np.array([2031.5])
    ax = visibility(
        np.linspace(2031.0, 2051.0, 50),
        np.full(50, 90.0),
        plate_epoch=one,
        plate_angle=np.array([90.0]),
        band=(0.0, 180.0),
    )
    assert "1 plate, one an orbit" in legend(ax)
    assert "month" not in ax.get_xlabel()


@pytest.mark.parametrize("frame", ["galactic", "icrs"])
def test_the_map_shows_exposures_with_longitude_to_the_left(frame: str) -> None:
    longitude, latitude = np.linspace(-1.0, 1.0, 21), np.linspace(-0.5, 0.5, 11)
    exposures = np.outer(np.arange(21.0), np.arange(11.0))
    ax = exposure_map(
        longitude, latitude, exposures, region=(-0.7, 0.6, -0.3, 0.2), frame=frame
    )
    mesh = next(c for c in ax.collections if isinstance(c, QuadMesh))
    found = np.ma.asarray(mesh.get_array()).reshape(11, 21)
    np.testing.assert_allclose(found.filled(0.0), exposures.T)
    left, right = ax.get_xlim()
    assert left > right
    edge = next(p for p in ax.patches if isinstance(p, Rectangle))
    assert edge.get_bbox().extents == pytest.approx([-0.7, -0.3, 0.6, 0.2])
    assert ("Galactic" in ax.get_xlabel()) == (frame == "galactic")
    figure = ax.get_figure(root=True)
    assert figure is not None
    assert "exposures that see a star" in [a.get_ylabel() for a in figure.axes]


def test_parallax_factors_stand_against_time_and_each_other() -> None:
    all_epoch = np.linspace(2031.0, 2032.0, 60)
    turn = 2.0 * np.pi * all_epoch
    factors = np.stack([np.sin(turn), 0.1 * np.cos(turn)], axis=1)
    figure = parallax_coverage(
        all_epoch[10:20],
        factors[10:20],
        all_epoch=all_epoch,
        all_factors=factors,
    )
    left, right = figure.axes
    drawn = lines(left)
    np.testing.assert_allclose(drawn["towards East, P"][:, 1], factors[10:20, 0])
    np.testing.assert_allclose(drawn["towards North, Q"][:, 1], factors[10:20, 1])
    np.testing.assert_allclose(lines(right)["10 plates"], factors[10:20])
    # East is to the left.
    assert right.get_xlim()[0] > right.get_xlim()[1]
    for ax in figure.axes:
        assert "[au]" in ax.get_ylabel()


def test_the_histogram_of_visits_has_all_of_the_region() -> None:
    visits = np.array([0, 10, 10, 100, 220])
    area = np.array([1.0, 2.0, 3.0, 3.0, 1.0])
    ax = visit_histogram(visits, area)
    heights = [p.get_height() for p in ax.patches if isinstance(p, Rectangle)]
    assert sum(heights) == pytest.approx(100.0)
    assert max(heights) == pytest.approx(50.0)
    assert legend(ax) == ["mean 57"]


def test_the_random_limit_stands_beside_what_is_required() -> None:
    magnitude = np.array([10.0, 12.5, 15.0])
    parallax = np.array([8.0, 13.4, 54.0])
    motion = np.stack([1.1 * parallax, 1.05 * parallax], axis=1)
    ax = limit_magnitude(
        magnitude,
        parallax,
        motion,
        requirements=[("parallax", 12.5, 25.0), ("motion", 15.0, 125.0)],
    )
    drawn = lines(ax)
    np.testing.assert_allclose(drawn["parallax [µas]"][:, 1], parallax)
    np.testing.assert_allclose(drawn["motion in δ [µas/yr]"][:, 1], motion[:, 1])
    said = [text.get_text() for text in ax.texts]
    assert said == [
        "required of the parallax: 25 µas at Hw < 12.5",
        "required of the motion: 125 µas/yr at Hw < 15",
    ]
    low, high = ax.get_ylim()
    assert low < 8.0
    assert high > 125.0


def test_a_limit_that_is_not_determined_leaves_an_empty_figure() -> None:
    nothing = np.full(2, np.nan)
    ax = limit_magnitude(np.array([10.0, 12.0]), nothing, np.full((2, 2), np.nan))
    assert ax.get_xlabel() == "magnitude Hw [mag]"
