"""What a simulator knows of its dataset: the folder ``truth``. No solver reads it."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from reseau.errors import FileFormatError, explain
from reseau.instrument import Instrument
from reseau.tables import read_table, validate
from reseau.tables.damage import damage_told
from reseau.tables.files import require_directory, write_parquet
from reseau.tables.layouts import TRUTH_EXPOSURES, TRUTH_SOURCES

from .instrument_writer import write_instrument
from .instruments import read_instrument

TRUTH = "truth"
"""Name of the folder inside a dataset."""


@dataclass(frozen=True)
class Truth:
    """True values of a simulation.

    Attributes
    ----------
    sources
        Table `TRUTH_SOURCES`: directions from the observer at the plate's epoch.
    exposures
        Table `TRUTH_EXPOSURES`, if known.
    instrument
        True instrument, if known.
    """

    sources: pa.Table
    exposures: pa.Table | None = None
    instrument: Instrument | None = None


def read_truth(path: str | Path, *, plate: int | None = None) -> Truth:
    """Read the truth of a simulated dataset.

    Parameters
    ----------
    path
        The dataset's directory or the folder ``truth`` in it.
    plate
        The one whose sources are wanted, where each has files of its own; absent: all.
    """
    with damage_told(path, "truth", "simulate again"):
        return _read(require_directory(path), plate)


def _read(folder: Path, plate: int | None) -> Truth:
    if (folder / TRUTH).is_dir():
        folder = folder / TRUTH
    exposures_file = folder / "exposures.parquet"
    files = sorted(folder.glob(f"sources/plate_id={'*' if plate is None else plate}/*"))
    files = files or [folder / "sources.parquet"]
    if not files[0].exists():
        raise FileFormatError(
            explain(
                given=f"{folder} holds no sources.parquet",
                wanted="the truth of a simulation",
                where=str(folder),
                todo="give the dataset that a simulator wrote",
            )
        )
    sources = pa.concat_tables(
        [validate(read_table(file), TRUTH_SOURCES, where=file) for file in files]
    )
    exposures = None
    if exposures_file.exists():
        table = read_table(exposures_file)
        exposures = validate(table, TRUTH_EXPOSURES, where=exposures_file)
    toml = folder / "instruments" / f"plate_id={plate}.toml"
    if not toml.exists():
        toml = folder / "instrument.toml"
    instrument = read_instrument(toml) if toml.exists() else None
    return Truth(sources=sources, exposures=exposures, instrument=instrument)


def write_truth(truth: Truth, folder: Path) -> None:
    """Write the truth into a folder that does not exist yet; part of a dataset.

    Parameters
    ----------
    truth
        What to write.
    folder
        Inside the temporary directory of the dataset.
    """
    folder.mkdir()
    sources = validate(truth.sources, TRUTH_SOURCES, where="truth")
    write_parquet(sources, folder / "sources.parquet")
    if truth.exposures is not None:
        exposures = validate(truth.exposures, TRUTH_EXPOSURES, where="truth")
        write_parquet(exposures, folder / "exposures.parquet")
    if truth.instrument is not None:
        write_instrument(truth.instrument, folder / "instrument.toml")


__all__ = ["TRUTH", "Truth", "read_truth", "write_truth"]
