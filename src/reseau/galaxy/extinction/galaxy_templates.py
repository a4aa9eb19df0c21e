"""Templates of a line of sight's stars by the model of the Galaxy and isochrones."""

from collections.abc import Callable

import numpy as np

from reseau.galaxy.isochrones import Isochrones, Segments, luminosity_segments
from reseau.galaxy.model import Galaxy

from .colour_likelihood import ColourScale
from .giants import GiantTemplate, Population, distances, template_of
from .profiles import DistanceProfile

PLACES = (np.arange(5) + 0.5) / 5.0
"""Where on a segment stars are taken."""


def population_of(segments: Segments, bands: tuple[str, str]) -> Population:
    """Return the stars of a component's segments of isochrones.

    Parameters
    ----------
    segments
        As of `luminosity_segments`.
    bands
        Bluer and redder band of the colour.
    """
    blue, red = (
        band[:, :1] + (band[:, 1:] - band[:, :1]) * PLACES
        for band in map(segments.band, bands)
    )
    weight = np.repeat(segments.weight / len(PLACES), len(PLACES))
    return Population(red.ravel(), (blue - red).ravel(), weight)


def templates_of_galaxy(
    galaxy: Galaxy,
    isochrones: Isochrones,
    profile: DistanceProfile,
    scale: ColourScale,
    bands: tuple[str, str] = ("J", "Ks"),
) -> Callable[[float, float], GiantTemplate]:
    """Return templates in any direction, for `reddening_of_catalogue`.

    Parameters
    ----------
    galaxy
        Densities of the components along the line of sight.
    isochrones
        Of all components.
    profile
        How the reddening grows with distance.
    scale
        Of the colour, see `scale_of`.
    bands
        Bluer and redder band of the colour.
    """
    names = [component.name for component in galaxy.components]
    populations = [
        population_of(luminosity_segments(isochrones, n, galaxy.mass_function), bands)
        for n in names
    ]
    slope, distance = float(scale.extinction[0, 1] / scale.excess[1]), distances()

    def template(longitude: float, latitude: float) -> GiantTemplate:
        return template_of(
            profile,
            (longitude, latitude),
            distance,
            galaxy.star_density(longitude, latitude, distance),
            populations,
            slope=slope,
            reference=scale.reference,
        )

    return template


__all__ = ["population_of", "templates_of_galaxy"]
