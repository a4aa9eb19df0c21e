"""A survey: what its plates share, and each plate by its number.

`open_survey` draws what does not change (stars, reference catalogue, camera, schedule);
`Survey.plate` makes one plate from that and random numbers of its own, which depend on
the survey's seed and the plate's number alone. So plates can be made in any order, by
any number of workers, and come out the same.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from reseau._precision import in_double
from reseau.config import Source
from reseau.constants import MILLIARCSECOND
from reseau.instrument import Instrument
from reseau.observers import Observer, circular_orbit, geocentre, surroundings

from .camera_flaws import (
    CameraFlaws,
    CameraSettings,
    Circumstances,
    Patterns,
    draw_patterns,
    flaws_of_plate,
)
from .imaging import FieldStars, Images, image_fields, reach
from .noise import centroid_errors, draw_noise, expected_noise, vignetted
from .pixel_flaws import PixelSettings, pixel_shift
from .population import Population, population
from .premises import (
    check_fields,
    check_noise,
    check_reached,
    check_references,
    check_sky,
    nothing_measured,
)
from .region_stars import embedded_over, within_reach
from .schedule import OrbitExposures, SurveyPlan, exposures_of, one_plate, plan_survey
from .selection import unit_vectors
from .simulated import (
    SimulatedPlate,
    exposure_columns,
    exposure_truth,
    source_truth,
    true_frames,
)
from .star_config import EMBEDDED
from .star_motion import magnitudes, plate_directions
from .stars import Columns
from .survey_config import SurveyConfig
from .survey_references import SurveyReferences, survey_references
from .visibility import sun_longitudes

STREAMS = ("stars", "reference", "camera")
"""Random numbers of the survey."""

OF_PLATE = ("camera", "noise")
"""Random numbers of a plate."""

POINTING = ("ra", "dec", "pa")
"""Columns of exposures that say where they point."""


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
    noise
        Columns of a table of errors against magnitude; None: the noise is no table.
    """

    config: SurveyConfig
    instrument: Instrument
    stars: Population
    references: SurveyReferences
    plan: SurveyPlan
    patterns: Patterns
    noise: Mapping[str, np.ndarray] | None = None

    def __len__(self) -> int:
        """Return how many plates there are."""
        return len(self.plan.middle)

    def __iter__(self) -> Iterator[SimulatedPlate]:
        """Make one plate after the other."""
        for plate in range(len(self)):
            yield self.plate(plate)

    @in_double
    def plate(self, number: int) -> SimulatedPlate:
        """Make one plate.

        Parameters
        ----------
        number
            Of the plate, from 0.

        Raises
        ------
        ConfigError
            There is no such plate.
        """
        one_plate(self.plan, number)
        return _plate(self, number)

    @in_double
    def expected(
        self, number: int, taken: OrbitExposures | None = None
    ) -> SimulatedPlate:
        """Make one plate without errors of centroids and of the reported pointings.

        Parameters
        ----------
        number
            Of the plate, from 0.
        taken
            Its exposures; absent: those of the plan.

        Raises
        ------
        ConfigError
            There is no such plate.
        """
        one_plate(self.plan, number)
        return _plate(self, number, taken, drawn=False)

    @in_double
    def with_config(self, config: SurveyConfig) -> "Survey":
        """Return the same stars and plan with another camera, noise, or references.

        Parameters
        ----------
        config
            Differs in its tables about these only.
        """
        references = self.references
        if config.reference != self.config.reference:
            rng = _streams(self.config.seed)["reference"]
            references = survey_references(config.reference, self.stars, rng)
        patterns = draw_patterns(
            _streams(self.config.seed)["camera"],
            self.instrument,
            camera_settings(config),
            len(self),
        )
        return replace(self, config=config, patterns=patterns, references=references)

    @cached_property
    def is_changing(self) -> bool:
        """Return whether the camera differs between plates, by more than its focus."""
        thermal = self.config.thermal
        sizes = (*vars(self.config.distortion).values(), thermal.centre, thermal.angle)
        return any(size > 0 for size in sizes)

    @in_double
    def exposures(self, number: int) -> tuple[Columns, Columns]:
        """Return the tables of a plate's exposures, as reported and as they were.

        Parameters
        ----------
        number
            Of the plate, from 0.
        """
        begun = _begin(self, number)
        return begun.exposures, begun.truth

    @cached_property
    def directions(self) -> Float[np.ndarray, "n 3"]:
        """Return the stars' directions at their epoch, to find those of a field.

        Bodies of the solar system have none; they are always looked for.
        """
        return unit_vectors(self.stars.ra, self.stars.dec)


@in_double
def open_survey(
    config: SurveyConfig,
    instrument: Instrument,
    *,
    stars: Mapping[str, np.ndarray] | None = None,
    noise: Mapping[str, np.ndarray] | None = None,
    scale: float = 1.0,
    source: Source | None = None,
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
    scale
        Part of the orbits that are taken, evenly spread.
    source
        Where the description stands, for messages.

    Raises
    ------
    ConfigError
        There is nothing to observe, or a description contradicts itself.
    CatalogueError
        The list of stars cannot be used.
    """
    place = Source("the survey", "") if source is None else source
    check_sky(config, place)
    check_noise(config, noise)
    rngs = _streams(config.seed)
    plan = plan_survey(
        config.orbit,
        config.region,
        config.schedule,
        field_side(instrument),
        config.seed,
        source=source,
    )
    if scale < 1.0:
        fewer = max(round(scale * len(plan.middle)), 1)
        config = replace(config, schedule=replace(config.schedule, orbits=fewer))
        plan = plan_survey(
            config.orbit,
            config.region,
            config.schedule,
            field_side(instrument),
            config.seed,
        )
    if stars is None and config.stars.source == EMBEDDED:
        stars = embedded_over(config.region, 0.5 * field_side(instrument))
    if stars is not None:
        listed = stars
        stars = within_reach(listed, plan, reach(instrument))
        check_reached(len(listed["ra"]), len(stars["ra"]), place)
    drawn = population(config.stars, stars, rngs["stars"])
    made = Survey(
        config=config,
        instrument=instrument,
        stars=drawn,
        references=survey_references(config.reference, drawn, rngs["reference"]),
        plan=plan,
        patterns=draw_patterns(
            rngs["camera"], instrument, camera_settings(config), len(plan.middle)
        ),
        noise=noise,
    )
    entries = len(made.references.row)
    check_references(entries, config.reference.faintest_g_mag, place)
    check_fields(plan, made.directions, reach(instrument), place)
    return made


def _streams(seed: int) -> dict[str, np.random.Generator]:
    """Return the random numbers of a survey."""
    seeds = np.random.SeedSequence(seed).spawn(len(STREAMS))
    return dict(zip(STREAMS, map(np.random.default_rng, seeds), strict=True))


def field_side(instrument: Instrument) -> float:
    """Return the side of a camera's field [rad]."""
    half = instrument.detectors.half_side
    return float(2.0 * np.arctan(half / np.min(instrument.focal)))


def camera_settings(config: SurveyConfig) -> CameraSettings:
    """Return the tables about the focal plane."""
    return CameraSettings(
        config.camera,
        config.distortion,
        config.thermal,
        config.chromatic,
        config.aberrations,
        config.readout,
    )


def pixel_settings(config: SurveyConfig) -> PixelSettings:
    """Return the tables about the pixels."""
    return PixelSettings(
        config.readout, config.transfer, config.pixels, config.persistence
    )


class _Begun(NamedTuple):
    """A plate before its stars: where and when, and with what camera."""

    taken: OrbitExposures
    observer: Observer
    flaws: CameraFlaws
    noise: np.random.Generator
    exposures: Columns
    truth: Columns


def _begin(survey: Survey, number: int, taken: OrbitExposures | None = None) -> _Begun:
    config = survey.config
    taken = exposures_of(survey.plan, number) if taken is None else taken
    pointings = taken.pointings
    seed = np.random.SeedSequence(config.seed, spawn_key=(3, number))
    rngs = dict(
        zip(
            OF_PLATE,
            map(np.random.default_rng, seed.spawn(len(OF_PLATE))),
            strict=True,
        )
    )
    observer = observer_of(config, pointings.epoch)
    flaws = flaws_of_plate(
        rngs["camera"],
        survey.patterns,
        camera_settings(config),
        number,
        _circumstances(survey, taken),
    )
    first = number * len(pointings.epoch)
    moving = "aberration" in config.effects
    return _Begun(
        taken,
        observer,
        flaws,
        rngs["noise"],
        exposure_columns(pointings, observer, number, first, moving=moving),
        exposure_truth(pointings, flaws.focal, number, first),
    )


def _plate(
    survey: Survey,
    number: int,
    taken: OrbitExposures | None = None,
    *,
    drawn: bool = True,
) -> SimulatedPlate:
    config, begun = survey.config, _begin(survey, number, taken)
    pointings, observer = begun.taken.pointings, begun.observer
    around = surroundings(
        config.effects,
        observer,
        pointings.epoch,
        deflectors=tuple(config.deflectors),
        ephemeris=config.ephemeris,
    )
    frame = true_frames(pointings.attitude, begun.flaws.focal, around)
    rows = _near(survey, np.asarray(frame.axes)[:, 2])
    stars = survey.stars.taken(rows)
    direction = plate_directions(
        stars,
        pointings.epoch,
        observer.position,
        motion=config.stars.motion,
        ephemeris=config.ephemeris,
    )
    seen = FieldStars(
        np.ascontiguousarray(direction.transpose(1, 0, 2)),
        stars.phot_hw_mag,
        stars.colour,
    )
    built = survey.patterns.instrument
    images = image_fields(built, begun.flaws, seen, frame, pointings.field)
    used = np.flatnonzero(np.bincount(images.source, minlength=len(stars)))
    if len(used) == 0:
        raise nothing_measured(number)
    return SimulatedPlate(
        name=config.name,
        exposures=begun.exposures if drawn else _as_they_were(begun),
        measurements=_measured(survey, begun, images, stars, drawn=drawn),
        reference=survey.references.columns,
        truth_sources=source_truth(
            stars.taken(used).columns(),
            direction[used].mean(axis=1),
            survey.references.wrong[rows[used]],
            number,
            stars.ref_epoch,
        ),
        truth_exposures=begun.truth,
        instrument=survey.instrument,
        truth_instrument=mean_camera(built, begun.flaws),
        effects=tuple(sorted(config.effects)),
        deflectors=tuple(config.deflectors),
        ephemeris=config.ephemeris,
    )


def _as_they_were(begun: _Begun) -> Columns:
    """Return the table of exposures with true pointings."""
    return {**begun.exposures, **{axis: begun.truth[axis] for axis in POINTING}}


def observer_of(config: SurveyConfig, epoch: Float[np.ndarray, "m"]) -> Observer:
    """Return where the telescope is at some epochs (Julian years, TCB)."""
    if config.orbit.kind == "geocentre":
        return geocentre(epoch, ephemeris=config.ephemeris)
    return circular_orbit(
        epoch,
        period=config.orbit.period,
        node_time=config.orbit.node_time,
        phase=config.orbit.phase,
        ephemeris=config.ephemeris,
    )


def _circumstances(survey: Survey, taken: OrbitExposures) -> Circumstances:
    schedule, epoch = survey.config.schedule, taken.pointings.epoch
    middle = schedule.begin + 0.5 * schedule.years
    sun = np.zeros(len(epoch))
    if survey.config.distortion.annual > 0:
        places = survey.config.ephemeris
        sun = sun_longitudes(epoch, survey.plan.target, ephemeris=places)
    return Circumstances(float(epoch.mean()) - middle, taken.phase, sun)


def _near(survey: Survey, axis: Float[np.ndarray, "m 3"]) -> np.ndarray:
    """Return the rows of stars within reach of any exposure."""
    # Motion since the stars' epoch adds to the reach: an arcminute is a century of a
    # star that moves by 600 mas/yr.
    far = np.cos(reach(survey.instrument) + 60_000.0 * MILLIARCSECOND)
    near = np.zeros(len(survey.stars), dtype=bool)
    # Exposures of a field point to about one place: one of each suffices, with margin.
    for centre in np.unique(np.round(axis, 3), axis=0):
        near |= survey.directions @ (centre / np.linalg.norm(centre)) > far - 2e-5
    near[survey.stars.bodies.row] = True
    return np.flatnonzero(near)


def _measured(
    survey: Survey, begun: _Begun, images: Images, stars: Population, *, drawn: bool
) -> Columns:
    """Return the measurements' table, with errors `drawn` or none."""
    flaws, taken, rng = begun.flaws, begun.taken, begun.noise
    config, instrument = survey.config, survey.instrument
    magnitude = _magnitude(stars, images, taken)
    naxis = np.asarray(instrument.detectors.naxis)
    shift = pixel_shift(
        images, magnitude, flaws, naxis, pixel_settings(config), config.seed
    )
    seen = magnitude
    if config.noise.vignetting > 0:
        seen = vignetted(config.noise, magnitude, _radius(images, flaws, instrument))
    scale = float(
        np.mean(np.asarray(instrument.detectors.pitch))
        / np.mean(np.asarray(instrument.focal))
    )
    error = centroid_errors(
        config.noise, seen, pixel=scale / MILLIARCSECOND, table=survey.noise
    )
    noise = draw_noise(config.noise, error, rng) if drawn else expected_noise(error)
    position = images.pixel + shift + noise.offset
    ids = np.array(instrument.detectors.ids, dtype=np.int32)
    scatter = config.noise.colour_error * rng.standard_normal(len(stars))
    colour = stars.colour + scatter
    return {
        "exposure_id": begun.exposures["exposure_id"][images.exposure],
        "detector_id": ids[images.detector],
        "source_id": stars.source_id[images.source],
        "x": position[:, 0],
        "y": position[:, 1],
        "x_error": noise.stated,
        "y_error": noise.stated,
        "mag": seen + noise.magnitude,
        "colour": colour[images.source],
    }


def _magnitude(
    stars: Population, images: Images, taken: OrbitExposures
) -> Float[np.ndarray, "n"]:
    """Return the true Hw of each image; only lensed stars vary."""
    if len(stars.lenses.row) == 0:
        return stars.phot_hw_mag[images.source]
    middle = np.array([taken.pointings.epoch.mean()])
    return magnitudes(stars, middle)[images.source, 0]


def _radius(
    images: Images, flaws: CameraFlaws, instrument: Instrument
) -> Float[np.ndarray, "n"]:
    """Return the distance of images from the axis over that of the field's edge."""
    met = flaws.detectors[images.exposure, images.detector]
    origin = np.asarray(instrument.detectors.origin)[images.detector]
    a, b = ((images.pixel - origin) * met[:, 3:]).T
    cos, sin = np.cos(met[:, 2]), np.sin(met[:, 2])
    x, y = met[:, 0] + cos * a - sin * b, met[:, 1] + sin * a + cos * b
    return np.hypot(x, y) / instrument.detectors.half_side


def mean_camera(built: Instrument, flaws: CameraFlaws) -> Instrument:
    """Return the instrument as it was in the mean of a plate's exposures."""
    coefficients = flaws.coefficients.mean(axis=0).ravel()
    five = flaws.detectors.mean(axis=0)
    detectors = built.detectors
    return replace(
        built,
        coefficients=coefficients,
        detectors=replace(
            detectors, centre=five[:, :2], theta=five[:, 2], pitch=five[:, 3:]
        ),
    )


__all__ = [
    "Survey",
    "camera_settings",
    "field_side",
    "mean_camera",
    "observer_of",
    "open_survey",
    "pixel_settings",
]
