"""Figures of a model of the Galaxy and of mocks draw the numbers they are given."""

import numpy as np
import pytest
from matplotlib.collections import EllipseCollection, LineCollection, QuadMesh
from matplotlib.figure import Figure

from galaxy_velocities import galaxy, kinematics
from reddened_giants import Field
from reseau.galaxy.isochrones import BANDS, shipped_isochrones
from reseau.galaxy.overview import (
    Projection,
    VelocityCurves,
    mass_density_at,
    published,
)
from reseau.plots.galaxy_densities import galaxy_centre, galaxy_maps, galaxy_sightline
from reseau.plots.galaxy_extinction import extinction_along, extinction_maps
from reseau.plots.galaxy_luminosities import galaxy_isochrones, galaxy_luminosities
from reseau.plots.galaxy_velocities import (
    galaxy_bar_velocities,
    galaxy_nuclear_rotation,
    galaxy_rotation,
)
from reseau.plots.mock_parts import (
    cell_medians,
    mock_reddening,
    parts_by_distance,
    parts_on_the_sky,
)
from reseau.plots.star_density import star_density
from reseau.reports.merged_figures import MERGED_KINDS, DrawableMerged


def lines_of(ax) -> dict[str, np.ndarray]:
    """Return the points of each labelled line."""
    return {line.get_label(): line.get_xydata() for line in ax.lines}


def meshes(figure: Figure) -> list[np.ndarray]:
    """Return the values of each map of a figure, as (across, up)."""
    found = [c for ax in figure.axes for c in ax.collections if isinstance(c, QuadMesh)]
    return [
        np.ma.filled(np.ma.asarray(mesh.get_array(), float), np.nan).T
        for mesh in found
        if len(mesh.get_array().shape) == 2
    ]


def test_maps_show_columns_of_each_part() -> None:
    axis, up = np.array([-1e3, 0.0, 1e3]), np.array([-5e2, 5e2])
    disc, bar = np.full((3, 3), 20.0), np.diag([100.0, 4e3, 100.0]) + 1e-9
    above = Projection(axis, axis, {"thin disc": disc, "bar": bar})
    beside = Projection(axis, up, {"thin disc": disc[:, :2], "bar": bar[:, :2]})
    figure = galaxy_maps(above, beside, np.array([-8e3, 0.0, 25.0]))
    drawn = [m for m in meshes(figure) if m.shape in ((3, 3), (3, 2))]
    assert len(drawn) == 6
    np.testing.assert_allclose(drawn[0], disc + bar)
    np.testing.assert_allclose(drawn[1], disc)
    # What is below the last decade is drawn as that.
    np.testing.assert_allclose(drawn[2], np.maximum(bar, 4020.0e-4))
    sun = [line.get_xydata()[0] for ax in figure.axes for line in ax.lines]
    np.testing.assert_allclose(sun[0], [-8.0, 0.0])
    np.testing.assert_allclose(sun[3], [-8.0, 0.025])


def test_a_line_of_sight_is_in_kpc_with_the_sum_of_all() -> None:
    distance = np.linspace(1.0, 9e3, 5)
    stars = {"thin disc": np.arange(5.0), "bar": np.array([0.0, 0.0, 2.0, 8.0, 1.0])}
    ax = galaxy_sightline(distance, stars, direction=(0.3, -0.2))
    lines = lines_of(ax)
    np.testing.assert_allclose(lines["all"][1:, 1], [1.0, 4.0, 11.0, 5.0])
    np.testing.assert_allclose(lines["bar"][:, 0], distance / 1e3)
    assert np.isnan(lines["bar"][0, 1])  # nothing has no place on a logarithmic axis
    assert "l = 0.3°, b = -0.2°" in ax.get_title()


def test_the_centre_is_drawn_with_published_densities() -> None:
    density, mass = galaxy_centre(galaxy()).axes
    lines = lines_of(density)
    drawn = lines["nuclear cluster, Z = 0"]
    np.testing.assert_allclose(
        drawn[:, 1], mass_density_at(galaxy(), "nuclear cluster", drawn[:, 0])
    )
    marks = lines["Sormani et al. 2022"]
    np.testing.assert_allclose(marks[:, 0], published.NUCLEAR_DENSITY.at)
    np.testing.assert_allclose(marks[:, 1], published.NUCLEAR_DENSITY.value)
    assert "Chatzopoulos et al. 2015" in lines_of(mass)
    assert np.all(np.diff(lines_of(mass)["nuclear disc"][:, 1]) > 0.0)


def curves_of(radius: np.ndarray) -> VelocityCurves:
    """Return curves that are told apart."""
    return VelocityCurves(radius, radius, 2.0 * radius, 3.0 * radius, 4.0 * radius)


def test_rotation_has_published_points_within_reach() -> None:
    radius = np.array([100.0, 5000.0, 12_000.0])
    names = ("thin1", "thin7", "thick", "bar")
    figure = galaxy_rotation(dict.fromkeys(names, curves_of(radius)), r0=8160.0)
    for factor, ax in zip((1.0, 2.0, 3.0, 4.0), figure.axes, strict=True):
        points = lines_of(ax)["bar"]
        np.testing.assert_allclose(points[:, 0], radius / 1e3)
        np.testing.assert_allclose(points[:, 1], factor * radius)
    speed = lines_of(figure.axes[0])["Bland-Hawthorn & Gerhard 2016, circular"]
    assert speed[:, 0].max() == 10.0
    assert [8.16, 239.0] in speed.tolist()
    at_the_sun = [
        line.get_xydata()[0, 1]
        for line in figure.axes[3].lines
        if line.get_xydata()[0, 0] == 8.16 and len(line.get_xydata()) == 1
    ]
    assert at_the_sun == [0.62, 21.8, 49.2]
    names_in_legend = [t.get_text() for t in figure.legends[0].get_texts()]
    assert len(names_in_legend) == len(set(names_in_legend)) == 6


def test_nuclear_rotation_has_published_points() -> None:
    radius = np.geomspace(0.5, 700.0, 4)
    figure = galaxy_nuclear_rotation(dict.fromkeys(("nsd", "nsc"), curves_of(radius)))
    marks = lines_of(figure.axes[3])["Sormani et al. 2022"]
    np.testing.assert_allclose(marks[:, 1], published.NUCLEAR_DISPERSIONS["z"].value)
    assert "spherical isotropic estimate" in lines_of(figure.axes[1])
    assert "spherical isotropic estimate" not in lines_of(figure.axes[0])


def test_ellipses_of_the_bar_lie_along_it() -> None:
    place = np.array([[100.0, 50.0, 0.0], [-300.0, 200.0, 0.0], [200.0, -99.0, 0.0]])
    moments = kinematics().moments("bar", place)
    angle = galaxy().component("bar").law.angle
    figure = galaxy_bar_velocities(
        place, moments, along=place, along_moments=moments, angle=angle
    )
    (ellipses,) = (
        c for c in figure.axes[0].collections if isinstance(c, EllipseCollection)
    )
    turned = (ellipses.get_angles() + 90.0) % 180.0 - 90.0
    np.testing.assert_allclose(turned, -np.rad2deg(angle), atol=1e-6)
    spread = np.sqrt(np.linalg.eigvalsh(moments.covariance[:, :2, :2]))
    ratio = ellipses.get_heights() / ellipses.get_widths()
    np.testing.assert_allclose(ratio, spread[:, 0] / spread[:, 1])
    deviation, correlation = figure.axes[1:]
    np.testing.assert_allclose(deviation.lines[0].get_ydata(), -np.rad2deg(angle))
    c = moments.covariance
    wanted = c[:, 0, 1] / np.sqrt(c[:, 0, 0] * c[:, 1, 1])
    np.testing.assert_allclose(correlation.lines[0].get_ydata(), wanted)


def test_luminosity_functions_are_stairs_between_the_edges() -> None:
    edges, values = np.array([-2.0, -1.0, 0.0]), np.array([0.01, 0.0])
    given = {"Ks": {"bar": values, "thin2": values}, "Hw": {"bar": values}}
    figure = galaxy_luminosities(edges, given)
    (stairs,) = figure.axes[0].patches  # of thin2 there is no line
    drawn = stairs.get_data()
    np.testing.assert_allclose(drawn.edges, edges)
    np.testing.assert_allclose(drawn.values, [0.01, np.nan])
    clump = lines_of(figure.axes[0])["red clump near the Sun, Ruiz-Dern et al. 2018"]
    np.testing.assert_allclose(clump[:, 0], -1.606)
    assert not figure.axes[1].lines


def test_isochrones_are_those_of_the_component() -> None:
    isochrones = shipped_isochrones()
    figure = galaxy_isochrones(isochrones)
    panel = next(ax for ax in figure.axes if ax.get_title().startswith("bar:"))
    (lines,) = (c for c in panel.collections if isinstance(c, LineCollection))
    bar = isochrones.of_component("bar")
    first = next(bar.points())
    colour = bar.magnitudes[first, BANDS.index("J")]
    colour = colour - bar.magnitudes[first, BANDS.index("Ks")]
    np.testing.assert_allclose(lines.get_segments()[0][:, 0], colour)
    assert len(lines.get_segments()) == len(bar)
    assert panel.yaxis_inverted()
    widest = np.argmax(lines.get_linewidths())
    assert bar.weight[widest] == bar.weight.max()


def test_maps_of_the_reddening_have_longitude_to_the_left() -> None:
    edges = np.array([-1.0, 0.0, 1.0, 2.0]), np.array([-0.5, 0.0, 0.5])
    excess = np.arange(6.0).reshape(3, 2)
    excess[0, 0] = np.nan
    figure = extinction_maps(edges, excess, 0.1 * excess, title="a map")
    left, right = (m for m in meshes(figure) if m.shape == (3, 2))
    np.testing.assert_allclose(left, excess)
    np.testing.assert_allclose(right, 0.1 * excess)
    assert figure.axes[0].get_xlim() == (2.0, -1.0)


def test_profiles_are_drawn_with_the_red_clump() -> None:
    distance = np.array([0.0, 4e3, 8e3])
    given = {
        "disc": np.array([0.0, 1.0, 3.0]),
        "exponential": np.array([0.0, 2.0, 4.0]),
    }
    ax = extinction_along(distance, given, clump=8010.0, title="here")
    lines = lines_of(ax)
    np.testing.assert_allclose(lines["disc"], [[0.0, 0.0], [4.0, 1.0], [8.0, 3.0]])
    np.testing.assert_allclose(lines["red clump, 8.01 kpc"][:, 0], 8.01)
    assert ax.get_ylim()[1] >= 4.0


def stars(n: int = 4000) -> dict[str, np.ndarray]:
    """Return stars on both sides of l = 0, each component in turn."""
    rng = np.random.default_rng(3)
    names = np.array(["thin3", "bar", "nsd", "nsc"])
    return {
        "l": rng.uniform(-0.2, 0.2, n) % 360.0,
        "b": rng.uniform(-0.1, 0.1, n),
        "component": names[np.minimum(np.arange(n) * 4 // n, 3)],
        "distance": rng.uniform(1e3, 9e3, n),
    }


def test_parts_on_the_sky_count_every_star_once() -> None:
    given = stars()
    given["component"][:20], given["component"][20:1000] = "thick", "thin1"
    figure = parts_on_the_sky(given["l"], given["b"], given["component"])
    titled = {ax.get_title(): ax for ax in figure.axes if ax.get_title()}
    assert set(titled) == {
        "thin disc: 980",
        "thick disc: 20",
        "bar: 1,000",
        "nuclear disc: 1,000",
        "nuclear cluster: 1,000",
    }
    (mesh,) = titled["bar: 1,000"].collections
    corners = mesh.get_coordinates()
    area = (np.ptp(corners[..., 0]) * np.ptp(corners[..., 1])) * 3600.0
    assert mesh.get_array().mean() * area == pytest.approx(1000.0)
    # Few stars are points.
    assert len(titled["thick disc: 20"].lines[0].get_xdata()) == 20
    assert titled["bar: 1,000"].xaxis_inverted()
    assert np.ptp(titled["bar: 1,000"].get_xlim()) < 0.5


def test_parts_by_distance_are_histograms() -> None:
    given = stars()
    ax = parts_by_distance(given["distance"], given["component"])
    for stairs in ax.patches:
        data = stairs.get_data()
        # The last of a thousand may lie beyond the axis.
        total = np.nansum(data.values * np.diff(data.edges))
        assert total == pytest.approx(1000.0, abs=4.0)
    assert ax.patches[0].get_label() == "thin disc (1,000)"


def test_medians_of_cells_are_numpy_s() -> None:
    rng = np.random.default_rng(8)
    l, b, values = rng.uniform(0.0, 2.0, (3, 500))  # noqa: E741
    values[:40] = np.nan
    edges = np.linspace(0.0, 2.0, 5), np.linspace(0.0, 2.0, 4)
    found = cell_medians(edges, l, b, values)
    for i in range(4):
        for j in range(3):
            here = (l >= edges[0][i]) & (l < edges[0][i + 1])
            here &= (b >= edges[1][j]) & (b < edges[1][j + 1])
            assert found[i, j] == np.nanmedian(values[here])
    assert np.isnan(cell_medians(edges, l[:3], b[:3], np.full(3, np.nan))).all()


def test_a_density_of_stars_counts_those_with_both_magnitudes() -> None:
    rng = np.random.default_rng(4)
    colour, magnitude = rng.normal(2.0, 0.5, 3000), rng.uniform(8.0, 16.0, 3000)
    colour[:100] = np.nan
    ax = star_density(colour, magnitude)
    (cells,) = ax.collections
    # The axes hold all but 0.2 % of the bluest and reddest.
    assert cells.get_array().sum() == pytest.approx(2900, abs=8)
    assert ax.yaxis_inverted()
    assert ax.get_title() == "2,900 of 3,000 stars"


def merged(n: int, excess: float = 1.2) -> DrawableMerged:
    """Return giants of the bulge behind the same reddening; ten of them without J."""
    field = Field(lambda l, b: excess + 0.0 * l * b, size=0.1, stars=n, j_limit=17.0)  # noqa: E741
    stars = {name: values.copy() for name, values in field.catalogue(2).items()}
    stars["J"][:10] = np.nan
    stars |= {"H": 0.5 * (stars["J"] + stars["Ks"]), "H_error": stars["J_error"]}
    bands = [f"{band}{e}" for band in ("J", "H", "Ks") for e in ("", "_error")]
    columns = {}
    for name in bands:
        band, _, error = name.partition("_")
        columns[f"phot_{band.lower()}_mag{'_' * bool(error)}{error}"] = stars[name]
    return DrawableMerged({**columns, "l": stars["l"], "b": stars["b"]})


def test_reddening_of_merged_surveys_is_that_of_their_giants() -> None:
    given = merged(12_000)
    assert MERGED_KINDS["reddening"].lacks(given) == ""
    assert len(given.candidates["J"]) == len(given["l"]) - 10
    figure = MERGED_KINDS["reddening"].draw(given)
    excess, error = (m for m in meshes(figure) if m.shape == given.measured.error.shape)
    np.testing.assert_array_equal(excess, given.measured.map.excess)
    np.testing.assert_array_equal(error, given.measured.error)
    pulls = (excess - 1.2) / error
    assert np.nanmax(error) < 0.15
    assert np.abs(np.nanmean(pulls)) < 2.0


def test_what_merged_surveys_lack_is_said() -> None:
    few = merged(100)
    n = len(few["l"]) - 10
    assert n > 0
    assert f"{n} stars have J and Ks" in MERGED_KINDS["reddening"].lacks(few)
    few.columns["phot_ks_mag"][:] = np.nan
    assert "no source has phot_j_mag" in MERGED_KINDS["colour_magnitude"].lacks(few)
    assert MERGED_KINDS["counts"].lacks(few) == ""


def test_reddening_and_colour_of_cells() -> None:
    given = stars()
    excess = 2.0 + given["b"]
    figure = mock_reddening(given["l"], given["b"], excess, 1.5 * excess)
    left, right = (m for m in meshes(figure) if m.ndim == 2 and m.shape[0] > 1)
    assert left.shape == right.shape
    np.testing.assert_allclose(right, 1.5 * left)
    # The reddening grows with b, from the lowest row of cells to the highest.
    assert np.all(np.diff(np.median(left, axis=0)) > 0.0)
