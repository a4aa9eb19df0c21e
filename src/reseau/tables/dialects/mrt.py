"""Machine-readable tables of the AAS and of the CDS: bytes described above the rows."""

import re
import warnings
from pathlib import Path

import pyarrow as pa
from astropy.table import Table

from reseau.tables.astropy_tables import from_astropy

from .content import Content
from .recognise import OF_BYTES
from .refusals import bad_line, reason_of, refuse, unreadable
from .text import lines_of, text_of

_COLUMN = re.compile(r"\s*(?:(\d+)\s*-)?\s*(\d+)\s+[A-Z]\d+\S*\s+\S+\s+\S")
_RULE = re.compile(r"\s*(-{6,}|={6,})")
_READ_ME = (
    "read the table with astropy, Table.read(file, readme='ReadMe', "
    "format='ascii.cds'), and write('x.ecsv')"
)


def read_mrt(content: Content, notes: list[str]) -> pa.Table:
    """Read a table whose bytes are described above its rows.

    Parameters
    ----------
    content
        Of the file.
    notes
        What a user should know is added here.
    """
    path, text = content.path, text_of(content, notes)
    n_tables = len(OF_BYTES.findall(text))
    if n_tables > 1:
        given = f"{path.name} describes the bytes of {n_tables} tables"
        raise refuse(path, given, "one description, and its rows below", _READ_ME)
    if text.rstrip().rpartition(b"\n")[2].startswith(b"(End)"):
        given = f"{path.name} is a ReadMe of the CDS, and has no rows"
        raise refuse(path, given, "a description of bytes, and rows below", _READ_ME)
    _check_bytes(text, path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            table = Table.read(text.decode().rstrip().split("\n"), format="ascii.cds")
        # The parser raises many kinds.
        except Exception as error:
            raise unreadable(
                path,
                "a table of the AAS or the CDS: a description of bytes, a rule, rows",
                reason_of(error),
                f"correct it; of a ReadMe without rows: {_READ_ME}",
            ) from error
    table.meta = {}
    return from_astropy(table, where=path, notes=notes)


def _check_bytes(text: bytes, path: Path) -> None:
    # Rows that are shifted against the description would be read as other numbers.
    described: set[int] = set()
    rows: list[tuple[int, str]] = []
    for _, number, line in lines_of(text):
        if _RULE.match(line):
            rows.clear()
            continue
        rows.append((number, line))
        if match := _COLUMN.match(line):
            described |= set(range(int(match[1] or match[2]) - 1, int(match[2])))
    for number, line in rows:
        outside = [i for i, c in enumerate(line) if c != " " and i not in described]
        if "\t" in line or outside:
            reason = f"has something at byte {(outside or [line.find(chr(9))])[0] + 1}"
            raise bad_line(
                path,
                number,
                line,
                f"{reason}, which belongs to no column",
                wanted="rows in the bytes that the description names",
                todo="if the table's blanks were changed, fetch it anew; correct the "
                "line or the description otherwise",
            )


__all__ = ["read_mrt"]
