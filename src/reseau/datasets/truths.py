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


def read_truth(path: str | Path) -> Truth:
    """Read the truth of a simulated dataset.

    Parameters
    ----------
    path
        The dataset's directory or the folder ``truth`` in it.
    """
    with damage_told(path, "truth", "simulate again"):
        return _read(require_directory(path))


def _read(folder: Path) -> Truth:
    if (folder / TRUTH).is_dir():
        folder = folder / TRUTH
    files = {name: folder / f"{name}.parquet" for name in ("sources", "exposures")}
    if not files["sources"].exists():
        raise FileFormatError(
            explain(
                given=f"{folder} holds no sources.parquet",
                wanted="the truth of a simulation",
                where=str(folder),
                todo="give the dataset that a simulator wrote",
            )
        )
    sources = validate(
        read_table(files["sources"]), TRUTH_SOURCES, where=files["sources"]
    )
    exposures = None
    if files["exposures"].exists():
        table = read_table(files["exposures"])
        exposures = validate(table, TRUTH_EXPOSURES, where=files["exposures"])
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
