"""What reseau wrote: known by what is in it, not by its name."""

import json
import tomllib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from reseau._writing import final_name, is_temporary

from .incomplete import INCOMPLETE, read_incomplete

_INSTRUMENT = "instrument.toml"
_LARGEST_MARK = 16 * 2**20
"""Bytes up to which a file is looked into that might say whose a directory is."""


@dataclass(frozen=True)
class Kind:
    """A kind of directory that reseau writes.

    Attributes
    ----------
    name
        What it is called in messages.
    mark
        The file that says what the directory is.
    format
        How the format begins that this file names.
    read
        How to read it.
    files
        Patterns of all files that may be in it.
    """

    name: str
    mark: str
    format: str
    read: Callable[[str], Any]
    files: tuple[str, ...]


SOLUTION = Kind(
    "solution",
    "summary.json",
    "reseau-solution/",
    json.loads,
    (
        *(
            f"{name}.parquet"
            for name in ("sources", "exposures", "calibration", "residuals")
        ),
        *("calibration_covariance.parquet", _INSTRUMENT, "summary.json"),
        *("posterior.npz", "draws.npz", "information.npz"),
    ),
)
SURVEY_SOLUTION = Kind(
    "solution of a survey",
    "summary.json",
    "reseau-survey-solution/",
    json.loads,
    (
        *("summary.json", "plates.parquet"),
        *(f"plates/plate_id=*/{name}" for name in SOLUTION.files),
    ),
)
DATASET = Kind(
    "dataset",
    "dataset.toml",
    "reseau-dataset/",
    tomllib.loads,
    (
        *("dataset.toml", _INSTRUMENT, "exposures.parquet", "reference.parquet"),
        *("measurements.parquet", "measurements/plate_id=*/*.parquet"),
        *("truth/sources.parquet", "truth/exposures.parquet", f"truth/{_INSTRUMENT}"),
        *("truth/sources/plate_id=*/*.parquet", "truth/instruments/plate_id=*.toml"),
        "truth/survey.toml",
    ),
)
CATALOGUE = Kind(
    "catalogue of many plates",
    "summary.json",
    "reseau-catalogue/",
    json.loads,
    (
        *("summary.json", "shared_modes.npz"),
        *(f"{name}.parquet" for name in ("catalogue", "plates", "epochs", "datum")),
    ),
)
PIECES = Kind(
    "table in pieces",
    "pieces.json",
    "reseau-pieces/",
    json.loads,
    ("pieces.json", "piece-*.parquet", "piece-*.split", "piece-*.job"),
)
MOCK = Kind(
    "mock catalogue",
    "summary.json",
    "reseau-mock/",
    json.loads,
    (
        *("summary.json", "catalogue.parquet", "tiles/*.parquet"),
        *("colour_magnitude.png", "counts.png", "motions.png"),
    ),
)
KINDS = (SOLUTION, SURVEY_SOLUTION, CATALOGUE, DATASET, PIECES, MOCK)
"""Kinds of directories; some share a mark, and its format tells them apart."""


def why_not_ours(folder: Path, marks: Collection[str]) -> str | None:
    """Return why a directory may not be replaced, None where it may.

    Parameters
    ----------
    folder
        A directory.
    marks
        Of `KINDS`, those that may be replaced.
    """
    if not any(folder.iterdir()):
        return None
    if (folder / INCOMPLETE).is_file():
        return _why_not_begun_by_us(folder, marks)
    kinds = [k for k in KINDS if k.mark in marks and (folder / k.mark).is_file()]
    if not kinds:
        return f"it holds no {' or '.join(marks)}"
    for kind in kinds:
        content = _content(folder / kind.mark, kind)
        if content is not None:
            foreign = foreign_files(folder, kind, content)
            return _of_others(foreign, kind.name) if foreign else None
    return f"its {kinds[0].mark} is not one that reseau wrote"


def _why_not_begun_by_us(folder: Path, marks: Collection[str]) -> str | None:
    """Return the same of a directory that is being made piece by piece."""
    found = read_incomplete(folder)
    if found is None:
        return f"its {INCOMPLETE} is not one that reseau wrote"
    if not set(found.marks) <= set(marks):
        return f"it is going to hold {' or '.join(found.marks)}"
    foreign = foreign_pieces(folder, found.marks)
    return _of_others(foreign, "such output") if foreign else None


def _of_others(foreign: list[str], name: str) -> str:
    return f"it holds what is no part of a {name}: {_some(foreign)}"


def foreign_pieces(folder: Path, marks: Collection[str]) -> list[str]:
    """Return what in an incomplete directory is no piece, nor on the way to one.

    Parameters
    ----------
    folder
        The directory.
    marks
        Of `KINDS`, what it may become.
    """
    patterns = [p for kind in KINDS if kind.mark in marks for p in kind.files]
    parts = [pattern.split("/") for pattern in [*patterns, INCOMPLETE]]

    def belongs(name: str, known: bool) -> bool:
        return known or any(
            any(_fits(n, p[: len(n)]) for p in parts) for n in _whole(name.split("/"))
        )

    entries = _entries(folder, [*patterns, INCOMPLETE])
    return [name for name, known in entries if not belongs(name, known)]


def _whole(name: list[str]) -> Iterator[list[str]]:
    """Give what a file below a temporary is going to be called; nothing for others."""
    for i, part in enumerate(name):
        if is_temporary(part):
            # Some writers make a temporary within the one that they are given.
            below = [n for n in name[i + 1 :] if n and not is_temporary(n)]
            yield [*name[:i], final_name(Path(part)), *below]
            yield [*name[:i], *below]


def _content(mark: Path, kind: Kind) -> dict[str, Any] | None:
    """Return what a mark says, or None where it does not name the kind's format."""
    try:
        if mark.stat().st_size > _LARGEST_MARK:
            return None
        content = kind.read(mark.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(content, dict):
        return None
    return content if str(content.get("format")).startswith(kind.format) else None


def is_of_kind(folder: Path, kind: Kind) -> bool:
    """Return whether a directory's mark says that it is of a kind.

    Parameters
    ----------
    folder
        The directory.
    kind
        One of `KINDS`.
    """
    return _content(folder / kind.mark, kind) is not None


def foreign_files(folder: Path, kind: Kind, content: dict[str, Any]) -> list[str]:
    """Return what in a directory is no file of its kind, links among it.

    Parameters
    ----------
    folder
        The directory.
    kind
        What it is.
    content
        What its mark says: a dataset names the table of its observer.
    """
    patterns = [*kind.files]
    observer = content.get("observer")
    if kind is DATASET and isinstance(observer, str) and "/" not in observer:
        patterns += [observer] if "." in observer and "*" not in observer else []
    return [name for name, known in _entries(folder, patterns) if not known]


def is_rest(folder: Path) -> bool:
    """Return whether a killed run's temporary holds nothing but files of ours."""
    if any(why_not_ours(folder, [kind.mark]) is None for kind in KINDS):
        return True
    patterns = [INCOMPLETE, *(p for kind in KINDS for p in kind.files)]
    single = final_name(folder)
    return all(
        known or name == single or any(map(is_temporary, name.split("/")))
        for name, known in _entries(folder, patterns)
    )


def _entries(folder: Path, patterns: list[str]) -> Iterator[tuple[str, bool]]:
    """Give each file and empty directory below a folder, and whether it is known."""
    parts = [pattern.split("/") for pattern in patterns]
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not path.is_dir():
            plain = path.is_file() and not path.is_symlink()
            yield name, plain and any(_fits(name.split("/"), p) for p in parts)
        elif not any(_fits(name.split("/"), p[:-1]) for p in _above(parts)):
            yield f"{name}/", False


def _above(parts: list[list[str]]) -> list[list[str]]:
    """Return patterns of directories, each with a part more for the file in it."""
    return [p[:n] for p in parts for n in range(2, len(p) + 1)]


def _fits(name: list[str], pattern: list[str]) -> bool:
    return len(name) == len(pattern) and all(map(fnmatchcase, name, pattern))


def _some(names: list[str], n: int = 5) -> str:
    more = f" and {len(names) - n} more" if len(names) > n else ""
    return ", ".join(names[:n]) + more


_STARTS: dict[str, tuple[bytes, ...]] = {
    ".parquet": (b"PAR1",),
    ".png": (b"\x89PNG\r\n\x1a\n",),
    ".pdf": (b"%PDF-",),
    ".npz": (b"PK\x03\x04",),
    **dict.fromkeys((".nc", ".nc4", ".netcdf"), (b"\x89HDF\r\n\x1a\n", b"CDF")),
    ".fits": (b"SIMPLE  =",),
    ".ecsv": (b"# %ECSV",),
    **dict.fromkeys((".vot", ".votable", ".xml"), (b"<?xml", b"<VOTABLE")),
}
"""How files begin that are what their suffix says."""

_WRITTEN = (*_STARTS, ".csv", ".toml", ".adql")
"""Suffixes of the files that reseau writes."""


def why_not_replaced(file: Path) -> str | None:
    """Return why not even ``overwrite`` replaces a file, None where it does.

    It does where the file is of a format that reseau writes, by its name and by its
    first bytes, or empty.

    Parameters
    ----------
    file
        A file that exists.
    """
    if not file.is_file():
        return "it is no plain file"
    if file.stat().st_size == 0:
        return None
    suffix = file.suffix.lower()
    if suffix not in _WRITTEN:
        return f"reseau writes no files *{suffix or file.name}"
    with file.open("rb") as content:
        start = content.read(512)
    begins = _STARTS.get(suffix)
    if begins is None:
        return "it is no text" if b"\0" in start else None
    if start.startswith(begins):
        return None
    return f"its content is not what *{suffix} files hold"


__all__ = [
    "DATASET",
    "KINDS",
    "MOCK",
    "PIECES",
    "SOLUTION",
    "SURVEY_SOLUTION",
    "Kind",
    "foreign_files",
    "foreign_pieces",
    "is_of_kind",
    "is_rest",
    "why_not_ours",
    "why_not_replaced",
]
