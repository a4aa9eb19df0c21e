"""What the true camera does on a plate that its drawing does not say.

Drawn once for a survey from its seed (`draw_patterns`), and for each plate from the
seed and the plate's number (`flaws_of_plate`), so that any plate can be made by itself.
Everything that acts in the focal plane is linear in patterns: Legendre polynomials of
the undistorted position times a factor of time, colour or magnitude.
"""

import dataclasses
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from reseau.constants import ARCSECOND, DEGREE
from reseau.instrument import Instrument
from reseau.instrument.distortion.terms import Term, polynomial_terms
from reseau.model import detector_parameters

from .flaw_config import (
    AberrationsConfig,
    CameraConfig,
    ChromaticConfig,
    DistortionConfig,
    ReadoutConfig,
    ThermalConfig,
)
from .flaws import require_polynomial

FIELD_DEGREE = 3
"""Of the shifts by colour and by magnitude."""

FIELD_TERMS: tuple[Term, ...] = polynomial_terms(FIELD_DEGREE, "total", 0)

KINDS = ("drift", "walk", "cos_phase", "sin_phase", "cos_sun", "sin_sun")


class Circumstances(NamedTuple):
    """When a plate is taken.

    Attributes
    ----------
    years
        From the middle of the survey to the plate.
    phase
        Of the satellite in its orbit, of each exposure [rad].
    sun
        The Sun's ecliptic longitude from the target's, of each exposure [rad].
    """

    years: float
    phase: Float[np.ndarray, "m"]
    sun: Float[np.ndarray, "m"]


class Patterns(NamedTuple):
    """What is drawn once for a survey.

    Attributes
    ----------
    instrument
        As built.
    of_distortion
        Coefficients by which the distortion changes [um], by kind, of x then y.
    walk
        Coefficients of the random walk, of each plate [um].
    by_colour, by_magnitude
        Coefficients of `FIELD_TERMS` [um/mag], of x and of y.
    focal_phase
        Of the breathing of the focal lengths [rad].
    detector
        Breathing of each detector's x, y [um] and theta [rad], and its phase [rad].
    """

    instrument: Instrument
    of_distortion: dict[str, Float[np.ndarray, "2 j"]]
    walk: Float[np.ndarray, "p 2 j"]
    by_colour: Float[np.ndarray, "2 f"]
    by_magnitude: Float[np.ndarray, "2 f"]
    focal_phase: float
    detector: Float[np.ndarray, "k 4"]


class CameraFlaws(NamedTuple):
    """The camera of a plate's m exposures.

    Attributes
    ----------
    focal
        Focal lengths F_x, F_y [um].
    coefficients
        Of the distortion, of x and of y [um], of each exposure.
    detectors
        The five parameters of each detector, of each exposure.
    by_colour, by_magnitude
        As of `Patterns`; None: no such shift.
    colour_zero, magnitude_zero
        Where these vanish [mag].
    rate
        How fast the image moves in the plane because the attitude drifts [um/s].
    jitter
        Amplitude in X and Y [um], and phase [rad], of its jitter.
    """

    focal: Float[np.ndarray, "m 2"]
    coefficients: Float[np.ndarray, "m 2 j"]
    detectors: Float[np.ndarray, "m k 5"]
    by_colour: Float[np.ndarray, "2 f"] | None
    by_magnitude: Float[np.ndarray, "2 f"] | None
    colour_zero: float
    magnitude_zero: float
    rate: Float[np.ndarray, "m 2"]
    jitter: Float[np.ndarray, "m 3"]

    @classmethod
    def constant(
        cls, instrument: Instrument, focal: Float[np.ndarray, "m 2"]
    ) -> "CameraFlaws":
        """Return a camera of which nothing changes but the focal lengths.

        Parameters
        ----------
        instrument
            As built.
        focal
            Focal lengths of each exposure [um].
        """
        m = len(focal)
        coefficients = np.asarray(instrument.coefficients).reshape(2, -1)
        return cls(
            focal=focal,
            coefficients=np.tile(coefficients, (m, 1, 1)),
            detectors=np.tile(detector_parameters(instrument), (m, 1, 1)),
            by_colour=None,
            by_magnitude=None,
            colour_zero=0.0,
            magnitude_zero=0.0,
            rate=np.zeros((m, 2)),
            jitter=np.zeros((m, 3)),
        )


class CameraSettings(NamedTuple):
    """The tables of a survey's file that `draw_patterns` and `flaws_of_plate` need."""

    camera: CameraConfig
    distortion: DistortionConfig
    thermal: ThermalConfig
    chromatic: ChromaticConfig
    aberrations: AberrationsConfig
    readout: ReadoutConfig


def draw_patterns(
    rng: np.random.Generator,
    nominal: Instrument,
    settings: CameraSettings,
    plates: int,
) -> Patterns:
    """Draw what a survey's camera keeps.

    Parameters
    ----------
    rng
        Random numbers.
    nominal
        The instrument as drawn, with a Legendre or power distortion.
    settings
        Sizes of all.
    plates
        How many there are.

    Raises
    ------
    ConfigError
        The distortion is not a polynomial.
    """
    distortion = require_polynomial(nominal)
    sizes = np.array([0.5 ** (k + m - 2) for k, m in distortion.terms])
    built, of_kinds, of_steps, of_colour, of_breathing = rng.spawn(5)
    changes = settings.distortion
    widths = {
        "drift": changes.drift,
        "walk": changes.walk,
        "cos_phase": changes.phase,
        "sin_phase": changes.phase,
        "cos_sun": changes.annual,
        "sin_sun": changes.annual,
    }
    drawn = {
        kind: widths[kind] * sizes * of_kinds.standard_normal((2, len(sizes)))
        for kind in KINDS
    }
    steps = of_steps.standard_normal((plates, 2, len(sizes)))
    chromatic = settings.chromatic
    colour = of_colour.standard_normal((2, len(FIELD_TERMS))) * chromatic.size
    colour[:, [k + m > chromatic.degree for k, m in FIELD_TERMS]] = 0.0
    n = len(nominal.detectors.ids)
    thermal = settings.thermal
    breathing = of_breathing.standard_normal((n, 4))
    breathing *= [thermal.centre, thermal.centre, thermal.angle * DEGREE, 0.0]
    breathing[:, 3] = of_breathing.uniform(0.0, 2.0 * np.pi, n)
    return Patterns(
        instrument=built_camera(built, nominal, settings.camera),
        of_distortion=drawn,
        walk=np.cumsum(steps, axis=0) * (changes.walk * sizes),
        by_colour=colour,
        by_magnitude=aberration_pattern(settings.aberrations),
        focal_phase=float(of_breathing.uniform(0.0, 2.0 * np.pi)),
        detector=breathing,
    )


def built_camera(
    rng: np.random.Generator, nominal: Instrument, sizes: CameraConfig
) -> Instrument:
    """Return an instrument with distortion and displaced, turned detectors.

    Parameters
    ----------
    rng
        Random numbers.
    nominal
        The instrument as drawn, with a Legendre or power distortion.
    sizes
        1σ of each departure.

    Raises
    ------
    ConfigError
        The distortion is not a polynomial.
    """
    distortion = require_polynomial(nominal)
    degree = np.array([k + m for k, m in distortion.terms] * 2)
    size = sizes.distortion * 0.5 ** (degree - 2)
    detectors = nominal.detectors
    n = len(detectors.ids)
    return dataclasses.replace(
        nominal,
        coefficients=nominal.coefficients + size * rng.standard_normal(len(size)),
        detectors=dataclasses.replace(
            detectors,
            centre=detectors.centre + rng.normal(0.0, sizes.centre, (n, 2)),
            theta=detectors.theta + rng.normal(0.0, sizes.angle * DEGREE, n),
            pitch=detectors.pitch * (1.0 + rng.normal(0.0, sizes.pitch, (n, 2))),
        ),
    )


def aberration_pattern(sizes: AberrationsConfig) -> Float[np.ndarray, "2 f"]:
    """Return coma and astigmatism as coefficients of `FIELD_TERMS` [um/mag].

    Coma is ``(X, Y) (X² + Y²)`` and astigmatism ``(X, -Y)``, X and Y in units of the
    normalisation; x³ = (3 P₁ + 2 P₃)/5 and x² = (1 + 2 P₂)/3 make them Legendre's.
    """
    row = {term: i for i, term in enumerate(FIELD_TERMS)}
    out = np.zeros((2, len(FIELD_TERMS)))
    for i, ((first, third), mixed) in enumerate(
        (
            (((1, 0), (3, 0)), ((1, 2),)),
            (((0, 1), (0, 3)), ((2, 1),)),
        )
    ):
        out[i, row[first]] += sizes.coma * (3.0 / 5.0 + 1.0 / 3.0)
        out[i, row[third]] += sizes.coma * 2.0 / 5.0
        out[i, row[mixed[0]]] += sizes.coma * 2.0 / 3.0
        out[i, row[first]] += sizes.astigmatism * (1.0 if i == 0 else -1.0)
    return out


def flaws_of_plate(
    rng: np.random.Generator,
    patterns: Patterns,
    settings: CameraSettings,
    plate: int,
    when: Circumstances,
) -> CameraFlaws:
    """Return the camera of one plate's exposures.

    Parameters
    ----------
    rng
        Random numbers of the plate.
    patterns
        What the survey's camera keeps.
    settings
        Sizes of all.
    plate
        Row of the plate.
    when
        Times of its exposures.
    """
    built = patterns.instrument
    m = len(when.phase)
    focal = np.asarray(built.focal) + rng.normal(0.0, settings.camera.focal, (m, 2))
    breath = settings.thermal.focal * np.cos(when.phase + patterns.focal_phase)
    plane = np.asarray(built.focal) * ARCSECOND
    readout = settings.readout
    rate = rng.normal(0.0, readout.drift, (m, 2)) * plane
    jitter = np.empty((m, 3))
    # Jitter of one σ in each axis: a wave has the amplitude of √2 times that.
    jitter[:, :2] = rng.normal(0.0, readout.jitter * np.sqrt(2.0), (m, 2)) * plane
    jitter[:, 2] = rng.uniform(0.0, 2.0 * np.pi, m)
    return CameraFlaws(
        focal=focal + breath[:, None],
        coefficients=_coefficients(patterns, plate, when),
        detectors=_detectors(patterns, when),
        by_colour=patterns.by_colour if patterns.by_colour.any() else None,
        by_magnitude=patterns.by_magnitude if patterns.by_magnitude.any() else None,
        colour_zero=settings.chromatic.zero,
        magnitude_zero=settings.aberrations.zero,
        rate=rate,
        jitter=jitter,
    )


def _coefficients(
    patterns: Patterns, plate: int, when: Circumstances
) -> Float[np.ndarray, "m 2 j"]:
    """Return the distortion's coefficients of each exposure."""
    drawn = patterns.of_distortion
    fixed = np.asarray(patterns.instrument.coefficients).reshape(2, -1)
    fixed = fixed + when.years * drawn["drift"] + patterns.walk[plate]
    factors = {
        "cos_phase": np.cos(when.phase),
        "sin_phase": np.sin(when.phase),
        "cos_sun": np.cos(when.sun),
        "sin_sun": np.sin(when.sun),
    }
    changing = [f[:, None, None] * drawn[kind] for kind, f in factors.items()]
    return fixed + np.sum(changing, axis=0)


def _detectors(patterns: Patterns, when: Circumstances) -> Float[np.ndarray, "m k 5"]:
    """Return the detectors of each exposure."""
    built = detector_parameters(patterns.instrument)
    breath = np.cos(when.phase[:, None] + patterns.detector[:, 3])
    out = np.tile(built, (len(when.phase), 1, 1))
    out[:, :, :3] += breath[:, :, None] * patterns.detector[:, :3]
    return out


def is_changing(flaws: CameraFlaws) -> bool:
    """Return whether the distortion or the detectors differ between exposures."""
    return any(np.any(v != v[:1]) for v in (flaws.coefficients, flaws.detectors))


__all__ = [
    "FIELD_DEGREE",
    "FIELD_TERMS",
    "CameraFlaws",
    "CameraSettings",
    "Circumstances",
    "Patterns",
    "aberration_pattern",
    "built_camera",
    "draw_patterns",
    "flaws_of_plate",
    "is_changing",
]
