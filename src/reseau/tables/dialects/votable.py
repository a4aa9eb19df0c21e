"""VOTable: checked before it is parsed, since its parser would follow links.

`STREAM href` names another file or an address on the network, entities may expand to
gigabytes or name files: a file that has either is refused.
"""

import io
import re
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from xml.parsers import expat

import pyarrow as pa
from astropy.io import votable
from astropy.table import Table

from reseau.errors import FileFormatError
from reseau.tables.astropy_tables import from_astropy

from .choice import Listed, choose_table
from .content import Content
from .recognise import mark_of
from .refusals import reason_of, refuse, truncated, unreadable
from .streams import Inspection, RefusedError

_ENCODING = re.compile(rb"""(<\?xml[^>]*?)\sencoding\s*=\s*["']([\w.:-]+)["']""")
_ASCII_LIKE = ("utf-8", "us-ascii", "ascii", "iso-8859-1", "latin-1", "utf8")
_N_ROWS = re.compile(rb"""(<(?:\w+:)?TABLE\b[^>]*?)\snrows\s*=\s*("[^"]*"|'[^']*')""")
_UNCLOSED = {
    expat.errors.codes[name]
    for name in (
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
    )
}


def read_votable(content: Content, choice: str | None, notes: list[str]) -> pa.Table:
    """Read a table of a VOTable.

    Parameters
    ----------
    content
        Of the file.
    choice
        Name, ID or number, from 1, of the table; None: there is one only.
    notes
        What a user should know is added here.
    """
    path, text = content.path, _xml_of(content)
    promised = _check(text, path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            # Without the number of rows, for which the parser would make room.
            text = _N_ROWS.sub(rb"\1", text)
            whole = votable.parse(io.BytesIO(text), verify="ignore")
            tables = list(whole.iter_tables())
            listed = [
                Listed(i + 1, str(t.name or t.ID or ""), len(t.array))
                for i, t in enumerate(tables)
            ]
            chosen = choose_table(listed, choice, path)
            _check_rows(chosen, promised, path)
            table = tables[chosen.number - 1].to_table(use_names_over_ids=True)
            _note_systems(table, tables[chosen.number - 1], whole)
            table.meta |= _said_of(whole, tables[chosen.number - 1])
        except FileFormatError:
            raise
        # The parser raises whatever it stumbles over.
        except Exception as error:
            raise _broken(path, reason_of(error)) from error
    return from_astropy(table, where=path, notes=notes)


def _said_of(whole: Any, table: Any) -> dict[str, object]:
    # PARAM and INFO of the file, of the resource that the table is in, and of itself.
    places = [whole, *_around(whole.resources, table), table]
    found: dict[str, object] = {}
    for place in places:
        said = [*getattr(place, "params", ()), *getattr(place, "infos", ())]
        found |= {str(s.name or s.ID): s.value for s in said}
    return {"EXTNAME": table.name or ""} | found


def _note_systems(table: Table, element: Any, whole: Any) -> None:
    """Note in each column's `meta` the frame and the time system that it refers to."""
    frames = {s.ID: s for s in whole.iter_coosys()}
    times = {s.ID: s for s in whole.iter_timesys()}
    groups = {g.ID: g.ref for g in element.iter_groups() if g.ID}
    refs = [groups.get(f.ref, f.ref) for f in element.fields]
    # Older files declare one frame, and no column refers to it.
    only = next(iter(frames.values())) if len(frames) == 1 else None
    unused = only is not None and not any(r in frames for r in refs)
    for name, ref in zip(table.colnames, refs, strict=True):
        said: dict[str, str] = {}
        frame: Any = only if unused else frames.get(ref)
        if frame is not None:
            said["frame"] = f"{frame.system or ''} {frame.equinox or ''}".rstrip()
            said["frame_epoch"] = "" if unused else str(frame.epoch or "")
        if ref in times:
            said["time_origin"] = _julian_day(times[ref].timeorigin)
            said["time_scale"] = str(times[ref].timescale or "")
        info = table[name].info
        info.meta = {**(info.meta or {}), **said}


def _julian_day(origin: object) -> str:
    # Of times that are dates or years there is none.
    words = {"JD-origin": "0", "MJD-origin": "2400000.5"}
    try:
        return str(float(words.get(str(origin), str(origin))))
    except ValueError:
        return ""


def _around(resources: Iterable[Any], table: Any) -> list[Any]:
    for resource in resources:
        inside = _around(resource.resources, table)
        if inside or any(t is table for t in resource.tables):
            return [resource, *inside]
    return []


def _xml_of(content: Content) -> bytes:
    # In an encoding in which tags are spelt as in ASCII, so that none can hide.
    text = content.whole()
    mark, encoding = mark_of(text[:4])
    text = text[len(mark) :]
    if encoding != "utf-8":
        try:
            text = text.decode(encoding).encode()
        except UnicodeDecodeError as error:
            raise _broken(content.path, error) from error
        return _ENCODING.sub(rb"\1", text, count=1)
    declared = _ENCODING.match(text.lstrip()[:1000])
    if declared and declared[2].decode().lower() not in _ASCII_LIKE:
        given = f"{content.path.name} is in the encoding {declared[2].decode()}"
        raise refuse(content.path, given, "UTF-8", "save it as UTF-8")
    return text.lstrip()


def _check(text: bytes, path: Path) -> list[str]:
    # The number of rows that each table says it has.
    inspection = Inspection()
    try:
        inspection.walk(text)
    except RefusedError as found:
        given, wanted, todo = found.args
        raise refuse(path, f"{path.name} {given}", wanted, todo) from found
    except expat.ExpatError as error:
        ended = error.code in _UNCLOSED and error.lineno >= text.count(b"\n")
        if ended:
            raise truncated(path, "VOTable", error) from error
        raise _broken(path, error) from error
    except (LookupError, ValueError) as error:
        raise _broken(path, error) from error
    return inspection.promised


def _check_rows(table: Listed, promised: list[str], path: Path) -> None:
    # A stream of which bytes were lost or added gives rows all the same.
    said = promised[table.number - 1] if len(promised) >= table.number else ""
    if said.strip().isdigit() and int(said) != table.rows:
        reason = f"it has {table.rows:,} rows and says nrows = {int(said):,}"
        if table.rows is not None and table.rows < int(said):
            raise truncated(path, "VOTable", reason)
        raise _broken(path, reason)


def _broken(path: Path, reason: object) -> FileFormatError:
    return unreadable(
        path,
        "XML that is a VOTable",
        reason,
        "correct that place, or write it anew from TOPCAT or astropy",
    )


__all__ = ["read_votable"]
