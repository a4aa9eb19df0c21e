"""From a table as read to columns of ours: names, doubles, angles, epochs, numbers."""

from collections.abc import Collection, Mapping
from pathlib import Path

import pyarrow as pa

from reseau.errors import ReseauWarning, warn
from reseau.synonyms import certain_names
from reseau.tables.naming.column_names import Choice, choose_columns
from reseau.tables.naming.spelling import own_spellings, refuse_two_spellings
from reseau.tables.naming.unused import unused_of_catalogue, warn_of_unused
from reseau.tables.times.epochs import read_epochs
from reseau.tables.times.obstimes import with_obstime

from .angles import is_text, read_angles
from .frames import check_frame, with_stated_epoch
from .identifiers import read_identifiers


def interpreted(
    table: pa.Table,
    where: str | Path,
    *,
    choices: Mapping[str, Choice],
    known: Collection[str],
    option: str,
    by_synonyms: bool = False,
) -> pa.Table:
    """Return a table with our names, angles in degrees and epochs in years.

    Parameters
    ----------
    table
        As read.
    where
        For messages.
    choices
        What the user chose.
    known
        Names that mean something here.
    option
        Where columns are chosen, for messages.
    by_synonyms
        Whether columns that are surely one of ours are taken by another name.

    Warns
    -----
    ReseauWarning
        Columns were taken by other names; a format was recognised.
    """
    refuse_two_spellings(table, choices, known, where, option)
    taken = own_spellings(table.column_names, choices, known)
    if by_synonyms:
        taken |= _synonyms(table, {**taken, **choices}, known)
    _tell(taken, where, option)
    choices = {**taken, **choices}
    if by_synonyms:
        used = {*choices, *(c.column for c in choices.values())}
        unused = unused_of_catalogue(table.column_names, used, known)
        warn_of_unused(unused, where, one_exposure=False, option=option)
    table = choose_columns(table, choices, where, known=known, option=option)
    check_frame(table, where)
    table = read_epochs(read_angles(table, where), where)
    if "ref_epoch" not in known:
        return table
    return with_stated_epoch(with_obstime(table, where), where)


def _synonyms(
    table: pa.Table, choices: Mapping[str, Choice], known: Collection[str]
) -> dict[str, Choice]:
    """Return columns that are surely one of ours under another name."""
    chosen = {c.column for c in choices.values()}
    free = [n for n in table.column_names if n not in chosen]
    found = certain_names(free, [n for n in known if n not in choices])
    result = {}
    for name, synonym in found.items():
        own = table.schema.field(table.column_names.index(synonym.name)).metadata or {}
        unit = None if own.get(b"unit", b"").strip() else synonym.unit or None
        if name in ("ra", "dec") and is_text(table[synonym.name].type):
            unit = None  # hours and degrees are told by how they are written
        result[name] = Choice(synonym.name, unit)
    return result


def _tell(taken: Mapping[str, Choice], where: str | Path, option: str) -> None:
    """Say which columns were taken by other names."""
    if not taken:
        return
    told = [
        f"{name}={c.column}" + (f"[{c.unit}]" if c.unit and "[" not in c.column else "")
        for name, c in taken.items()
    ]
    warn(
        f"{where}: columns are taken by other names: {', '.join(told)}; choose "
        f"others with {option}",
        ReseauWarning,
    )


def with_integers(
    table: pa.Table, name: str, where: str | Path
) -> tuple[pa.Table, Mapping[int, str]]:
    """Return the table with a column of identifiers as integers, and their texts.

    Parameters
    ----------
    table
        With or without the column.
    name, where
        Column and file.
    """
    if name not in table.column_names:
        return table, {}
    found = read_identifiers(table[name], name, where)
    i = table.schema.get_field_index(name)
    field = pa.field(name, found.values.type, metadata=table.schema.field(i).metadata)
    return table.set_column(i, field, found.values), found.texts


__all__ = ["interpreted", "with_integers"]
