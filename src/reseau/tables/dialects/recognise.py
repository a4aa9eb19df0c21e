"""Tell a table's format from its first bytes, and name what is none."""

import re
from pathlib import Path

from reseau.errors import FileFormatError

from .content import Content
from .refusals import holds_nul, refuse, truncated

FORMATS = (
    "parquet",
    "fits",
    "ecsv",
    "votable",
    "csv",
    "ipac",
    "sextractor",
    "daophot",
    "mrt",
)
"""Formats that `read_table` knows; "csv" is text separated by anything."""

_BINARY = {".parquet": "parquet", ".pq": "parquet"}
_FROM_ASTROPY = (
    "read it with astropy, Table.read(..., format='{}'), and write('x.ecsv')"
)
_OF_NAMES = (
    "write a table: a line of names (source_id, x, y, ra, dec), then a row a star"
)
_CONVERT = "convert it to Parquet, FITS, ECSV, VOTable or CSV"

_FOREIGN = (
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", _FROM_ASTROPY.format("hdf5")),
    (b"\x89PNG", "a PNG image", "name the table that was measured on it"),
    (b"\xff\xd8\xff", "a JPEG image", "name the table that was measured on it"),
    (b"GIF8", "a GIF image", "name the table that was measured on it"),
    (b"II*\x00", "a TIFF image", "name the table that was measured on it"),
    (b"MM\x00*", "a TIFF image", "name the table that was measured on it"),
    (b"%PDF", "a PDF document", "copy its table into a CSV file"),
    (b"#ASDF", "an ASDF file", "read it with asdf, and write the table as ECSV"),
    (
        b"\x93NUMPY",
        "a NumPy array",
        "write it with names, Table(array).write('x.ecsv')",
    ),
    (b"CDF\x01", "a netCDF file", _CONVERT),
    (b"ARROW1", "an Arrow (Feather) file", "write it as Parquet"),
    (b"\xff\xff\xff\xff", "an Arrow stream", "write it as Parquet"),
    (b"ORC", "an ORC file", "write it as Parquet"),
    (b"Obj\x01", "an Avro file", "write it as Parquet"),
    (b"SQLite format 3\x00", "an SQLite database", "export the table as CSV"),
    (b"\xd0\xcf\x11\xe0", "a document of an old office program", "save it as CSV"),
    (b"\x1f\x9d", "compressed by compress (.Z)", "unpack it with uncompress"),
    (b"7z\xbc\xaf", "a 7-Zip archive", "unpack it"),
    (b"Rar!", "a RAR archive", "unpack it"),
    (b"PK\x05\x06", "an empty zip archive", "fetch it anew"),
    (b"\x7fELF", "a program", "name a table"),
    (b"{\\rtf", "a document in RTF", "save it as plain text"),
    (b"\\documentclass", "a LaTeX document", _FROM_ASTROPY.format("latex")),
    (b"\\begin{", "a LaTeX table", _FROM_ASTROPY.format("latex")),
    (b"\\startdata", "a LaTeX table", _FROM_ASTROPY.format("aastex")),
    (b"%!PS", "a PostScript document", "copy its table into a CSV file"),
    (b"%", "LaTeX or MATLAB text", _FROM_ASTROPY.format("latex")),
    (b"{", "JSON", _CONVERT),
    (b"[{", "JSON", _CONVERT),
    (b"%YAML", "a YAML file", _CONVERT),
)
OF_BYTES = re.compile(rb"(?mi)^[ \t]*Byte-by-byte Description of file")
"""What stands above the description of a table's bytes, as the AAS and the CDS have it.
"""
_REGIONS = re.compile(
    rb"(?mi)^[ \t]*(?:\w+[ \t]*;[ \t]*)?[-+]?"
    rb"(?:circle|ellipse|box|annulus|polygon|point)[ \t]*[(\[][^\n]*[)\]]"
)
_RST = re.compile(rb"={2,}([ \t]+={2,})+[ \t]*\r?\n")
_PICKLE = re.compile(rb"\x80[\x02-\x05]")
_MARKUP = re.compile(rb"<!--|<[A-Za-z!?]")
_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)


def mark_of(start: bytes) -> tuple[bytes, str]:
    """Return the byte-order mark at the start, and the encoding that it says.

    Parameters
    ----------
    start
        First bytes of a file.

    Returns
    -------
    Nothing and UTF-8 where there is none.
    """
    found = (each for each in _MARKS if start.startswith(each[0]))
    return next(found, (b"", "utf-8"))


def format_of(content: Content) -> str:
    """Tell a table's format, one of `FORMATS`.

    Parameters
    ----------
    content
        Of the file.

    Raises
    ------
    FileFormatError
        The format is none of them; the message says what it looks like.
    """
    path = content.path
    if content.size == 0:
        raise refuse(
            path,
            f"{path.name} is empty",
            _wanted(path),
            "check what should have written it",
        )
    start = content.start
    found = _binary_format(start) or _text_format(_as_utf8(start))
    promised = _BINARY.get(path.suffix.lower())
    if found is None or (promised and found != promised):
        raise _unknown(content, promised if found else None)
    return found


def _wanted(path: Path) -> str:
    promised = _BINARY.get(path.suffix.lower())
    return f"a {promised} file" if promised else f"one of {', '.join(FORMATS)}"


def _binary_format(start: bytes) -> str | None:
    if start.startswith(b"PAR1"):
        return "parquet"
    if start.startswith((b"SIMPLE  =", b"XTENSION=")):
        return "fits"
    return None


def _as_utf8(start: bytes) -> bytes:
    mark, encoding = mark_of(start)
    text = start[len(mark) :]
    if encoding == "utf-8":
        return text
    return text.decode(encoding, errors="replace").encode()


def _text_format(text: bytes) -> str | None:
    if b"\x00" in text:
        return None
    if _foreign(text):
        return None
    text = text.lstrip()
    if _MARKUP.match(text):
        return "votable" if re.search(rb"<(\w+:)?VOTABLE", text) else None
    if text.startswith(b"# %ECSV"):
        return "ecsv"
    if OF_BYTES.search(text):
        return "mrt"
    if text.startswith(b"\\") or _has_ipac_header(text):
        return "ipac"
    if re.match(rb"#\s*1\s+[A-Za-z]\w*", text):
        return "sextractor"
    if re.match(rb"(#K |#N ID)|NL +NX +NY", text):
        return "daophot"
    return "csv" if _is_text(text) else None


def _has_ipac_header(text: bytes) -> bool:
    # IPAC's rows begin with a blank; other tables with bars have them in every row.
    lines = [line for line in text.splitlines()[:5] if line.strip()]
    bars = [line.startswith(b"|") for line in lines]
    return bool(bars) and bars[0] and (len(bars) < 2 or not all(bars))


def _is_text(text: bytes) -> bool:
    codes = [b for b in text[:4096] if b < 32 and b not in b"\t\n\r\f\v\x1a\x1b\x07"]
    return not codes and bool(re.search(rb"[A-Za-z0-9]", text[:4096]))


def _foreign(start: bytes) -> tuple[str, str] | None:
    for mark, what, todo in _FOREIGN:
        if start.lstrip(b" \n\r\t").startswith(mark) or start.startswith(mark):
            return what, todo
    if _RST.match(start.lstrip()):
        return "a table in reStructuredText", _FROM_ASTROPY.format("ascii.rst")
    if start.startswith((b"# Region file", b"#CRTF")) or _REGIONS.search(start[:4096]):
        return "a file of regions, of DS9 or CASA, no table", _OF_NAMES
    if _PICKLE.match(start):
        return "a Python pickle", "write the table as Parquet: no pickle is opened"
    if start[257:262] == b"ustar":
        return "a tar archive", "unpack it"
    if start[:4096].lower().lstrip().startswith((b"<html", b"<!doctype html")):
        return (
            "a web page (an error page of an archive?)",
            "look at it, then fetch anew",
        )
    return None


def _unknown(content: Content, promised: str | None) -> FileFormatError:
    path, start = content.path, content.start
    text = _as_utf8(start)
    if promised:
        where = f"a {promised} file"
        if b"PAR1".startswith(start[:4]):
            return truncated(path, promised, "it ends within its first four bytes")
        todo = "if its content is right, give it the suffix of its format"
        return refuse(path, _begins(path, start), where, todo)
    if foreign := _foreign(start) or _foreign(text):
        what, todo = foreign
        return refuse(path, f"{path.name} is {what}", _wanted(path), todo)
    if _MARKUP.match(text.lstrip()):
        given, todo = f"{path.name} is XML, no VOTable", "name a VOTable"
        if b"<table" in text.lower():
            given, todo = f"{path.name} is HTML", _FROM_ASTROPY.format("html")
        return refuse(path, given, _wanted(path), todo)
    if text[1:2] == b"\x00" or text[:1] == b"\x00":
        half = text[:4096].count(b"\x00") / max(len(text[:4096]), 1)
        if 0.3 < half < 0.6:
            given = f"{path.name} looks like text in UTF-16 without a byte-order mark"
            return refuse(path, given, _wanted(path), "save it as UTF-8")
    is_rare = text.rstrip(b"\x00").count(b"\x00") < 0.1 * len(text)
    if is_rare and b"\n" in text and _is_text(text.replace(b"\x00", b"")):
        return holds_nul(path, text)
    return refuse(
        path, _begins(path, start), _wanted(path), f"check what wrote it, or {_CONVERT}"
    )


def _begins(path: Path, start: bytes) -> str:
    return f"{path.name} begins with {start[:12]!r}"


__all__ = ["FORMATS", "OF_BYTES", "format_of", "mark_of"]
