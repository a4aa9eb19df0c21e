"""What a catalogue may hold before it is moved; impossible values name row and value.

The limits are those of the schema; NaN means missing and is refused only where a
star cannot be moved without the value.
"""

from collections.abc import Collection, Mapping

import numpy as np
from numpy import ndarray

from reseau.constants import AU_PER_YEAR, SPEED_OF_LIGHT
from reseau.errors import CatalogueError, explain, missing_columns_error
from reseau.tables.belonging import check_halves
from reseau.tables.columns import Column
from reseau.tables.layouts import CATALOGUE

from .parameters import CORRELATIONS, PARAMETERS, plain_column

NEEDED = ("ref_epoch", "ra", "dec")
"""Without these a star cannot be moved."""

SHOWN = 5
"""How many rows a message names."""


def check_values(
    columns: Mapping[str, ndarray],
    where: str,
    *,
    needed: tuple[str, ...] = NEEDED,
    present: Collection[str] | None = None,
) -> None:
    """Refuse what no star can have, and what cannot be moved.

    Parameters
    ----------
    columns
        Plain columns in the schema's units; NaN: missing.
    where
        The catalogue's name, for messages.
    needed
        Columns of which no value may be missing.
    present
        Names of all columns of the table, for messages, if there are others.

    Raises
    ------
    CatalogueError
        A column that is needed is absent, or a value is impossible; the message names
        rows and values.
    """
    absent = [name for name in needed if name not in columns]
    if absent:
        raise missing_columns_error(absent, present or columns, "the table", where)
    check_halves(columns, where)
    errors = [f"{name}_error" for name in PARAMETERS]
    for name in (*NEEDED, *PARAMETERS[2:], *errors, *CORRELATIONS):
        if name in columns and name in CATALOGUE:
            _check_column(columns, CATALOGUE[name], where, name in needed)


def _check_column(
    columns: Mapping[str, ndarray], column: Column, where: str, needed: bool
) -> None:
    values = columns[column.name]
    good = column.accepts(values)
    if not needed:
        good |= np.isnan(values)
    wanted = f"{column.wanted('')} [{column.unit}]"
    _refuse_rows(~good, columns, column.name, wanted, where)


def check_speeds(columns: Mapping[str, ndarray], where: str) -> None:
    """Refuse stars that would be faster than light whatever their parallax's error.

    Parameters
    ----------
    columns, where
        As in `check_values`.

    Notes
    -----
    A transverse speed counts as impossible when the parallax is measured and the speed
    would reach that of light even if the parallax were greater by five of its errors.
    Else it is the parallax that says nothing, as of many faint stars.
    """
    n = len(columns["ra"])
    parallax = plain_column(columns, "parallax", n)
    highest = parallax + 5.0 * np.nan_to_num(plain_column(columns, "parallax_error", n))
    proper = np.hypot(
        plain_column(columns, "pmra", n), plain_column(columns, "pmdec", n)
    )
    radial = np.nan_to_num(plain_column(columns, "radial_velocity", n))
    with np.errstate(divide="ignore", invalid="ignore"):
        speed = np.hypot(proper / highest * AU_PER_YEAR, radial)
    bad = (parallax > 0.0) & (speed >= SPEED_OF_LIGHT)
    _refuse_rows(
        bad,
        {**columns, "speed": speed},
        "speed",
        f"a speed below {SPEED_OF_LIGHT:g} [km/s] (of parallax, proper motion and "
        "radial velocity) when light_time is on",
        where,
    )


def _refuse_rows(
    bad: ndarray, columns: Mapping[str, ndarray], name: str, wanted: str, where: str
) -> None:
    if not bad.any():
        return
    rows = np.flatnonzero(bad)
    shown = [_row(columns, int(row), name) for row in rows[:SHOWN]]
    more = f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
    raise CatalogueError(
        explain(
            given=f"{name} is impossible or missing in {len(rows)} rows: "
            f"{', '.join(shown)}{more}",
            wanted=wanted,
            where=where,
            todo="correct these rows or leave them away",
        )
    )


def _row(columns: Mapping[str, ndarray], row: int, name: str) -> str:
    text = f"row {row}"
    if "source_id" in columns:
        text += f" (source_id {columns['source_id'][row]})"
    return f"{text} has {float(columns[name][row])!r}"


__all__ = ["check_speeds", "check_values"]
