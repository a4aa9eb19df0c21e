"""The reddening of a catalogue's own stars: E(J-Ks) by cell from giants, with errors.

Giants of the bulge and its red clump have a colour that their brightness tells to some
0.1 mag, so that the colours of a few hundred of them give the reddening of a cell to
0.02 mag. Three things would spoil a plain mean of colours and are modelled instead:
stars before and behind the clump have less and more than the map's reddening, by the
distance profile and the densities of a model of the Galaxy; stars of the foreground
have little; and stars that are so reddened that a survey does not see them are not
there, which biases a mean towards the bluer ones (see `colour_likelihood`). Cells are
joined until they have stars enough.
"""

import logging

import numpy as np

from .candidates import (
    ReddeningSettings,
    candidates_of,
    limits_of,
)
from .colour_likelihood import (
    ColourScale,
    Limits,
)
from .curves import LARGEST
from .giant_field import GiantField, MeasuredReddening, TemplateOf, Told
from .giants import GiantSettings, GiantTemplate, distances, template_of
from .laws import ExtinctionLaw, read_law
from .profiles import DistanceProfile, read_profile

logger = logging.getLogger(__name__)


def reddening_of_catalogue(
    catalogue: object,
    *,
    law: ExtinctionLaw | None = None,
    profile: DistanceProfile | None = None,
    template: TemplateOf | None = None,
    settings: ReddeningSettings | None = None,
    told: Told | None = None,
) -> MeasuredReddening:
    """Measure the reddening of a catalogue's cells, with errors.

    Parameters
    ----------
    catalogue
        A table in a file or in memory with `l` and `b`, or `ra` and `dec` [deg], and
        2MASS' `J`, `H`, `Ks` and `J_error` and so on [mag], or `phot_j_mag` and
        `phot_j_mag_error`, of which those of the two bands of the colour are used.
    law
        Of extinction; None: Wang & Chen 2019.
    profile
        How the reddening grows with distance; None: with a central molecular zone.
    template
        Of the stars in a direction, longitude and latitude [deg]; None: by the model of
        the Galaxy and the isochrones that come with reseau, `templates_of_galaxy`.
        `giants_in_round_numbers` takes no model; in the plane near the centre, where J
        loses the red clump, it can be off by a third.
    settings
        See `ReddeningSettings`.
    told
        Called after each tile of 8 x 8 cells with how many are done, and of how many.

    Raises
    ------
    CatalogueError
        A column is missing or no numbers, no row has both magnitudes, or no star is in
        the window.
    UnitError
        A column's unit does not convert to deg or mag.
    DegeneracyError
        No star is within the limits.

    Warns
    -----
    AssumedErrorWarning
        The table has no errors of magnitudes.
    """
    settings = settings or ReddeningSettings()
    law, profile = law or read_law(), profile or read_profile()
    stars, notes = candidates_of(catalogue, settings)
    scale = scale_of(law, settings)
    if template is None:
        template = _templates_built_in(profile, scale, settings)
    limits = Limits(
        settings.blue_limits or limits_of(stars.blue),
        settings.red_limits or limits_of(stars.red),
    )
    logger.info("complete in %s from %s, in %s from %s", *_told(settings, limits))
    field = GiantField(stars, settings, scale, limits, template)
    return field.measured(notes, told)


def _templates_built_in(
    profile: DistanceProfile, scale: ColourScale, settings: ReddeningSettings
) -> TemplateOf:
    from reseau.galaxy.isochrones import shipped_isochrones
    from reseau.galaxy.model import read_galaxy

    from .galaxy_templates import templates_of_galaxy

    return templates_of_galaxy(
        read_galaxy(), shipped_isochrones(), profile, scale, settings.bands
    )


def _told(settings: ReddeningSettings, limits: Limits) -> tuple[object, ...]:
    return settings.bands[0], limits.blue, settings.bands[1], limits.red


def scale_of(law: ExtinctionLaw, settings: ReddeningSettings) -> ColourScale:
    """Return how reddening, colour excess and extinction go together by a law.

    Parameters
    ----------
    law
        Of extinction; of one with quadrants, their mean.
    settings
        Bands, reference and temperature of the stars.
    """
    reddening = np.arange(0.0, LARGEST + 0.01, 0.05)
    found = law.extinction_of(
        reddening, settings.bands, temperature=settings.temperature
    )
    blue, red = found.T
    return ColourScale(reddening, blue - red, np.stack([red, blue]), settings.reference)


def giants_in_round_numbers(
    profile: DistanceProfile,
    scale: ColourScale,
    giants: GiantSettings | None = None,
) -> TemplateOf:
    """Return templates of giants in round numbers, in any direction.

    Parameters
    ----------
    profile
        How the reddening grows with distance.
    scale
        Of the colour J - Ks.
    giants
        Their numbers.
    """
    chosen = giants or GiantSettings()
    slope = float(scale.extinction[0, 1] / scale.excess[1])

    def template(longitude: float, latitude: float) -> GiantTemplate:
        direction, distance = (longitude, latitude), distances()
        return template_of(
            profile,
            direction,
            distance,
            chosen.density(direction, distance),
            [chosen.population()],
            slope=slope,
            reference=scale.reference,
        )

    return template


__all__ = [
    "MeasuredReddening",
    "ReddeningSettings",
    "giants_in_round_numbers",
    "reddening_of_catalogue",
    "scale_of",
]
