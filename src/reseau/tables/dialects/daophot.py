"""DAOPHOT's files, as Stetson's programs and as IRAF write them.

Pixels of both count from 1.
"""

import warnings

import pyarrow as pa
from astropy.table import Table

from reseau.tables.astropy_tables import from_astropy

from .arrow import table_from
from .content import Content
from .delimited import Layout, read_rows
from .refusals import bad_line, reason_of, refuse, unreadable
from .text import lines_of, text_of

_COLUMNS = {
    # What FIND writes, and what PEAK, NSTAR and ALLSTAR do, by number of fields.
    7: ("ID", "X", "Y", "MAG", "SHARP", "ROUND", "ROUND_2"),
    6: ("ID", "X", "Y", "MAG", "SHARP", "ROUND"),
    9: ("ID", "X", "Y", "MAG", "MERR", "MSKY", "NITER", "CHI", "SHARP"),
}
_UNITS = {"X": "pixel", "Y": "pixel", "MAG": "mag", "MERR": "mag"}


def read_daophot(content: Content, notes: list[str]) -> pa.Table:
    """Read a catalogue of DAOPHOT or ALLSTAR.

    Parameters
    ----------
    content
        Of the file.
    notes
        What a user should know is added here.
    """
    text = text_of(content, notes)
    if text.lstrip().startswith(b"#"):
        return _of_iraf(text, content, notes)
    path = content.path
    lines = [each for each in lines_of(text) if each[2].strip()][:3]
    if len(lines) < 3:
        raise refuse(
            path,
            f"{path.name} has a header of DAOPHOT and no rows",
            "at least one star",
            "check what should have written it",
        )
    kind = lines[1][2].split()[0]
    start, number, line = lines[2]
    names = _COLUMNS.get(len(line.split()))
    if kind == "2" or names is None:
        raise bad_line(
            path,
            number,
            line,
            "is no row of FIND, PEAK, NSTAR or ALLSTAR",
            wanted="one line a star of 6, 7 or 9 fields",
            todo="write it as text with a line of names",
        )
    notes.append("is of DAOPHOT: its pixels count from 1")
    found, columns = read_rows(text, Layout(" ", names, start, _UNITS), path, notes)
    return table_from(found, columns, _UNITS, {})


def _of_iraf(text: bytes, content: Content, notes: list[str]) -> pa.Table:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            table = Table.read(text.decode().split("\n"), format="ascii.daophot")
        # The parser raises many kinds.
        except Exception as error:
            raise unreadable(
                content.path,
                "a table of IRAF's daophot",
                reason_of(error),
                "write it with txdump as columns, below a line of names",
            ) from error
    notes.append("is of IRAF's daophot: its pixels count from 1")
    return from_astropy(table, where=content.path, notes=notes)


__all__ = ["read_daophot"]
