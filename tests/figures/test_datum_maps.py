"""The maps of what references decide draw what they are given."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.quiver import Quiver

from reseau.motions.datum_maps import PARAMETERS, DatumMaps
from reseau.plots.datum_maps import datum_maps


@pytest.fixture
def maps() -> DatumMaps:
    """Return maps with a corner that has no stars."""
    east, north = np.meshgrid(np.linspace(-0.5, 0.5, 21), np.linspace(-0.3, 0.3, 13))
    size = np.array([5e-3, 4e-3, 2e-3, 3e-4, 4e-4])[:, None, None]
    value = size * np.stack([east, north, east * north, north, -east])
    formal = 0.1 * size * (1.0 + east**2)
    floor = np.broadcast_to(10.0 * size, formal.shape).copy()
    for values in (value, formal, floor):
        values[:, :3, :3] = np.nan
    return DatumMaps(
        centre=(266.4, -29.0),
        east=east,
        north=north,
        parameters=PARAMETERS,
        value=value,
        formal_error=formal,
        floor=floor,
    )


def _mesh(ax: Axes) -> np.ma.MaskedArray:
    (found,) = (c for c in ax.collections if isinstance(c, QuadMesh))
    values = found.get_array()
    assert isinstance(values, np.ma.MaskedArray)
    return values


def test_each_parameter_has_a_row_of_value_error_and_floor(maps: DatumMaps) -> None:
    axes = datum_maps(maps, title="a survey")
    assert len(axes) == 9
    figure = axes[0].figure
    assert figure.get_suptitle() == "a survey\nabout 266.40° -29.00°"
    shown = np.isfinite(maps.value[0])
    parallax, formal, floor = (_mesh(ax) for ax in axes[:3])
    np.testing.assert_array_equal(~np.ma.getmaskarray(parallax), shown)
    # 0.3 µas and less are drawn in nas, 20 µas in µas.
    np.testing.assert_allclose(parallax[shown], 1e6 * maps.value[2][shown])
    np.testing.assert_allclose(formal[shown], 1e6 * maps.formal_error[2][shown])
    np.testing.assert_allclose(floor[shown], 1e3 * maps.floor[2][shown])
    each = np.sqrt(0.5 * np.sum(maps.formal_error[3:] ** 2, axis=0))
    np.testing.assert_allclose(_mesh(axes[4])[shown], 1e6 * each[shown])
    assert axes[4].get_title().startswith("formal 1σ of each component\n")
    assert axes[0].get_xlim() == (0.5, -0.5)


def test_vectors_are_arrows_on_their_length(maps: DatumMaps) -> None:
    axes = datum_maps(maps)
    (arrows,) = (a for a in axes[3].get_children() if isinstance(a, Quiver))
    # Every second place, from the second one on.
    shown = np.isfinite(maps.value[0])
    for drawn, wanted in zip((arrows.U, arrows.V), maps.value[3:], strict=True):
        there = wanted[1::2, 1::2][shown[1::2, 1::2]]
        np.testing.assert_allclose(drawn, 1e6 * there, atol=1e-9)
    length = 1e6 * np.hypot(maps.value[3], maps.value[4])
    np.testing.assert_allclose(_mesh(axes[3])[shown], length[shown])


def test_without_a_floor_or_references_no_empty_maps_are_drawn(maps: DatumMaps) -> None:
    bare = replace(
        maps,
        value=np.full_like(maps.value, np.nan),
        formal_error=np.full_like(maps.value, np.inf),
        floor=np.zeros_like(maps.value),
    )
    axes = datum_maps(bare)
    assert len(axes) == 6
    assert axes[0].get_title().endswith("no reference counts")
    assert axes[1].get_title().endswith("nothing decides it")
    assert not any(ax.collections for ax in axes)
    axes[0].figure.canvas.draw()


def test_the_figure_can_be_written(maps: DatumMaps) -> None:
    datum_maps(maps)[0].figure.canvas.draw()
