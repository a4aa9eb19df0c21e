"""Which plates of a dataset are meant, of `all` or numbers and ranges."""

import re
from collections.abc import Iterable, Sequence

import numpy as np

from reseau.datasets.measurements import no_such_plate
from reseau.errors import ConfigError, explain

ALL = "all"
_RANGE = re.compile(r"(-?\d+)(?:-(-?\d+))?")


def chosen_plates(
    wanted: str | int | Sequence[int], known: Sequence[int], where: str
) -> list[int]:
    """Return the ids of plates that are meant, ascending and each once.

    Parameters
    ----------
    wanted
        "all"; ids and ranges with both ends, ``"0-9,12"``; or ids.
    known
        Those that there are.
    where
        The dataset, for messages.

    Raises
    ------
    ConfigError
        It is none of these, or there is no such plate.

    Examples
    --------
    >>> chosen_plates("0-2,7", range(10), "survey")
    [0, 1, 2, 7]
    """
    if isinstance(wanted, str) and wanted.strip() == ALL:
        return sorted(known)
    among = sorted(known)
    ids = set(among)
    found: set[int] = set()
    for first, last in _ranges(wanted):
        inside = [p for p in among if first <= p <= last]
        # Of a range the ends are there: 0-9 of a survey of 5 is a slip.
        for end in (first, last):
            if end not in ids:
                raise no_such_plate(end, among, where)
        found.update(inside)
    return sorted(found)


def _ranges(wanted: str | int | Sequence[int]) -> list[tuple[int, int]]:
    if isinstance(wanted, str):
        parts = [part.strip() for part in wanted.split(",")]
        matches = [_RANGE.fullmatch(part) for part in parts]
        found = []
        for part, match in zip(parts, matches, strict=True):
            if match is None:
                raise _not_plates(part or wanted)
            first = int(match[1])
            last = first if match[2] is None else int(match[2])
            if last < first:
                raise _not_plates(part)
            found.append((first, last))
        return found
    ids = list(wanted) if isinstance(wanted, Iterable) else [wanted]
    if not ids or not all(map(_is_id, ids)):
        raise _not_plates(wanted)
    return [(int(p), int(p)) for p in ids]


def _is_id(value: object) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _not_plates(given: object) -> ConfigError:
    return ConfigError(
        explain(
            given=f"plates {given!r:.60}",
            wanted='"all", or ids and ranges with the smaller end first, as 0-9,12',
            where="--plates",
            todo="correct the option",
        )
    )


__all__ = ["ALL", "chosen_plates"]
