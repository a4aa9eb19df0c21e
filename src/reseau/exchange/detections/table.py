"""A single table of detections, the simplest input: one plate, any format."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reseau.datasets import DEFAULT_ERROR, Dataset, digests
from reseau.datasets.dataset import POSITIONS
from reseau.datasets.links import check_links
from reseau.errors import CatalogueError, explain
from reseau.instrument import Instrument
from reseau.tables import is_path, place_of, table_from, validate
from reseau.tables.belonging import check_halves
from reseau.tables.columns import TableSchema
from reseau.tables.interpret import interpreted
from reseau.tables.layouts import EXPOSURES, MEASUREMENTS, REFERENCE
from reseau.tables.naming.column_names import KNOWN, Choices, as_choices
from reseau.tables.naming.unused import unused_columns, warn_of_unused

from .exposures import ExposureKeys, exposure_keys, read_pointings
from .header import with_header
from .joining import joined
from .mixed_exposures import refuse_mixed_exposures
from .positions import (
    counted_from_zero,
    detector_ids,
    position_errors,
    position_unit,
    with_whole_flags,
)
from .precision import judge_precision
from .sources import (
    DetectedSources,
    constant,
    detected_sources,
    id_column,
    reference_of,
    refusal,
)
from .twice_on_one import check_one_place_each
from .unidentified import Unmatched, without_unmatched

SAME_EPOCH = 1e-6
"""Difference of two epochs of one exposure that is none [yr], half a minute."""


def read_detections(
    source: Any,
    *,
    instrument: Instrument,
    columns: Choices = None,
    pointing: Any = None,
    error: float | u.Quantity | None = None,
    reference: Any = None,
    reference_columns: Choices = None,
    unmatched: Unmatched = None,
    first_pixel: int = 0,
    epoch_given: bool = False,
) -> Dataset:
    """Read one table of detections as a dataset of one plate.

    Parameters
    ----------
    source
        A file (Parquet, FITS, ECSV, VOTable, CSV, IPAC) or a table in memory (astropy,
        pandas, pyarrow) with columns x and y, and a source identification: `source_id`,
        `catalog_id`, or exact `ra` and `dec`.
    instrument
        Positions in um or mm need one with a plane without pixels.
    columns
        Names and units, as text ``x=XWIN[pix],y=YWIN[pix]`` or a dictionary.
    pointing
        Table of estimated attitudes; without it those of the exposures are NaN.
    error
        1σ of each coordinate, in the unit of x and y, where the table has no
        `x_error` and `y_error`; 0.01 pixel or um unless given.
    reference
        Table of references, joined by `source_id`; without it `ra` and `dec` of the
        detections are the references.
    reference_columns
        Names and units of its columns.
    unmatched
        Identifiers that mean "not identified", as text ``-1,null``; their rows are left
        out.
    first_pixel
        What the table calls the centre of the first pixel: 0, or 1 as FITS does.
    epoch_given
        Whether the epoch is said elsewhere, so that the table's header need not.

    Returns
    -------
    Dataset without observer and effects. Sources with `ra` and `dec` but without
    columns of their errors are in the reference as `fixed`.

    Raises
    ------
    ReseauError
        One of its children: see `errors`.

    Warns
    -----
    ReseauWarning
        Columns that look meant are not used, sources are identified by positions,
        numbers are coarser than their errors.
    """
    where = place_of(source)
    choices = as_choices(columns)
    raw = table_from(source, what="the table of detections")
    if raw.num_rows == 0:
        raise refusal("the table has no rows", "one or more", where, "check the table")
    raw = with_header(raw, choices, instrument, where, epoch_given=epoch_given)
    table = interpreted(raw, where, choices=choices, known=KNOWN, option="--columns")
    unit, measured_unit = position_unit(table, instrument, where)
    table = counted_from_zero(table, first_pixel, unit)
    errors, assumed = position_errors(table, error, unit, measured_unit, where)
    check_halves(table.column_names, where, columns=KNOWN)
    table, lost = without_unmatched(table, id_column(table) or "", unmatched)
    if len(lost):
        kept = np.delete(np.arange(len(lost) + table.num_rows), lost)
        errors = {n: _rows(v, kept) for n, v in errors.items()}
    if table.num_rows == 0:
        raise refusal(
            "no detection is identified",
            "one or more",
            where,
            "check --unmatched: it names every row's identifier",
        )
    table = with_whole_flags(table)
    keys = exposure_keys(table, where)
    chosen = {c.column for c in choices.values()}
    unused = unused_columns(table, chosen, sky=reference is None)
    warn_of_unused(unused, where, one_exposure=len(keys.keys) == 1)
    sources = detected_sources(table, keys.row, where)
    if not keys.names:
        epoch = choices["epoch"].column if "epoch" in choices else "epoch"
        refuse_mixed_exposures(table, unused, epoch, sources.ids, where)
    name = id_column(table) or "source_id"
    check_one_place_each(table, sources.ids, sources.texts, keys.row, name, where)
    detectors, detector_names = detector_ids(table, instrument, where)
    own = {
        "exposure_id": keys.ids[keys.row],
        "source_id": sources.ids,
        "detector_id": detectors,
        **errors,
    }
    measurements = _measurements(table, own, where, unit, measured_unit)
    exposure_table = _exposures(table, keys, pointing, where)
    check_links(exposure_table, measurements, instrument, where=where)
    dataset = Dataset(
        name=Path(where).stem if is_path(source) else where,
        instrument=instrument,
        exposures=exposure_table,
        measurements=measurements,
        reference=None
        if reference is not None
        else reference_of(table, sources.ids, where),
        unit=unit,
        source=Path(where) if is_path(source) else None,
        digests=digests([f for f in (source, pointing) if is_path(f)]),
        names=_names(keys, sources, detector_names),
        left_out={"detections without an identified source": lost.tolist()}
        if len(lost)
        else {},
        assumed_error=assumed,
    )
    judge_precision(table, dataset, where)
    if reference is None:
        return dataset
    own_places = table if {"ra", "dec"} <= set(table.column_names) else None
    return joined(dataset, reference, columns=reference_columns, own=own_places)


def _rows(
    values: NDArray | pa.ChunkedArray, rows: NDArray
) -> NDArray | pa.ChunkedArray:
    return values.take(pa.array(rows)) if hasattr(values, "chunks") else values[rows]


def _names(
    keys: ExposureKeys, sources: DetectedSources, detectors: Mapping[int, str]
) -> dict[str, Mapping[int, str]]:
    found = {"source": sources.texts, "exposure": keys.named, "detector": detectors}
    return {what: dict(names) for what, names in found.items() if names}


def _measurements(
    table: pa.Table,
    own: Mapping[str, NDArray | pa.ChunkedArray],
    where: str | Path,
    unit: str,
    measured_unit: str,
) -> pa.Table:
    # What belongs to sources and exposures goes to their tables.
    elsewhere = {*own, *REFERENCE.names, "plate_id", "catalog_id", "epoch"}
    kept = [n for n in table.column_names if n not in elsewhere]
    result = table.select(kept)
    for name, values in own.items():
        array = values if isinstance(values, pa.ChunkedArray) else pa.array(values)
        field = pa.field(name, array.type)
        if name in table.column_names and name.endswith("_error"):
            field = table.schema.field(name)
        result = result.append_column(field, array)
    targets = dict.fromkeys(POSITIONS, unit)
    given = {"x_error": measured_unit, "y_error": measured_unit}
    return validate(result, MEASUREMENTS, where=where, units=given, targets=targets)


def _exposures(
    table: pa.Table, exposures: ExposureKeys, pointing: Any, where: str | Path
) -> pa.Table:
    n = len(exposures.keys)
    epoch = _epochs(table, exposures, where)
    columns: dict[str, object] = {
        "exposure_id": exposures.ids,
        "plate_id": np.zeros(n, np.int32),
        "epoch": epoch,
    }
    if "field_id" in exposures.names:
        columns["field_id"] = exposures.keys[:, exposures.names.index("field_id")]
    if pointing is None:
        columns |= {name: np.full(n, np.nan) for name in ("ra", "dec", "pa")}
    else:
        place = place_of(pointing, "the table of pointings")
        given = table_from(pointing, what="the table of pointings")
        given = interpreted(
            given,
            place,
            choices={},
            known=[*EXPOSURES.names, "field", "block", "plate", "block_id"],
            option="--columns",
            by_synonyms=True,
        )
        attitude = read_pointings(given, exposures, place)
        given_epoch = attitude.pop("epoch", None)
        columns["epoch"] = _one_epoch(epoch, given_epoch, exposures, place)
        columns |= attitude
    columns["label"] = exposures.labels
    missing = ("epoch", "ra", "dec", "pa") if pointing is None else ("epoch",)
    arrays = pa.table({k: pa.array(v) for k, v in columns.items()})
    return validate(arrays, EXPOSURES, where=where, allow_missing=missing)


def _one_epoch(
    of_detections: NDArray,
    of_pointings: NDArray | None,
    exposures: ExposureKeys,
    where: str | Path,
) -> NDArray:
    """Return the exposures' epochs, from whichever table has them."""
    if of_pointings is None:
        return of_detections
    apart = np.abs(of_detections - of_pointings) > SAME_EPOCH
    if np.any(apart):
        first, *others = np.flatnonzero(apart)
        more = f"; so have {len(others)} more" if others else ""
        raise CatalogueError(
            explain(
                given=f"{exposures.labels[first]} has one epoch with the "
                f"detections and another in the table of pointings, "
                f"{of_detections[first]:.6f} and {of_pointings[first]:.6f}{more}",
                wanted="one epoch of each exposure",
                where=f"{where}, column epoch",
                todo="correct one of the two, or leave its column out",
            )
        )
    return np.where(np.isfinite(of_detections), of_detections, of_pointings)


def _epochs(table: pa.Table, exposures: ExposureKeys, where: str | Path) -> NDArray:
    n = len(exposures.keys)
    if "epoch" not in table.column_names:
        return np.full(n, np.nan)
    schema = TableSchema("detections", (EXPOSURES["epoch"],))
    values = validate(table.select(["epoch"]), schema, where=where)["epoch"].to_numpy()
    return constant(values, exposures.row, exposures.labels, "epoch", where)


__all__ = ["DEFAULT_ERROR", "read_detections"]
