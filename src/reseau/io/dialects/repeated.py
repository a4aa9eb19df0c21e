"""Columns of the same name in one table: merged, renamed, or refused."""

from collections import Counter
from collections.abc import Collection
from pathlib import Path

import pyarrow as pa

from reseau import schema
from reseau.errors import CatalogueError, explain, some
from reseau.schema import TableSchema

_SCHEMAS = [v for v in vars(schema).values() if isinstance(v, TableSchema)]
MEANINGFUL = {name for each in _SCHEMAS for name in each.names} | {
    "catalog_id",
    "field",
}
"""Names that mean something: none of these is ever renamed."""


def each_name_once(table: pa.Table, path: Path, notes: list[str]) -> pa.Table:
    """Return the table with names that are unique.

    Parameters
    ----------
    table
        As read. Columns of one name and the same values become one. Others get
        numbers after their names, which a user can choose from, unless the name has
        a meaning here.
    path
        For messages.
    notes
        What a user should know is added here.

    Raises
    ------
    CatalogueError
        A column that means something is there more than once, with other values.
    """
    names = table.column_names
    repeated = [name for name, n in Counter(names).items() if n > 1]
    if not repeated:
        return table
    dropped: set[int] = set()
    new_names = list(names)
    for name in repeated:
        first, *others = (i for i, n in enumerate(names) if n == name)
        equal = [i for i in others if _equal(table, first, i)]
        dropped.update(equal)
        different = [i for i in others if i not in equal]
        if different and name in MEANINGFUL:
            raise _refused(name, 1 + len(different), path)
        for n, i in enumerate(different, start=2):
            new_names[i] = _free_name(f"{name}_{n}", new_names)
        if different:
            given = ", ".join([name, *(new_names[i] for i in different)])
            notes.append(f"has {1 + len(different)} columns {name}; they are {given}")
    if merged := sorted({names[i] for i in dropped}):
        notes.append(f"has more than one column {some(merged)}, the same in every row")
    kept = [i for i in range(len(names)) if i not in dropped]
    fields = [table.schema.field(i).with_name(new_names[i]) for i in kept]
    arrays = [table.column(i) for i in kept]
    return pa.Table.from_arrays(
        arrays, schema=pa.schema(fields, metadata=table.schema.metadata)
    )


def _equal(table: pa.Table, i: int, j: int) -> bool:
    a, b = table.column(i), table.column(j)
    return bool(a.equals(b)) and table.schema.field(i).metadata == (
        table.schema.field(j).metadata
    )


def _free_name(name: str, taken: Collection[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _refused(name: str, n: int, path: Path) -> CatalogueError:
    return CatalogueError(
        explain(
            given=f"the table has more than one column {name}: {n}, and their values "
            "differ",
            wanted="each name once",
            where=f"{path}, column {name}",
            todo="rename or remove the one that is not meant",
        )
    )


__all__ = ["MEANINGFUL", "each_name_once"]
