"""What `solve` is given, as one dataset: a folder, a table, or either in memory."""

from pathlib import Path
from typing import Any

from reseau.datasets import (
    Dataset,
    not_one_plate,
    plates_apart,
    read_dataset,
    read_instrument,
)
from reseau.errors import (
    ConfigError,
    FileFormatError,
    OutputExistsError,
    explain,
    suggestion,
)
from reseau.exchange import joined, read_detections
from reseau.instrument import Instrument
from reseau.plates import SolveOptions
from reseau.tables import is_path, place_of, table_file

OF_TABLES = ("pointing", "columns", "error", "unmatched", "first_pixel")
"""Options that a dataset's folder has no use for: it says this itself."""


def read_input(
    source: Any,
    options: SolveOptions,
    *,
    reference: Any = None,
    instrument: str | Path | Instrument | None = None,
) -> Dataset:
    """Return the dataset that is named, or made of a table.

    Parameters
    ----------
    source
        As of `solve`.
    options
        What differs from the defaults.
    reference, instrument
        As of `solve`; they count before the options of their names.

    Raises
    ------
    ReseauError
        One of its children: see `errors`.
    """
    table = options.reference_table if reference is None else reference
    dataset = _dataset(source, options)
    if dataset is not None:
        if table is None:
            _refuse_columns_alone(options)
            return dataset
        return joined(dataset, table, columns=options.reference_columns)
    if table is None:
        _refuse_columns_alone(options)
    chosen = options.instrument if instrument is None else instrument
    where = f"solve {place_of(source)}"
    if chosen is None:
        raise ConfigError(
            explain(
                given="a single table and no instrument",
                wanted="the instrument that made it",
                where=where,
                todo="name a file or a preset, e.g. --instrument jasmine",
            )
        )
    return read_detections(
        source,
        instrument=chosen
        if isinstance(chosen, Instrument)
        else read_instrument(chosen),
        columns=options.columns,
        pointing=options.pointing,
        error=options.error,
        reference=table,
        reference_columns=options.reference_columns,
        unmatched=options.unmatched,
        first_pixel=options.first_pixel,
        epoch_given=options.epoch is not None,
    )


def _dataset(source: Any, options: SolveOptions) -> Dataset | None:
    """Return a dataset in memory or in a folder; None: the source is a table."""
    if isinstance(source, Dataset):
        return source
    if not is_path(source):
        return None
    if not table_file(source).exists():
        raise _nothing_there(source, "a dataset directory or a table of detections")
    if not Path(source).is_dir():
        return None
    _refuse_of_tables(source, options)
    # Before any of them is read: they may be larger than memory.
    plates = plates_apart(Path(source)) if options.plate is None else []
    if len(plates) > 1:
        raise not_one_plate(plates, source)
    return read_dataset(
        source, plate=options.plate, allow_outside=options.allow_outside
    )


def require_plates(source: Any, options: SolveOptions) -> None:
    """Refuse what is no directory of a dataset, and options that are of one plate.

    Parameters
    ----------
    source, options
        As of `solve_plates`.

    Raises
    ------
    ReseauError
        One of its children: see `errors`.
    """
    wanted = "the directory of a dataset, whose plates are read one at a time"
    if is_path(source) and not table_file(source).exists():
        raise _nothing_there(source, wanted)
    if not is_path(source) or not Path(source).is_dir():
        what = place_of(source) if is_path(source) else f"a {type(source).__name__}"
        raise FileFormatError(
            explain(
                given=f"{what} and --plates",
                wanted=wanted,
                where="solve",
                todo="name one; a dataset in memory is written by write_dataset",
            )
        )
    for name in ("plate", "checkpoint"):
        if getattr(options, name) is not None:
            raise ConfigError(
                explain(
                    given=f"--{name} with --plates",
                    wanted="one of them",
                    where="the options of solve",
                    todo=f"leave out --{name}, or solve that plate alone",
                )
            )
    _refuse_of_tables(source, options)
    if options.reference_table is None:
        _refuse_columns_alone(options)


def _nothing_there(source: str | Path, wanted: str) -> FileFormatError:
    folder = Path(source).parent
    names = [p.name for p in folder.iterdir()] if folder.is_dir() else []
    return FileFormatError(
        explain(
            given=f"{source} does not exist",
            wanted=wanted,
            where=f"solve {source}",
            todo=suggestion(Path(source).name, names, otherwise="correct the name"),
        )
    )


def _refuse_of_tables(source: str | Path, options: SolveOptions) -> None:
    """Refuse options that a dataset's folder has no use for."""
    for name in OF_TABLES:
        value = getattr(options, name)
        if value is not None and not (name == "first_pixel" and value == 0):
            option = f"--{name.replace('_', '-')}"
            raise ConfigError(
                explain(
                    given=f"{option} with a dataset directory",
                    wanted="a single table of detections",
                    where=f"solve {source}",
                    todo=f"leave out {option}: a dataset says this itself",
                )
            )


def _refuse_columns_alone(options: SolveOptions) -> None:
    if options.reference_columns is not None:
        raise ConfigError(
            explain(
                given="--reference-columns without --reference",
                wanted="the table whose columns they are",
                where="the options of solve",
                todo="name it: --reference TABLE",
            )
        )


def refuse_own_input(
    source: Any, options: SolveOptions, output: str | Path, *others: Any
) -> None:
    """Refuse an output that is, or holds, something that is to be read.

    Parameters
    ----------
    source, options
        As of `read_input`.
    output
        Directory to be written.
    others
        Further files that are read; what is no path is passed over.
    """
    target = Path(output).resolve()
    given = (source, options.instrument, options.pointing, options.reference_table)
    for name in (*given, *others):
        if not is_path(name) or not table_file(name).exists():
            continue
        place = table_file(name).resolve()
        if place == target or target in place.parents:
            raise OutputExistsError(
                explain(
                    given=f"the output {output} is, or holds, the input {name}",
                    wanted="an output apart from what is read",
                    where=f"-o {output}",
                    todo="give another name",
                )
            )


__all__ = ["read_input", "refuse_own_input", "require_plates"]
