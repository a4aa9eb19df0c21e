"""A survey: what its plates share, and each plate by its number.

`open_survey` draws what does not change (stars, reference catalogue, camera, schedule);
`Survey.plate` makes one plate from that and random numbers of its own, which depend on
the survey's seed and the plate's number alone. So plates can be made in any order, by
any number of workers, and come out the same.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from reseau._precision import in_double
from reseau.constants import DEGREE, SPEED_OF_LIGHT
from reseau.instrument import Instrument, camera_axes
from reseau.model import ExposureFrame, exposure_frame
from reseau.observers import Observer, circular_orbit, geocentre, surroundings
from reseau.records import Surroundings
from reseau.sky import angles_from_direction

from .camera_flaws import (
    CameraFlaws,
    CameraSettings,
    Circumstances,
    Patterns,
    draw_patterns,
    flaws_of_plate,
)
from .imaging import FieldStars, Images, image_fields, reach
from .noise import Noise, noise_of
from .orbit import SimulatedPlate
from .pixel_flaws import PixelSettings, pixel_shift
from .population import Population, population
from .references import References, survey_references
from .schedule import SurveyPlan, plan_survey, pointings_of
from .star_motion import plate_directions
from .survey_config import SurveyConfig

STREAMS = ("stars", "reference", "camera", "schedule")
"""Random numbers of the survey."""

OF_PLATE = ("camera", "noise")
"""Random numbers of a plate."""


@dataclass(frozen=True, eq=False)
class Survey:
    """What the plates of a survey share.

    Attributes
    ----------
    config
        As it was described.
    instrument
        As drawn, with prior widths.
    stars
        All true sources.
    references
        The catalogue made from them, and which entries are wrong.
    plan
        When it points where.
    patterns
        The camera as built, and how it changes.
    """

    config: SurveyConfig
    instrument: Instrument
    stars: Population
    references: References
    plan: SurveyPlan
    patterns: Patterns

    @property
    def plates(self) -> Int[np.ndarray, "p"]:
        """Return the numbers of all plates."""
        return np.arange(len(self.plan.begin))

    def __len__(self) -> int:
        """Return how many plates there are."""
        return len(self.plan.begin)

    def __iter__(self) -> Iterator[SimulatedPlate]:
        """Make one plate after the other."""
        for plate in self.plates:
            yield self.plate(int(plate))

    @in_double
    def plate(self, number: int) -> SimulatedPlate:
        """Make one plate.

        Parameters
        ----------
        number
            Of the plate, from 0.
        """
        return _plate(self, number)

    @cached_property
    def directions(self) -> Float[np.ndarray, "n 3"]:
        """Return the stars' directions at their epoch, to find those of a field."""
        ra, dec = self.stars.ra * DEGREE, self.stars.dec * DEGREE
        flat = np.cos(dec)
        return np.stack([flat * np.cos(ra), flat * np.sin(ra), np.sin(dec)], axis=-1)


@in_double
def open_survey(
    config: SurveyConfig,
    instrument: Instrument,
    *,
    stars: Mapping[str, np.ndarray] | None = None,
    noise: Mapping[str, np.ndarray] | None = None,
) -> Survey:
    """Draw what the plates of a survey share.

    Parameters
    ----------
    config
        Its description.
    instrument
        As drawn, with prior widths.
    stars
        Columns of a list of stars; None: the embedded field.
    noise
        Columns of a table of errors against magnitude, where the noise is one.

    Raises
    ------
    ConfigError
        There is nothing to observe, or a description contradicts itself.
    CatalogueError
        The list of stars cannot be used.
    """
    seed = np.random.SeedSequence(config.seed)
    rngs = dict(
        zip(
            STREAMS,
            (np.random.default_rng(s) for s in seed.spawn(len(STREAMS))),
            strict=True,
        )
    )
    side = field_side(instrument)
    plan = plan_survey(config.orbit, config.region, config.schedule, side, config.seed)
    drawn = population(config.stars, stars, rngs["stars"])
    return Survey(
        config=config,
        instrument=instrument,
        stars=drawn,
        references=survey_references(config.reference, drawn, rngs["reference"]),
        plan=plan,
        patterns=draw_patterns(
            rngs["camera"], instrument, camera_settings(config), len(plan.begin)
        ),
    )
