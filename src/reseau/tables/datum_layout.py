"""Columns of what references alone decide in a catalogue that many plates give."""

from .columns import Column, TableSchema, nullable


def _size(name: str, description: str, ucd: str) -> Column:
    return Column(name, "float64", "", f"{description}, in `unit`", ucd)


def _part(name: str, description: str) -> Column:
    return Column(
        name, "float64", "", description, "stat.value", check="finite", within=(0, 1)
    )


DATUM = TableSchema(
    "datum",
    (
        Column("name", "string", "", "name of the field on the sky", "meta.id"),
        Column("parameter", "string", "", "position, parallax or motion", "meta.code"),
        Column("degree", "int32", "", "of the polynomial; -1: no name", "meta.number"),
        Column("unit", "string", "", "unit of the amplitude", "meta.unit"),
        *nullable(
            [
                _size(
                    "value",
                    "amplitude in catalogue minus reference; missing: no reference",
                    "stat.value",
                ),
                _size("value_error", "1σ of value, at most", "stat.error"),
            ]
        ),
        _size("formal_error", "1σ of the catalogue's; inf: undecided", "stat.error"),
        _size("floor", "1σ of what references share beyond that", "stat.error.sys"),
        _size("error", "both together", "stat.error"),
        _size("plates_alone", "formal error without the references", "stat.error"),
        _part("share_of_references", "part of the formal variance by their errors"),
        _part("named", "part of the field that is a sum of named ones"),
    ),
    unique=("name",),
)

__all__ = ["DATUM"]
