"""Which exposure a row of a single table belongs to, and where that one pointed.

The exposure is `exposure_id`, else `field`, else the tuple (`field_id`, `block_id`,
`plate_id`) as far as present, else all rows are one exposure. A pointing table may
write `field`, `block` and `plate` for the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reseau.errors import CatalogueError, explain, missing_columns_error, some
from reseau.tables import validate
from reseau.tables.columns import Column, TableSchema
from reseau.tables.identifiers import read_identifiers
from reseau.tables.layouts import EXPOSURES

_TUPLE = ("field_id", "block_id", "plate_id")
_SPELLINGS = {
    "exposure_id": ("exposure_id",),
    "field_id": ("field_id", "field"),
    "block_id": ("block_id", "block"),
    "plate_id": ("plate_id", "plate"),
}

_POINTINGS = TableSchema(
    "pointings",
    (
        replace(EXPOSURES["epoch"], required=False),
        *(EXPOSURES[name] for name in ("ra", "dec", "pa")),
        *(EXPOSURES[f"{name}_error"] for name in ("ra", "dec", "pa")),
    ),
)


@dataclass(frozen=True)
class ExposureKeys:
    """The exposures of a table.

    Attributes
    ----------
    names
        What tells them apart: columns of the pointing table; none: one exposure.
    keys
        Value of those columns for each exposure.
    row
        Row of the exposure of each measurement.
    texts
        For each of `names`, what its numbers stand for, where they were text.
    """

    names: tuple[str, ...]
    keys: NDArray
    row: NDArray
    texts: tuple[Mapping[int, str], ...] = ()

    @property
    def ids(self) -> NDArray:
        """Identifiers: the value itself where one column tells, else 0, 1, 2, ..."""
        if len(self.names) == 1:
            return self.keys[:, 0]
        return np.arange(len(self.keys))

    @property
    def labels(self) -> list[str]:
        """What each exposure is called in messages."""
        texts = self.texts or tuple({} for _ in self.names)
        return [
            " ".join(
                f"{n} {t.get(int(v), v)}"
                for n, v, t in zip(self.names, key, texts, strict=True)
            )
            or "all"
            for key in self.keys
        ]

    @property
    def named(self) -> dict[int, str]:
        """What the identifiers stand for, where they were text."""
        if len(self.names) == 1:
            return dict(self.texts[0]) if self.texts else {}
        if not any(self.texts):
            return {}
        return dict(zip(self.ids.tolist(), self.labels, strict=True))


def exposure_keys(table: pa.Table, where: str | Path) -> ExposureKeys:
    """Tell the exposures of a table of detections apart.

    Parameters
    ----------
    table
        Of detections.
    where
        For messages.
    """
    present = table.column_names
    columns = next((c for c in ("exposure_id", "field") if c in present), None)
    found = [columns] if columns else [c for c in _TUPLE if c in present]
    if not found:
        n = table.num_rows
        return ExposureKeys((), np.zeros((1, 0), np.int64), np.zeros(n, np.int64))
    values, texts = _integers(table, found, where)
    keys, row = np.unique(values, axis=0, return_inverse=True)
    names = tuple("field_id" if c == "field" else c for c in found)
    return ExposureKeys(names, keys, row.reshape(-1), texts)


def _integers(
    table: pa.Table,
    names: Sequence[str],
    where: str | Path,
    known: Sequence[Mapping[int, str]] = (),
) -> tuple[NDArray, tuple[Mapping[int, str], ...]]:
    columns, texts = {}, []
    for i, name in enumerate(names):
        taken = {text: n for n, text in known[i].items()} if known else None
        column = _times_as_text(table[name], bool(taken))
        found = read_identifiers(column, name, where, known=taken, in_order=not taken)
        columns[name] = found.values
        texts.append(found.texts)
    schema = TableSchema(
        "detections", tuple(Column(n, "int64", "", "exposure") for n in names)
    )
    checked = validate(pa.table(columns), schema, where=where)
    values = np.stack([checked[n].to_numpy() for n in names], axis=1)
    return values, tuple(texts)


def _times_as_text(column: pa.ChunkedArray, known: bool) -> pa.ChunkedArray:
    # Exposures may be told apart by their epochs: numbers with fractions, each often.
    if not pa.types.is_floating(column.type):
        return column
    values = np.asarray(column.to_numpy(), float)
    different = np.unique(values)
    if not np.isfinite(values).all() or not np.any(different != np.rint(different)):
        return column
    if not known and 2 * len(different) > len(values):
        return column
    return pa.chunked_array([pa.array([repr(v) for v in values.tolist()])])


def read_pointings(
    table: pa.Table, exposures: ExposureKeys, where: str | Path
) -> dict[str, NDArray]:
    """Return the estimated attitude of each exposure.

    Parameters
    ----------
    table
        Columns ra, dec, pa [deg], and those that tell the exposures apart; optional
        `epoch` [yr] and `ra_error`, `dec_error`, `pa_error` [arcsec]. Rows of other
        exposures are left aside.
    exposures
        Of the measurements.
    where
        For messages.

    Returns
    -------
    Columns with one row an exposure.

    Raises
    ------
    CatalogueError
        A column or an exposure is missing, or an exposure has two pointings.
    """
    checked = validate(table, _POINTINGS, where=where)
    given = _pointing_keys(table, exposures, where)
    row = _match(given, exposures, where)
    found = [n for n in _POINTINGS.names if n in checked.column_names]
    return {name: checked[name].to_numpy()[row] for name in found}


def _pointing_keys(
    table: pa.Table, exposures: ExposureKeys, where: str | Path
) -> NDArray:
    chosen: list[str] = []
    if table.num_rows == 1 and len(exposures.keys) == 1:
        spellings = {s for name in exposures.names for s in _SPELLINGS[name]}
        if not spellings & {*table.column_names}:
            return exposures.keys  # the only pointing, of the only exposure
    for name in exposures.names:
        spelling = next((s for s in _SPELLINGS[name] if s in table.column_names), None)
        if spelling is None:
            what = "the pointing table"
            raise missing_columns_error([name], table.column_names, what, where)
        chosen.append(spelling)
    if not chosen:
        return np.zeros((table.num_rows, 0), np.int64)
    return _integers(table, chosen, where, exposures.texts)[0]


def _match(given: NDArray, exposures: ExposureKeys, where: str | Path) -> NDArray:
    rows: dict[tuple[int, ...], list[int]] = {}
    for i, key in enumerate(map(tuple, given)):
        rows.setdefault(key, []).append(i)
    found = [rows.get(tuple(key), []) for key in exposures.keys]
    for wrong, what in (
        ([not f for f in found], "no pointing"),
        ([len(f) > 1 for f in found], "more than one pointing"),
    ):
        labels = [
            label for label, bad in zip(exposures.labels, wrong, strict=True) if bad
        ]
        if labels:
            raise CatalogueError(
                explain(
                    given=f"{len(labels)} of {len(found)} exposures have {what}",
                    wanted="one row of the pointing table for each exposure",
                    where=f"{where}, exposures {some(labels)}",
                    todo="add or remove rows of the pointing table",
                )
            )
    return np.array([f[0] for f in found])


__all__ = ["ExposureKeys", "exposure_keys", "read_pointings"]
