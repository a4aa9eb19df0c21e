# The calls in the class bodies declare fields, as dataclasses.field does.
# ruff: noqa: RUF009
"""The tables ``[[component]]`` of a galaxy's TOML file, by kind and law."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reseau.config import Checked, RecordError, entry, shown

from .bar import PROFILES, Bar, Ellipsoid
from .discs import Disc
from .entries import LONGEST
from .nuclear import Cluster, ExponentialDisc, FlattenedDisc
from .nuclear_table import DensityTable, density_table

HEIGHTS = ("constant", "linear")
HEAVIEST = 1e15
"""Of what a component's mass may be [Msun]."""


def _length(key: str, **more: Any) -> Any:
    return entry(key, float, positive=True, largest=LONGEST, **more)


def _power(key: str, **more: Any) -> Any:
    return entry(key, float, positive=True, largest=100.0, **more)


def _number_density() -> Any:
    return entry(
        "number_density_pc3", float, default=None, minimum=0.0, largest=HEAVIEST
    )


@dataclass(frozen=True, kw_only=True)
class CommonEntry(Checked):
    """Keys of every component."""

    name: str = entry("name", str, hint="a word, not used twice")
    kind: str = entry("kind", str)
    youngest: float = entry("youngest_gyr", float, minimum=0.0, largest=20.0)
    oldest: float = entry("oldest_gyr", float, positive=True, largest=20.0)
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
                given=f"age_gyr = {self.age}, of ages from {self.youngest} to "
                f"{self.oldest} Gyr",
                wanted="youngest_gyr <= age_gyr <= oldest_gyr",
                todo="correct them",
            )


@dataclass(frozen=True, kw_only=True)
class DiscEntry(CommonEntry):
    """A thin disc, sech^2 across the plane."""

    number_density: float | None = _number_density()
    scale_length: float = _length("scale_length_pc")
    scale_height: float = _length("scale_height_pc")
    break_radius: float = entry("break_radius_pc", float, minimum=0.0, largest=LONGEST)
    inner_height: float | None = _length("inner_scale_height_pc", default=None)
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

    def law(self, r0: float, folder: Path) -> Disc:
        """Return the density law."""
        del folder
        return Disc(
            r0=r0,
            scale_length=self.scale_length,
            scale_height=self.scale_height,
            break_radius=self.break_radius,
            inner_height=self.inner_height if self.height == "linear" else None,
        )


@dataclass(frozen=True, kw_only=True)
class ThickDiscEntry(CommonEntry):
    """A thick disc, exponential across the plane."""

    number_density: float | None = _number_density()
    scale_length: float = _length("scale_length_pc")
    scale_height: float = _length("scale_height_pc")
    break_radius: float = entry("break_radius_pc", float, minimum=0.0, largest=LONGEST)

    def law(self, r0: float, folder: Path) -> Disc:
        """Return the density law."""
        del folder
        lengths = (self.scale_length, self.scale_height, self.break_radius)
        return Disc(r0, *lengths, profile="exponential")


@dataclass(frozen=True, kw_only=True)
class BarEntry(CommonEntry):
    """A bar with an X or without: there is none where `x_share` is 0."""

    number_density: float | None = _number_density()
    angle: float = entry("angle_deg", float, unit="deg")
    profile: str = entry("profile", str, default="exponential", choices=tuple(PROFILES))
    x: float = _length("x_pc")
    y: float = _length("y_pc")
    z: float = _length("z_pc")
    in_plane: float = _power("power_in_plane")
    vertical: float = _power("power_vertical")
    cutoff_radius: float = _length("cutoff_radius_pc")
    cutoff_width: float = _length("cutoff_width_pc")
    x_share: float = entry("x_share", float, default=0.0, minimum=0.0, largest=1e6)
    x_slope: float = entry("x_slope", float, default=0.0, largest=100.0)
    x_x: float | None = _length("x_x_pc", default=None)
    x_y: float | None = _length("x_y_pc", default=None)
    x_z: float | None = _length("x_z_pc", default=None)
    x_in_plane: float | None = _power("x_power_in_plane", default=None)
    x_vertical: float | None = _power("x_power_vertical", default=None)
    x_cutoff_radius: float | None = _length("x_cutoff_radius_pc", default=None)

    def __post_init__(self) -> None:
        super().__post_init__()
        missing = [key for key, value in self._arms().items() if value is None]
        if self.x_share > 0.0 and missing:
            raise RecordError.of(
                "Component",
                "x_share",
                given=f"x_share = {self.x_share} without {', '.join(missing)}",
                wanted="all lengths and powers of the X",
                todo="add them, or x_share = 0",
            )

    def _arms(self) -> dict[str, float | None]:
        return {
            "x_x_pc": self.x_x,
            "x_y_pc": self.x_y,
            "x_z_pc": self.x_z,
            "x_power_in_plane": self.x_in_plane,
            "x_power_vertical": self.x_vertical,
            "x_cutoff_radius_pc": self.x_cutoff_radius,
        }

    def law(self, r0: float, folder: Path) -> Bar:
        """Return the density law."""
        del r0, folder
        ends = {"cutoff_width": self.cutoff_width, "profile": self.profile}
        lengths = (self.x, self.y, self.z)
        powers = (self.in_plane, self.vertical)
        body = Ellipsoid(*lengths, *powers, self.cutoff_radius, **ends)  # type: ignore[arg-type]
        if self.x_share == 0.0:
            return Bar(self.angle, body)
        arms = Ellipsoid(*self._arms().values(), **ends)  # type: ignore[arg-type]
        return Bar(self.angle, body, arms, self.x_share, self.x_slope)


@dataclass(frozen=True, kw_only=True)
class ExponentialEntry(CommonEntry):
    """A nuclear disc, a double exponential."""

    law_name: str = entry("law", str, choices=("exponential",))
    mass: float = entry("mass_msun", float, positive=True, largest=HEAVIEST)
    scale_length: float = _length("scale_length_pc")
    scale_height: float = _length("scale_height_pc")
    radius: float = _length("farthest_radius_pc")
    height: float = _length("farthest_height_pc")

    def law(self, r0: float, folder: Path) -> ExponentialDisc:
        """Return the density law."""
        del r0, folder
        lengths = (self.scale_length, self.scale_height, self.radius, self.height)
        return ExponentialDisc(self.mass, *lengths)


@dataclass(frozen=True, kw_only=True)
class FlattenedEntry(CommonEntry):
    """A nuclear disc, a sum of flattened components."""

    law_name: str = entry("law", str, choices=("flattened",))
    densities: list = entry("densities_msun_pc3", list, hint="at the centre, a list")
    axis_ratios: list = entry("axis_ratios", list, hint="a list, one each")
    scales: list = entry("scale_lengths_pc", list, hint="a list, one each")
    powers: list = entry("powers", list, hint="a list, one each")
    radius: float = _length("farthest_radius_pc")
    height: float = _length("farthest_height_pc")

    def __post_init__(self) -> None:
        super().__post_init__()
        lists = {
            "densities_msun_pc3": self.densities,
            "axis_ratios": self.axis_ratios,
            "scale_lengths_pc": self.scales,
            "powers": self.powers,
        }
        for key, values in lists.items():
            wrong = not values or not all(_is_positive(v) for v in values)
            if wrong or len(values) != len(self.densities):
                raise RecordError.of(
                    "Component",
                    key,
                    given=f"{key} = {shown(values)}",
                    wanted=f"{len(self.densities) or 1} numbers > 0, one for each of "
                    "densities_msun_pc3",
                    todo="give every component of the sum its four numbers",
                )

    def law(self, r0: float, folder: Path) -> FlattenedDisc:
        """Return the density law."""
        del r0, folder
        return FlattenedDisc(
            densities=_floats(self.densities),
            axis_ratios=_floats(self.axis_ratios),
            scales=_floats(self.scales),
            powers=_floats(self.powers),
            radius=self.radius,
            height=self.height,
        )


@dataclass(frozen=True, kw_only=True)
class TableEntry(CommonEntry):
    """A nuclear disc, a table of density in radius and height."""

    law_name: str = entry("law", str, choices=("table",))
    table: str = entry("table", str, hint='"shipped", "genulens", or a file')

    def law(self, r0: float, folder: Path) -> DensityTable:
        """Return the density law."""
        del r0
        return density_table(self.table, folder)


@dataclass(frozen=True, kw_only=True)
class ClusterEntry(CommonEntry):
    """A nuclear cluster."""

    mass: float = entry("mass_msun", float, positive=True, largest=HEAVIEST)
    scale: float = _length("scale_length_pc")
    slope: float = entry("inner_slope", float, minimum=0.0, largest=2.9)
    axis_ratio: float = entry("axis_ratio", float, positive=True, largest=10.0)
    radius: float = _length("farthest_radius_pc")

    def law(self, r0: float, folder: Path) -> Cluster:
        """Return the density law."""
        del r0, folder
        numbers = (self.mass, self.scale, self.slope, self.axis_ratio, self.radius)
        return Cluster(*numbers)


def _floats(values: list) -> tuple[float, ...]:
    return tuple(float(v) for v in values)


def _is_positive(value: Any) -> bool:
    try:
        return not isinstance(value, bool) and 0.0 < float(value) < HEAVIEST
    except (TypeError, ValueError):
        return False


KINDS: dict[str, type[CommonEntry]] = {
    "disc": DiscEntry,
    "thick disc": ThickDiscEntry,
    "bar": BarEntry,
    "nuclear disc": ExponentialEntry,
    "nuclear cluster": ClusterEntry,
}
NUCLEAR_DISCS: dict[str, type[CommonEntry]] = {
    "exponential": ExponentialEntry,
    "flattened": FlattenedEntry,
    "table": TableEntry,
}
"""Records of a nuclear disc by its law."""

__all__ = [
    "KINDS",
    "NUCLEAR_DISCS",
    "BarEntry",
    "ClusterEntry",
    "CommonEntry",
    "DiscEntry",
    "ExponentialEntry",
    "FlattenedEntry",
    "TableEntry",
    "ThickDiscEntry",
]
