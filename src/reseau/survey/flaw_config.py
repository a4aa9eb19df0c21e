# The calls in the class bodies declare fields, as dataclasses.field does.
# ruff: noqa: RUF009
"""Keys of a survey's file that say how its camera departs from its drawing.

Every table is off where it is absent, but for ``[camera]``, which says how far the
camera as built is from the one as drawn.
"""

from dataclasses import dataclass

from reseau.config import entry

WIDEST = 1e6
"""Greatest value of any size: more is a slip."""


@dataclass(frozen=True)
class CameraConfig:
    """Keys of ``[camera]``: what differs from the drawing, drawn once for the survey.

    All are 1σ of Normal draws, but `focal_um`, which is drawn anew for each exposure
    and axis. The distortion's size is that of its terms of degree 2, halved by each
    further degree.
    """

    distortion: float = entry(
        "distortion_um", float, default=40.0, minimum=0, largest=WIDEST
    )
    centre: float = entry("centre_um", float, default=30.0, minimum=0, largest=WIDEST)
    angle: float = entry("angle_deg", float, default=0.02, minimum=0, largest=90.0)
    pitch: float = entry("pitch_relative", float, default=2e-4, minimum=0, largest=0.1)
    focal: float = entry("focal_um", float, default=300.0, minimum=0, largest=WIDEST)


@dataclass(frozen=True)
class DistortionConfig:
    """Keys of ``[distortion]``: how the distortion changes.

    Each has random patterns of the instrument's own terms, of the size given for
    degree 2 and halved by each further degree: growing by the year; a step from plate
    to plate; with cosine and sine of the orbital phase; and with cosine and sine of the
    Sun's longitude from the target's, which follow the year as the parallax does.
    """

    drift: float = entry(
        "drift_um_per_year", float, default=0.0, minimum=0, largest=WIDEST
    )
    walk: float = entry("walk_um", float, default=0.0, minimum=0, largest=WIDEST)
    phase: float = entry("phase_um", float, default=0.0, minimum=0, largest=WIDEST)
    annual: float = entry("annual_um", float, default=0.0, minimum=0, largest=WIDEST)


@dataclass(frozen=True)
class ThermalConfig:
    """Keys of ``[thermal]``: what breathes once an orbit, as cosine of its phase.

    Focal lengths together, and centres and angles of the detectors each by itself, with
    a phase of its own.
    """

    focal: float = entry("focal_um", float, default=0.0, minimum=0, largest=WIDEST)
    centre: float = entry("centre_um", float, default=0.0, minimum=0, largest=WIDEST)
    angle: float = entry("angle_deg", float, default=0.0, minimum=0, largest=90.0)


@dataclass(frozen=True)
class ChromaticConfig:
    """Keys of ``[chromatic]``: a shift in proportion to the colour.

    Its field dependence is a random Legendre polynomial of the degree given, whose
    coefficients have 1σ of `um_per_mag`.
    """

    size: float = entry("um_per_mag", float, default=0.0, minimum=0, largest=WIDEST)
    degree: int = entry("degree", int, default=1, minimum=0, largest=3)
    zero: float = entry("zero_mag", float, default=2.0, largest=100.0)


@dataclass(frozen=True)
class AberrationsConfig:
    """Keys of ``[aberrations]``: shifts that grow with magnitude and field.

    Coma displaces outwards in proportion to r³, astigmatism along X and against it
    along Y in proportion to r; both as given at the normalisation, a magnitude from
    `zero_mag`.
    """

    coma: float = entry("coma_um_per_mag", float, default=0.0, largest=WIDEST)
    astigmatism: float = entry(
        "astigmatism_um_per_mag", float, default=0.0, largest=WIDEST
    )
    zero: float = entry("zero_mag", float, default=12.5, largest=100.0)


@dataclass(frozen=True)
class ReadoutConfig:
    """Keys of ``[readout]``: rows are read one after another while the sky moves.

    The attitude's drift, a rate drawn anew for each exposure and axis, and its jitter,
    of one frequency with a new amplitude and phase each, displace a star by what they
    did between the read of the middle row and its own. `smear_per_mag` is the part of
    the drift during an exposure by which a star a magnitude brighter than `zero_mag`
    falls back, since its image fills up early.
    """

    seconds: float = entry("seconds", float, default=0.0, minimum=0, largest=1e4)
    exposure: float = entry(
        "exposure_s", float, default=12.5, positive=True, largest=1e6
    )
    drift: float = entry(
        "drift_arcsec_per_s", float, default=0.0, minimum=0, largest=3600.0
    )
    jitter: float = entry(
        "jitter_arcsec", float, default=0.0, minimum=0, largest=3600.0
    )
    frequency: float = entry(
        "jitter_hz", float, default=0.1, positive=True, largest=1e3
    )
    smear: float = entry("smear_per_mag", float, default=0.0, largest=1.0)
    zero: float = entry("zero_mag", float, default=12.5, largest=100.0)


@dataclass(frozen=True)
class TransferConfig:
    """Keys of ``[transfer]``: charge that stays behind while rows are moved.

    A star trails towards greater rows, by `pixel` in the last row at `zero_mag`, and by
    the part `per_mag` more with each magnitude that it is fainter.
    """

    size: float = entry("pixel", float, default=0.0, minimum=0, largest=100.0)
    slope: float = entry("per_mag", float, default=0.0, largest=10.0)
    zero: float = entry("zero_mag", float, default=12.5, largest=100.0)


@dataclass(frozen=True)
class PixelsConfig:
    """Keys of ``[pixels]``: errors that belong to a pixel, so that they come again.

    `phase_pixel` is 1σ over the pixels of the amplitude of an error that goes as the
    sine of the position within the pixel; `flat_pixel` 1σ of a constant one.
    """

    phase: float = entry("phase_pixel", float, default=0.0, minimum=0, largest=1.0)
    flat: float = entry("flat_pixel", float, default=0.0, minimum=0, largest=1.0)


@dataclass(frozen=True)
class PersistenceConfig:
    """Keys of ``[persistence]``: what bright stars leave on a detector.

    A star within `radius_pixel` of where one brighter than `brighter_mag` was in the
    exposure before is drawn towards it: by the light that is left, `fraction` of what
    it had, times the distance times ``exp(-d²/2w²)``, w a third of the radius.
    """

    fraction: float = entry("fraction", float, default=0.0, minimum=0, largest=1.0)
    brighter: float = entry("brighter_mag", float, default=11.0, largest=100.0)
    radius: float = entry(
        "radius_pixel", float, default=6.0, positive=True, largest=1e3
    )


__all__ = [
    "AberrationsConfig",
    "CameraConfig",
    "ChromaticConfig",
    "DistortionConfig",
    "PersistenceConfig",
    "PixelsConfig",
    "ReadoutConfig",
    "ThermalConfig",
    "TransferConfig",
]
