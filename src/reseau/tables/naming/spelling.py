"""Names of ours as people spell them: `RA`, `X`, `ra [deg]`, `Dec(deg)`."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path

import astropy.units as u
import pyarrow as pa

from reseau.errors import CatalogueError, explain, some
from reseau.tables.layouts import MEASUREMENTS, REFERENCE
from reseau.tables.unit_names import unit_of_name

from .column_names import Choice
from .repeated import equal_columns

_ELSEWHERE = ("is_reference", "fixed", "source_name", "ruwe")

SURE = (
    *("x", "y", "x_error", "y_error", "xy_corr"),
    *("exposure_id", "detector_id"),
    *(n for n in REFERENCE.names if n not in _ELSEWHERE),
)
"""Names that are these however they are spelt; EPOCH or FLAG may be something else."""

_UNIT = re.compile(r"\s*(?P<name>[^\[(]+?)\s*(?:\[(?P<a>[^\]]*)\]|\((?P<b>[^)]*)\))\s*")
_HOURS = ("h", "hr", "hour", "hours", "h:m:s", "hh:mm:ss")


def own_spellings(
    present: Collection[str], choices: Mapping[str, Choice], known: Collection[str]
) -> dict[str, Choice]:
    """Return which columns are ours but for capitals and a unit behind the name.

    Parameters
    ----------
    present
        Names in the table.
    choices
        What the user chose already.
    known
        Names that mean something here.

    Returns
    -------
    For each name of ours that is absent, its column, if there is one only.
    """
    chosen = {c.column for c in choices.values()}
    found: dict[str, list[Choice]] = {}
    for column in present:
        name, unit = _parts(column)
        if name in known and name in SURE and column not in chosen:
            found.setdefault(name, []).append(Choice(column, unit))
    return {
        name: candidates[0]
        for name, candidates in found.items()
        if len(candidates) == 1 and name not in present and name not in choices
    }


def refuse_two_spellings(
    table: pa.Table,
    choices: Mapping[str, Choice],
    known: Collection[str],
    where: str | Path,
    option: str,
) -> None:
    """Raise `CatalogueError` if `RA` and `ra` are both there and differ.

    Parameters
    ----------
    table
        As read.
    choices
        What the user chose already.
    known
        Names that mean something here.
    where, option
        File, and what chooses columns, for messages.
    """
    chosen = {c.column for c in choices.values()}
    present = [n for n in table.column_names if table.column_names.count(n) == 1]
    found: dict[str, str] = {}
    for other in present:
        name, _ = _parts(other)
        if name == other or name not in present or name not in known:
            continue
        if name not in SURE or name in choices or {other, name} & chosen:
            continue
        if not equal_columns(table[name], table[other]):
            found[name] = other
    if not found:
        return
    own, others = list(found), list(found.values())
    choice = ",".join(f"{n}={o}" for n, o in found.items())
    kept = ",".join(f"{n}={n}" for n in found)
    raise CatalogueError(
        explain(
            given=f"the table has {some(own)} and {some(others)}, and they differ",
            wanted="one column of each name, or a choice among them",
            where=str(where),
            todo=f'choose with {option} "{kept}" or "{choice}"',
        )
    )


def _parts(column: str) -> tuple[str, str | None]:
    """Return the name in small letters, and the unit in brackets behind it."""
    match = _UNIT.fullmatch(column)
    if match is None:
        return column.strip().lower(), None
    name, unit = match["name"].lower(), (match["a"] or match["b"] or "").strip()
    if name == "ra" and unit.lower().strip("\"'") in _HOURS:
        return name, "hourangle"
    # What stands in brackets may be an equinox, and then this is another quantity.
    return (name, unit) if unit and _can_be_of(name, unit) else (column, None)


def _can_be_of(name: str, unit: str) -> bool:
    """Return whether a quantity of ours can have this unit."""
    found = unit_of_name(unit)
    schema = MEASUREMENTS if name in MEASUREMENTS else REFERENCE
    if found is None or name not in schema:
        return False
    wanted = u.Unit(schema[name].unit or "")
    of_plane = name in ("x", "y", "x_error", "y_error")
    return found.is_equivalent(wanted) or (of_plane and found.is_equivalent(u.um))


__all__ = ["SURE", "own_spellings", "refuse_two_spellings"]
