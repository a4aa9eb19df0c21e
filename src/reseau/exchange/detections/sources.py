"""Which source a row of a single table belongs to, and what it says of that source."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reseau.datasets.dataset import check_reference
from reseau.errors import CatalogueError, ReseauWarning, explain, some, warn
from reseau.synonyms import called, of_joins, synonym_of
from reseau.tables import validate
from reseau.tables.columns import Column, TableSchema
from reseau.tables.identifiers import read_identifiers
from reseau.tables.layouts import REFERENCE

from .one_place import far_from_first, one_place, place_keys, rounding_of
from .unidentified import SUSPECTS, check_identified, warn_of_row_numbers


def refusal(given: str, wanted: str, where: object, todo: str) -> CatalogueError:
    """Return the error with these four parts."""
    return CatalogueError(
        explain(given=given, wanted=wanted, where=str(where), todo=todo)
    )


@dataclass(frozen=True)
class DetectedSources:
    """Which source each detection is of.

    Attributes
    ----------
    ids
        Identifier of each row.
    texts
        What identifiers stand for, where they were text.
    """

    ids: NDArray
    texts: Mapping[int, str] = field(default_factory=dict)


def id_column(table: pa.Table) -> str | None:
    """Return the column that identifies sources; None: there is none."""
    present = table.column_names
    return next((n for n in ("source_id", "catalog_id") if n in present), None)


def detected_sources(
    table: pa.Table, exposure: NDArray, where: str | Path
) -> DetectedSources:
    """Return the source of each detection: `source_id`, `catalog_id`, or ra and dec.

    Numbers `catalog_id` that are only rows of each field's own list, so that one of
    them stands for several positions, give way to the exact ra and dec.

    Parameters
    ----------
    table
        Of detections.
    exposure
        Row of the exposure of each.
    where
        For messages.

    Raises
    ------
    CatalogueError
        The table has none of these, or identifiers that identify nothing.

    Warns
    -----
    ReseauWarning
        Sources are identified by their positions, or by numbers of rows.
    """
    name = id_column(table)
    if name:
        return _identified(table, name, exposure, where)
    if not _has_positions(table):
        raise _unidentified(table.column_names, where)
    ids = _ids_of_positions(table, where)
    n = len(np.unique(ids))
    warn(
        f"{where}: no column identifies the sources; rows of equal ra and dec are one "
        f"source: {n} sources in {len(ids)} rows",
        ReseauWarning,
    )
    return DetectedSources(ids)


def _has_positions(table: pa.Table) -> bool:
    return {"ra", "dec"} <= set(table.column_names)


def _identified(
    table: pa.Table, name: str, exposure: NDArray, where: str | Path
) -> DetectedSources:
    """Return the sources that a column identifies, if it does identify them."""
    found = read_identifiers(table[name], name, where)
    schema = TableSchema(
        "detections", (Column(name, "int64", "", "source", nullable=True),)
    )
    checked = validate(pa.table({name: found.values}), schema, where=where)
    ids = checked[name].fill_null(0).to_numpy()
    has_positions = _has_positions(table)
    far = _far(table, ids, where) if has_positions else None
    counted_anew = name == "catalog_id" and far is not None
    if counted_anew and not np.isin(ids[far & ~found.missing], SUSPECTS).all():
        warn(
            f"{where}: catalog_id counts anew in each field (one number, several "
            "positions); sources are identified by their exact ra and dec instead",
            ReseauWarning,
        )
        return DetectedSources(_ids_of_positions(table, where))
    check_identified(ids, found.missing, exposure, far, name, where)
    if has_positions:
        _warn_of_shared_places(table, ids, name, where)
    if far is None and not found.texts:
        warn_of_row_numbers(ids, exposure, name, where)
    return DetectedSources(ids, found.texts)


def _unidentified(present: Sequence[str], where: str | Path) -> CatalogueError:
    """Return the error that nothing identifies sources, with columns that might."""
    near = called("source_id", present) or of_joins("source_id", present)
    notes = {n: synonym_of(n) for n in near}
    hints = [f"{n} ({s.note})" if s and s.note else n for n, s in notes.items()]
    places = ",".join(
        f"{n}={c[0]}"
        for n in ("ra", "dec")
        if (c := called(n, present) or of_joins(n, present))
    )
    return refusal(
        "the detections are not identified with sources",
        "a column source_id or catalog_id, or ra and dec of each row",
        f"{where}; found {some(present, 30)}",
        (
            f"say --columns source_id={near[0]} if that column identifies: "
            f"{some(hints)}; else match"
            if near
            else f"say --columns {places} if these are of a catalogue; else match"
            if places
            else "match"
        )
        + " the detections with a catalogue first: reseau does not match yet",
    )


def _ids_of_positions(table: pa.Table, where: str | Path) -> NDArray:
    schema = TableSchema("detections", (REFERENCE["ra"], REFERENCE["dec"]))
    checked = validate(table.select(["ra", "dec"]), schema, where=where)
    keys = place_keys(*(checked[n].to_numpy() for n in ("ra", "dec")))
    return np.unique(keys, axis=0, return_inverse=True)[1].reshape(-1)


def _far(table: pa.Table, ids: NDArray, where: str | Path) -> NDArray:
    # Which rows have another position than the first row of their identifier.
    row = np.unique(ids, return_inverse=True)[1]
    ra, dec = _positions(table, where).values()
    far = far_from_first(row, ra, dec)[2]
    return ~np.isnan(ra) & (far > rounding_of(table, where))


def _warn_of_shared_places(
    table: pa.Table, ids: NDArray, name: str, where: str | Path
) -> None:
    """Say so where several identifiers stand for one position."""
    rows = np.unique(ids, return_index=True)[1]
    ra, dec = (values[rows] for values in _positions(table, where).values())
    known = np.isfinite(ra) & np.isfinite(dec)
    keys, count = np.unique(
        place_keys(ra[known], dec[known]), axis=0, return_counts=True
    )
    shared = int(np.sum(count[count > 1]))
    if not shared:
        return
    places = len(keys) - int(np.count_nonzero(count == 1))
    several = f"{places} positions" if places > 1 else "one position"
    warn(
        f"{where}: {shared} identifiers in {name} stand at {several}, several at each: "
        "each is solved as a star of its own. If they count rows, leave the column "
        "out: equal ra and dec then are one star",
        ReseauWarning,
    )


def constant(
    values: NDArray,
    row: NDArray,
    labels: Sequence[object] | NDArray,
    name: str,
    where: str | Path,
) -> NDArray:
    """Return the one value of each group, or name the groups that have several.

    Parameters
    ----------
    values
        Of each row; NaN equals NaN.
    row
        Group of each row, from 0.
    labels
        What the groups are called in messages.
    name, where
        Column and file, for messages.
    """
    first = np.unique(row, return_index=True)[1]
    expected = values[first][row]
    differs = (values != expected) & ~(np.isnan(values) & np.isnan(expected))
    if differs.any():
        bad = [labels[i] for i in np.unique(row[differs])]
        raise refusal(
            f"{name} differs between rows of {len(bad)} of {len(first)} groups",
            f"one {name} each",
            f"{where}, {some(bad)}",
            "correct the table",
        )
    return values[first]


def reference_of(
    table: pa.Table, source_id: NDArray, where: str | Path
) -> pa.Table | None:
    """Return the reference table that the detections carry; None: no positions.

    Parameters
    ----------
    table
        Of detections.
    source_id
        Of each of them.
    where
        For messages.

    Returns
    -------
    One row a source with finite `ra` and `dec`; `fixed` where the table has no
    columns of their errors.

    Raises
    ------
    CatalogueError
        Two rows of one source have different positions.
    """
    present = [n for n in REFERENCE.names if n in table.column_names]
    if not {"ra", "dec"} <= set(present):
        return None
    ids, row = np.unique(source_id, return_inverse=True)
    first = np.unique(row, return_index=True)[1]
    columns: dict[str, NDArray] = {"source_id": ids}
    ra, dec = _positions(table, where).values()
    columns["ra"], columns["dec"] = one_place(
        row, ra, dec, rounding_of(table, where), ids, where
    )
    known = np.isfinite(np.stack([columns["ra"], columns["dec"]])).all(axis=0)
    if not known.any():
        return None
    n = len(ids)
    filled = {
        "ref_epoch": np.full(n, np.nan),
        "ra_error": np.full(n, np.nan),
        "dec_error": np.full(n, np.nan),
        "is_reference": np.ones(n, bool),
        "fixed": np.full(n, not {"ra_error", "dec_error"} <= set(present)),
    }
    others = [name for name in present if name not in columns]
    columns |= {k: v for k, v in filled.items() if k not in others}
    result = pa.table({name: pa.array(values) for name, values in columns.items()})
    for name in others:
        values = table[name]
        if pa.types.is_floating(values.type):
            constant(np.asarray(values.to_numpy(), float), row, ids, name, where)
        result = result.append_column(
            table.schema.field(name), values.take(pa.array(first))
        )
    return check_reference(result.filter(pa.array(known)), where=where)


def _positions(table: pa.Table, where: str | Path) -> dict[str, NDArray]:
    schema = TableSchema("detections", (REFERENCE["ra"], REFERENCE["dec"]))
    missing = ("ra", "dec")
    checked = validate(
        table.select(["ra", "dec"]), schema, where=where, allow_missing=missing
    )
    return {name: checked[name].to_numpy() for name in missing}


__all__ = [
    "DetectedSources",
    "constant",
    "detected_sources",
    "id_column",
    "reference_of",
    "refusal",
]
