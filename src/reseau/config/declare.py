"""Declare the keys of a TOML file as fields of frozen dataclasses."""

import dataclasses
from collections.abc import Mapping
from dataclasses import field
from typing import Any


def entry(
    key: str,
    kind: type,
    *,
    default: Any = dataclasses.MISSING,
    unit: str = "",
    choices: tuple[Any, ...] = (),
    minimum: int | float | None = None,
    positive: bool = False,
    hint: str = "",
    largest: float | None = None,
    others: Mapping[str, str] | None = None,
) -> Any:
    """Declare a key of a TOML table as a field of a dataclass.

    Parameters
    ----------
    key
        Name in the file.
    kind
        `float`, `int`, `bool`, `str` or `list`.
    default
        Value, in the code's units, where the key is absent; none: required.
    unit
        Unit in the file: "mm", "um", "deg" or none.
    choices
        Values that are allowed; empty: all.
    minimum
        Least value allowed, in the code's units.
    positive
        Whether the value must be greater than 0.
    hint
        What a sensible value is and where to find it, for messages.
    largest
        Greatest absolute value allowed, in the code's units: what lies beyond is a
        slip, and overflows where it is squared.
    others
        Choices by other names, in small letters, that mean the same.
    """
    metadata = {
        "key": key,
        "kind": kind,
        "unit": unit,
        "choices": choices,
        "minimum": minimum,
        "positive": positive,
        "hint": hint,
        "largest": largest,
        "others": others or {},
    }
    return field(default=default, metadata=metadata)


def table(key: str, record: type, *, optional: bool = False) -> Any:
    """Declare a table ``[key]``; an absent one has all its defaults.

    Parameters
    ----------
    key
        Name in the file.
    record
        The dataclass that it fills.
    optional
        Whether it may be absent in a record made in Python too.
    """
    metadata = {"key": key, "record": record, "many": False}
    if optional:
        return field(default_factory=record, metadata=metadata)
    return field(metadata=metadata)


def tables(key: str, record: type) -> Any:
    """Declare a list of tables ``[[key]]``."""
    return field(metadata={"key": key, "record": record, "many": True})


def numbers(key: str) -> Any:
    """Declare a table ``[key]`` of names and numbers; any name is accepted."""
    return field(default_factory=dict, metadata={"key": key, "kind": dict})


__all__ = ["entry", "numbers", "table", "tables"]
