"""ADQL for one tile of a table."""

import re
from collections.abc import Sequence

from reseau._windows import TURN

from .services import Service
from .tiles import Tile, bounds, polygon

_REGULAR = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_RESERVED = {"date", "size", "distance", "point", "box", "area", "region", "user"}
"""Words of ADQL 2.0 (section 2.1.2) that tables have as columns all the same."""


def quoted(name: str) -> str:
    """Return the name of a column as ADQL writes it.

    Parameters
    ----------
    name
        Of a column.
    """
    if _REGULAR.fullmatch(name) and name.lower() not in _RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'


def source_of(column: str) -> str:
    """Return what a column is called in the table: "OLD AS NEW" is OLD.

    Parameters
    ----------
    column
        As a service lists it.
    """
    return column.partition(" AS ")[0]


def name_of(column: str) -> str:
    """Return what a column is called in the answer: "OLD AS NEW" is NEW.

    Parameters
    ----------
    column
        As a service lists it.
    """
    return column.partition(" AS ")[2] or column


def _asked(column: str) -> str:
    source, name = quoted(source_of(column)), quoted(name_of(column))
    return source if source == name else f"{source} AS {name}"


def query_of(service: Service, tile: Tile, columns: Sequence[str]) -> str:
    """Return the query for all sources of a tile, and for few others.

    Parameters
    ----------
    service
        What is asked.
    tile
        The part of the sky.
    columns
        Names of columns.
    """
    wanted = ", ".join(map(_asked, columns))
    return f"SELECT {wanted}\nFROM {service.table}\nWHERE {_where(service, tile)}"


def _where(service: Service, tile: Tile) -> str:
    if service.region == "galactic":
        return _galactic(service, tile)
    ra, dec = quoted(service.ra), quoted(service.dec)
    if service.region == "box":
        west, east, south, north = bounds(tile.box, service.margin)
        return f"{_between(ra, west, east)} AND {_between(dec, south, north)}"
    corners = ", ".join(_number(x) for x in polygon(tile.box, service.margin).ravel())
    return f"1 = CONTAINS(POINT('ICRS', {ra}, {dec}), POLYGON('ICRS', {corners}))"


def _galactic(service: Service, tile: Tile) -> str:
    margin = service.margin
    low, high = tile.l_min - margin, tile.l_max + margin
    latitude = _between(quoted(service.b), tile.b_min - margin, tile.b_max + margin)
    if high - low >= TURN:
        return latitude
    return f"{_between(quoted(service.l), low % TURN, high % TURN)} AND {latitude}"


def _between(name: str, low: float, high: float) -> str:
    """Return the condition; limits of which the first is larger go through 0."""
    if low > high:
        return f"({name} >= {_number(low)} OR {name} <= {_number(high)})"
    return f"{name} BETWEEN {_number(low)} AND {_number(high)}"


def _number(value: float) -> str:
    # ADQL knows no exponents in some services, and 0.1 nas are enough.
    return f"{value:.9f}".rstrip("0").rstrip(".")


def schema_query(table: str) -> str:
    """Return the query for the names of a table's columns.

    Parameters
    ----------
    table
        As ADQL writes it.
    """
    bare = table.strip('"').replace("'", "''")
    return (
        "SELECT column_name FROM TAP_SCHEMA.columns WHERE table_name IN "
        f"('{bare}', '\"{bare}\"') OR table_name LIKE '%.{bare}'"
    )


__all__ = ["name_of", "query_of", "quoted", "schema_query", "source_of"]
