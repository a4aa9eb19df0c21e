"""VOTable: checked before it is parsed, since its parser would follow links.

`STREAM href` names another file or an address on the network, entities may expand to
gigabytes or name files: a file that has either is refused.
"""

import io
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from xml.parsers import expat

import pyarrow as pa
from astropy.io import votable

from reseau.errors import FileFormatError
from reseau.io.astropy_tables import from_astropy
from reseau.io.dialects.choice import Listed, choose_table
from reseau.io.dialects.content import Content
from reseau.io.dialects.recognise import mark_of
from reseau.io.dialects.refusals import reason_of, refuse, truncated, unreadable

_ENCODING = re.compile(rb"""(<\?xml[^>]*?)\sencoding\s*=\s*["']([\w.:-]+)["']""")
_ASCII_LIKE = ("utf-8", "us-ascii", "ascii", "iso-8859-1", "latin-1", "utf8")
_N_ROWS = re.compile(rb"""(<(?:\w+:)?TABLE\b[^>]*?)\snrows\s*=\s*("[^"]*"|'[^']*')""")
_WIDE = 10**6
"""Bytes of a row that a table may declare."""


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
    _check(text, path)
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
            table = tables[chosen.number - 1].to_table(use_names_over_ids=True)
        except FileFormatError:
            raise
        # The parser raises whatever it stumbles over.
        except Exception as error:
            raise _broken(path, reason_of(error)) from error
    return from_astropy(table, where=path, notes=notes)


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


class _Found(Exception):
    """What stands in a file and must not; the message, and what to do."""


def _check(text: bytes, path: Path) -> None:
    parser = expat.ParserCreate()
    parser.EntityDeclHandler = _refuse_entity
    parser.StartElementHandler = _look_at
    try:
        parser.Parse(text, True)
    except _Found as found:
        given, wanted, todo = found.args
        raise refuse(path, f"{path.name} {given}", wanted, todo) from found
    except expat.ExpatError as error:
        unclosed = (
            expat.errors.codes[expat.errors.XML_ERROR_NO_ELEMENTS],
            expat.errors.codes[expat.errors.XML_ERROR_UNCLOSED_TOKEN],
            expat.errors.codes[expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION],
        )
        ended = error.code in unclosed and error.lineno >= text.count(b"\n")
        if ended:
            raise truncated(path, "VOTable", error) from error
        raise _broken(path, error) from error
    except (LookupError, ValueError) as error:
        raise _broken(path, error) from error


def _refuse_entity(name: str, *_: object) -> None:
    raise _Found(
        f"declares the entity {name}",
        "a VOTable without entities, which may name files or grow without end",
        "write it anew from TOPCAT or astropy, or remove the declaration",
    )


def _look_at(tag: str, attributes: Mapping[str, str]) -> None:
    kind = tag.rpartition(":")[2]
    if kind == "STREAM":
        if href := attributes.get("href"):
            raise _Found(
                f"says that its rows are elsewhere: {href}",
                "rows in the file itself: nothing is fetched and no other file opened",
                "open it in TOPCAT, and save it as VOTable with its data inline",
            )
        if attributes.get("encoding", "base64") not in ("base64", "none"):
            raise _Found(
                f"has rows in the encoding {attributes['encoding']}",
                "base64",
                "open it in TOPCAT, and save it as VOTable with its data inline",
            )
    elif kind == "FIELD":
        size = attributes.get("arraysize", "1").rstrip("*")
        lengths = [int(n) for n in re.findall(r"\d+", size)]
        total = 1
        for n in lengths:
            total *= n
        if total > _WIDE:
            raise _Found(
                f"has a column {attributes.get('name', '')} of {size} values a row",
                f"at most {_WIDE:,} values in a row",
                "check what wrote it",
            )


def _broken(path: Path, reason: object) -> FileFormatError:
    return unreadable(
        path,
        "XML that is a VOTable",
        reason,
        "correct that place, or write it anew from TOPCAT or astropy",
    )


__all__ = ["read_votable"]
