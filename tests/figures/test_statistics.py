"""Figures of residuals, pulls and iterations draw the numbers that they are given."""

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection, PolyCollection
from matplotlib.container import ErrorbarContainer
from matplotlib.patches import StepPatch
from scipy import stats

from reseau.diagnostics import running_statistics
from reseau.plots import (
    convergence,
    pull_histogram,
    residual_against,
    residual_magnitude,
)
from reseau.plots.pull_histogram import FEW


def _lines(ax: Axes) -> dict[str, np.ndarray]:
    return {str(line.get_label()): line.get_xydata() for line in ax.lines}


def _legend(ax: Axes) -> list[str]:
    legend = ax.get_legend()
    assert legend is not None
    return [t.get_text() for t in legend.get_texts()]


def _residuals(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    magnitude = rng.uniform(10.0, 14.0, n)
    sigma = 10 ** (0.2 * (magnitude - 12.0))
    return magnitude, rng.normal(0.0, sigma), sigma


def test_residuals_against_magnitude_show_their_statistics() -> None:
    magnitude, residual, sigma = _residuals(2000)
    running = running_statistics(magnitude, residual, sigma)
    ax = residual_magnitude(magnitude, residual, running, band="Hw")
    lines = _lines(ax)
    wanted = np.stack([running.centre, running.median], axis=1)
    np.testing.assert_allclose(lines["median"], wanted)
    np.testing.assert_allclose(lines["± expected"][:, 1], running.expected)
    np.testing.assert_allclose(lines["± RMS"][:, 1], running.rms)
    band = next(c for c in ax.collections if c.get_label() == "16–84 %")
    heights = band.get_paths()[0].vertices[:, 1]
    assert heights.min() == pytest.approx(running.low.min())
    assert heights.max() == pytest.approx(running.high.max())
    points = next(c for c in ax.collections if isinstance(c, PathCollection))
    assert len(points.get_offsets()) == 2000
    assert ax.get_xlabel() == "Hw magnitude [mag]"
    assert ax.get_ylabel() == "residual [mas]"


def test_small_residuals_are_shown_in_microarcseconds() -> None:
    magnitude, residual, sigma = _residuals(500)
    running = running_statistics(magnitude, 0.01 * residual, 0.01 * sigma)
    ax = residual_against(
        magnitude, 0.01 * residual, running, label="colour [mag]", unit="mas"
    )
    assert ax.get_ylabel() == "residual [µas]"
    assert ax.get_xlabel() == "colour [mag]"
    np.testing.assert_allclose(_lines(ax)["± RMS"][:, 1], 1000.0 * running.rms)


def test_many_residuals_become_a_density_of_all_of_them() -> None:
    magnitude, residual, sigma = _residuals(300_000)
    running = running_statistics(magnitude, residual, sigma)
    ax = residual_magnitude(magnitude, residual, running)
    assert not any(isinstance(c, PathCollection) for c in ax.collections)
    cells = next(
        c
        for c in ax.collections
        if isinstance(c, PolyCollection) and c.get_array() is not None
    )
    limit = ax.get_ylim()[1]
    assert cells.get_array().sum() == np.count_nonzero(np.abs(residual) <= limit)
    assert len(cells.get_array()) < 10_000


def test_values_outside_are_counted() -> None:
    magnitude, residual, sigma = _residuals(2000)
    residual[:3] = 1000.0
    magnitude[5] = np.nan
    running = running_statistics(magnitude, residual, sigma)
    ax = residual_magnitude(magnitude, residual, running)
    assert ax.get_ylim()[1] < 1000.0
    assert "3 of 1,999 values lie outside" in [t.get_text() for t in ax.texts]


def test_residuals_without_noise_are_all_inside() -> None:
    magnitude, residual, sigma = _residuals(2000)
    running = running_statistics(magnitude, residual, sigma)
    ax = residual_magnitude(magnitude, residual, running)
    inside = np.abs(residual) <= ax.get_ylim()[1]
    assert inside.all() == (len(ax.texts) == 0)


def test_pulls_are_normalised_and_their_spread_named() -> None:
    pulls = 1.1 * np.random.default_rng(2).normal(size=(10_000, 2))
    ax = pull_histogram({"wrong_prior": pulls})
    steps = next(p for p in ax.patches if isinstance(p, StepPatch)).get_data()
    inside = np.mean(np.abs(pulls) <= 5.0)
    assert np.sum(steps.values * np.diff(steps.edges)) == pytest.approx(inside)
    spread = np.sqrt(np.mean(pulls**2))
    beyond = np.count_nonzero(np.abs(pulls) > 5.0)
    label = f"wrong prior: std {spread:.3f} ± {spread / 200.0:.3f}, 20,000 coordinates"
    tail = f", {beyond} beyond ±5" if beyond else ""
    assert _legend(ax) == [label + tail, "N(0, 1)"]
    normal = _lines(ax)["N(0, 1)"]
    np.testing.assert_allclose(normal[:, 1], stats.norm.pdf(normal[:, 0]))


def test_small_classes_are_points_with_error_bars() -> None:
    pulls = np.random.default_rng(3).normal(size=100)
    assert pulls.size < FEW
    ax = pull_histogram({"artificial": pulls, "empty": np.zeros(0)}, logarithmic=True)
    bars = [c for c in ax.containers if isinstance(c, ErrorbarContainer)]
    assert len(bars) == 1
    points = bars[0][0].get_xydata()
    width = 10.0 / round(10.0 / np.min(np.diff(points[:, 0])))
    assert np.sum(points[:, 1]) * width == pytest.approx(1.0)
    assert ax.get_yscale() == "log"
    assert len(_legend(ax)) == 2


def test_missing_pulls_are_left_out() -> None:
    pulls = np.array([np.nan, 7.0, *np.linspace(-2.0, 2.0, 98)])
    label = _legend(pull_histogram({"target": pulls}))[0]
    assert label.endswith("99 coordinates, 1 beyond ±5")


def test_convergence_shows_gains_and_steps() -> None:
    objective = np.array([1e9, 1e5, 5000.0, 5000.5, 5000.5])
    steps = np.array([3e4, 50.0, 0.2, 1e-3, 0.0])
    ax = convergence(objective, steps, tolerance=0.01)
    lines = _lines(ax)
    np.testing.assert_array_equal(lines["largest step [σ]"][:4, 1], steps[:4])
    assert np.isnan(lines["largest step [σ]"][4, 1])
    falls = lines["decrease of −2 ln posterior"]
    np.testing.assert_allclose(falls[:2, 1], [1e9 - 1e5, 95_000.0])
    assert np.isnan(falls[2:, 1]).all()
    rises = next(v for k, v in lines.items() if k.startswith("increase"))
    np.testing.assert_allclose(rises, [[3.0, 0.5]])
    assert ax.get_yscale() == "log"
    assert any("tolerance" in text for text in _legend(ax))


def test_a_single_iteration_can_be_drawn() -> None:
    ax = convergence(np.array([1.0]), np.array([0.1]))
    ax.figure.draw_without_rendering()
    assert not any(k.startswith("increase") for k in _lines(ax))
