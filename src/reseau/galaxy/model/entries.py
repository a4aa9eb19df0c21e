# The calls in the class bodies declare fields, as dataclasses.field does.
# ruff: noqa: RUF009
"""The tables of a galaxy's TOML file but for components, every key checked."""

from dataclasses import dataclass
from typing import Any

from reseau.config import Checked, RecordError, entry, shown, table
from reseau.errors import ConfigError
from reseau.galaxy.frame import GalacticFrame
from reseau.galaxy.mass_function import MassFunction

FORMAT = "reseau-galaxy/1"
_OF_FORMAT = f'format = "{FORMAT}", or the version of reseau that wrote another one'
LONGEST = 1e7
"""Of what a length may be [pc]: beyond it, it is a slip."""
FASTEST = 1e4
"""Of what a velocity may be [km/s]."""


@dataclass(frozen=True)
class AboutEntry(Checked):
    """``[galaxy]``: what the model is called."""

    name: str = entry("name", str, hint="a word for the model")
    version: str = entry("version", str, hint="raise it with every change")
    description: str = entry("description", str, default="")


@dataclass(frozen=True)
class FrameEntry(Checked):
    """``[frame]``: the Sun and Sgr A*.

    The Sun's velocity across is either given, or follows from the motion of Sgr A*.
    """

    r0: float = entry("r0_pc", float, positive=True, largest=LONGEST, hint="8160")
    z_sun: float = entry("z_sun_pc", float, largest=LONGEST, hint="25")
    centre_l: float = entry("centre_l_deg", float, largest=360.0, hint="-0.0558")
    centre_b: float = entry("centre_b_deg", float, largest=90.0, hint="-0.0462")
    towards_centre: float = entry(
        "sun_towards_centre_km_s", float, largest=FASTEST, hint="10"
    )
    rotation: float | None = entry(
        "sun_rotation_km_s", float, default=None, largest=FASTEST
    )
    north: float | None = entry("sun_north_km_s", float, default=None, largest=FASTEST)
    motion_l: float | None = entry(
        "centre_pml_mas_yr", float, default=None, largest=FASTEST
    )
    motion_b: float | None = entry(
        "centre_pmb_mas_yr", float, default=None, largest=FASTEST
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        velocity = [v is not None for v in (self.rotation, self.north)]
        motion = [v is not None for v in (self.motion_l, self.motion_b)]
        one = (all(velocity) and not any(motion)) or (all(motion) and not any(velocity))
        if not one:
            raise RecordError.of(
                "FrameEntry",
                None,
                given="the Sun's velocity across is given twice, or not as a whole",
                wanted="either sun_rotation_km_s and sun_north_km_s, or the motion of "
                "Sgr A*: centre_pml_mas_yr and centre_pmb_mas_yr",
                todo="keep one of the two pairs",
            )
        if abs(self.z_sun) >= self.r0:
            raise RecordError.of(
                "FrameEntry",
                "z_sun_pc",
                given=f"z_sun_pc = {self.z_sun}",
                wanted=f"less than r0_pc = {self.r0}, of either sign",
                todo="correct it: 25 in Koshimoto, Baba & Bennett 2021",
            )

    def frame(self) -> GalacticFrame:
        """Return the frame."""
        centre = (self.centre_l, self.centre_b)
        if self.rotation is not None and self.north is not None:
            velocity = (self.towards_centre, self.rotation, self.north)
            return GalacticFrame(self.r0, self.z_sun, velocity, centre)
        return GalacticFrame.from_centre_motion(
            self.r0,
            self.z_sun,
            centre=centre,
            motion=(self.motion_l or 0.0, self.motion_b or 0.0),
            towards_centre=self.towards_centre,
        )


@dataclass(frozen=True)
class MassEntry:
    """``[mass_function]``: broken power laws, from the lowest masses up."""

    exponents: list = entry("exponents", list, hint="of dN/dm, with a minus")
    breaks: list = entry("breaks_msun", list, hint="masses between them")
    low: float = entry("low_msun", float, positive=True, hint="0.001")
    high: float = entry("high_msun", float, positive=True, hint="120")

    def __post_init__(self) -> None:
        try:
            self.function()
        except (TypeError, ValueError, ConfigError):
            raise RecordError.of(
                "MassEntry",
                None,
                given=f"exponents = {shown(self.exponents)}, breaks_msun = "
                f"{shown(self.breaks)}, low_msun = {self.low:g}, high_msun = "
                f"{self.high:g}",
                wanted="numbers: low < breaks < high, rising, and one exponent more "
                "than breaks",
                todo="list exponents and breaks from the lowest mass up",
            ) from None

    def function(self) -> MassFunction:
        """Return the mass function."""
        exponents = tuple(float(v) for v in self.exponents)
        breaks = tuple(float(v) for v in self.breaks)
        return MassFunction(exponents, breaks, self.low, self.high)


@dataclass(frozen=True)
class NormalisationEntry(Checked):
    """``[normalisation]``: physical quantities that number densities follow from.

    Attributes
    ----------
    local_density
        Mass of living stars of all thin discs at the Sun's radius in the plane
        [Msun/pc^3].
    thick_share
        The same of the thick disc, relative to that.
    star_formation_scale
        t of a star-formation rate exp(age / t) [Gyr].
    box_mass
        Mass of stars and remnants within 2.2, 1.4 and 1.2 kpc of the centre along the
        bar's axes [Msun].
    """

    local_density: float = entry(
        "local_density_msun_pc3", float, positive=True, hint="0.042 (Bovy 2017)"
    )
    thick_share: float = entry("thick_share", float, minimum=0.0, hint="0.04")
    star_formation_scale: float = entry(
        "star_formation_scale_gyr", float, positive=True, hint="7"
    )
    box_mass: float = entry("box_mass_msun", float, positive=True, hint="1.1e10")


@dataclass(frozen=True)
class ModelEntry:
    """The file as a whole; what depends on a kind is checked by that kind."""

    format: str = entry("format", str, choices=(FORMAT,), hint=_OF_FORMAT)
    about: AboutEntry = table("galaxy", AboutEntry)
    frame: FrameEntry = table("frame", FrameEntry)
    mass_function: MassEntry = table("mass_function", MassEntry)
    components: list = entry("component", list, hint="add tables [[component]]")
    normalisation: Any = entry("normalisation", object, default=None)
    kinematics: Any = entry("kinematics", object, default=None)


__all__ = [
    "FORMAT",
    "LONGEST",
    "AboutEntry",
    "FrameEntry",
    "MassEntry",
    "ModelEntry",
    "NormalisationEntry",
]
