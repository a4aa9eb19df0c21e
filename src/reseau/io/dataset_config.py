# The calls in the class body declare fields, as dataclasses.field does.
# ruff: noqa: RUF009
"""Keys of ``dataset.toml`` and what they may say."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from reseau.config import Source, entry, shown
from reseau.errors import FileFormatError, explain, some
from reseau.io.atomic import DATASET_MARKS, SOLUTION_MARKS

FORMAT = "reseau-dataset/1"
EFFECTS = frozenset({"aberration", "deflection", "refraction"})
OBSERVERS = ("geocentre",)
"""Observers that are computed from the epochs."""


@dataclass(frozen=True)
class DatasetConfig:
    """Keys of ``dataset.toml``."""

    format: str = entry("format", str)
    name: str = entry("name", str)
    instrument: str = entry("instrument", str, default="instrument.toml")
    description: str | None = entry("description", str, default=None)
    effects: list | None = entry("effects", list, default=None)
    observer: str | None = entry("observer", str, default=None)


def require_dataset(folder: Path) -> None:
    """Raise `FileFormatError` if a directory is not a dataset, or is a solution."""
    if (folder / DATASET_MARKS[0]).exists():
        return
    is_solution = any((folder / mark).exists() for mark in SOLUTION_MARKS)
    raise FileFormatError(
        explain(
            given=f"{folder} is a solution"
            if is_solution
            else f"{folder} is no dataset (it has no {DATASET_MARKS[0]})",
            wanted=f"a directory with a {DATASET_MARKS[0]}",
            where=str(folder),
            todo="name the dataset that was solved"
            if is_solution
            else "correct the name",
        )
    )


def check_observer_name(observer: str | None, source: Source) -> None:
    """Raise `ConfigError` for an observer that is none of `OBSERVERS`."""
    if observer is not None and observer not in OBSERVERS:
        raise source.complain(
            "observer",
            f"the observer {observer!r} cannot be computed",
            f"{some(OBSERVERS)}, or no such key",
            "compute the states of an orbit or a site beforehand and store them in "
            "the columns obs_x to obs_vz of the exposures, without this key",
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
    "OBSERVERS",
    "DatasetConfig",
    "check_effects",
    "check_format",
    "check_observer_name",
    "require_dataset",
]
