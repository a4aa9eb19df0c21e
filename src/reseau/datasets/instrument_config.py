# The calls in the class bodies declare fields, as dataclasses.field does.
# ruff: noqa: RUF009
"""Keys of ``instrument.toml``, with the default prior widths of the Plate Analysis."""

from dataclasses import dataclass

from reseau.config import entry, numbers, table, tables
from reseau.constants import DEGREE
from reseau.instrument import (
    COVARIATES,
    DEGREE_KINDS,
    DISTORTIONS,
    FOCAL_PRIORS,
    PROJECTIONS,
    SCALES,
)
from reseau.instrument.calibration_terms import (
    AXES,
    BASES,
    DEFAULT_TERM_SIGMA,
    FRAMES,
    GRANULARITIES,
)

FOCAL_SIGMA = 10_000.0
"""Prior width of a focal length [um]."""
DISTORTION_SIGMA = 1000.0
"""Prior width of a coefficient: displacement at the normalisation [um]."""
SKEW_SIGMA = 0.01
CENTRE_SIGMA = 100.0
"""Prior width of a detector's centre [um]."""
THETA_SIGMA = 0.1 * DEGREE
PITCH_SIGMA = 0.01
"""Prior width of a detector's pitches, relative."""

PARITY = (
    "parity = -1 where det(CD) of an image's WCS is negative (North up, East to the "
    "left, as most cameras), parity = 1 where it is positive (mirrored)"
)
"""How to tell the parity of a camera."""
COVARIATE = (
    f'add covariate = "colour", or another of {", ".join(COVARIATES)}, or a product as '
    "magnitude*row"
)
"""What a declared term may depend on."""
LONGEST = 1e12
"""Greatest focal length [um]: 1000 km."""
WIDEST = 1e9
"""Greatest position or size in a focal plane [um]: 1 km."""
FULL_TURNS = 3600.0 * DEGREE
"""Greatest angle of a detector [rad]."""
GREATEST = 1e9
"""Greatest pure number."""


ZENITHAL = {
    **dict.fromkeys(("tan", "gnom", "tangent", "tangent plane"), "gnomonic"),
    **dict.fromkeys(("arc", "zenithal equidistant", "f-theta"), "equidistant"),
    "sin": "orthographic",
    **{name: name for name in PROJECTIONS},
}
"""Projections as FITS and others call them."""


@dataclass(frozen=True)
class OpticsConfig:
    """Table ``[optics]``: lengths in um here, in mm in the file."""

    focal_length: float | None = entry(
        "focal_length_mm",
        float,
        unit="mm",
        default=None,
        positive=True,
        largest=LONGEST,
    )
    focal_length_x: float | None = entry(
        "focal_length_x_mm",
        float,
        unit="mm",
        default=None,
        positive=True,
        largest=LONGEST,
    )
    focal_length_y: float | None = entry(
        "focal_length_y_mm",
        float,
        unit="mm",
        default=None,
        positive=True,
        largest=LONGEST,
    )
    focal_sigma: float = entry(
        "focal_sigma_mm",
        float,
        unit="mm",
        default=FOCAL_SIGMA,
        minimum=0.0,
        largest=LONGEST,
    )
    focal_prior: str = entry("focal_prior", str, default="gamma", choices=FOCAL_PRIORS)
    scale: str = entry("scale", str, default="exposure-axis", choices=SCALES)
    projection: str = entry(
        "projection",
        str,
        default="gnomonic",
        choices=tuple(PROJECTIONS),
        others=ZENITHAL,
    )
    parity: int = entry("parity", int, default=1, choices=(1, -1), hint=PARITY)


@dataclass(frozen=True)
class DistortionConfig:
    """Table ``[distortion]``; without a basis there is no distortion."""

    basis: str = entry("basis", str, default="none", choices=tuple(DISTORTIONS))
    degree: int | None = entry("degree", int, default=None, minimum=0)
    degree_kind: str | None = entry(
        "degree_kind", str, default=None, choices=DEGREE_KINDS
    )
    minimum_degree: int | None = entry("minimum_degree", int, default=None, minimum=0)
    normalisation: float | None = entry(
        "normalisation_um",
        float,
        unit="um",
        default=None,
        positive=True,
        largest=WIDEST,
    )
    centre: list | None = entry("centre_um", list, default=None)
    n_radial: int | None = entry("n_radial", int, default=None, minimum=0)
    n_tilt: int | None = entry("n_tilt", int, default=None, minimum=0)
    sigma: float = entry(
        "sigma_um",
        float,
        unit="um",
        default=DISTORTION_SIGMA,
        minimum=0.0,
        largest=LONGEST,
    )
    skew: float = entry("skew", float, default=0.0, largest=GREATEST)
    skew_sigma: float = entry(
        "skew_sigma", float, default=SKEW_SIGMA, minimum=0.0, largest=GREATEST
    )
    a: list | None = entry("a", list, default=None)
    b: list | None = entry("b", list, default=None)
    parameters: dict[str, float] = numbers("parameters")
    sigmas: dict[str, float] = numbers("sigmas")


@dataclass(frozen=True)
class DetectorConfig:
    """Table ``[[detector]]``: um and radians here."""

    id: int = entry("id", int, default=0)
    name: str | None = entry("name", str, default=None)
    plane: bool | None = entry("plane", bool, default=None)
    naxis1: int | None = entry("naxis1", int, default=None, minimum=0, largest=GREATEST)
    naxis2: int | None = entry("naxis2", int, default=None, minimum=0, largest=GREATEST)
    pixel: float | None = entry(
        "pixel_um", float, unit="um", default=None, positive=True, largest=WIDEST
    )
    pitch_x: float | None = entry(
        "pitch_x_um", float, unit="um", default=None, positive=True, largest=WIDEST
    )
    pitch_y: float | None = entry(
        "pitch_y_um", float, unit="um", default=None, positive=True, largest=WIDEST
    )
    x: float | None = entry("x_um", float, unit="um", default=None, largest=WIDEST)
    y: float | None = entry("y_um", float, unit="um", default=None, largest=WIDEST)
    theta: float | None = entry(
        "theta_deg", float, unit="deg", default=None, largest=FULL_TURNS
    )
    sigma_xy: float | None = entry(
        "sigma_xy_um", float, unit="um", default=None, minimum=0.0, largest=WIDEST
    )
    sigma_theta: float | None = entry(
        "sigma_theta_deg",
        float,
        unit="deg",
        default=None,
        minimum=0.0,
        largest=FULL_TURNS,
    )
    sigma_pitch: float | None = entry(
        "sigma_pitch_relative", float, default=None, minimum=0.0, largest=GREATEST
    )


@dataclass(frozen=True)
class TermConfig:
    """Table ``[[term]]``: a declared calibration term."""

    covariate: str = entry("covariate", str, hint=COVARIATE)
    name: str | None = entry("name", str, default=None)
    zero: float = entry("zero", float, default=0.0, largest=GREATEST)
    frame: str = entry("frame", str, default="plane", choices=tuple(FRAMES))
    axes: str = entry("axes", str, default="xy", choices=AXES)
    basis: str = entry("basis", str, default="legendre", choices=BASES)
    minimum_degree: int = entry("minimum_degree", int, default=0, minimum=0)
    degree: int | None = entry("degree", int, default=None, minimum=0)
    granularity: str = entry("granularity", str, default="plate", choices=GRANULARITIES)
    normalisation: float | None = entry(
        "normalisation_um",
        float,
        unit="um",
        default=None,
        positive=True,
        largest=WIDEST,
    )
    sigma: float = entry(
        "sigma", float, default=DEFAULT_TERM_SIGMA, positive=True, largest=LONGEST
    )
    values: list | None = entry("values", list, default=None)


@dataclass(frozen=True)
class InstrumentConfig:
    """The whole of ``instrument.toml``."""

    name: str = entry("name", str, hint='add name = "mycamera", any word')
    optics: OpticsConfig = table("optics", OpticsConfig)
    distortion: DistortionConfig = table("distortion", DistortionConfig)
    detectors: tuple[DetectorConfig, ...] = tables("detector", DetectorConfig)
    terms: tuple[TermConfig, ...] = tables("term", TermConfig)


__all__ = [
    "CENTRE_SIGMA",
    "DISTORTION_SIGMA",
    "FOCAL_SIGMA",
    "PARITY",
    "PITCH_SIGMA",
    "SKEW_SIGMA",
    "THETA_SIGMA",
    "DetectorConfig",
    "DistortionConfig",
    "InstrumentConfig",
    "OpticsConfig",
    "TermConfig",
]
