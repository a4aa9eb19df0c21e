"""The file that says that a directory is being made piece by piece.

It is written before the first piece and removed after the last one, and says what the
directory is going to be, of what it is made, and which pieces are wanted. A run that
was killed is continued by the next one that says the same.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reseau.errors import FileFormatError, explain, some

INCOMPLETE = "incomplete.json"
"""Name of the file."""
FORMAT = "reseau-incomplete/1"
_LARGEST = 16 * 2**20
"""Bytes up to which it is looked into."""
_SHOWN = 5
"""How many differences between two runs a message names."""
_WIDTH = 60
"""Characters of a value in a message."""


@dataclass(frozen=True)
class Incomplete:
    """What a directory is going to be.

    Attributes
    ----------
    marks
        Files one of which will say what it is, once it is whole.
    identity
        What makes its content: options, seeds, digests; plain values.
    version
        Of reseau, which wrote it.
    pieces
        Names of the pieces, relative to the directory.
    """

    marks: tuple[str, ...]
    identity: Mapping[str, Any]
    version: str
    pieces: tuple[str, ...]

    def text(self) -> str:
        """Return the content of the file."""
        content = {
            "format": FORMAT,
            "version": self.version,
            "marks": list(self.marks),
            "identity": self.identity,
            "number_of_pieces": len(self.pieces),
            "pieces": list(self.pieces),
        }
        return json.dumps(content, indent=2, allow_nan=False) + "\n"

    def done(self, folder: Path) -> int:
        """Return how many pieces are there."""
        return sum((folder / name).exists() for name in self.pieces)


def incomplete(
    marks: Collection[str],
    identity: Mapping[str, Any],
    version: str,
    pieces: Sequence[str],
) -> Incomplete:
    """Return the record, its identity as it comes back from the file."""
    plain = json.loads(json.dumps(dict(identity), allow_nan=False))
    return Incomplete(tuple(sorted(marks)), plain, version, tuple(pieces))


def read_incomplete(folder: Path) -> Incomplete | None:
    """Return what a directory is going to be; None: it has no such file of ours."""
    file = folder / INCOMPLETE
    try:
        if not file.is_file() or file.stat().st_size > _LARGEST:
            return None
        content = json.loads(file.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            return None
        return Incomplete(
            tuple(map(str, content["marks"])),
            dict(content["identity"]),
            str(content["version"]),
            tuple(map(str, content["pieces"])),
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def differences(earlier: Incomplete, now: Incomplete) -> str:
    """Return in words what differs between two runs, key by key; empty: nothing."""
    both = [
        dict(_flat({"reseau": i.version, **i.identity, "pieces": _names(i.pieces)}))
        for i in (earlier, now)
    ]
    keys = list(dict.fromkeys([*both[0], *both[1]]))
    found = [
        f"{key} is {_shown(both[0], key)} there, {_shown(both[1], key)} now"
        for key in keys
        if both[0].get(key, _ABSENT) != both[1].get(key, _ABSENT)
    ]
    if earlier.marks != now.marks:
        found.insert(0, f"{some(earlier.marks)} there, {some(now.marks)} now")
    more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return "; ".join(found[:_SHOWN]) + more


_ABSENT = object()


def _names(pieces: tuple[str, ...]) -> str:
    return some(pieces, len(pieces))


def _flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Give the values of nested mappings with their keys joined by points."""
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


def _shown(values: Mapping[str, Any], key: str) -> str:
    if key not in values:
        return "absent"
    value = values[key]
    text = value if isinstance(value, str) and value else json.dumps(value)
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 3]}..."


def refuse_incomplete(folder: Path) -> None:
    """Raise `FileFormatError` for a directory of which pieces are missing.

    Parameters
    ----------
    folder
        A directory that is to be read.
    """
    if not (folder / INCOMPLETE).is_file():
        return
    found = read_incomplete(folder)
    how_far = ""
    if found is not None:
        how_far = f": {found.done(folder)} of {len(found.pieces)} pieces"
    raise FileFormatError(
        explain(
            given=f"{folder} is incomplete{how_far}",
            wanted="what a run has written to its end",
            where=str(folder / INCOMPLETE),
            todo="run the same command again to continue, or wait for the run that is "
            "writing there",
        )
    )


__all__ = [
    "INCOMPLETE",
    "Incomplete",
    "differences",
    "incomplete",
    "read_incomplete",
    "refuse_incomplete",
]
