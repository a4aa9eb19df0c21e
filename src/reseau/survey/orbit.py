"""Simulate one orbit of the mini survey: a plate with its truth.

Four overlapping fields of dithered exposures towards the Galactic centre, a Gaia-like
reference catalogue moved by fifteen years, an instrument that differs from its drawing
(Plate Analysis: mini-mock survey). Positions come from the one observation equation,
`model.predict`; the stars stand still within the plate, at its mean epoch and seen from
the mean of its observers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from reseau._precision import in_double
from reseau.constants import DEGREE, SPEED_OF_LIGHT
from reseau.instrument import Instrument, camera_axes
from reseau.model import ExposureFrame, exposure_frame
from reseau.observers import Observer, circular_orbit, geocentre, surroundings
from reseau.records import Surroundings
from reseau.sky import angles_from_direction

from .camera_flaws import CameraFlaws, built_camera
from .flaw_config import CameraConfig
from .flaws import drifting_focus
from .imaging import FieldStars, Images, image_fields
from .jasmine import jasmine_instrument
from .orbit_settings import OrbitSettings
from .pointings import Pointings, dithered_fields
from .references import draw_wrong, reference_catalogue
from .stars import REFERENCE_EPOCH, Columns, directions_at, draw_stars

STREAMS = ("pointings", "stars", "wrong", "reference", "instrument", "focus", "noise")
MAGNITUDE_ERROR = 0.02


@dataclass(frozen=True)
class SimulatedPlate:
    """A dataset in memory, with what no solver may read.

    Attributes
    ----------
    name
        What it is called.
    exposures, measurements, reference
        Columns of the tables of a dataset, under the names and in the units of files.
    truth_sources, truth_exposures
        Columns of the tables of truth; `ra`, `dec` of sources are the geometric
        direction from the observer at the plate's epoch.
    instrument
        As drawn, with prior widths.
    truth_instrument
        As it was.
    effects
        What displaces the directions besides motion and parallax.
    deflectors
        Names of the bodies that deflect light.
    ephemeris
        Where these, and the Earth, were taken from.
    """

    name: str
    exposures: Mapping[str, np.ndarray]
    measurements: Mapping[str, np.ndarray]
    reference: Mapping[str, np.ndarray]
    truth_sources: Mapping[str, np.ndarray]
    truth_exposures: Mapping[str, np.ndarray]
    instrument: Instrument
    truth_instrument: Instrument
    effects: tuple[str, ...]
    deflectors: tuple[str, ...]
    ephemeris: str


@in_double
def simulate_orbit(
    settings: OrbitSettings | None = None, **choices: Any
) -> SimulatedPlate:
    """Simulate one orbit of the mini survey.

    Parameters
    ----------
    settings
        What is simulated.
    **choices
        Of `OrbitSettings`, by name: instead of those of `settings`.

    Raises
    ------
    ConfigError
        A number is out of range.

    Examples
    --------
    >>> from reseau.survey import simulate_orbit
    >>> plate = simulate_orbit(small=True)
    >>> len(plate.exposures["epoch"]), len(plate.reference["ra"])
    (24, 400)
    """
    chosen = replace(settings or OrbitSettings(), **choices)
    streams = np.random.default_rng(chosen.seed).spawn(len(STREAMS))
    rngs = dict(zip(STREAMS, streams, strict=True))
    pointings = dithered_fields(
        rngs["pointings"],
        chosen.exposures,
        epoch=chosen.epoch,
        period=chosen.period,
        pointing_error=chosen.pointing_error,
        angle_error=chosen.angle_error,
    )
    observer = _observer(pointings, chosen)
    stars = draw_stars(rngs["stars"], chosen.sources, chosen.artificial)
    around = surroundings(
        chosen.effects,
        observer,
        pointings.epoch,
        deflectors=tuple(chosen.deflectors),
        ephemeris=chosen.ephemeris,
    )
    simulated = _expose(rngs, pointings, observer, stars, around, chosen)
    return _numbered(simulated, chosen.plate)


def _observer(pointings: Pointings, settings: OrbitSettings) -> Observer:
    """Return where the telescope is at each exposure."""
    epoch, ephemeris = pointings.epoch, settings.ephemeris
    if settings.observer == "geocentre":
        return geocentre(epoch, ephemeris=ephemeris)
    return circular_orbit(epoch, period=settings.period, ephemeris=ephemeris)


def _numbered(simulated: SimulatedPlate, plate: int) -> SimulatedPlate:
    """Return a plate with its number, and exposures counted on from earlier ones."""
    first = plate * len(simulated.exposures["exposure_id"])

    def numbered(columns: Mapping[str, np.ndarray]) -> Columns:
        new = dict(columns)
        if "exposure_id" in new:
            new["exposure_id"] = new["exposure_id"] + first
        if "plate_id" in new:
            new["plate_id"] = np.full_like(new["plate_id"], plate)
        return new

    return replace(
        simulated,
        exposures=numbered(simulated.exposures),
        measurements=numbered(simulated.measurements),
        truth_sources=numbered(simulated.truth_sources),
        truth_exposures=numbered(simulated.truth_exposures),
    )


def _expose(
    rngs: Mapping[str, np.random.Generator],
    pointings: Pointings,
    observer: Observer,
    stars: Columns,
    around: Surroundings,
    settings: OrbitSettings,
) -> SimulatedPlate:
    """Return what the camera sees of the stars, with the truth."""
    nominal = jasmine_instrument()
    true = built_camera(rngs["instrument"], nominal, CameraConfig())
    focal = drifting_focus(rngs["focus"], nominal, len(pointings.epoch))
    direction = directions_at(
        stars, float(pointings.epoch.mean()), observer.position.mean(axis=0)
    )
    frame = _true_frames(pointings.attitude, focal, around)
    images = image_fields(
        true,
        CameraFlaws.constant(true, focal),
        FieldStars(direction[None]),
        frame,
        pointings.field,
    )
    wrong = draw_wrong(rngs["wrong"], stars, settings.wrong_fraction)
    return SimulatedPlate(
        name=f"one orbit, seed {settings.seed}",
        exposures=_exposure_table(
            pointings, observer, "aberration" in settings.effects
        ),
        measurements=_measurement_table(
            rngs["noise"], images, stars, nominal, settings.measurement_error
        ),
        reference=reference_catalogue(rngs["reference"], stars, wrong),
        truth_sources=_truth_of_sources(stars, direction, wrong),
        truth_exposures=_truth_of_exposures(pointings, focal),
        instrument=nominal,
        truth_instrument=true,
        effects=tuple(sorted(settings.effects)),
        deflectors=tuple(settings.deflectors),
        ephemeris=settings.ephemeris,
    )


@jax.jit
def _true_frames(attitude: Array, focal: Array, around: Surroundings) -> ExposureFrame:
    return exposure_frame(jnp.asarray(camera_axes(attitude)), focal, around)


def _exposure_table(pointings: Pointings, observer: Observer, moving: bool) -> Columns:
    table = _identified(len(pointings.epoch))
    table["field_id"] = pointings.field.astype(np.int32)
    table["epoch"] = pointings.epoch
    table |= _angles(pointings.estimate)
    for i, axis in enumerate("xyz"):
        table[f"obs_{axis}"] = observer.position[:, i]
    if moving:
        for i, axis in enumerate("xyz"):
            table[f"obs_v{axis}"] = observer.velocity[:, i] * SPEED_OF_LIGHT
    return table


def _measurement_table(
    rng: np.random.Generator,
    images: Images,
    stars: Columns,
    instrument: Instrument,
    error: float,
) -> Columns:
    n = len(images.source)
    magnitude = stars["phot_hw_mag"][images.source]
    ids = np.array(instrument.detectors.ids, dtype=np.int32)
    return {
        "exposure_id": images.exposure.astype(np.int64),
        "detector_id": ids[images.detector],
        "source_id": stars["source_id"][images.source],
        "x": images.pixel[:, 0] + error * rng.standard_normal(n),
        "y": images.pixel[:, 1] + error * rng.standard_normal(n),
        "x_error": np.full(n, error),
        "y_error": np.full(n, error),
        "mag": magnitude + MAGNITUDE_ERROR * rng.standard_normal(n),
    }


def _truth_of_sources(
    stars: Columns, direction: np.ndarray, wrong: np.ndarray
) -> Columns:
    ra, dec = jax.jit(angles_from_direction)(direction)
    n = len(wrong)
    return {
        "source_id": stars["source_id"],
        "plate_id": np.zeros(n, dtype=np.int32),
        "ra": np.asarray(ra) / DEGREE,
        "dec": np.asarray(dec) / DEGREE,
        "artificial": stars["artificial"],
        "wrong_prior": wrong,
        "phot_hw_mag": stars["phot_hw_mag"],
        "ref_epoch": np.full(n, REFERENCE_EPOCH),
        "barycentric_ra": stars["ra"],
        "barycentric_dec": stars["dec"],
        **{p: stars[p] for p in ("parallax", "pmra", "pmdec", "radial_velocity")},
    }


def _truth_of_exposures(pointings: Pointings, focal: np.ndarray) -> Columns:
    table = _identified(len(pointings.epoch)) | _angles(pointings.attitude)
    table["focal_x_mm"], table["focal_y_mm"] = focal.T / 1000.0
    return table


def _identified(n: int) -> Columns:
    return {
        "exposure_id": np.arange(n, dtype=np.int64),
        "plate_id": np.zeros(n, dtype=np.int32),
    }


def _angles(attitude: np.ndarray) -> Columns:
    ra, dec, pa = attitude.T / DEGREE
    return {"ra": ra % 360.0, "dec": dec, "pa": pa % 360.0}


__all__ = ["SimulatedPlate", "simulate_orbit"]
