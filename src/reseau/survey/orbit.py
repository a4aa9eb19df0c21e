"""Simulate one orbit of the mini survey: a plate with its truth.

Four overlapping fields of dithered exposures towards the Galactic centre, a Gaia-like
reference catalogue moved by fifteen years, an instrument that differs from its drawing
(Plate Analysis: mini-mock survey). Positions come from the one observation equation,
`model.predict`; the stars stand still within the plate, at its mean epoch and seen from
the mean of its observers.
"""

from collections.abc import Mapping
from dataclasses import replace
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
from .simulated import (
    SimulatedPlate,
    exposure_columns,
    exposure_truth,
    source_truth,
    true_frames,
)
from .stars import REFERENCE_EPOCH, Columns, directions_at, draw_stars

STREAMS = ("pointings", "stars", "wrong", "reference", "instrument", "focus", "noise")
MAGNITUDE_ERROR = 0.02


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
    return _expose(rngs, pointings, observer, stars, around, chosen)


def _observer(pointings: Pointings, settings: OrbitSettings) -> Observer:
    """Return where the telescope is at each exposure."""
    epoch, ephemeris = pointings.epoch, settings.ephemeris
    if settings.observer == "geocentre":
        return geocentre(epoch, ephemeris=ephemeris)
    return circular_orbit(epoch, period=settings.period, ephemeris=ephemeris)


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
    frame = true_frames(pointings.attitude, focal, around)
    images = image_fields(
        true,
        CameraFlaws.constant(true, focal),
        FieldStars(direction[None]),
        frame,
        pointings.field,
    )
    wrong = draw_wrong(rngs["wrong"], stars, settings.wrong_fraction)
    # Exposures are counted on from plate to plate.
    plate, first = settings.plate, settings.plate * len(pointings.epoch)
    measured = _measurement_table(
        rngs["noise"], images, stars, nominal, settings.measurement_error
    )
    return SimulatedPlate(
        name=f"one orbit, seed {settings.seed}",
        exposures=exposure_columns(
            pointings, observer, plate, first, moving="aberration" in settings.effects
        ),
        measurements=measured | {"exposure_id": measured["exposure_id"] + first},
        reference=reference_catalogue(rngs["reference"], stars, wrong),
        truth_sources=source_truth(stars, direction, wrong, plate, REFERENCE_EPOCH),
        truth_exposures=exposure_truth(pointings, focal, plate, first),
        instrument=nominal,
        truth_instrument=true,
        effects=tuple(sorted(settings.effects)),
        deflectors=tuple(settings.deflectors),
        ephemeris=settings.ephemeris,
    )


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


__all__ = ["SimulatedPlate", "simulate_orbit"]
