"""Simulate one orbit of the mini survey: a plate with its truth.

Four overlapping fields of dithered exposures towards the Galactic centre, a Gaia-like
reference catalogue moved by fifteen years, an instrument that differs from its drawing
(Plate Analysis: mini-mock survey). Positions come from the one observation equation,
`model.predict`; the stars stand still within the plate, at its mean epoch and seen from
the mean of its observers.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from reseau._precision import in_double
from reseau.constants import DEGREE, SPEED_OF_LIGHT
from reseau.errors import ConfigError, explain, unknown_name
from reseau.instrument import Instrument, camera_axes
from reseau.model import ExposureFrame, exposure_frame
from reseau.observers import (
    DEFLECTORS,
    Observer,
    circular_orbit,
    geocentre,
    names_of,
    surroundings,
)
from reseau.records import Surroundings
from reseau.sky import angles_from_direction

from .flaws import drifting_focus, flawed_instrument
from .imaging import Images, image_stars
from .jasmine import jasmine_instrument
from .pointings import FIELDS, Pointings, dithered_fields
from .references import draw_wrong, reference_catalogue
from .stars import REFERENCE_EPOCH, Columns, directions_at, draw_stars

OBSERVERS = ("geocentre", "orbit")
SIMULATED = ("aberration", "deflection")
"""Effects of a telescope in space."""

SMALL = {"sources": 400, "exposures": 24, "artificial": 10}
"""Upper limits of a small orbit."""

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
    *,
    sources: int = 10_000,
    exposures: int = 96,
    seed: int = 0,
    plate: int = 0,
    small: bool = False,
    artificial: int = 50,
    measurement_error: float = 0.01,
    effects: str | Collection[str] = ("aberration",),
    deflectors: str | Collection[str] = DEFLECTORS,
    ephemeris: str = "builtin",
    wrong_fraction: float = 0.0,
    observer: str = "geocentre",
    epoch: float = 2031.2,
    period: float = 100.0,
    pointing_error: float = 10.0,
    angle_error: float = 30.0,
) -> SimulatedPlate:
    """Simulate one orbit of the mini survey.

    Parameters
    ----------
    sources
        Stars of the reference catalogue in the square that the exposures cover.
    exposures
        A multiple of 4, the number of fields.
    seed
        Of all random numbers; the same seed gives the same plate.
    plate
        Number of the plate. Exposures are counted on from plate to plate, so that
        orbits of equally many can be joined.
    small
        At most 400 stars, 24 exposures and 10 artificial sources.
    artificial
        Sources without a reference, which neither move nor have a parallax.
    measurement_error
        1σ of each coordinate of a measurement [pixel].
    effects
        What displaces the stars: aberration, deflection. Without aberration the
        observer's velocity is left out of the dataset.
    deflectors
        Names of the bodies that deflect light.
    ephemeris
        Where Earth, Sun and planets are: "builtin" or "de440".
    wrong_fraction
        Part of the references whose proper motion is off by 10 to 50 of its σ.
    observer
        "geocentre", or "orbit": a satellite on the boundary of day and night.
    epoch
        Begin, Julian year, TCB.
    period
        Of the satellite [min]; half of it is spent exposing.
    pointing_error, angle_error
        1σ of the reported pointings, in each of two directions, and of the reported
        position angles [arcsec].

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
    if small:
        sources = min(sources, SMALL["sources"])
        exposures = min(exposures, SMALL["exposures"])
        artificial = min(artificial, SMALL["artificial"])
    _check_count("sources", sources, 1)
    _check_count("artificial", artificial, 0)
    _check_count("seed", seed, 0)
    _check_count("plate", plate, 0)
    _check_exposures(exposures)
    _check_range("measurement_error", measurement_error, 0.0, 100.0)
    _check_range("wrong_fraction", wrong_fraction, 0.0, 1.0)
    _check_range("pointing_error", pointing_error, 0.0, 3600.0)
    _check_range("angle_error", angle_error, 0.0, 36_000.0)
    _check_observer(observer)
    effects = names_of(effects, what="effects")
    deflectors = names_of(deflectors, what="deflectors")
    _check_effects(effects)
    rngs = dict(
        zip(STREAMS, np.random.default_rng(seed).spawn(len(STREAMS)), strict=True)
    )
    pointings = dithered_fields(
        rngs["pointings"],
        exposures,
        epoch=epoch,
        period=period,
        pointing_error=pointing_error,
        angle_error=angle_error,
    )
    seen_from = (
        geocentre(pointings.epoch, ephemeris=ephemeris)
        if observer == "geocentre"
        else circular_orbit(pointings.epoch, period=period, ephemeris=ephemeris)
    )
    simulated = _expose(
        rngs,
        pointings,
        seen_from,
        draw_stars(rngs["stars"], sources, artificial),
        measurement_error=measurement_error,
        around=surroundings(
            effects,
            seen_from,
            pointings.epoch,
            deflectors=deflectors,
            ephemeris=ephemeris,
        ),
        effects=tuple(sorted(effects)),
        wrong_fraction=wrong_fraction,
        deflectors=deflectors,
        ephemeris=ephemeris,
        name=f"one orbit, seed {seed}",
    )
    return _numbered(simulated, plate)


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
    *,
    measurement_error: float,
    around: Surroundings,
    effects: tuple[str, ...],
    deflectors: tuple[str, ...],
    ephemeris: str,
    wrong_fraction: float,
    name: str,
) -> SimulatedPlate:
    nominal = jasmine_instrument()
    true = flawed_instrument(rngs["instrument"], nominal)
    focal = drifting_focus(rngs["focus"], nominal, len(pointings.epoch))
    direction = directions_at(
        stars, float(pointings.epoch.mean()), observer.position.mean(axis=0)
    )
    frame = _true_frames(pointings.attitude, focal, around)
    images = image_stars(true, direction, frame)
    wrong = draw_wrong(rngs["wrong"], stars, wrong_fraction)
    return SimulatedPlate(
        name=name,
        exposures=_exposure_table(pointings, observer, "aberration" in effects),
        measurements=_measurement_table(
            rngs["noise"], images, stars, nominal, measurement_error
        ),
        reference=reference_catalogue(rngs["reference"], stars, wrong),
        truth_sources=_truth_of_sources(stars, direction, wrong),
        truth_exposures=_truth_of_exposures(pointings, focal),
        instrument=nominal,
        truth_instrument=true,
        effects=effects,
        deflectors=deflectors,
        ephemeris=ephemeris,
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


WHERE = "simulate orbit"


def _refuse(given: str, wanted: str, todo: str) -> ConfigError:
    return ConfigError(explain(given=given, wanted=wanted, where=WHERE, todo=todo))


def _check_count(name: str, value: int, least: int) -> None:
    if value < least:
        raise _refuse(f"{name} = {value}", f"{least} or more", f"choose another {name}")


def _check_exposures(exposures: int) -> None:
    if exposures < FIELDS or exposures % FIELDS:
        near = max(FIELDS, round(exposures / FIELDS) * FIELDS)
        raise _refuse(
            f"exposures = {exposures}",
            f"a positive multiple of {FIELDS}, the number of fields",
            f"choose {near}",
        )


def _check_range(name: str, value: float, low: float, high: float) -> None:
    above = value > low if name == "measurement_error" else value >= low
    if not (above and value <= high):
        raise _refuse(
            f"{name} = {value}", f"a number from {low} to {high}", "correct it"
        )


def _check_effects(effects: Collection[str]) -> None:
    for effect in effects:
        if effect not in SIMULATED:
            raise unknown_name("effect", effect, SIMULATED, where=WHERE)


def _check_observer(observer: str) -> None:
    if observer not in OBSERVERS:
        raise unknown_name("observer", observer, OBSERVERS, where=WHERE)


__all__ = ["SimulatedPlate", "simulate_orbit"]
