"""The arrow maps of effects draw the displacements that they are given."""

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.quiver import Quiver, QuiverKey

from reseau.diagnostics import DisplacementField
from reseau.plots import effect_maps
from reseau.plots._style import VERMILION
from reseau.plots.effect_maps import N_ARROWS


def _field(name: str, scale: float, left: float = 0.0) -> DisplacementField:
    """Return a field that shrinks by `scale` mas, and leaves a bend of `left` mas."""
    side = np.linspace(-0.25, 0.25, 21)
    offset = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    bend = left * np.stack([0.0 * offset[:, 0], (offset[:, 0] / 0.25) ** 2], axis=1)
    return DisplacementField(
        name=name,
        offset=offset,
        displacement=-scale * offset / np.hypot(0.25, 0.25) + bend,
        residual=bend,
        after_quadratic=0.01 * left,
    )


def _arrows(ax: Axes) -> Quiver:
    (found,) = (a for a in ax.get_children() if isinstance(a, Quiver))
    return found


def _key(ax: Axes) -> QuiverKey:
    (found,) = (a for a in ax.get_children() if isinstance(a, QuiverKey))
    return found


def test_a_panel_for_each_effect_and_for_what_is_left_of_it() -> None:
    fields = [
        _field("large", 120.0, left=0.08),
        _field("small", 0.020),
        _field("nothing", 1e-5),
        _field("sum", 120.0, left=0.08),
    ]
    axes = effect_maps(fields, title="a field", columns=3)
    titles = [ax.get_title() for ax in axes]
    assert [t.splitlines()[0] for t in titles] == [
        "large",
        "large",
        "small",
        "sum",
        "sum",
    ]
    assert titles[0].endswith("up to 120 mas")
    assert titles[1].endswith("affine leaves 80 µas, quadratic 800 nas")
    assert titles[2].endswith("up to 20 µas")
    figure = axes[0].figure
    assert figure.get_suptitle().startswith("a field\n")
    assert "1 µas" in figure.get_suptitle()
    assert len(figure.axes) == 5
    figure.draw_without_rendering()


@pytest.mark.parametrize(
    ("scale", "unit", "mas"),
    [(4000.0, "arcsec", 1000.0), (120.0, "mas", 1.0), (0.02, "µas", 1e-3)],
)
def test_arrows_are_displacements_with_east_to_the_left(
    scale: float, unit: str, mas: float
) -> None:
    field = _field("one", scale)
    (ax,) = effect_maps([field])
    arrows = _arrows(ax)
    assert len(arrows.U) == N_ARROWS**2
    where = {tuple(p): d for p, d in zip(field.offset, field.displacement, strict=True)}
    wanted = np.array([where[tuple(p)] for p in arrows.get_offsets()])
    np.testing.assert_allclose(np.stack([arrows.U, arrows.V], 1), wanted / mas)
    low, high = ax.get_xlim()
    assert low > high
    key = _key(ax)
    assert key.text.get_text().endswith(f" {unit}")
    length = float(key.text.get_text().split()[0])
    assert length == pytest.approx(key.U)
    # Corners are drawn, and the longest arrow does not reach beyond the frame.
    assert np.abs(arrows.get_offsets()).max() == 0.25
    length = np.hypot(arrows.U, arrows.V).max() / arrows.scale
    assert length <= min(abs(low), abs(high)) - 0.25 + 1e-12


def test_what_is_left_has_its_own_scale_and_colour() -> None:
    axes = effect_maps([_field("one", 120.0, left=0.08)])
    assert len(axes) == 2
    before, after = map(_arrows, axes)
    assert np.hypot(before.U, before.V).max() == pytest.approx(120.0, rel=1e-3)
    assert np.hypot(after.U, after.V).max() == pytest.approx(80.0)
    np.testing.assert_allclose(after.get_facecolor()[0], to_rgba(VERMILION))


def test_stars_that_are_no_grid_are_all_drawn() -> None:
    offset = np.random.default_rng(3).uniform(-0.2, 0.2, (57, 2))
    field = DisplacementField("stars", offset, 3.0 * offset, 0.0 * offset, 0.0)
    (ax,) = effect_maps([field])
    assert len(_arrows(ax).U) == 57


def test_the_last_is_drawn_however_small() -> None:
    axes = effect_maps([_field("a", 0.0), _field("sum", 0.0)])
    assert [ax.get_title().splitlines()[0] for ax in axes] == ["sum"]
    axes[0].figure.draw_without_rendering()
