"""The tables of a galaxy's TOML file, as records whose keys are checked one by one."""

from dataclasses import dataclass
from typing import Any

from reseau.config import Checked, RecordError, entry, table

FORMAT = "reseau-galaxy/1"
HEIGHTS = ("constant", "linear")
LAWS = ("table", "exponential", "flattened")


@dataclass(frozen=True)
class AboutEntry(Checked):
    """``[galaxy]``: what the model is called."""

    name: str = entry("name", str, hint="a word for the model")
    version: str = entry("version", str, hint="raise it with every change")
    description: str = entry("description", str, default="")


@dataclass(frozen=True)
class FrameEntry(Checked):
    """``[frame]``: the Sun and Sgr A*.

    The velocity of the Sun across is either given, or follows from the motion of Sgr A*.
    """

    r0: float = entry("r0_pc", float, positive=True, hint="8160 in Koshimoto 2021")
    z_sun: float = entry("z_sun_pc", float, hint="25")
    centre_l: float = entry("centre_l_deg", float, hint="of Sgr A*: -0.0557")
    centre_b: float = entry("centre_b_deg", float, hint="of Sgr A*: -0.0462")
    towards_centre: float = entry("sun_towards_centre_km_s", float, hint="10")
    rotation: float | None = entry("sun_rotation_km_s", float, default=None)
    north: float | None = entry("sun_north_km_s", float, default=None)
    motion_l: float | None = entry("centre_pml_mas_yr", float, default=None)
    motion_b: float | None = entry("centre_pmb_mas_yr", float, default=None)

    def __post_init__(self) -> None:
        super().__post_init__()
        velocity = [self.rotation is not None, self.north is not None]
        motion = [self.motion_l is not None, self.motion_b is not None]
        if not (all(velocity) and not any(motion)) and not (
            all(motion) and not any(velocity)
        ):
            raise RecordError.of(
                "FrameEntry",
                None,
                given="the Sun's velocity across is given twice, or not at all",
                wanted="either sun_rotation_km_s and sun_north_km_s, or the motion of "
                "Sgr A*: centre_pml_mas_yr and centre_pmb_mas_yr",
                todo="keep one of the two pairs",
            )


@dataclass(frozen=True)
class MassEntry:
    """``[mass_function]``: broken power laws, from the lowest masses up."""

    exponents: list = entry("exponents", list, hint="of dN/dm, with a minus")
    breaks: list = entry("breaks_msun", list, hint="masses between them")
    low: float = entry("low_msun", float, positive=True, hint="0.001")
    high: float = entry("high_msun", float, positive=True, hint="120")


@dataclass(frozen=True)
class ModelEntry:
    """The file as a whole; components and kinematics are checked by their kinds."""

    format: str = entry("format", str, choices=(FORMAT,), hint=f'"{FORMAT}"')
    about: AboutEntry = table("galaxy", AboutEntry)
    frame: FrameEntry = table("frame", FrameEntry)
    mass_function: MassEntry = table("mass_function", MassEntry)
    components: list = entry("component", list, hint="tables [[component]]")
    kinematics: Any = entry("kinematics", object, default=None)


@dataclass(frozen=True)
class _Common(Checked):
    """Keys of every ``[[component]]``."""

    name: str = entry("name", str, hint="a word, not used twice")
    kind: str = entry("kind", str)
    youngest: float = entry("youngest_gyr", float, minimum=0.0, hint="0 or more")
    oldest: float = entry("oldest_gyr", float, positive=True)
    age: float = entry("age_gyr", float, positive=True, hint="the median one")
    highest_living_mass: float = entry(
        "highest_living_mass_msun",
        float,
        positive=True,
        hint="the initial mass above which its stars are remnants",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.youngest <= self.age <= self.oldest:
            raise RecordError.of(
                "Component",
                "age_gyr",
                given=f"ages from {self.youngest} to {self.oldest} Gyr, {self.age} "
                "the median",
                wanted="youngest_gyr <= age_gyr <= oldest_gyr",
                todo="correct them",
            )


@dataclass(frozen=True)
class _DiscCommon(_Common):
    number_density: float = entry("number_density_pc3", float, minimum=0.0)
    scale_length: float = entry("scale_length_pc", float, positive=True)
    scale_height: float = entry("scale_height_pc", float, positive=True)
    break_radius: float = entry("break_radius_pc", float, minimum=0.0)


@dataclass(frozen=True)
class DiscEntry(_DiscCommon):
    """A thin disc, sech^2 across the plane."""

    inner_height: float | None = entry(
        "inner_scale_height_pc", float, default=None, positive=True
    )
    height: str = entry("height", str, default="constant", choices=HEIGHTS)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.height == "linear" and self.inner_height is None:
            raise RecordError.of(
                "Component",
                "height",
                given='height = "linear" without inner_scale_height_pc',
                wanted="the height at 4500 pc, from which it grows to that at r0",
                todo='add it, or height = "constant"',
            )


@dataclass(frozen=True)
class ThickDiscEntry(_DiscCommon):
    """A thick disc, exponential across the plane."""


@dataclass(frozen=True)
class BarEntry(_Common):
    """A bar with an X or without: no X where `x_share` is 0."""

    number_density: float = entry("number_density_pc3", float, minimum=0.0)
    angle: float = entry("angle_deg", float, unit="deg")
    x: float = entry("x_pc", float, positive=True)
    y: float = entry("y_pc", float, positive=True)
    z: float = entry("z_pc", float, positive=True)
    in_plane: float = entry("power_in_plane", float, positive=True)
    vertical: float = entry("power_vertical", float, positive=True)
    cutoff_radius: float = entry("cutoff_radius_pc", float, positive=True)
    cutoff_width: float = entry("cutoff_width_pc", float, positive=True)
    x_share: float = entry("x_share", float, default=0.0, minimum=0.0)
    x_slope: float = entry("x_slope", float, default=0.0)
    x_x: float = entry("x_x_pc", float, default=1.0, positive=True)
    x_y: float = entry("x_y_pc", float, default=1.0, positive=True)
    x_z: float = entry("x_z_pc", float, default=1.0, positive=True)
    x_in_plane: float = entry("x_power_in_plane", float, default=2.0, positive=True)
    x_vertical: float = entry("x_power_vertical", float, default=2.0, positive=True)
    x_cutoff_radius: float = entry(
        "x_cutoff_radius_pc", float, default=1.0, positive=True
    )


@dataclass(frozen=True)
class NuclearDiscEntry(_Common):
    """A nuclear disc by one of three laws; the keys of the others are not used."""

    law: str = entry("law", str, choices=LAWS)
    table: str = entry("table", str, default="shipped")
    mass: float = entry("mass_msun", float, default=7.0e8, positive=True)
    scale_length: float = entry("scale_length_pc", float, default=74.0, positive=True)
    scale_height: float = entry("scale_height_pc", float, default=26.0, positive=True)
    radius: float = entry("farthest_radius_pc", float, default=1000.0, positive=True)
    farthest_height: float = entry(
        "farthest_height_pc", float, default=400.0, positive=True
    )


@dataclass(frozen=True)
class ClusterEntry(_Common):
    """A nuclear cluster."""

    mass: float = entry("mass_msun", float, positive=True)
    scale: float = entry("scale_length_pc", float, positive=True)
    slope: float = entry("inner_slope", float, minimum=0.0, largest=2.9)
    axis_ratio: float = entry("flattening", float, positive=True)
    radius: float = entry("cutoff_pc", float, positive=True)


KINDS: dict[str, type[_Common]] = {
    "disc": DiscEntry,
    "thick disc": ThickDiscEntry,
    "bar": BarEntry,
    "nuclear disc": NuclearDiscEntry,
    "nuclear cluster": ClusterEntry,
}

__all__ = [
    "FORMAT",
    "KINDS",
    "AboutEntry",
    "BarEntry",
    "ClusterEntry",
    "DiscEntry",
    "FrameEntry",
    "MassEntry",
    "ModelEntry",
    "NuclearDiscEntry",
    "ThickDiscEntry",
]
