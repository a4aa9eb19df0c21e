# The calls in the class body declare fields, as dataclasses.field does.
# ruff: noqa: RUF009
"""Keys of ``dataset.toml`` and what they may say."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from reseau.config import Source, entry, shown, table
from reseau.errors import ConfigError, FileFormatError, explain, some
from reseau.observers import (
    BODIES,
    DEFLECTORS,
    EFFECTS,
    FileChoice,
    Weather,
    parse_observer,
)
from reseau.sky import check_air
from reseau.tables import DATASET_MARKS, SOLUTION_MARKS

FORMAT = "reseau-dataset/1"
EPHEMERIDES = ("builtin", "de440")


@dataclass(frozen=True)
class AtmosphereConfig:
    """Keys of the table ``[atmosphere]``: all of them, or none."""

    pressure: float | None = entry("pressure_hpa", float, default=None)
    temperature: float | None = entry("temperature_c", float, default=None)
    humidity: float | None = entry("humidity", float, default=None)
    wavelength: float | None = entry("wavelength_um", float, default=None)


@dataclass(frozen=True)
class DatasetConfig:
    """Keys of ``dataset.toml``."""

    format: str = entry("format", str)
    name: str = entry("name", str)
    atmosphere: AtmosphereConfig = table("atmosphere", AtmosphereConfig)
    instrument: str = entry("instrument", str, default="instrument.toml")
    description: str | None = entry("description", str, default=None)
    effects: list | None = entry("effects", list, default=None)
    observer: str | None = entry("observer", str, default=None)
    deflectors: list | None = entry("deflectors", list, default=None)
    ephemeris: str | None = entry("ephemeris", str, default=None, choices=EPHEMERIDES)


def require_dataset(folder: Path) -> None:
    """Raise `FileFormatError` if a directory is not a dataset, or is a solution."""
    if (folder / DATASET_MARKS[0]).exists():
        return
    is_solution = any((folder / mark).exists() for mark in SOLUTION_MARKS)
    raise FileFormatError(
        explain(
            given=f"{folder} is a solution or a mock of the Galaxy, by its summary.json"
            if is_solution
            else f"{folder} is no dataset (it has no {DATASET_MARKS[0]})",
            wanted=f"a directory with a {DATASET_MARKS[0]}",
            where=str(folder),
            todo="name the dataset that was solved, or simulated of the mock"
            if is_solution
            else "correct the name",
        )
    )


def is_file(observer: str | None) -> bool:
    """Return whether an observer is the name of a table of states."""
    return observer is not None and isinstance(parse_observer(observer), FileChoice)


def check_observer_name(observer: str | None, source: Source) -> None:
    """Raise `ConfigError` for an observer that cannot be computed."""
    if observer is not None:
        try:
            parse_observer(observer)
        except ConfigError as error:
            given, *rest = str(error).splitlines()
            todo = rest[-1].split(":", 1)[-1].strip() if rest else "correct it"
            wanted = (
                "geocentre, orbit, site:LAT,LON,HEIGHT, a table of states, or no such "
            )
            "key where the exposures have columns obs_x to obs_vz"
            raise source.complain("observer", given, wanted, todo) from error


def check_deflectors(names: Iterable[object] | None, source: Source) -> tuple[str, ...]:
    """Return the names of the deflecting bodies, or raise `ConfigError`."""
    if names is None:
        return DEFLECTORS
    found = []
    for name in names:
        if name not in BODIES:
            raise source.complain(
                "deflectors",
                f"the body {shown(name)} is unknown",
                f"some of {some(BODIES, 12)}",
                "correct or remove it",
            )
        found.append(str(name))
    return tuple(found)


def weather_of(config: AtmosphereConfig, source: Source) -> Weather | None:
    """Return the weather of a table ``[atmosphere]``, None without one."""
    values = {
        "pressure_hpa": config.pressure,
        "temperature_c": config.temperature,
        "humidity": config.humidity,
        "wavelength_um": config.wavelength,
    }
    absent = [key for key, value in values.items() if value is None]
    if len(absent) == len(values):
        return None
    if absent:
        raise source.below("atmosphere").complain(
            None,
            f"[atmosphere] lacks {some(absent)}",
            f"all of {some(values)}",
            "add them",
        )
    numbers = [float(v) for v in values.values() if v is not None]
    check_air(*numbers, where=source.place("atmosphere"))
    return Weather(*numbers)


def atmosphere_of(weather: Weather | None) -> AtmosphereConfig:
    """Return the keys that describe the weather."""
    if weather is None:
        return AtmosphereConfig()
    return AtmosphereConfig(
        weather.pressure, weather.temperature, weather.humidity, weather.wavelength
    )


def check_format(found: str, source: Source) -> None:
    """Raise `FileFormatError` for a format that is not `FORMAT`."""
    if found != FORMAT:
        raise FileFormatError(
            explain(
                given=f"the format is {found!r}",
                wanted=FORMAT,
                where=source.place("format"),
                todo="read it with the version of reseau that wrote it, or convert it",
            )
        )


def check_effects(effects: Iterable[object], source: Source) -> frozenset[str]:
    """Return the effects as a set, or raise `ConfigError` for an unknown one."""
    for effect in effects:
        if effect not in EFFECTS:
            raise source.complain(
                "effects",
                f"the effect {shown(effect)} is unknown",
                f"some of {some(sorted(EFFECTS))}",
                "correct or remove it",
            )
    return frozenset(str(e) for e in effects)


__all__ = [
    "EFFECTS",
    "FORMAT",
    "AtmosphereConfig",
    "DatasetConfig",
    "atmosphere_of",
    "check_deflectors",
    "check_effects",
    "check_format",
    "check_observer_name",
    "is_file",
    "require_dataset",
    "weather_of",
]
