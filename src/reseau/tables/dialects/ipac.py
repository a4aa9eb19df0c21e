"""IPAC tables: columns of fixed width, below names between bars."""

import warnings

import pyarrow as pa
from astropy.table import Table

from reseau.tables.astropy_tables import from_astropy

from .content import Content
from .refusals import bad_line, reason_of, unreadable
from .text import lines_of, text_of


def read_ipac(content: Content, notes: list[str]) -> pa.Table:
    """Read an IPAC table.

    Parameters
    ----------
    content
        Of the file.
    notes
        What a user should know is added here.
    """
    path, text = content.path, text_of(content, notes)
    bars: list[int] = []
    line = ""
    for _, number, line in lines_of(text):
        if line.startswith("|"):
            bars = [i for i, c in enumerate(line) if c == "|"]
        elif not line.startswith("\\") and any(line[i : i + 1].strip() for i in bars):
            # A value under a bar belongs to two columns: nobody knows to which.
            reason = "has a value below the bar between two columns"
            raise bad_line(path, number, line, reason)
    if bars and not text.endswith(b"\n") and len(line) < bars[-1]:
        notes.append(
            "ends within its last column, and without a line end: if it was cut, its "
            "last row is wrong"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            table = Table.read(text.decode().split("\n"), format="ascii.ipac")
        # The parser raises many kinds.
        except Exception as error:
            raise unreadable(
                path,
                "an IPAC table: names, types, units and null between bars",
                reason_of(error),
                "correct the header, or write the table as ECSV",
            ) from error
    about = table.meta.get("keywords", {})
    table.meta = {name: entry.get("value") for name, entry in about.items()}
    return from_astropy(table, where=path, notes=notes)


__all__ = ["read_ipac"]
