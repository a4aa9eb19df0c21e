"""Figures of sources draw the model, the abscissae, and the periods."""

import numpy as np
import pytest

from reseau.plots import period_gain, save, source_residuals, source_track
from reseau.verbs.source_figures import source_figure
from reseau.verbs.sources import sources


def test_a_track_has_the_abscissae_along_their_directions() -> None:
    track = np.stack([np.linspace(0.0, 1.0, 50), np.linspace(0.0, 2.0, 50)], axis=1)
    model, direction = track[::25], np.array([[1.0, 0.0], [0.0, 1.0]])
    residual, error = np.array([0.2, -0.3]), np.array([0.1, 0.4])
    ax = source_track(track, model, residual, error, direction, title="a star")
    line, points = ax.lines
    np.testing.assert_array_equal(np.column_stack(line.get_data()), track)
    wanted = model + residual[:, None] * direction
    np.testing.assert_allclose(np.column_stack(points.get_data()), wanted)
    bars = ax.collections[1].get_segments()
    np.testing.assert_allclose(bars[1], [wanted[1] - [0, 0.4], wanted[1] + [0, 0.4]])
    assert ax.xaxis_inverted()
    assert ax.get_title() == "a star"


def test_residuals_show_the_floor_and_periods_the_choice() -> None:
    t = np.linspace(2030.0, 2033.0, 9)
    ax = source_residuals(t, 0.1 * np.cos(t), np.full(9, 0.1), floor=0.25)
    assert ax.patches[0].get_bbox().height == pytest.approx(0.5)
    ax = period_gain(np.array([10.0, 100.0]), np.array([3.0, -1.0]), chosen=50.0)
    assert ax.lines[0].get_ydata().tolist() == [3.0, 0.0]
    assert ax.lines[1].get_xdata()[0] == 50.0


def test_the_figure_of_an_orbit_has_three_axes_and_of_a_star_two(tmp_path) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(2)
    t = 2030.0 + np.sort(rng.uniform(0.0, 3.0, 40))
    turn = 2.0 * np.pi * (t - 2030.0) / 0.8
    table = {
        "epoch": t,
        "dra": 2.0 * np.cos(turn) + rng.normal(0.0, 0.1, 40),
        "ddec": np.sin(turn) + rng.normal(0.0, 0.1, 40),
        "dra_error": np.full(40, 0.1),
        "ddec_error": np.full(40, 0.1),
        "parallax_factor_ra": np.sin(2.0 * np.pi * t),
        "parallax_factor_dec": np.cos(2.0 * np.pi * t),
    }
    bound = source_figure(sources(table)[0])
    assert len(bound.axes) == 3
    x, y = (np.asarray(v) for v in bound.axes[0].lines[0].get_data())
    assert np.hypot(x / 2.0, y).max() == pytest.approx(1.0, abs=0.15)
    assert "period" in bound.axes[2].get_xlabel()
    straight = source_figure(sources(table, model="5", noise_floor="fit")[0])
    assert len(straight.axes) == 2
    path = save(bound, tmp_path / "orbit.png")
    assert path.stat().st_size > 10_000
