"""Any file of epoch astrometry, told by what is in it and not by its name."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from reseau.errors import CatalogueError, FileFormatError, explain, some
from reseau.motions.epoch_astrometry import EpochAstrometry
from reseau.tables import columns_of, is_path, read_table, table_from
from reseau.tables.files import require_directory, require_file

from .gaia import gaia_parquet, is_gaia, read_gaia
from .gaia_text import is_gaia_text, read_gaia_text
from .hipparcos import (
    is_hipparcos_1997,
    is_hipparcos_2007,
    is_hipparcos_2014,
    read_hipparcos_1997,
    read_hipparcos_2007,
    read_hipparcos_2014,
)
from .pmpar import is_pmpar, read_pmpar
from .positions import is_positions, read_positions
from .text import TextFile, read_text

EPOCHS = "epochs.parquet"
"""Of our own catalogues: residuals by source and plate."""

CATALOGUES = ("sources.parquet", "catalogue.parquet")
"""Beside it: the solution whose residuals they are."""

KINDS = (
    "Gaia's epoch astrometry, Hipparcos' intermediate data of 1997, 2007 or 2014, "
    "positions of pmpar, or a table with epoch, ra, dec (or dra, ddec) and errors"
)


def read_epoch_astrometry(
    source: Any,
    *,
    observer: str = "geocentre",
    reference_epoch: float | None = None,
) -> EpochAstrometry:
    """Read what was measured of sources epoch by epoch.

    Parameters
    ----------
    source
        A file, the directory of a catalogue of ours, or a table in memory.
    observer
        Where the telescope is, as `reseau.observers.parse_observer` reads it: for
        parallax factors where none are given.
    reference_epoch
        From which motion counts [Julian year]; None: that of the data.

    Raises
    ------
    FileFormatError
        The file is of none of the known kinds, or damaged.
    CatalogueError
        A table lacks columns.
    """
    found = _read(source, observer, reference_epoch)
    return found if reference_epoch is None else _moved(found, reference_epoch)


def _read(source: Any, observer: str, reference_epoch: float | None) -> EpochAstrometry:
    if not is_path(source):
        table = table_from(source, what="epoch astrometry")
        return _of_table(table, "the table in memory", observer, reference_epoch)
    path = Path(source)
    if path.is_dir():
        return _of_catalogue(path, observer, reference_epoch)
    text = read_text(require_file(path))
    if text is not None and text.lines:
        found = _of_text(text, observer, reference_epoch)
        if found is not None:
            return found
    lists = gaia_parquet(path)
    if lists is not None:
        return read_gaia(lists, str(path))
    try:
        table = read_table(path)
    except FileFormatError as error:
        raise _unknown(str(path), "a file that is no table either") from error
    return _of_table(table, str(path), observer, reference_epoch)


def _of_text(
    text: TextFile, observer: str, reference_epoch: float | None
) -> EpochAstrometry | None:
    if is_gaia_text(text):
        return read_gaia_text(text)
    if is_hipparcos_1997(text):
        return read_hipparcos_1997(text)
    if is_hipparcos_2014(text):
        return read_hipparcos_2014(text)
    if is_hipparcos_2007(text):
        return read_hipparcos_2007(text)
    if is_pmpar(text):
        return read_pmpar(text, observer, reference_epoch)
    return None


def _of_table(
    table: pa.Table, where: str, observer: str, reference_epoch: float | None
) -> EpochAstrometry:
    if table.num_rows == 0:
        raise _unknown(where, "a table without rows")
    if is_gaia(table.column_names):
        return read_gaia(table, where)
    if is_positions(table.column_names):
        return read_positions(
            table, where, observer=observer, reference_epoch=reference_epoch
        )
    raise CatalogueError(
        explain(
            given=f"a table with the columns {some(table.column_names, 20)}",
            wanted=KINDS,
            where=where,
            todo="rename columns: epoch [Julian year], dra, ddec, dra_error and "
            "ddec_error [mas] are enough where parallax factors are given, too",
        )
    )


def _of_catalogue(
    path: Path, observer: str, reference_epoch: float | None
) -> EpochAstrometry:
    require_directory(path)
    if not (path / EPOCHS).is_file():
        raise FileFormatError(
            explain(
                given=f"a directory without {EPOCHS}",
                wanted="a catalogue with epoch residuals, or one file of epochs",
                where=str(path),
                todo="ask for residuals when plates are combined",
            )
        )
    beside = next((path / n for n in CATALOGUES if (path / n).is_file()), None)
    sources = None if beside is None else columns_of(read_table(beside))
    return read_positions(
        read_table(path / EPOCHS),
        str(path / EPOCHS),
        observer=observer,
        reference_epoch=reference_epoch,
        sources=sources,
    )


def _moved(found: EpochAstrometry, reference_epoch: float) -> EpochAstrometry:
    """Count time, and with it motion, from another epoch."""
    if found.reference_epoch == reference_epoch:
        return found
    if found.published.any() and not found.origin.startswith("residuals"):
        raise CatalogueError(
            explain(
                given=f"reference epoch {reference_epoch:g} for {found.origin}, which "
                f"are residuals of a solution at {found.reference_epoch:g}",
                wanted="the epoch of that solution",
                where="--reference-epoch",
                todo="leave it out",
            )
        )
    shift = reference_epoch - found.reference_epoch
    return replace(found, epoch=found.epoch - shift, reference_epoch=reference_epoch)


def _unknown(where: str, given: str) -> FileFormatError:
    return FileFormatError(
        explain(given=given, wanted=KINDS, where=where, todo="see the page of formats")
    )


__all__ = ["CATALOGUES", "EPOCHS", "KINDS", "read_epoch_astrometry"]
