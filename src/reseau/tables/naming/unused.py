"""Columns that look meant but are not used, named once."""

from collections.abc import Collection
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from reseau.errors import ReseauWarning, some, warn
from reseau.synonyms import OF_BOTH, called, of_joins, synonym_of
from reseau.tables.layouts import REFERENCE

from .column_names import GROUPS

_MEASURED = (
    "exposure_id",
    "detector_id",
    "source_id",
    "x_error",
    "y_error",
    "epoch",
    "flag",
)
_SKY = tuple(
    n for n in REFERENCE.names if n not in ("is_reference", "fixed", "source_name")
)

_REQUIRED = ("source_id", "ref_epoch", "ra", "dec")


def unused_columns(
    table: pa.Table, chosen: Collection[str], *, sky: bool
) -> dict[str, str]:
    """Return columns that look meant but are not used, and what they look like.

    Parameters
    ----------
    table
        With our names.
    chosen
        Columns that were given another name.
    sky
        Whether positions and motions of the sources are wanted from this table.
    """
    present = table.column_names
    free = [n for n in present if n not in chosen]
    found: dict[str, str] = {}
    for name in _absent(present, sky=sky):
        for column in called(name, free) or of_joins(name, free):
            if column in found or column in REFERENCE:
                continue
            if name in ("exposure_id", "detector_id") and _is_constant(table[column]):
                continue
            found[column] = name
    return found


def _absent(present: Collection[str], *, sky: bool) -> list[str]:
    """Return names that a table lacks, but for those that another one stands for."""
    absent = [n for n in _MEASURED if n not in present]
    if "source_id" in absent and "catalog_id" in present:
        absent.remove("source_id")
    if "exposure_id" in absent and set(GROUPS) & set(present):
        absent.remove("exposure_id")
    if sky and {"ra", "dec"} <= set(present):
        absent += [n for n in _SKY if n not in present and n not in _MEASURED]
    elif sky:
        absent += ["ra", "dec"]
    return absent


def _is_constant(column: pa.ChunkedArray) -> bool:
    return bool(pc.count_distinct(column, mode="all").as_py() < 2)


def unused_of_catalogue(
    present: Collection[str], used: Collection[str], known: Collection[str]
) -> dict[str, str]:
    """Return columns of a catalogue that look meant, but are not certain to be.

    Parameters
    ----------
    present
        Names in the table.
    used
        Those that are taken, and names here that are known without them.
    known
        Names here.
    """
    free = [n for n in present if n not in used]
    # Of what must be there, an error tells the candidates.
    wanted = [n for n in known if n in _SKY and n not in _REQUIRED]
    absent = [n for n in wanted if n not in used and n not in present]
    found = {column: name for name in absent for column in called(name, free)}
    if "ref_epoch" in known and not {"ref_epoch"} & {*used, *present}:
        # When stars stood there is all that an epoch of a catalogue can be.
        names = [n for n in free if n.lower() == "epoch"]
        found |= dict.fromkeys([*names, *called("ref_epoch", free)], "ref_epoch")
    return found


def warn_of_unused(
    found: dict[str, str],
    where: str | Path,
    *,
    one_exposure: bool,
    option: str = "--columns",
) -> None:
    """Name the columns that look meant, and how to use them.

    Parameters
    ----------
    found
        As of `unused_columns`.
    where
        For messages.
    one_exposure
        Whether all rows are taken as one exposure.
    option
        What chooses columns.
    """
    if not found:
        return
    shown = []
    for column, name in found.items():
        synonym = synonym_of(column)
        note = f", {synonym.note}" if synonym is not None and synonym.note else ""
        shown.append(f"{column} ({name}?{note})")
    first: dict[str, str] = {}
    for column, name in found.items():
        first.setdefault(name, column)
    if "x_error" in first and "y_error" not in first:
        of_x = synonym_of(first["x_error"])
        if of_x is not None and of_x.note == OF_BOTH:
            first["y_error"] = first["x_error"]
    choice = ",".join(
        f"{name}={column}{_time_format(name, column)}" for name, column in first.items()
    )
    all_one = "all rows are taken as one exposure; " if one_exposure else ""
    if "exposure_id" not in found.values():
        all_one = ""
    warn(
        f"{where}: columns that look meant are not used: {some(shown, 12)}; {all_one}"
        f'if they are, say {option} "{choice}"',
        ReseauWarning,
    )


def _time_format(name: str, column: str) -> str:
    """Return the format of an epoch that a column's name says, in brackets."""
    found = synonym_of(column)
    if name not in ("epoch", "ref_epoch") or found is None or not found.unit:
        return ""
    return f"[{found.unit}]"


__all__ = ["unused_columns", "unused_of_catalogue", "warn_of_unused"]
