# The calls in the class bodies declare fields, as dataclasses.field does.
# ruff: noqa: RUF009
"""Tables ``[kinematics.*]`` of a Galaxy's TOML file.

Figures of the preset: rotation curve, Bland-Hawthorn & Gerhard (2016, ARA&A 54, 529),
fig. 16; discs and bar, Koshimoto, Baba & Bennett (2021, ApJ 917, 78), "E+E_X".
"""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from reseau.config import Checked, RecordError, entry, table

FASTEST = 1e4
"""Greatest speed [km/s] that a parameter may be."""
FARTHEST = 1e9
"""Greatest length [pc] that a parameter may be."""


def _speed(key: str, *, positive: bool = True) -> Any:
    return entry(key, float, positive=positive, largest=FASTEST)


def _length(key: str) -> Any:
    return entry(key, float, positive=True, largest=FARTHEST)


def _numbers(record: Any, key: str) -> tuple[float, ...]:
    """Keep a list as a tuple of finite numbers, and return it."""
    given = getattr(record, key)
    try:
        values = tuple(float(v) for v in given)
    except (TypeError, ValueError, OverflowError):
        values = (math.nan,)
    if not all(map(math.isfinite, values)):
        raise RecordError.of(
            type(record).__name__,
            key,
            given=f"{key} = {[str(v) for v in given]}",
            wanted="finite numbers",
            todo="correct the list",
        )
    object.__setattr__(record, key, values)
    return values


@dataclass(frozen=True, kw_only=True)
class RotationCurveConfig(Checked):
    """Table ``[kinematics.rotation_curve]``: knots of the circular speed.

    Attributes
    ----------
    radius_kpc, speed_km_s
        Knots in the plane, radii increasing from 0.
    vertical_coefficient, vertical_exponent
        c and p of 1 + c |z / kpc|^p, which divides the speed off the plane.
    """

    radius_kpc: list | tuple = entry("radius_kpc", list)
    speed_km_s: list | tuple = entry("speed_km_s", list)
    vertical_coefficient: float = entry(
        "vertical_coefficient", float, default=0.0374, minimum=0.0, largest=10.0
    )
    vertical_exponent: float = entry(
        "vertical_exponent", float, default=1.34, positive=True, largest=10.0
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        radius, speed = _numbers(self, "radius_kpc"), _numbers(self, "speed_km_s")
        rising = all(a < b for a, b in pairwise(radius))
        if len(radius) < 4 or not rising or radius[0] != 0.0:
            raise RecordError.of(
                type(self).__name__,
                "radius_kpc",
                given=f"radius_kpc = {list(radius)}",
                wanted="four radii or more, increasing from 0",
                todo="correct the list",
            )
        if len(speed) != len(radius) or min(speed) < 0.0:
            raise RecordError.of(
                type(self).__name__,
                "speed_km_s",
                given=f"speed_km_s = {list(speed)}",
                wanted=f"{len(radius)} speeds, one for each radius, none negative",
                todo="correct the list",
            )


@dataclass(frozen=True, kw_only=True)
class DiscConfig(Checked):
    """Tables ``[kinematics.thin]`` and ``[kinematics.thick]``.

    The dispersions at the Sun are those of stars of 10 Gyr; others' are smaller by
    ((age + 0.01) / 10.01)^exponent. An exponent of 0 has no dependence on age.

    Attributes
    ----------
    radial_dispersion_km_s, vertical_dispersion_km_s
        At the Sun's radius.
    radial_scale_pc, vertical_scale_pc
        Lengths over which they fall by e, outwards.
    radial_age_exponent, vertical_age_exponent
        Of the growth with age.
    largest_speed_km_s
        Stars are not faster than this.
    """

    radial_dispersion_km_s: float = _speed("radial_dispersion_km_s")
    vertical_dispersion_km_s: float = _speed("vertical_dispersion_km_s")
    radial_scale_pc: float = _length("radial_scale_pc")
    vertical_scale_pc: float = _length("vertical_scale_pc")
    radial_age_exponent: float = entry(
        "radial_age_exponent", float, default=0.0, minimum=0.0, largest=10.0
    )
    vertical_age_exponent: float = entry(
        "vertical_age_exponent", float, default=0.0, minimum=0.0, largest=10.0
    )
    largest_speed_km_s: float = entry(
        "largest_speed_km_s", float, default=550.0, positive=True, largest=FASTEST
    )


@dataclass(frozen=True, kw_only=True)
class BarConfig(Checked):
    """Table ``[kinematics.bar]``: pattern, streaming and dispersions of the bar.

    Dispersions are base + rise * E along and across the bar and base + rise * E_z in z,
    with E = exp(-r_s) of the boxy radius of their own lengths and exponents.

    Attributes
    ----------
    pattern_speed_km_s_kpc
        Angular speed, in the sense of the Galaxy's rotation.
    streaming_km_s, streaming_scale_pc
        Greatest speed along the bar, and the distance from its axis over which it is
        reached.
    dispersion_base_km_s, dispersion_rise_km_s
        Along the bar, across it, and in z.
    planar_scale_pc, planar_exponents
        Lengths (x, y, z) and exponents (C1, C2) of E.
    vertical_scale_pc, vertical_exponents
        The same of E_z.
    largest_speed_km_s
        Stars are not faster than this.
    """

    pattern_speed_km_s_kpc: float = _speed("pattern_speed_km_s_kpc", positive=False)
    streaming_km_s: float = _speed("streaming_km_s", positive=False)
    streaming_scale_pc: float = _length("streaming_scale_pc")
    dispersion_base_km_s: list | tuple = entry("dispersion_base_km_s", list)
    dispersion_rise_km_s: list | tuple = entry("dispersion_rise_km_s", list)
    planar_scale_pc: list | tuple = entry("planar_scale_pc", list)
    planar_exponents: list | tuple = entry("planar_exponents", list)
    vertical_scale_pc: list | tuple = entry("vertical_scale_pc", list)
    vertical_exponents: list | tuple = entry("vertical_exponents", list)
    largest_speed_km_s: float = entry(
        "largest_speed_km_s", float, default=600.0, positive=True, largest=FASTEST
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        for key, count in (
            ("dispersion_base_km_s", 3),
            ("dispersion_rise_km_s", 3),
            ("planar_scale_pc", 3),
            ("planar_exponents", 2),
            ("vertical_scale_pc", 3),
            ("vertical_exponents", 2),
        ):
            values = _numbers(self, key)
            if len(values) != count or min(values) <= 0.0:
                raise RecordError.of(
                    type(self).__name__,
                    key,
                    given=f"{key} = {list(values)}",
                    wanted=f"{count} numbers greater than 0",
                    todo="correct the list",
                )


@dataclass(frozen=True, kw_only=True)
class NuclearConfig(Checked):
    """Table ``[kinematics.nuclear]``: nuclear stellar disc and nuclear star cluster.

    Attributes
    ----------
    moments
        Of the nuclear stellar disc: "auto" (those of the package genulens where it is
        installed, else the shipped ones), "genulens", "shipped", or a file.
    black_hole_mass
        Of Sgr A* [Msun], for the greatest speeds. The shipped moments of the cluster
        are those of 4.3e6.
    cluster_rotation
        Satoh's k of the nuclear star cluster: 0 does not rotate, 1 is an isotropic
        rotator.
    largest_speed_km_s
        Speed that stars do not exceed far from the black hole; near it the speed of
        escape from it is added in quadrature.
    """

    moments: str = entry("moments", str, default="auto")
    black_hole_mass: float = entry(
        "black_hole_mass", float, default=4.3e6, minimum=0.0, largest=1e9
    )
    cluster_rotation: float = entry(
        "cluster_rotation", float, default=1.0, minimum=0.0, largest=1.0
    )
    largest_speed_km_s: float = entry(
        "largest_speed_km_s", float, default=600.0, positive=True, largest=FASTEST
    )


@dataclass(frozen=True, kw_only=True)
class KinematicsConfig(Checked):
    """Table ``[kinematics]`` of a Galaxy: all that its velocities follow from."""

    rotation_curve: RotationCurveConfig = table("rotation_curve", RotationCurveConfig)
    thin: DiscConfig = table("thin", DiscConfig)
    thick: DiscConfig = table("thick", DiscConfig)
    bar: BarConfig = table("bar", BarConfig)
    nuclear: NuclearConfig = table("nuclear", NuclearConfig)


__all__ = [
    "BarConfig",
    "DiscConfig",
    "KinematicsConfig",
    "NuclearConfig",
    "RotationCurveConfig",
]
