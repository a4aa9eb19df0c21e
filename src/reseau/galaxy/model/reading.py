"""Galaxies in files: TOML, every key checked, and the presets that come with reseau."""

import hashlib
import json
import tomllib
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Any

from reseau.config import Source, build, read_toml
from reseau.errors import ConfigError, ReseauError, explain, some, suggestion
from reseau.galaxy.frame import GalacticFrame
from reseau.galaxy.mass_function import MassFunction
from reseau.galaxy.remnants import living_per_mass

from .bar import Bar, Ellipsoid
from .component import Component, Nuclear
from .discs import Disc
from .entries import (
    KINDS,
    BarEntry,
    ClusterEntry,
    DiscEntry,
    FrameEntry,
    MassEntry,
    ModelEntry,
    NuclearDiscEntry,
    ThickDiscEntry,
)
from .galaxy import Galaxy
from .nuclear import Cluster, ExponentialDisc, FlattenedDisc
from .nuclear_table import genulens_table

FLATTENED = {"axis_ratio": 0.37, "scales": (5.06, 24.6), "powers": (0.72, 0.79)}
FLATTENED_RATIO = 1.311
"""Sormani et al. 2020, eq. 24 and Table 3."""

Entry = BarEntry | ClusterEntry | DiscEntry | NuclearDiscEntry | ThickDiscEntry


def galaxy_presets() -> dict[str, Path]:
    """Return the files of the galaxies that come with reseau, by name."""
    folder = resources.files("reseau") / "presets" / "galaxies"
    files = (Path(str(f)) for f in folder.iterdir())
    return {f.stem: f for f in sorted(files) if f.suffix == ".toml"}


def read_galaxy(name_or_path: str | Path = "koshimoto2021") -> Galaxy:
    """Read a model of the Galaxy, and check every key of it.

    Parameters
    ----------
    name_or_path
        A name in `galaxy_presets`, or a TOML file.

    Raises
    ------
    ConfigError
        There is no such preset; a key is unknown, missing, of the wrong type or out of
        range.
    FileFormatError
        The file is absent or not TOML.
    """
    entry, source = read_toml(galaxy_file(name_or_path), ModelEntry)
    frame, mass_function = (
        _frame(entry.frame),
        _mass_function(entry.mass_function, source),
    )
    components = tuple(
        _component(content, source.below("component", i), frame, mass_function)
        for i, content in enumerate(entry.components)
    )
    _check_names(components, source)
    return Galaxy(
        name=entry.about.name,
        version=entry.about.version,
        digest=_digest(source.text),
        frame=frame,
        mass_function=mass_function,
        components=components,
        kinematics=_kinematics(entry.kinematics, source),
        source=source,
    )


def galaxy_file(name_or_path: str | Path) -> Path:
    """Return the file of a galaxy: itself, or of the preset that it names.

    Raises
    ------
    ConfigError
        There is no such preset.
    """
    known = galaxy_presets()
    path = Path(name_or_path)
    if path.exists() or path.suffix:
        return path
    if str(name_or_path) in known:
        return known[str(name_or_path)]
    raise ConfigError(
        explain(
            given=f"the galaxy {name_or_path} is unknown",
            wanted=f"a TOML file or one of the presets {some(known)}",
            where="the galaxy",
            todo=suggestion(str(name_or_path), known, otherwise="correct the name"),
        )
    )


def _digest(text: str) -> str:
    """Return the digest of what a TOML text says: of values, not of comments."""
    content = tomllib.loads(text, parse_float=Decimal)
    plain = json.dumps(content, sort_keys=True, default=_plain)
    return hashlib.sha256(plain.encode()).hexdigest()


def _plain(value: Any) -> str:
    return repr(float(value)) if isinstance(value, Decimal) else str(value)


def _frame(entry: FrameEntry) -> GalacticFrame:
    centre = (entry.centre_l, entry.centre_b)
    if entry.rotation is not None and entry.north is not None:
        velocity = (entry.towards_centre, entry.rotation, entry.north)
        return GalacticFrame(entry.r0, entry.z_sun, velocity, centre)
    motion = (entry.motion_l or 0.0, entry.motion_b or 0.0)
    return GalacticFrame.from_centre_motion(
        entry.r0,
        entry.z_sun,
        centre=centre,
        motion=motion,
        towards_centre=entry.towards_centre,
    )


def _mass_function(entry: MassEntry, source: Source) -> MassFunction:
    place = source.below("mass_function")
    try:
        exponents = tuple(float(v) for v in entry.exponents)
        breaks = tuple(float(v) for v in entry.breaks)
        return MassFunction(exponents, breaks, entry.low, entry.high)
    except (TypeError, ValueError, ReseauError) as error:
        raise place.complain(
            None,
            f"exponents {[str(v) for v in entry.exponents]} and breaks "
            f"{[str(v) for v in entry.breaks]}, from {entry.low} to {entry.high} Msun",
            "numbers: low < breaks < high, rising, and one exponent more than breaks",
            "list exponents and breaks from the lowest mass up",
        ) from error


def _component(
    content: Any, source: Source, frame: GalacticFrame, mass_function: MassFunction
) -> Component:
    entry = _entry(content, source)
    law, factor = _law(entry, frame), 0.0
    if isinstance(entry, NuclearDiscEntry | ClusterEntry):
        factor = living_per_mass(mass_function, entry.highest_living_mass)
    else:
        factor = entry.number_density
    return Component(
        name=entry.name,
        kind=entry.kind,
        youngest=entry.youngest,
        oldest=entry.oldest,
        age=entry.age,
        highest_living_mass=entry.highest_living_mass,
        law=law,
        factor=factor,
    )


def _entry(content: Any, source: Source) -> Any:
    kind = content.get("kind") if isinstance(content, dict) else None
    if kind not in KINDS:
        raise source.complain(
            "kind" if kind is not None else None,
            f"a component of the kind {kind!r}" if kind else "a component has no kind",
            f"one of {some(KINDS, len(KINDS))}",
            suggestion(str(kind), KINDS, otherwise="take one of these"),
        )
    return build(KINDS[kind], content, source)


def _law(entry: Entry, frame: GalacticFrame) -> Disc | Bar | Nuclear:
    if isinstance(entry, DiscEntry | ThickDiscEntry):
        return _disc(entry, frame)
    if isinstance(entry, BarEntry):
        return _bar(entry)
    if isinstance(entry, ClusterEntry):
        return Cluster(
            entry.mass, entry.scale, entry.slope, entry.axis_ratio, entry.radius
        )
    return _nuclear_disc(entry)


def _disc(entry: DiscEntry | ThickDiscEntry, frame: GalacticFrame) -> Disc:
    flares = isinstance(entry, DiscEntry) and entry.height == "linear"
    return Disc(
        r0=frame.r0,
        scale_length=entry.scale_length,
        scale_height=entry.scale_height,
        break_radius=entry.break_radius,
        inner_height=entry.inner_height if flares else None,  # type: ignore[union-attr]
        profile="sech2" if isinstance(entry, DiscEntry) else "exponential",
    )


def _bar(entry: BarEntry) -> Bar:
    width = entry.cutoff_width
    body = Ellipsoid(
        entry.x,
        entry.y,
        entry.z,
        entry.in_plane,
        entry.vertical,
        entry.cutoff_radius,
        width,
    )
    if entry.x_share == 0.0:
        return Bar(entry.angle, body)
    arms = Ellipsoid(
        entry.x_x,
        entry.x_y,
        entry.x_z,
        entry.x_in_plane,
        entry.x_vertical,
        entry.x_cutoff_radius,
        width,
    )
    return Bar(entry.angle, body, arms, entry.x_share, entry.x_slope)


def _nuclear_disc(entry: NuclearDiscEntry) -> Nuclear:
    if entry.law == "flattened":
        return FlattenedDisc(
            mass=entry.mass, ratio=FLATTENED_RATIO, radius=entry.radius, **FLATTENED
        )
    if entry.law == "table":
        return genulens_table()
    return ExponentialDisc(
        entry.mass,
        entry.scale_length,
        entry.scale_height,
        entry.radius,
        entry.farthest_height,
    )


def _check_names(components: tuple[Component, ...], source: Source) -> None:
    names = [c.name for c in components]
    if not names:
        raise source.complain(
            "component", "no component", "one table [[component]] or more", "add one"
        )
    for i, name in enumerate(names):
        if name in names[:i]:
            raise source.below("component", i).complain(
                "name", f"a second component {name}", "names used once", "rename one"
            )


def _kinematics(content: Any, source: Source) -> dict[str, Any]:
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise source.complain(
            "kinematics",
            "kinematics is a value",
            "tables [kinematics.*]",
            "correct it",
        )
    return content


__all__ = ["galaxy_file", "galaxy_presets", "read_galaxy"]
