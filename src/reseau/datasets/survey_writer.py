"""Write a dataset of many plates one by one, and what they share.

Each plate's measurements are a file of their own, and so is the truth of its sources.
The tables of all exposures come last, and with them `dataset.toml`, which makes the
directory a dataset.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from reseau.config import write_toml
from reseau.instrument import Instrument
from reseau.observers import DEFLECTORS
from reseau.tables import piece_file, table_of
from reseau.tables.columns import TableSchema
from reseau.tables.files import write_parquet
from reseau.tables.layouts import (
    EXPOSURES,
    MEASUREMENTS,
    REFERENCE,
    TRUTH_EXPOSURES,
    TRUTH_SOURCES,
)

from .dataset_config import EPHEMERIDES, FORMAT, AtmosphereConfig, DatasetConfig
from .instrument_writer import write_instrument
from .truths import TRUTH

Columns = Mapping[str, np.ndarray]

REPEATED = (
    "exposure_id",
    "detector_id",
    "source_id",
    "x_error",
    "y_error",
    "colour",
    "plate_id",
    "ref_epoch",
)
"""Columns in which the same numbers come again; a dictionary of others costs time."""


def measurements_piece(plate: int) -> str:
    """Return the name of a plate's file of measurements within a dataset."""
    return f"measurements/plate_id={plate}/part-0.parquet"


def write_plate(
    folder: Path,
    plate: int,
    *,
    measurements: Columns,
    sources: Columns,
    instrument: Instrument | None = None,
) -> int:
    """Write the measurements of a plate and the truth of its sources.

    Parameters
    ----------
    folder
        The dataset that is being made.
    plate
        Number of the plate.
    measurements, sources
        Columns of its tables `MEASUREMENTS` and `TRUTH_SOURCES`.
    instrument
        As it was on this plate; None: as on all.

    Returns
    -------
    How many measurements there are.
    """
    truth = folder / TRUTH
    if instrument is not None:
        with piece_file(truth / "instruments" / f"plate_id={plate}.toml") as file:
            write_instrument(instrument, file)
    _write(truth / f"sources/plate_id={plate}/part-0.parquet", sources, TRUTH_SOURCES)
    # The last: where it is there, the plate is whole.
    _write(folder / measurements_piece(plate), measurements, MEASUREMENTS)
    return len(measurements["x"])


def write_shared(
    folder: Path, *, instrument: Instrument, built: Instrument, reference: Columns
) -> None:
    """Write what all plates share, but for the exposures.

    Parameters
    ----------
    folder
        The dataset that is being made.
    instrument, built
        As drawn, and as it was in the middle of the survey.
    reference
        Columns of the table `REFERENCE`.
    """
    for file, given in (
        (folder / "instrument.toml", instrument),
        (folder / TRUTH / "instrument.toml", built),
    ):
        with piece_file(file) as temporary:
            write_instrument(given, temporary)
    _write(folder / "reference.parquet", reference, REFERENCE)


def write_end(folder: Path, *, config: Any, exposures: Columns, truth: Columns) -> None:
    """Write the tables of exposures, then the file that makes a folder a dataset.

    Parameters
    ----------
    folder
        The dataset that is being made.
    config
        The survey's description, which is kept beside the truth. With `name`,
        `description`, `effects`, `deflectors` and `ephemeris`, as of `Dataset`.
    exposures, truth
        Columns of the tables `EXPOSURES` and `TRUTH_EXPOSURES`, of all plates.
    """
    _write(folder / "exposures.parquet", exposures, EXPOSURES)
    _write(folder / TRUTH / "exposures.parquet", truth, TRUTH_EXPOSURES)
    bodies, places = tuple(config.deflectors), config.ephemeris
    written = DatasetConfig(
        format=FORMAT,
        name=config.name,
        description=config.description,
        effects=sorted(config.effects),
        observer=None,
        deflectors=None if bodies == DEFLECTORS else list(bodies),
        ephemeris=None if places == EPHEMERIDES[0] else places,
        atmosphere=AtmosphereConfig(),
    )
    with piece_file(folder / TRUTH / "survey.toml") as temporary:
        write_toml(config, temporary)
    with piece_file(folder / "dataset.toml") as temporary:
        write_toml(written, temporary)


def exposure_tables(
    plates: Iterable[tuple[Columns, Columns]],
) -> tuple[Columns, Columns]:
    """Return the columns of all plates' exposures, as reported and as they were.

    Parameters
    ----------
    plates
        Both of each plate.
    """
    both = list(zip(*plates, strict=True))
    first, second = (
        {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        for parts in both
    )
    return first, second


def written(folder: Path) -> tuple[int, int]:
    """Return how many measurements a dataset of many plates has, and its bytes.

    Parameters
    ----------
    folder
        The dataset.
    """
    files = folder.glob("measurements/plate_id=*/*.parquet")
    rows = sum(pq.read_metadata(file).num_rows for file in files)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return rows, size


def bytes_of(tables: Iterable[tuple[Columns, TableSchema]]) -> int:
    """Return how many bytes the files of some tables will have.

    Parameters
    ----------
    tables
        Columns and layout of each.
    """
    size = 0
    for columns, schema in tables:
        table = table_of(columns, schema)
        sink = pa.BufferOutputStream()
        write_parquet(
            table, sink, repeated=_repeated(table), compression=_compression(schema)
        )
        size += sink.tell()
    return size


def _write(path: Path, columns: Columns, schema: TableSchema) -> None:
    table = table_of(columns, schema, where=path.name)
    with piece_file(path) as temporary:
        write_parquet(
            table,
            temporary,
            repeated=_repeated(table),
            compression=_compression(schema),
        )


def _compression(schema: TableSchema) -> str:
    """Return what compresses a table: nothing those with noise in all numbers."""
    return "none" if schema is MEASUREMENTS else "zstd"


def _repeated(table: pa.Table) -> list[str]:
    return [name for name in table.column_names if name in REPEATED]


__all__ = [
    "bytes_of",
    "exposure_tables",
    "measurements_piece",
    "write_end",
    "write_plate",
    "write_shared",
    "written",
]
