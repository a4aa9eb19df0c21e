"""Datasets, format version 1: a directory of Parquet tables and TOML."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reseau.config import Source, read_toml, write_toml
from reseau.errors import (
    CatalogueError,
    ConfigError,
    ReseauWarning,
    explain,
    some,
    warn,
)
from reseau.instrument import Instrument
from reseau.observers import DEFLECTORS, EFFECTS, Weather
from reseau.tables import (
    DATASET_MARKS,
    Choice,
    new_directory,
    place_of,
    read_table,
    table_file,
    table_from,
    validate,
)
from reseau.tables.columns import TableSchema
from reseau.tables.damage import damage_told
from reseau.tables.files import require_directory, write_parquet
from reseau.tables.interpret import interpreted
from reseau.tables.layouts import EXPOSURES, OBSERVER_STATES, REFERENCE
from reseau.tables.validation import parse_unit, unit_of_field

from .assumed_error import AssumedError
from .dataset_config import (
    EPHEMERIDES,
    FORMAT,
    DatasetConfig,
    atmosphere_of,
    check_deflectors,
    check_effects,
    check_format,
    check_observer_name,
    is_file,
    require_dataset,
    weather_of,
)
from .inside import keeper
from .instrument_writer import is_plane, write_instrument
from .instruments import read_instrument
from .links import check_links, check_observer
from .measurements import (
    POSITIONS,
    files_of_plate,
    in_position_unit,
    is_of_plate,
    measurement_files,
    read_measurements,
)
from .row_groups import rows_of_plate
from .truths import TRUTH, Truth, write_truth


@dataclass(frozen=True)
class Dataset:
    """Everything a solver is given, in validated tables.

    Attributes
    ----------
    name
        What it is called.
    instrument
        Nominal instrument and prior widths.
    exposures, measurements, reference
        Tables of `schema`; missing floating-point values are NaN. Without reference
        None. In a single table without pointings `ra`, `dec`, `pa` of the exposures
        are NaN, as is an `epoch` that is not known.
    effects
        Of `EFFECTS`, those that the positions contain.
    observer
        How to compute the observer where the exposures do not hold it, as
        `observers.parse_observer` reads it, or the name of the table of `states`;
        None: unknown.
    deflectors
        Names of the bodies that deflect light, where that is among the effects.
    ephemeris
        Where Earth, Sun and planets are: "builtin" or "de440".
    weather
        For refraction; None: unknown.
    states
        Table of `schema.OBSERVER_STATES`, if `observer` names one.
    unit
        Unit of x and y: "pixel", or "um" in the one plane of an instrument without
        pixels.
    description
        One line for people.
    source
        Where it was read; None: made in memory.
    digests
        SHA-256 of each file that was read.
    names
        What identifiers stand for, where they were text: by "source", "exposure" and
        "detector".
    left_out
        Rows that reading left out, by the reason.
    notes
        What is to be said beside the verdict.
    assumed_error
        Error of all positions, where nobody gave one.
    """

    name: str
    instrument: Instrument
    exposures: pa.Table
    measurements: pa.Table
    reference: pa.Table | None = None
    effects: frozenset[str] = frozenset()
    observer: str | None = None
    deflectors: tuple[str, ...] = DEFLECTORS
    ephemeris: str = "builtin"
    weather: Weather | None = None
    states: pa.Table | None = None
    unit: str = "pixel"
    description: str | None = None
    source: Path | None = None
    digests: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    left_out: Mapping[str, Sequence[int]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    assumed_error: AssumedError | None = None


def read_dataset(
    path: str | Path, *, plate: int | None = None, allow_outside: bool = False
) -> Dataset:
    """Read and check a dataset; its truth is not read.

    Parameters
    ----------
    path
        Directory with a ``dataset.toml``.
    plate
        The one whose measurements are wanted: where each plate has files of its own,
        those of others are not opened. Absent: all.
    allow_outside
        Whether files may be opened that its keys or its links name outside of it.

    Raises
    ------
    ReseauError
        One of its children: see `errors`.

    Warns
    -----
    DuplicateMeasurementWarning
        A source was measured more than once on an exposure.
    """
    with damage_told(path, "dataset", "correct it, or make it anew"):
        return _read(require_directory(path), plate, allow_outside)


def _read(folder: Path, plate: int | None, allow_outside: bool) -> Dataset:
    keep = opened(folder, allow_outside=allow_outside)
    found = read_shared(folder, keep)
    files = [keep(file) for file in files_of_plate(measurement_files(folder), plate)]
    if plate is None or is_of_plate(files[0]):
        measurements = read_measurements(files, found.unit)
    else:
        measurements = in_position_unit(
            rows_of_plate(files[0], found.exposures, plate), found.unit, files[0]
        )
    check_links(found.exposures, measurements, found.instrument, where=folder)
    return replace(
        found,
        measurements=measurements,
        digests={**found.digests, **digests(files, folder)},
    )


def opened(folder: Path, *, allow_outside: bool) -> Callable[[Path], Path]:
    """Return what gives files of a dataset back, or refuses them; see `keeper`."""
    require_dataset(folder)
    return keeper(folder, allow_outside=allow_outside)


def read_shared(folder: Path, keep: Callable[[Path], Path]) -> Dataset:
    """Read and check what the plates of a dataset have in common.

    Parameters
    ----------
    folder
        Of the dataset.
    keep
        As `opened` returns it.

    Returns
    -------
    The dataset, whose table of measurements has no rows and no columns.
    """
    config, source = read_toml(keep(folder / "dataset.toml"), DatasetConfig)
    check_format(config.format, source)
    check_observer_name(config.observer, source)
    effects = check_effects(config.effects or [], source)
    instrument_file = keep(folder / config.instrument)
    instrument = read_instrument(instrument_file)
    exposures_file = keep(folder / "exposures.parquet")
    reference_file = keep(folder / "reference.parquet")
    exposures = validate(read_table(exposures_file), EXPOSURES, where=exposures_file)
    reference = read_reference(reference_file) if reference_file.exists() else None
    states_file = None
    if is_file(config.observer):
        states_file = keep(folder / str(config.observer))
    check_observer(exposures, exposures_file)
    read: list[str | Path] = [source.name, instrument_file, exposures_file]
    if reference is not None:
        read.append(reference_file)
    if states_file is not None:
        read.append(states_file)
    return Dataset(
        name=config.name,
        instrument=instrument,
        exposures=exposures,
        measurements=pa.table({}),
        reference=reference,
        effects=effects,
        observer=config.observer,
        deflectors=check_deflectors(config.deflectors, source),
        ephemeris=config.ephemeris or EPHEMERIDES[0],
        weather=weather_of(config.atmosphere, source),
        states=None if states_file is None else read_states(states_file),
        names=_names_of(exposures, "exposure") | _names_of(reference, "source"),
        unit="um" if is_plane(instrument) else "pixel",
        description=config.description,
        source=folder,
        digests=digests(read, folder),
    )


def _names_of(table: pa.Table | None, what: str) -> dict[str, dict[int, str]]:
    name = f"{what}_name"
    if table is None or name not in table.column_names:
        return {}
    pairs = zip(table[f"{what}_id"].to_pylist(), table[name].to_pylist(), strict=True)
    return {what: {number: text for number, text in pairs if text}}


def _with_names(table: pa.Table, what: str, names: Mapping[int, str]) -> pa.Table:
    name = f"{what}_name"
    if not names or name in table.column_names:
        return table
    texts = [names.get(i) for i in table[f"{what}_id"].to_pylist()]
    return table.append_column(name, pa.array(texts, pa.string()))


def read_reference(path: str | Path) -> pa.Table:
    """Read and check a table of references.

    Parameters
    ----------
    path
        Table of any format with Gaia's column names. The epoch may be missing where
        the position is held `fixed`.
    """
    return check_reference(read_table(path), where=path)


def read_states(source: Any) -> pa.Table:
    """Read and check a table of an observer's states, as `table_from` reads any.

    Parameters
    ----------
    source
        Table, in a file or in memory, with the columns of `schema.OBSERVER_STATES`;
        instead of `epoch` it may have `MJD` or `JD`, of UTC.
    """
    table = table_from(source, what="the table of states")
    path = place_of(source, "the table of states")
    choices = {}
    # Nobody can name columns of this table by an option.
    days = [n for n in table.column_names if n.lower() in ("mjd", "jd")]
    if days and "epoch" not in table.column_names:
        choices["epoch"] = Choice(days[0], days[0].lower())
        warn(f"{path}: epochs are taken from the column {days[0]}, UTC", ReseauWarning)
    table = interpreted(
        table, path, choices=choices, known=OBSERVER_STATES.names, option="--observer"
    )
    return validate(table, OBSERVER_STATES, where=path)


def check_reference(table: pa.Table, *, where: str | Path) -> pa.Table:
    """Check a table of references, as `read_reference` does.

    Parameters
    ----------
    table
        As read.
    where
        For messages.
    """
    table = validate(table, REFERENCE, where=where, allow_missing=["ref_epoch"])
    _check_half_errors(table, where)
    epoch = table["ref_epoch"].to_numpy()
    fixed = np.zeros(epoch.shape, bool)
    if "fixed" in table.column_names:
        fixed = pc.fill_null(table["fixed"], False).to_numpy()
    bad = np.flatnonzero(np.isnan(epoch) & ~fixed)
    if len(bad):
        raise CatalogueError(
            explain(
                given=f"column ref_epoch has {len(bad)} missing values",
                wanted="the epoch of each position that is not held fixed",
                where=f"{where}, column ref_epoch, rows {some(bad)} (counted from 0)",
                todo="add the epoch of the astrometry",
            )
        )
    return table


def _check_half_errors(table: pa.Table, where: str | Path) -> None:
    known = [np.isfinite(table[n].to_numpy()) for n in ("ra_error", "dec_error")]
    rows = np.flatnonzero(known[0] != known[1])
    if len(rows):
        raise CatalogueError(
            explain(
                given=f"{len(rows)} of {table.num_rows} rows have only one of ra_error "
                "and dec_error",
                wanted="both or neither in each row",
                where=f"{where}, rows {some(rows)} (counted from 0)",
                todo="add the other, or remove the one: half an error is none",
            )
        )


def digests(files: Iterable[str | Path], folder: Path | None = None) -> dict[str, str]:
    """Return the SHA-256 of each file.

    Parameters
    ----------
    files
        Files that exist.
    folder
        Names are given relative to it; None: the bare file names.
    """
    result = {}
    for file in map(table_file, files):
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        inside = folder is not None and file.is_relative_to(folder)
        name = file.relative_to(folder).as_posix() if inside and folder else file.name
        result[name] = digest
    return result


def write_dataset(
    dataset: Dataset,
    path: str | Path,
    *,
    truth: Truth | None = None,
    overwrite: bool = False,
) -> None:
    """Check a dataset and write it, with its truth if it was simulated.

    Parameters
    ----------
    dataset
        What to write.
    path
        Directory to make.
    truth
        What a simulator knows; no solver reads it.
    overwrite
        Whether an earlier dataset there may be replaced.
    """
    config = DatasetConfig(
        format=FORMAT,
        name=dataset.name,
        description=dataset.description,
        effects=sorted(dataset.effects),
        observer=dataset.observer,
        deflectors=None
        if dataset.deflectors == DEFLECTORS
        else list(dataset.deflectors),
        ephemeris=None if dataset.ephemeris == EPHEMERIDES[0] else dataset.ephemeris,
        atmosphere=atmosphere_of(dataset.weather),
    )
    check_effects(dataset.effects, Source(dataset.name, ""))
    check_observer_name(dataset.observer, Source(dataset.name, ""))
    _check_unit(dataset)
    measurements = in_position_unit(dataset.measurements, dataset.unit, Path(path))
    check_links(dataset.exposures, measurements, dataset.instrument, where=path)
    with new_directory(path, overwrite=overwrite, marks=DATASET_MARKS) as folder:
        write_toml(config, folder / "dataset.toml")
        write_instrument(dataset.instrument, folder / config.instrument)
        names = dataset.names.get("exposure", {})
        exposures = _with_names(dataset.exposures, "exposure", names)
        _write(exposures, EXPOSURES, folder / "exposures.parquet")
        write_parquet(measurements, folder / "measurements.parquet")
        if dataset.reference is not None:
            names = dataset.names.get("source", {})
            reference = _with_names(dataset.reference, "source", names)
            reference = check_reference(reference, where="reference")
            write_parquet(reference, folder / "reference.parquet")
        if dataset.states is not None:
            _write(dataset.states, OBSERVER_STATES, folder / str(dataset.observer))
        if truth is not None:
            write_truth(truth, folder / TRUTH)


def _check_unit(dataset: Dataset) -> None:
    expected = "um" if is_plane(dataset.instrument) else "pixel"
    given = unit_of_field(dataset.measurements.schema.field("x")) or dataset.unit
    if dataset.unit != expected or not parse_unit(
        given, "x", dataset.name
    ).is_equivalent(expected):
        raise ConfigError(
            explain(
                given=f"positions are in {given}, the dataset says {dataset.unit}",
                wanted=f"{expected}, as {dataset.instrument.name} has it",
                where=f"dataset {dataset.name}",
                todo="correct the unit, or take the instrument that fits",
            )
        )


def _write(table: pa.Table, schema: TableSchema, path: Path) -> None:
    write_parquet(validate(table, schema, where=path.name), path)


__all__ = [
    "EFFECTS",
    "FORMAT",
    "POSITIONS",
    "Dataset",
    "check_reference",
    "digests",
    "opened",
    "read_dataset",
    "read_reference",
    "read_shared",
    "read_states",
    "write_dataset",
]
