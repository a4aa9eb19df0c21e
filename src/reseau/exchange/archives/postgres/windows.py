"""A box on the sky as a condition in SQL, by the index that a table has.

Whatever is used, the condition lets a few sources beyond the limits pass: what reads
the rows cuts them at the limits themselves.
"""

from reseau._windows import TURN, Window
from reseau.exchange.archives.tiles import bounds, polygon

from .relation import Relation, quoted

MARGIN = 1e-5
"""By which a box is widened in the condition [deg]."""

WAYS = ("q3c", "pgSphere", "bounds")
"""What finds the sources of a box."""


def way_of(relation: Relation) -> str:
    """Return what finds the sources of a box, one of `WAYS`.

    An extension counts where it is installed and the table has an index of its.

    Parameters
    ----------
    relation
        The table.
    """
    if "q3c" in relation.extensions and relation.has_index("q3c_ang2ipix"):
        return "q3c"
    if "pg_sphere" in relation.extensions and (
        _has_points(relation) or relation.has_index("(spoint(")
    ):
        return "pgSphere"
    return "bounds"


def _has_points(relation: Relation) -> bool:
    """Return whether a column of points has an index."""
    column = relation.sphere_column
    return bool(column) and relation.has_index(f"USING gist ({column}")


def condition(relation: Relation, box: Window) -> str:
    """Return the condition that rows of a box fulfil.

    Parameters
    ----------
    relation
        The table.
    box
        What is wanted; with an index on the sphere not wider than `tiles.LARGEST`.
    """
    ra, dec = (quoted(name) for name in relation.position())
    way = way_of(relation)
    if way == "bounds":
        return _bounds(ra, dec, box)
    corners = polygon(box, MARGIN)
    if way == "q3c":
        places = ", ".join(repr(float(x)) for x in corners.ravel())
        return f"q3c_poly_query({ra}, {dec}, ARRAY[{places}]::double precision[])"
    places = ", ".join(f"({float(a)!r}d, {float(d)!r}d)" for a, d in corners)
    return f"{_point(relation, ra, dec)} <@ spoly '{{{places}}}'"


def _point(relation: Relation, ra: str, dec: str) -> str:
    """Return the expression that the index is built on."""
    if _has_points(relation):
        return quoted(relation.sphere_column)
    return f"spoint(radians({ra}), radians({dec}))"


def _bounds(ra: str, dec: str, box: Window) -> str:
    west, east, south, north = bounds(box, MARGIN)
    latitude = f"{dec} BETWEEN {south!r} AND {north!r}"
    if east - west >= TURN:
        return latitude
    joined = "OR" if west > east else "AND"
    return f"({ra} >= {west!r} {joined} {ra} <= {east!r}) AND {latitude}"


__all__ = ["MARGIN", "WAYS", "condition", "way_of"]
