"""Columns of PostgreSQL and of Arrow: their types, and rows as the text of COPY.

CSV goes through COPY without loss: integers of 64 bits are digits, floating-point
numbers the shortest text that gives the same bits again, NULL is nothing, and an empty
text is two quotation marks.
"""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.csv as pc

from reseau.errors import CatalogueError, explain

FROM_POSTGRES = {
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "oid": pa.int64(),
    "real": pa.float32(),
    "double precision": pa.float64(),
    "boolean": pa.bool_(),
    "text": pa.string(),
    "character varying": pa.string(),
    "character": pa.string(),
    "name": pa.string(),
    "uuid": pa.string(),
    "date": pa.date32(),
    "timestamp without time zone": pa.timestamp("us"),
}
"""Arrow's types of the columns that are read; others are left out, and told."""

_TO_POSTGRES = (
    (pa.types.is_boolean, "boolean"),
    (lambda t: t in (pa.int8(), pa.uint8(), pa.int16()), "smallint"),
    (lambda t: t in (pa.uint16(), pa.int32()), "integer"),
    (lambda t: t in (pa.uint32(), pa.int64()), "bigint"),
    (lambda t: t == pa.uint64(), "numeric(20)"),
    (lambda t: t in (pa.float16(), pa.float32()), "real"),
    (lambda t: t == pa.float64(), "double precision"),
    (lambda t: pa.types.is_string(t) or pa.types.is_large_string(t), "text"),
    (pa.types.is_date, "date"),
    (pa.types.is_timestamp, "timestamp"),
    (pa.types.is_decimal, "numeric"),
)


_INT64_DIGITS = 18
_DECIMAL_DIGITS = 38


@dataclass(frozen=True)
class Column:
    """A column of a table in PostgreSQL.

    Attributes
    ----------
    name
        As it is written there.
    kind
        Its type, as `format_type` writes it.
    is_null
        Whether values may be missing.
    """

    name: str
    kind: str
    is_null: bool = True

    @property
    def arrow(self) -> pa.DataType | None:
        """The type in Arrow; None: there is none that is read.

        Whole numbers of a declared ``numeric(p)`` keep all their digits; others of that
        type become floating-point numbers of 64 bits.
        """
        name, _, modifier = self.kind.partition("(")
        if name.strip() != "numeric":
            return FROM_POSTGRES.get(_unmodified(self.kind))
        digits, _, scale = modifier.rstrip(")").partition(",")
        if not digits or int(scale or 0) != 0 or int(digits) > _DECIMAL_DIGITS:
            return pa.float64()
        if int(digits) <= _INT64_DIGITS:
            return pa.int64()
        return pa.decimal128(int(digits), 0)


def _unmodified(kind: str) -> str:
    """Return a type without its length: ``timestamp(6) without time zone`` too."""
    return re.sub(r"\([^)]*\)", "", kind)


def table_of(text: bytes, columns: Sequence[Column]) -> pa.Table:
    """Return rows that COPY wrote as CSV.

    Parameters
    ----------
    text
        CSV without a header.
    columns
        What is in it, in that order.
    """
    types = {c.name: c.arrow for c in columns}
    if not text:
        return pa.schema(list(types.items())).empty_table()
    return pc.read_csv(
        io.BytesIO(text),
        read_options=pc.ReadOptions(
            column_names=[c.name for c in columns], use_threads=False
        ),
        parse_options=pc.ParseOptions(
            newlines_in_values=True, ignore_empty_lines=False
        ),
        convert_options=pc.ConvertOptions(
            column_types=types,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["t"],
            false_values=["f"],
        ),
    )


def text_of(batch: pa.RecordBatch) -> bytes:
    """Return rows as CSV that COPY reads.

    Parameters
    ----------
    batch
        Columns of the types that `postgres_type` knows.
    """
    text = io.BytesIO()
    pc.write_csv(batch, text, pc.WriteOptions(include_header=False))
    return text.getvalue()


def postgres_type(field: pa.Field) -> str:
    """Return the type of a column in PostgreSQL that keeps every value.

    Raises
    ------
    CatalogueError
        There is none: lists and structures.
    """
    kind = field.type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    for fits, name in _TO_POSTGRES:
        if fits(kind):
            return name
    raise CatalogueError(
        explain(
            given=f"the column {field.name} holds {field.type}",
            wanted="numbers, truth values, texts or dates, one value a row",
            where="a table for PostgreSQL",
            todo="leave the column out, or write its parts as columns",
        )
    )


__all__ = ["FROM_POSTGRES", "Column", "postgres_type", "table_of", "text_of"]
