"""Angles in parts: columns RAh, RAm, RAs, DE-, DEd, DEm, DEs of catalogues."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reseau.errors import TableWarning, warn
from reseau.synonyms import certain_names

from .angles import STEP

_RA = (("rah", "ra_h"), ("ram", "ra_m"), ("ras", "ra_s"))
_DEC = (
    ("ded", "de_d", "decd", "dec_d"),
    ("dem", "de_m", "decm", "dec_m"),
    ("des", "de_s", "decs", "dec_s"),
)
_SIGN = ("de-", "de_", "dec-", "design", "de_sign", "decsign", "dec_sign")
_OLD = ("1855", "1875", "1900", "1950", "B1")
"""What a description says of an equinox that is not J2000."""

_MOST_DECIMALS = 9
_TODO = "write ra and dec in decimal degrees"


class _Parts(NamedTuple):
    ra: list[str]
    dec: list[str]
    sign: str | None


class _NotJoinedError(ValueError):
    """Parts of angles that make no angle."""


def is_sign(name: str) -> bool:
    """Say whether a column of this name holds signs of declinations."""
    return name.strip().lower() in _SIGN


def with_angles_of_parts(
    table: pa.Table, chosen: Collection[str], where: str | Path
) -> pa.Table:
    """Return the table with `ra` and `dec` [deg] where it has them in parts.

    Parameters
    ----------
    table
        As read, with each name once.
    chosen
        Names here that are other columns; angles that stand there already, too, are
        preferred to parts.
    where
        For messages.

    Warns
    -----
    TableWarning
        Angles were joined, or cannot be, and why.
    """
    present = {name.lower() for name in table.column_names}
    if {"ra", "dec"} & (present | set(chosen)):
        return table
    parts = _parts_of(table.column_names)
    if parts is None or certain_names(table.column_names, ["ra", "dec"]):
        return table
    names = [*parts.ra, *([parts.sign] if parts.sign else []), *parts.dec]
    try:
        angles = _joined(table, parts)
    except _NotJoinedError as error:
        _warn(f"{where}: {', '.join(names)} are not joined to ra, dec: {error}")
        return table
    _warn(f"{where}: {', '.join(names)} are joined to ra, dec, and taken as ICRS")
    for name, (values, step) in angles.items():
        metadata = {b"unit": b"deg", STEP: repr(step).encode()}
        field = pa.field(name, pa.float64(), metadata=metadata)
        table = table.append_column(field, pa.array(values, from_pandas=True))
    return table


def _warn(text: str) -> None:
    warn(text, TableWarning)


def _parts_of(present: Collection[str]) -> _Parts | None:
    by_name: Mapping[str, str] = {name.strip().lower(): name for name in present}

    def found(spellings: tuple[tuple[str, ...], ...]) -> list[str]:
        ours = [next((n for n in each if n in by_name), "") for each in spellings]
        # Seconds may lack where minutes have decimals.
        return [by_name[n] for n in ours if n] if ours[0] and ours[1] else []

    ra, dec = found(_RA), found(_DEC)
    sign = next((by_name[n] for n in _SIGN if n in by_name), None)
    return _Parts(ra, dec, sign) if ra and dec else None


def _joined(table: pa.Table, parts: _Parts) -> dict[str, tuple[NDArray, float]]:
    _check_equinox(table, [*parts.ra, *parts.dec])
    hours = [_numbers(table, name) for name in parts.ra]
    degrees = [_numbers(table, name) for name in parts.dec]
    negative = _is_negative(table, parts, degrees[0])
    degrees[0] = np.abs(degrees[0])
    _check_range(parts.ra, hours, 24.0)
    _check_range(parts.dec, degrees, 90.0)
    ra = 15.0 * _sum(hours)
    dec = np.where(negative, -1.0, 1.0) * _sum(degrees)
    return {"ra": (ra, 15.0 * _step(hours)), "dec": (dec, _step(degrees))}


def _sum(parts: list[NDArray]) -> NDArray:
    return np.sum([part / 60.0**i for i, part in enumerate(parts)], axis=0)


def _step(parts: list[NDArray]) -> float:
    # Of the last part, from its decimals.
    values = parts[-1][np.isfinite(parts[-1])]
    for decimals in range(_MOST_DECIMALS):
        scaled = values * 10.0**decimals
        if np.allclose(scaled, np.round(scaled), rtol=1e-14, atol=1e-6):
            break
    return float(10.0**-decimals / 60.0 ** (len(parts) - 1))


def _check_equinox(table: pa.Table, names: list[str]) -> None:
    for name in names:
        about = table.schema.field(name).metadata or {}
        text = about.get(b"description", b"").decode()
        if any(old in text for old in _OLD):
            raise _NotJoinedError(
                f"{name} is described as {text!r}, and ICRS is wanted; convert them, "
                f"and {_TODO}"
            )


def _numbers(table: pa.Table, name: str) -> NDArray:
    try:
        values = table[name].cast(pa.float64())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise _NotJoinedError(f"{name} holds no numbers; {_TODO}") from error
    return np.array(pc.fill_null(values, np.nan).to_numpy(), float)


def _is_negative(table: pa.Table, parts: _Parts, degrees: NDArray) -> NDArray:
    if parts.sign is None:
        if (degrees == 0).any():
            raise _NotJoinedError(
                f"{parts.dec[0]} is 0 where no column says the sign; {_TODO}"
            )
        return degrees < 0
    column = table[parts.sign]
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        raise _NotJoinedError(f"{parts.sign} holds no signs; {_TODO}")
    signs = pc.fill_null(pc.utf8_trim_whitespace(column), "")
    wrong = set(pc.unique(signs).to_pylist()) - {"", "+", "-", "−"}
    if wrong or (degrees < 0).any():
        raise _NotJoinedError(
            f"{parts.sign} holds {sorted(wrong)[0]!r}, no sign; {_TODO}"
            if wrong
            else f"{parts.dec[0]} has a sign beside {parts.sign}; {_TODO}"
        )
    return pc.is_in(signs, value_set=pa.array(["-", "−"])).to_numpy()


def _check_range(names: list[str], values: list[NDArray], most: float) -> None:
    for i, (name, part) in enumerate(zip(names, values, strict=True)):
        wrong = (part < 0) | (part > most if i == 0 else part >= 60.0)
        if i < len(names) - 1:
            wrong |= part != np.floor(part)
        wrong &= np.isfinite(part)
        if wrong.any():
            raise _NotJoinedError(
                f"{name} is {part[wrong][0]:g} in a row; correct it, or {_TODO}"
            )


__all__ = ["is_sign", "with_angles_of_parts"]
