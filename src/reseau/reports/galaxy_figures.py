"""Every figure of a model of the Galaxy, by name: what it shows and needs."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reseau.galaxy.extinction import (
    ExtinctionMap,
    extinction_at,
    read_law,
    read_profile,
)
from reseau.galaxy.extinction.clump import clump_distance
from reseau.galaxy.forward.window import Window
from reseau.galaxy.isochrones import Isochrones
from reseau.galaxy.kinematics import Kinematics, kinematics_of
from reseau.galaxy.model import Component, Galaxy
from reseau.galaxy.model.bar import Bar
from reseau.galaxy.overview import (
    VelocityCurves,
    luminosity_functions,
    seen_edge_on,
    seen_from_above,
    stars_along,
    velocity_curves,
)
from reseau.galaxy.overview.velocities import plane_grid
from reseau.plots.galaxy_densities import galaxy_centre, galaxy_maps, galaxy_sightline
from reseau.plots.galaxy_extinction import extinction_along, extinction_maps
from reseau.plots.galaxy_luminosities import galaxy_isochrones, galaxy_luminosities
from reseau.plots.galaxy_velocities import (
    galaxy_bar_velocities,
    galaxy_nuclear_rotation,
    galaxy_rotation,
)

from .figures import Kind

FARTHEST = 16_000.0
"""End of a line of sight [pc]."""
BAR_END = 3500.0
"""Radius to which the bar's velocities are drawn [pc]."""
NUCLEAR_ENDS = {"nuclear disc": 700.0, "nuclear cluster": 100.0}
"""Radii to which those of the nuclear parts are drawn [pc]."""
PROFILES = ("exponential", "disc", "central-zone")
MAGNITUDES = np.arange(-9.0, 12.01, 0.1)
CELLS = 80
"""Of a map of the reddening along its longer side."""


@dataclass(frozen=True, eq=False)
class DrawableGalaxy:
    """What figures of a model of the Galaxy are drawn from.

    Attributes
    ----------
    galaxy
        The model.
    window
        On the sky; its middle is where lines of sight go.
    isochrones
        Of its components.
    reddening
        Map of E(J-Ks).
    """

    galaxy: Galaxy
    window: Window
    isochrones: Isochrones
    reddening: ExtinctionMap

    @cached_property
    def kinematics(self) -> Kinematics:
        """Velocities of its components."""
        return kinematics_of(self.galaxy)

    @property
    def direction(self) -> tuple[float, float]:
        """Galactic longitude in (-180, 180] and latitude of the middle [deg]."""
        l = self.window.l  # noqa: E741
        return (l - 360.0 if l > 180.0 else l), self.window.b

    def of_kind(self, *kinds: str) -> list[Component]:
        """Return the components of some kinds, in order."""
        return [c for c in self.galaxy.components if c.kind in kinds]

    def curves(self, component: Component, radius: np.ndarray) -> VelocityCurves:
        """Return a component's velocities against radius [pc]."""
        return velocity_curves(self.kinematics, component.name, radius)


def draw_density(given: DrawableGalaxy) -> Figure:
    """Draw column densities from above and edge-on."""
    galaxy = given.galaxy
    return galaxy_maps(seen_from_above(galaxy), seen_edge_on(galaxy), galaxy.frame.sun)


def draw_sightline(given: DrawableGalaxy) -> Axes:
    """Draw stars along the line of sight by part."""
    distance = np.linspace(10.0, FARTHEST, 1600)
    l, b = given.direction  # noqa: E741
    stars = stars_along(given.galaxy, l, b, distance)
    return galaxy_sightline(distance, stars, direction=(l, b))


def draw_centre(given: DrawableGalaxy) -> Figure:
    """Draw density and mass of the nuclear parts."""
    return galaxy_centre(given.galaxy)


def draw_rotation(given: DrawableGalaxy) -> Figure:
    """Draw velocities of the youngest and oldest thin disc, thick disc and bar."""
    thin = given.of_kind("disc")
    chosen = [*thin[:1], *thin[1:][-1:], *given.of_kind("thick disc", "bar")]
    radius = np.concatenate([np.linspace(20.0, 1e3, 25), np.linspace(1.1e3, 1.2e4, 45)])
    curves = {
        c.name: given.curves(
            c, radius[radius <= BAR_END] if c.kind == "bar" else radius
        )
        for c in chosen
    }
    return galaxy_rotation(curves, r0=given.galaxy.frame.r0)


def draw_nuclear_rotation(given: DrawableGalaxy) -> Figure:
    """Draw velocities of the nuclear disc and cluster."""
    return galaxy_nuclear_rotation(
        {
            c.name: given.curves(c, np.geomspace(0.5, NUCLEAR_ENDS[c.kind], 80))
            for c in given.of_kind(*NUCLEAR_ENDS)
        }
    )


def draw_bar_velocities(given: DrawableGalaxy) -> Figure:
    """Draw the bar's mean motion, ellipsoids and vertex deviation."""
    (bar,) = given.of_kind("bar")[:1]
    law = bar.law
    grid, far = plane_grid(2750.0, 12), np.linspace(-3e3, 3e3, 241)
    along = np.stack([far, 0.0 * far, 0.0 * far], axis=1)
    return galaxy_bar_velocities(
        grid,
        given.kinematics.moments(bar.name, grid),
        along=along,
        along_moments=given.kinematics.moments(bar.name, along),
        angle=law.angle if isinstance(law, Bar) else 0.0,
    )


def draw_luminosities(given: DrawableGalaxy) -> Figure:
    """Draw luminosity functions in Ks and Hw."""
    stars = {
        band: luminosity_functions(given.galaxy, given.isochrones, band, MAGNITUDES)
        for band in ("Ks", "Hw")
    }
    return galaxy_luminosities(MAGNITUDES, stars)


def draw_isochrones(given: DrawableGalaxy) -> Figure:
    """Draw isochrones by component."""
    return galaxy_isochrones(given.isochrones)


def draw_reddening(given: DrawableGalaxy) -> Figure:
    """Draw the map of the reddening in the window."""
    window, (l, b) = given.window, given.direction  # noqa: E741
    step = max(window.dl, window.db) / CELLS
    edges = tuple(
        middle + width * np.linspace(-0.5, 0.5, max(1, round(width / step)) + 1)
        for middle, width in ((l, window.dl), (b, window.db))
    )
    middles = [0.5 * (e[1:] + e[:-1]) for e in edges]
    east, up = np.meshgrid(*middles, indexing="ij")
    found = given.reddening.at(east.ravel() % 360.0, up.ravel())
    return extinction_maps(
        (edges[0], edges[1]),
        found.excess.reshape(east.shape),
        found.scatter.reshape(east.shape),
        title=f"Reddening at the red clump's distance: {given.reddening.name}",
    )


def draw_extinction(given: DrawableGalaxy) -> Axes:
    """Draw the extinction in Hw along the line of sight by profile."""
    distance, (l, b) = np.linspace(1.0, FARTHEST, 400), given.direction  # noqa: E741
    places = np.full_like(distance, l % 360.0), np.full_like(distance, b)
    law = read_law()
    found = {
        name: extinction_at(
            given.reddening, law, read_profile(name), *places, distance, ("Hw",)
        )[:, 0]
        for name in PROFILES
    }
    return extinction_along(
        distance,
        found,
        clump=float(clump_distance(np.array([l]), np.array([b]))[0]),
        title=f"Towards l = {l:g}°, b = {b:g}°, law {law.name}\n{given.reddening.name}",
    )


def _lacks(*kinds: str, moving: bool = False) -> Callable[[DrawableGalaxy], str]:
    def lacks(given: DrawableGalaxy) -> str:
        if moving and not given.galaxy.kinematics:
            return "its file has no tables [kinematics.*]"
        return "" if given.of_kind(*kinds) else f"it has no {' or '.join(kinds)}"

    return lacks


def _lacks_isochrones(given: DrawableGalaxy) -> str:
    names = [n for n in given.galaxy.names if n not in given.isochrones.components]
    if not names:
        return ""
    return f"there are no isochrones of its components {', '.join(names)}"


def _lacks_map(given: DrawableGalaxy) -> str:
    l, b = given.direction  # noqa: E741
    found = given.reddening.at(np.array([l % 360.0]), np.array([b]))
    if np.isfinite(found.excess).all():
        return ""
    return f"the map has no value at l = {l:g}, b = {b:g}"


GALAXY_KINDS: dict[str, Kind[DrawableGalaxy]] = {
    "density": Kind("mass seen from above and from the side, by part", draw_density),
    "sightline": Kind("stars along a line of sight, by part", draw_sightline),
    "centre": Kind(
        "density and mass of the nuclear disc and cluster, with published figures",
        draw_centre,
        _lacks("nuclear disc", "nuclear cluster"),
    ),
    "rotation": Kind(
        "rotation and dispersions of discs and bar, with published figures",
        draw_rotation,
        _lacks("disc", "thick disc", "bar", moving=True),
    ),
    "nuclear_rotation": Kind(
        "rotation and dispersions of nuclear disc and cluster, with published figures",
        draw_nuclear_rotation,
        _lacks(*NUCLEAR_ENDS, moving=True),
    ),
    "bar_velocities": Kind(
        "mean motion, velocity ellipsoids and vertex deviation of the bar",
        draw_bar_velocities,
        _lacks("bar", moving=True),
    ),
    "luminosities": Kind(
        "luminosity functions by component", draw_luminosities, _lacks_isochrones
    ),
    "isochrones": Kind("isochrones by component", draw_isochrones, _lacks_isochrones),
    "reddening": Kind("E(J-Ks) of a window, with its scatter", draw_reddening),
    "extinction": Kind(
        "extinction in Hw along a line of sight, by profile",
        draw_extinction,
        _lacks_map,
    ),
}
"""The figures of a model of the Galaxy, in the order in which they are drawn."""

__all__ = ["GALAXY_KINDS", "DrawableGalaxy"]
