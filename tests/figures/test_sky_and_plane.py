"""Figures of the sky and the focal plane draw the numbers that they are given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection, PolyCollection, QuadMesh
from matplotlib.figure import Figure
from matplotlib.quiver import Quiver, QuiverKey

from reseau.diagnostics import (
    BinnedVectors,
    DistortionMap,
    binned_vectors,
    focal_plane_grid,
    sky_offsets,
)
from reseau.errors import ReseauError
from reseau.plots import (
    distortion_map,
    distortion_pair,
    distortion_uncertainty,
    footprint,
    residual_quiver,
    save,
)
from reseau.plots._style import readable_unit, round_length

CENTRE = (266.4, -29.0)


def _one(ax: Axes, kind: type):
    found = [a for a in ax.get_children() if isinstance(a, kind)]
    assert len(found) == 1
    return found[0]


def _texts(ax: Axes) -> str:
    keys = [a for a in ax.get_children() if isinstance(a, QuiverKey)]
    words = [k.text.get_text() for k in keys] + [t.get_text() for t in ax.texts]
    return " | ".join([*words, ax.get_title()])


def _inside(figure: Figure) -> None:
    figure.draw_without_rendering()
    box = figure.get_tightbbox()
    for ax in figure.axes:
        for text in [ax.title, ax.xaxis.label, ax.yaxis.label]:
            if text.get_text():
                extent = text.get_window_extent()
                scaled = extent.transformed(figure.dpi_scale_trans.inverted())
                assert scaled.x0 >= box.x0 - 1e-6
                assert scaled.y1 <= box.y1 + 1e-6


def _outlines() -> np.ndarray:
    corners = np.array([[-0.1, -0.1], [0.1, -0.1], [0.1, 0.1], [-0.1, 0.1]])
    shifts = np.array([[0.0, 0.0], [0.05, 0.02], [0.3, 0.0]])
    return (np.array(CENTRE) + shifts[:, None] + corners)[:, None]


def test_the_footprint_has_outlines_and_sources_where_they_are() -> None:
    rng = np.random.default_rng(1)
    reference = np.array(CENTRE) + rng.uniform(-0.2, 0.2, (40, 2))
    target = np.array(CENTRE) + rng.uniform(-0.1, 0.1, (5, 2))
    ax = footprint(
        _outlines(),
        reference=reference,
        target=target,
        field=np.array([7, 7, 8]),
        centre=CENTRE,
    )
    polygons = [c for c in ax.collections if isinstance(c, PolyCollection)]
    drawn = {c.get_label(): c for c in polygons}
    first = drawn["field 7: 2 exposures"].get_paths()
    assert len(first) == 2
    corners = _outlines()[1, 0]
    wanted = np.stack(sky_offsets(*corners.T, centre=CENTRE), axis=1)
    np.testing.assert_allclose(first[1].vertices[:4], wanted)
    assert len(drawn["field 8: 1 exposure"].get_paths()) == 1
    points = {c.get_label(): c for c in ax.collections if isinstance(c, PathCollection)}
    wanted = np.stack(sky_offsets(*reference.T, centre=CENTRE), axis=1)
    np.testing.assert_allclose(points["references"].get_offsets(), wanted)
    assert len(points["targets"].get_offsets()) == 5
    legend = ax.get_legend()
    assert legend is not None
    labels = [t.get_text() for t in legend.get_texts()]
    assert {"40 references", "5 targets"} < set(labels)


def test_east_is_left_and_both_axes_have_one_scale() -> None:
    ax = footprint(_outlines(), centre=CENTRE)
    left, right = ax.get_xlim()
    assert left > right
    assert ax.get_aspect() == 1.0
    xi, eta = sky_offsets(*np.moveaxis(_outlines(), -1, 0), centre=CENTRE)
    assert np.ptp(xi) < left - right
    assert np.ptp(eta) < np.ptp(ax.get_ylim())
    assert right < xi.min() < xi.max() < left
    assert "[deg]" in ax.get_xlabel()
    assert "[deg]" in ax.get_ylabel()


def _field(size: float = 100.0, sigma: float | None = None) -> DistortionMap:
    x, y = focal_plane_grid(21_000.0, n=25)
    dx, dy = size * (x / 21_000.0) ** 2, size * y / 21_000.0
    errors = (None, None) if sigma is None else (np.full_like(x, sigma),) * 2
    return DistortionMap(x, y, dx, dy, *errors)


def test_the_distortion_map_shows_size_and_direction() -> None:
    field = _field()
    ax = distortion_map(field, n_arrows=7, title="before")
    mesh, arrows = _one(ax, QuadMesh), _one(ax, Quiver)
    np.testing.assert_allclose(np.ravel(mesh.get_array()), field.size.ravel())
    assert mesh.get_clim()[0] == 0.0
    assert 6 <= np.unique(arrows.X).size <= 7
    # Arrows are vectors of the map at their own places.
    np.testing.assert_allclose(arrows.U, 100.0 * (arrows.X / 21.0) ** 2)
    np.testing.assert_allclose(arrows.V, 100.0 * arrows.Y / 21.0, atol=1e-9)
    assert ax.get_xlabel() == "focal plane X [mm]"
    assert f"RMS length {field.rms:.3g} µm" in ax.get_title()
    key = _one(ax, QuiverKey)
    assert key.label == "100 µm"
    assert key.U == 100.0
    bars = [a for a in ax.figure.axes if a is not ax]
    assert [b.get_ylabel() for b in bars] == ["displacement [µm]"]
    _inside(ax.figure)


def test_the_key_of_arrows_lies_inside_the_axes() -> None:
    ax = distortion_map(_field())
    key, arrows = _one(ax, QuiverKey), _one(ax, Quiver)
    length = key.U / arrows.scale / np.ptp(ax.get_xlim())
    assert key.X - length == pytest.approx(0.01)
    assert key.X < 0.3


def test_a_pair_has_a_scale_each() -> None:
    first, second = distortion_pair(_field(), _field(2e-3), titles=("a", "b"))
    assert first.figure is second.figure
    assert first.get_title().startswith("a\n")
    assert second.get_title().endswith("nm")
    # The longest arrow is as long on both: 100 um on one, 2 nm on the other.
    scales = [_one(ax, Quiver).scale for ax in (first, second)]
    assert scales[0] / 100.0 == pytest.approx(scales[1] / 2.0)


def test_the_uncertainty_is_drawn_and_must_be_there() -> None:
    ax = distortion_uncertainty(_field(sigma=0.003))
    np.testing.assert_allclose(np.ravel(_one(ax, QuadMesh).get_array()), 3.0)
    assert ax.get_title().endswith("RMS 3 nm")
    with pytest.raises(ValueError, match="no uncertainties"):
        distortion_uncertainty(_field())


def test_no_distortion_can_be_drawn() -> None:
    ax = distortion_map(_field(0.0))
    ax.figure.draw_without_rendering()
    assert "RMS length 0 µm" in ax.get_title()


def _binned(n: int = 20_000, sigma: float = 2.0, noise: float = 1.0) -> BinnedVectors:
    rng = np.random.default_rng(2)
    x, y = rng.uniform(-20_000.0, 20_000.0, (2, n))
    dx, dy = rng.normal(0.0, sigma * noise, (2, n))
    s = np.full(n, sigma)
    return binned_vectors(x, y, dx=dx, dy=dy, sigma_x=s, sigma_y=s, n_bins=10)


def test_the_quiver_shows_cells_and_expected_noise() -> None:
    binned = _binned()
    ax = residual_quiver(binned)
    arrows = _one(ax, Quiver)
    np.testing.assert_allclose(arrows.U, 1000.0 * binned.dx[binned.used])
    np.testing.assert_allclose(arrows.V, 1000.0 * binned.dy[binned.used])
    np.testing.assert_allclose(arrows.X, binned.centres[0][binned.used] / 1000.0)
    keys = [a for a in ax.get_children() if isinstance(a, QuiverKey)]
    assert pytest.approx(1000.0 * np.sqrt(2.0) * binned.expected) == keys[1].U
    assert "expected from noise" in keys[1].label
    assert keys[0].label.endswith("µas")
    assert "20,000 measurements" in ax.get_title()
    _inside(ax.figure)


def test_no_tip_of_an_arrow_leaves_the_axes() -> None:
    ax = residual_quiver(_binned())
    arrows = _one(ax, Quiver)
    for start, step, limits in (
        (arrows.X, arrows.U, ax.get_xlim()),
        (arrows.Y, arrows.V, ax.get_ylim()),
    ):
        tip = start + step / arrows.scale
        assert limits[0] < tip.min()
        assert tip.max() < limits[1]


def test_residuals_far_below_their_errors_get_no_endless_arrow() -> None:
    ax = residual_quiver(_binned(noise=1e-6))
    assert sum(isinstance(a, QuiverKey) for a in ax.get_children()) == 1
    assert "no arrow" in _texts(ax)


def test_a_plane_with_too_few_measurements_is_drawn_empty() -> None:
    ax = residual_quiver(_binned(n=20))
    ax.figure.draw_without_rendering()
    assert "0 cells" in ax.get_title()


@pytest.mark.parametrize(
    ("value", "wanted"),
    [(0.9, 1.0), (1.9, 2.0), (4e-7, 5e-7), (80.0, 100.0), (0.0, 1.0), (np.nan, 1.0)],
)
def test_scale_keys_are_round(value: float, wanted: float) -> None:
    assert round_length(value) == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("value", "unit", "wanted"),
    [
        (0.2, "mas", (1e3, "µas")),
        (3.0, "mas", (1.0, "mas")),
        (5000.0, "mas", (1e-3, "arcsec")),
        (1e-4, "um", (1e6, "pm")),
        (3.0, "pixel", (1.0, "pixel")),
    ],
)
def test_units_read_well(value: float, unit: str, wanted: tuple[float, str]) -> None:
    factor, name = readable_unit(value, unit)
    assert (pytest.approx(factor), name) == wanted


def test_a_given_axes_is_used_and_pyplot_is_left_alone() -> None:
    figure = Figure()
    ax = figure.add_subplot()
    assert residual_quiver(_binned(), ax=ax) is ax
    assert distortion_map(_field()).figure is not figure
    assert plt.get_fignums() == []


def test_saving_writes_a_whole_png_or_nothing(tmp_path) -> None:
    ax = distortion_map(_field())
    path = tmp_path / "map.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\nold")
    assert save(ax, path) == path
    image = plt.imread(path)
    assert image.shape[0] > 500
    assert image.std() > 0.05
    assert [p.name for p in tmp_path.iterdir()] == ["map.png"]
    with pytest.raises(ReseauError, match="could not be written"):
        save(ax.figure, tmp_path / "nowhere" / "map.png")
