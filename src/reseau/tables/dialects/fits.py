"""FITS tables: checked against the length of the file before anything is read."""

import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from astropy.io import fits
from astropy.table import Column, MaskedColumn, Table
from astropy.utils.exceptions import AstropyUserWarning
from numpy.typing import NDArray

from reseau.errors import FileFormatError
from reseau.tables.astropy_tables import from_astropy
from reseau.tables.header_keywords import keywords_of, with_keywords

from .choice import Listed, choose_table
from .content import Content
from .refusals import reason_of, refuse, truncated, unreadable

_MOST_CELLS = 10**10
_BLOCK = 2880
_NEGATIVE = re.compile(rb"(NAXIS\d*|PCOUNT) *= *(-\d+)")
_NO_COLUMN = re.compile(r"\d*[PQXCM]")
"""Forms of columns that are arrays of varying length, bits, complex numbers."""

_BROKEN = (
    "check it with fitsverify; if astropy reads it, Table.read(file), write it from "
    "there as ECSV"
)


def read_fits(content: Content, choice: str | None, notes: list[str]) -> pa.Table:
    """Read a table of a FITS file.

    Parameters
    ----------
    content
        Of the file.
    choice
        Name or number of its extension; None: there is one table only. Of a file of
        SExtractor's LDAC kind that is the one of objects.
    notes
        What a user should know is added here.
    """
    path = content.path
    _check_signs(content)
    with warnings.catch_warnings(record=True) as caught, content.open() as file:
        warnings.simplefilter("always")
        try:
            with fits.open(file, memmap=False, checksum=True) as units:
                tables = list(_tables(units, content))
                listed = [Listed(i, name, rows) for i, name, rows in tables]
                found = choose_table(_objects(listed, choice), choice, path)
                table = _read(units[found.number], content, notes)
                said = [units[0].header, *_image_headers(units, found, notes)]
                table = _with_headers(table, [*said, units[found.number].header])
        except FileFormatError:
            raise
        # The parser raises whatever it stumbles over in a damaged header.
        except Exception as error:
            raise _damaged(path, error, caught) from error
    if content.size % _BLOCK:
        notes.append(
            f"has a length that is no multiple of {_BLOCK} bytes: if bytes were lost "
            "or added, rows are wrong"
        )
    if any("hecksum verification failed" in str(w.message) for w in caught):
        notes.append("has a checksum that does not fit: it was changed after writing")
    return table


def _tables(units: fits.HDUList, content: Content) -> Iterator[tuple[int, str, int]]:
    # Header by header; a header that promises more than the file has ends the walk.
    number = 0
    while True:
        try:
            unit = units[number]
        except IndexError:
            return
        header = unit.header
        _check_length(unit, header, content)
        if header.get("XTENSION", "").strip() in ("BINTABLE", "TABLE", "A3DTABLE"):
            if header.get("ZTABLE"):
                given = f"{content.path.name} holds a table compressed by fpack"
                raise refuse(content.path, given, "a plain table", "unpack it: funpack")
            if not header.get("ZIMAGE"):
                name = str(header.get("EXTNAME", "")).strip()
                yield number, name, int(header["NAXIS2"])
        number += 1


def _check_length(unit: Any, header: fits.Header, content: Content) -> None:
    path = content.path
    n_axes = header.get("NAXIS", 0)
    axes = [header.get(f"NAXIS{i + 1}", 0) for i in range(n_axes)]
    counts = [*axes, header.get("PCOUNT", 0)]
    if not all(isinstance(n, int) and n >= 0 for n in counts):
        keys = [*(f"NAXIS{i + 1}" for i in range(n_axes)), "PCOUNT"]
        bad = next(
            f"{k} = {n}"
            for k, n in zip(keys, counts, strict=True)
            if not (isinstance(n, int) and n >= 0)
        )
        raise unreadable(path, "lengths of 0 or more in a FITS header", bad, _BROKEN)
    if unit.is_image or n_axes != 2:
        return
    start, size = unit.fileinfo()["datLoc"], axes[0] * axes[1] + counts[-1]
    if start + size > content.size:
        rows = f"{axes[1]:,} rows of {axes[0]:,} bytes"
        raise truncated(
            path,
            "FITS",
            f"its header promises {rows}, and the file has {content.size - start:,} "
            "bytes for them",
        )


def _objects(tables: list[Listed], choice: str | None) -> list[Listed]:
    # LDAC: each table of objects comes with one of the image's header.
    names = {t.name for t in tables}
    if choice is None and names == {"LDAC_IMHEAD", "LDAC_OBJECTS"}:
        return [t for t in tables if t.name == "LDAC_OBJECTS"]
    return tables


def _read(unit: Any, content: Content, notes: list[str]) -> pa.Table:
    path, header = content.path, unit.header
    n_fields = header.get("TFIELDS", 0)
    if not isinstance(n_fields, int) or not 0 < n_fields < 1000:
        raise unreadable(path, "a table with columns", f"TFIELDS = {n_fields}", _BROKEN)
    if header["NAXIS2"] * n_fields > _MOST_CELLS:
        given = f"{path.name} has {header['NAXIS2']:,} rows of {n_fields} columns"
        raise refuse(path, given, "a table that fits into memory", "split it")
    native = any(key.startswith("TCTYP") for key in header)
    try:
        unit = _without_arrays(unit, notes)
        missing = _missing_before_scaling(unit)
        table = Table.read(unit, format="fits", astropy_native=native)
        for name, rows in missing.items():
            table[name] = MaskedColumn(table[name], mask=rows)
    # The parser raises whatever it stumbles over in a damaged header.
    except Exception as error:
        raise unreadable(path, "a FITS table", reason_of(error), _BROKEN) from error
    _as_text(table)
    return from_astropy(table, where=path, notes=notes)


def _missing_before_scaling(unit: Any) -> dict[str, NDArray]:
    # TNULL counts before TSCAL and TZERO, which the parser forgets.
    found = {}
    for number, column in enumerate(unit.columns):
        if column.null in (None, "") or not (column.bscale or column.bzero):
            continue
        stored = np.rec.recarray.field(unit.data, number)
        if stored.ndim == 1 and stored.dtype.kind in "iu":
            found[column.name] = np.asarray(stored == column.null)
            column.null = None  # of unsigned numbers the parser stumbles over it
    return found


def _with_headers(table: pa.Table, headers: list[fits.Header]) -> pa.Table:
    # What the table's own header says counts before that of the file.
    found: dict[str, str | int | float] = {}
    for header in headers:
        found |= keywords_of(dict(header))
    return with_keywords(table, found)


def _image_headers(
    units: fits.HDUList, found: Listed, notes: list[str]
) -> list[fits.Header]:
    # LDAC: the image's header stands as text in the table before that of objects.
    before = units[found.number - 1] if found.number > 1 else None
    if before is None or before.header.get("EXTNAME", "").strip() != "LDAC_IMHEAD":
        return []
    try:
        # Blanks at the ends of texts are lost on the way, and cards have 80 bytes.
        texts = [str(t) for t in np.ravel(before.data.field(0))]
        cards = "".join(t.ljust(-(-len(t) // 80) * 80) for t in texts)
        return [fits.Header.fromstring(cards)]
    # The parser raises whatever it stumbles over.
    except Exception as error:  # noqa: BLE001
        notes.append(f"has an image's header that cannot be read: {reason_of(error)}")
        return []


def _without_arrays(unit: Any, notes: list[str]) -> Any:
    # What is no number, truth value or text would only be read to be left out.
    odd = [c.name for c in unit.columns if _NO_COLUMN.match(str(c.format))]
    kept = [c for c in unit.columns if not _NO_COLUMN.match(str(c.format))]
    if not odd or unit.header.get("XTENSION", "").strip() == "TABLE":
        return unit
    notes.append(
        f"is read without {', '.join(odd)}: a column of arrays, bits or complex"
    )
    return fits.BinTableHDU.from_columns(kept, header=unit.header)


def _as_text(table: Table) -> None:
    # FITS fills text with blanks, and says nothing of its encoding.
    for name in table.colnames:
        column = table[name]
        kind = getattr(column, "dtype", np.dtype(float)).kind
        if kind in "SU" and column.ndim == 1:
            text = np.asarray(column)
            text = np.char.decode(text, "utf-8", "replace") if kind == "S" else text
            unit, description = column.info.unit, column.info.description
            text = np.char.strip(text)
            # A text of no characters is FITS's word for none.
            missing = (text == "") | np.ma.getmaskarray(column)
            kept = MaskedColumn(text, mask=missing) if missing.any() else Column(text)
            table[name] = kept
            table[name].info.unit, table[name].info.description = unit, description


def _check_signs(content: Content) -> None:
    # A negative length would lead the walk from header to header astray.
    for at in range(0, len(content.start) - 79, 80):
        if found := _NEGATIVE.match(content.start, at):
            reason = f"{found[1].decode()} = {found[2].decode()}"
            wanted = "lengths of 0 or more in a FITS header"
            raise unreadable(content.path, wanted, reason, _BROKEN)


def _damaged(
    path: Path, error: Exception, caught: list[warnings.WarningMessage]
) -> FileFormatError:
    said = [
        str(w.message) for w in caught if issubclass(w.category, AstropyUserWarning)
    ]
    reason = reason_of(error)
    if any("truncated" in text or "END card" in text for text in [*said, reason]):
        return truncated(path, "FITS", next(iter(said), reason))
    return unreadable(path, "a FITS file", reason, _BROKEN)


__all__ = ["read_fits"]
