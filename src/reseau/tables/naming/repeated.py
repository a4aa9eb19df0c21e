"""Columns that a table has twice, as a cross-match or a join leaves them."""

from collections.abc import Collection, Sequence
from pathlib import Path

import pyarrow as pa

from reseau.errors import CatalogueError, TableWarning, explain, some, warn

SPARE = ("mag", "colour", "phot_g_mean_mag", "phot_hw_mag", "bp_rp", "ruwe")
"""Columns that no solution needs: what is wrong with them keeps nobody."""


def settle_repeated(
    table: pa.Table, needed: Collection[str], where: str | Path, option: str
) -> pa.Table:
    """Return the table with each name once: copies are called ``name#2``, ``name#3``.

    Of copies that differ where the column is only nice to have, the first is called
    ``name#1``.

    Parameters
    ----------
    table
        As read.
    needed
        Names that will be used; a choice of ``name#1`` or ``name#2`` uses no `name`.
    where
        For messages.
    option
        What chooses columns, e.g. "--columns"; empty: nothing does.

    Raises
    ------
    CatalogueError
        Columns of one name that is needed hold different values.

    Warns
    -----
    TableWarning
        Columns that are not needed do so, and are left aside.
    """
    names = table.column_names
    if len(set(names)) == len(names):
        return table
    settled, differing = _counted(names), _differing(table, needed)
    spare = [name for name in differing if name in SPARE]
    differing = [name for name in differing if name not in SPARE]
    if spare and not differing:
        settled = [f"{n}#1" if n in spare else n for n in settled]
        choose = f"; choose with {option} {spare[0]}={spare[0]}#1" if option else ""
        warn(
            f"{where}: there is more than one column {some(spare)}, and they differ: "
            f"none of them is used{choose}",
            TableWarning,
        )
    if differing:
        # Where nothing chooses columns, the file has to be changed.
        choice = ",".join(f"{n}={n}#2" for n in differing)
        first = ",".join(f"{n}={n}#1" for n in differing)
        raise CatalogueError(
            explain(
                given=f"the table has more than one column {some(differing)}, and they "
                "differ",
                wanted="one column of each name, or a choice among them",
                where=str(where),
                todo=f'choose with {option} "{first}" or "{choice}", or rename columns'
                if option
                else "rename or remove one of them",
            )
        )
    return table.rename_columns(settled)


def _counted(names: Sequence[str]) -> list[str]:
    """Return names of which the second of a kind is ``name#2``."""
    seen: dict[str, int] = {}
    counted = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        counted.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return counted


def _differing(table: pa.Table, needed: Collection[str]) -> list[str]:
    """Return the needed names of which a later column is not as the first."""
    names = table.column_names
    differing: list[str] = []
    for i, name in enumerate(names):
        first = names.index(name)
        if i == first or name not in needed or name in differing:
            continue
        if not equal_columns(table.column(first), table.column(i)):
            differing.append(name)
    return differing


def leave_aside(error: Exception, where: str | Path) -> None:
    """Warn that a column of `SPARE` is not used.

    Parameters
    ----------
    error
        What is wrong with it, as `errors.explain` says it.
    where
        For the message.

    Warns
    -----
    TableWarning
        Always.
    """
    given = " ".join(str(error).split("\n  wanted:")[0].split())
    warn(
        f"{where}: {given}; the column is left aside, since no solution needs it",
        TableWarning,
    )


def equal_columns(a: pa.ChunkedArray, b: pa.ChunkedArray) -> bool:
    """Return whether two columns hold the same; what is missing in both is equal."""
    if a.type != b.type or a.null_count != b.null_count:
        return False
    if pa.types.is_floating(a.type):  # NaN is missing on both sides
        a, b = a.fill_null(float("nan")), b.fill_null(float("nan"))
        x, y = a.to_numpy(), b.to_numpy()
        return bool(((x == y) | ((x != x) & (y != y))).all())
    return bool(a.equals(b))


__all__ = ["SPARE", "equal_columns", "leave_aside", "settle_repeated"]
