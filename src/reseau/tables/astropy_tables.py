"""Between astropy's tables and Arrow's, with units, descriptions, UCDs and masks."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import pyarrow as pa
from astropy.coordinates import (
    ICRS,
    BaseCoordinateFrame,
    SkyCoord,
    SphericalRepresentation,
)
from astropy.table import Column, MaskedColumn, Table
from astropy.table.meta import get_yaml_from_table
from astropy.time import Time
from astropy.utils.masked import Masked
from numpy.typing import NDArray

from reseau.errors import TableWarning, some, warn
from reseau.tables.times.julian_years import julian_years

from .header_keywords import keywords_of, with_keywords

COORDINATES = "coordinates"
"""Key of a field's metadata: the column of coordinates that it is of."""

_KEPT = ("ucd", "frame", "frame_epoch", "time_origin", "time_scale")
"""Keys of a column's `meta` that are kept, see `frames` and `time_systems`."""

_HISTORY = ("at_epoch",)
"""Keys of a table's `meta` that say how it was made, and stay with it."""


def from_astropy(
    table: Table, *, where: str | Path, notes: list[str] | None = None
) -> pa.Table:
    """Convert an astropy table to Arrow, with units in the fields' metadata.

    Parameters
    ----------
    table
        Times become Julian years of TCB, coordinates columns `ra` and `dec` of ICRS
        (with the column's name before them where those names are taken); masked
        values become null. Columns that are none of these, nor numbers, truth values
        or text with one value a row, are left out with a note.
    where
        For messages.
    notes
        The note is added here; None: it is a warning.
    """
    arrays, fields, left_out = [], [], []
    for name in table.colnames:
        parts = _parts(table, name)
        if parts is None:
            left_out.append(name)
        for part_name, array, metadata in parts or ():
            arrays.append(array)
            fields.append(pa.field(part_name, array.type, metadata=metadata))
    framed = [n for n in left_out if isinstance(table[n], SkyCoord)]
    if framed:
        _tell(framed, _UNFRAMED, where, notes)
    if len(left_out) > len(framed):
        others = [n for n in left_out if n not in framed]
        _tell(others, _NO_NUMBERS, where, notes)
    found = pa.Table.from_arrays(
        arrays, schema=pa.schema(fields, metadata=history_of(table.meta))
    )
    return with_keywords(found, keywords_of(table.meta))


def history_of(meta: object) -> dict[str, str]:
    """Return what a table's `meta` says of how it was made, as Arrow keeps it."""
    known = meta if isinstance(meta, Mapping) else {}
    return {key: json.dumps(known[key]) for key in _HISTORY if key in known}


_NO_NUMBERS = (
    "a column of arrays, objects or complex numbers has no place in a table of sources"
)
_UNFRAMED = "its coordinates do not turn to ICRS: a place, a time or a distance lacks"


def _tell(
    names: list[str], why: str, where: str | Path, notes: list[str] | None
) -> None:
    note = f"without {some(names)}: {why}"
    if notes is None:
        warn(f"{where} is taken {note}", TableWarning)
    else:
        notes.append(f"is read {note}")


Part = tuple[str, pa.Array, dict[str, str]]


def _parts(table: Table, name: str) -> list[Part] | None:
    # Columns of Arrow that hold a column of astropy; None: there are none.
    column = table[name]
    if isinstance(column, SkyCoord):
        return _coordinates(table, name)
    info = column.info
    unit = "yr" if isinstance(column, Time) else info.unit
    array = _arrow_array(column, name)
    if array is None:
        return None
    return [(name, array, field_metadata(unit, info.description, info.meta or {}))]


def _coordinates(table: Table, name: str) -> list[Part] | None:
    column = table[name]
    if column.ndim != 1:
        return None
    try:
        seen = _with_lengths(column).transform_to(ICRS())
    # A frame that needs a place or a time that it lacks; astropy has many words for it.
    except Exception:  # noqa: BLE001
        return None
    about = {"description": f"of the coordinates {name}, ICRS", COORDINATES: name}
    others = [n for n in table.colnames if isinstance(table[n], SkyCoord)]
    columns = {n.lower() for n in table.colnames}
    parts: list[Part] = []
    aside = len(others) > 1
    for group in _of_coordinates(column, seen):
        # What the table has itself counts; pieces of one kind stay together.
        aside = aside or (bool(columns & set(group)) and not parts)
        prefix = f"{name}_" if aside or columns & set(group) else ""
        parts += [
            (prefix + part, _masked_array(value), about | {"unit": str(value.unit)})
            for part, value in group.items()
        ]
    when = _obstime(column)
    if when is not None:
        said = {"description": f"when {name} holds", COORDINATES: name, "unit": "yr"}
        years = _masked_array(np.ma.masked_invalid(when))
        parts.append((f"{name}_obstime", years, said))
    return parts


def _with_lengths(column: SkyCoord) -> BaseCoordinateFrame:
    # The frame alone, since astropy cannot build some coordinates that it can turn; a
    # star of unknown distance is put far away, so that its direction is not lost.
    data = column.data
    if not isinstance(data, SphericalRepresentation):
        return column.frame
    if not data.distance.unit.is_equivalent("pc"):
        return column.frame
    far = np.where(np.isfinite(data.distance), data.distance, 1.0 * u.Gpc)
    moved = SphericalRepresentation(
        data.lon, data.lat, far, differentials=data.differentials or None
    )
    return column.frame.realize_frame(moved)


def _of_coordinates(
    given: SkyCoord, seen: BaseCoordinateFrame
) -> list[dict[str, u.Quantity]]:
    # Position, motion, parallax and radial velocity, as far as they were given: in
    # another frame astropy has zeros for what is not known.
    groups = [{"ra": seen.ra.to("deg"), "dec": seen.dec.to("deg")}]
    moving = given.data.differentials.get("s")
    known = set() if moving is None else {*moving.components}
    if known & {"d_lon", "d_lon_coslat", "d_x"}:
        motion = {"pmra": seen.pm_ra_cosdec, "pmdec": seen.pm_dec}
        if motion["pmra"].unit.is_equivalent("mas/yr"):
            groups.append({n: v.to("mas/yr") for n, v in motion.items()})
    if known & {"d_distance", "d_x"}:
        velocity = seen.radial_velocity
        if velocity.unit.is_equivalent("km/s"):
            groups.append({"radial_velocity": velocity.to("km/s")})
    if seen.distance.unit.is_equivalent("pc"):
        with np.errstate(divide="ignore", invalid="ignore"):
            parallax = (1.0 / seen.distance.to_value("kpc")) * u.mas
        far = np.isfinite(np.asarray(given.distance))
        unknown = ~(far & np.isfinite(parallax) & (parallax > 0 * u.mas))
        groups.append({"parallax": Masked(parallax, mask=unknown)})
    return groups


def _obstime(column: SkyCoord) -> NDArray | None:
    # Julian years of TCB when coordinates hold, which FK4 assumes where nobody said so.
    time = column.obstime
    if time is None or (
        "obstime" in column.frame.frame_attributes
        and column.frame.is_frame_attr_default("obstime")
    ):
        return None
    years: NDArray = np.ma.filled(
        np.ma.asarray(julian_years(time, column.info.name or "obstime"), float), np.nan
    )
    return np.broadcast_to(years, column.shape).copy()


def _masked_array(column: Any) -> pa.Array:
    values = getattr(column, "value", column)
    # Masked columns and masked quantities are unrelated classes, both with a mask.
    mask = getattr(values, "mask", None)
    values = np.asarray(getattr(values, "unmasked", values))
    if not values.dtype.isnative:
        values = values.astype(values.dtype.newbyteorder("="))
    if values.dtype.kind == "f" and values.dtype.itemsize > 8:
        values = values.astype(float)
    if values.dtype.kind in "US":
        values = values.astype(object)
    if mask is None:
        return pa.array(values)
    return pa.array(values, mask=np.broadcast_to(np.asarray(mask, bool), values.shape))


def _arrow_array(column: Any, name: str) -> pa.Array | None:
    if isinstance(column, Time):
        return None if column.ndim != 1 else _masked_array(julian_years(column, name))
    values = np.asarray(getattr(column, "unmasked", column))
    if values.ndim != 1 or values.dtype.names or values.dtype.kind not in "biufUSOM":
        return None
    if values.dtype.kind == "M":  # Arrow has no months and hours
        return pa.array(np.ma.filled(values).astype("datetime64[us]"))
    try:
        array = _masked_array(column)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        return None  # objects of several kinds
    return None if pa.types.is_nested(array.type) else array


def field_metadata(
    unit: object, description: str | None, meta: Mapping[str, object]
) -> dict[str, str]:
    """Return the metadata of an Arrow field, without what is not known.

    Parameters
    ----------
    unit
        Anything that prints as the unit; None: not known.
    description
        One line.
    meta
        A dictionary that may hold the `ucd`, and what a file says of the column's frame
        and its times.
    """
    filled = {
        "unit": "" if unit is None else str(unit),
        "description": description or "",
        **{key: str(meta.get(key, "")) for key in _KEPT},
    }
    return {k: v for k, v in filled.items() if v}


def to_astropy(table: pa.Table) -> Table:
    """Convert an Arrow table to astropy, masked where values are null or NaN.

    Parameters
    ----------
    table
        Units, descriptions and UCDs are taken from the fields' metadata.
    """
    result = Table()
    for number, field in enumerate(table.schema):
        metadata = {k.decode(): v.decode() for k, v in (field.metadata or {}).items()}
        values, mask = _values_and_mask(table.column(number))
        column = MaskedColumn(
            values,
            mask=mask,
            name=_unlike(field.name, result.colnames),
            unit=metadata.get("unit"),
            description=metadata.get("description"),
        )
        if "ucd" in metadata:
            column.info.meta = {"ucd": metadata["ucd"]}
        result[column.name] = column if column.mask.any() else column.filled()
    result.meta.update(
        (key.decode(), json.loads(text))
        for key, text in (table.schema.metadata or {}).items()
        if key.decode() in _HISTORY
    )
    return result


def header_yaml(table: pa.Table, meta: Mapping[str, object]) -> str:
    """Return the header that astropy writes for such a table, as YAML.

    Parameters
    ----------
    table
        With units and descriptions in the fields' metadata.
    meta
        Of the table.
    """
    empty = Table(meta=dict(meta))
    for field in table.schema:
        own = {k.decode(): v.decode() for k, v in (field.metadata or {}).items()}
        is_text = pa.types.is_string(field.type) or pa.types.is_large_string(field.type)
        kind = str if is_text else field.type.to_pandas_dtype()
        empty[field.name] = Column(
            np.empty(0, kind),
            unit=u.Unit(own["unit"], parse_strict="silent") if "unit" in own else None,
            description=own.get("description"),
        )
    return "\n".join(get_yaml_from_table(empty))


def _unlike(name: str, taken: Collection[str]) -> str:
    # The second of two columns of one name is NAME#2.
    number = 1 + sum(n == name or n.startswith(f"{name}#") for n in taken)
    return name if number == 1 else f"{name}#{number}"


def _values_and_mask(values: pa.ChunkedArray) -> tuple[NDArray, NDArray]:
    missing = values.is_null(nan_is_null=True).to_numpy()
    if not missing.any():
        return _as_text(values.to_numpy()), missing
    kind = values.type
    blank: object = np.nan if pa.types.is_floating(kind) else 0
    if pa.types.is_boolean(kind):
        blank = False
    elif not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        blank = ""
    return _as_text(values.fill_null(blank).to_numpy()), missing


def _as_text(values: NDArray) -> NDArray:
    is_text = values.dtype.kind == "O" and all(isinstance(v, str) for v in values)
    return values.astype(str) if is_text else values


__all__ = [
    "COORDINATES",
    "field_metadata",
    "from_astropy",
    "header_yaml",
    "history_of",
    "to_astropy",
]
