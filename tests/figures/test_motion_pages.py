"""Pages of motions: tracks, artificial sources by way, pulls, wrong references."""

import numpy as np
import pytest

from reseau.diagnostics.comparison.catalogue import CatalogueComparison
from reseau.diagnostics.comparison.estimates import Estimates
from reseau.diagnostics.motion_recovery import motion_recovery
from reseau.diagnostics.motion_validation import WAYS, Disturbance, MotionValidation
from reseau.diagnostics.tracks import Track
from reseau.plots.motion_validation import (
    artificial_motions,
    pulls_by_way,
    star_tracks,
    wrong_reference_changes,
)


def comparison(rng, size):
    """Return one of errors that are `size` times what is stated."""
    counts = {"reference": 60, "artificial": 9}
    covariance = {n: np.tile(0.04 * np.eye(5), (k, 1, 1)) for n, k in counts.items()}
    errors = {n: size * 0.2 * rng.normal(size=(k, 5)) for n, k in counts.items()}
    estimates = {
        n: Estimates(
            *(np.zeros(k) for _ in range(4)),
            np.zeros((k, 3)),
            covariance[n],
            *(np.zeros(k, dtype=bool) for _ in range(2)),
        )
        for n, k in counts.items()
    }
    recoveries = {n: motion_recovery(errors[n], covariance[n]) for n in counts}
    return CatalogueComparison(recoveries, estimates, errors)


@pytest.fixture
def found():
    rng = np.random.default_rng(1)
    sizes = (1.0, 4.0, 1.5)
    return MotionValidation(
        {way: comparison(rng, s) for way, s in zip(WAYS, sizes, strict=True)},
        disturbances={
            "taken as right": Disturbance(
                3, 0, 0.01 * rng.normal(size=(50, 5)), 9.0 * rng.normal(size=(3, 5))
            )
        },
    )


def test_tracks_show_plates_and_parameters():
    when = np.linspace(2028.0, 2031.0, 50)
    track = Track(
        7,
        "reference",
        (1.5, 2.0, -3.0),
        (0.1, 0.2, 0.3),
        when[::10],
        np.ones((5, 2)),
        np.full((5, 2), 0.1),
        when,
        np.stack([np.sin(when), np.cos(when)], axis=-1),
    )
    axes = star_tracks([track, track]).get_figure().axes
    assert len(axes) == 4
    east, north = axes[0], axes[2]
    for ax, curve in ((east, np.sin(when)), (north, np.cos(when))):
        np.testing.assert_array_equal(ax.lines[0].get_ydata(), curve)
        np.testing.assert_array_equal(ax.lines[1].get_xdata(), when[::10])
    assert "parallax 1.50 ± 0.10 mas" in east.get_title()


def test_artificial_sources_stand_beside_each_other_by_way(found):
    axes = artificial_motions(found).get_figure().axes
    assert len(axes) == 6
    for ax, way in zip(axes[:3], WAYS, strict=True):
        error = found.ways[way].errors["artificial"]
        np.testing.assert_array_equal(ax.lines[0].get_xdata(), error[:, 3])
        np.testing.assert_array_equal(ax.lines[0].get_ydata(), error[:, 4])
        assert ax.get_title().startswith(WAYS[way])
        parallax = found.ways[way].recoveries["artificial"].pull[2].value
        assert f"parallax {parallax:.2f}" in ax.get_title()
    assert axes[0].get_ylim() == axes[2].get_ylim()


def test_pulls_stand_at_their_values(found):
    ax = pulls_by_way(found, classes=found.shown)
    assert found.shown == ["reference", "artificial"]
    drawn = [np.asarray(line.get_ydata(), float) for line in ax.lines]
    drawn = [values for values in drawn if len(values) == 10]
    for values, way in zip(drawn, WAYS, strict=True):
        recoveries = found.ways[way].recoveries
        wanted = [p.value for name in found.shown for p in recoveries[name].pull]
        np.testing.assert_allclose(values, wanted)
    low, high = ax.get_ylim()
    assert low < 1.0 < max(map(max, drawn)) < high


def test_changes_and_errors_are_sorted_by_size(found):
    ax = wrong_reference_changes(found.disturbances)
    lines = {line.get_label(): line for line in ax.lines}
    parallax = lines["taken as right: parallaxes of 50 other stars"]
    size = np.abs(found.disturbances["taken as right"].change[:, 2])
    np.testing.assert_array_equal(parallax.get_xdata(), np.sort(size))
    assert parallax.get_ydata()[0] == 1.0
    assert "taken as right: motions of the 3 stars themselves" in lines


def test_what_is_said_counts_those_that_seem_to_move(found):
    beyond = found.beyond()
    assert beyond["posteriors"] > 2 >= beyond["joint"]
    text = str(found)
    assert f"posteriors averaged {beyond['posteriors']}" in text
    assert "3 references with wrong motions" in text
    assert found.consistent
    assert not MotionValidation({"joint": found.ways["posteriors"]}).consistent
