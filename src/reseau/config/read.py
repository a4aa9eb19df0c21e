"""TOML -> frozen dataclasses, every key checked."""

import dataclasses
import difflib
import math
import tomllib
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, TypeVar

import astropy.units as u

from reseau.errors import ConfigError, FileFormatError, explain, some

from .checked import RecordError
from .source import Source
from .units import from_unit, to_unit

Record = TypeVar("Record")


def read_toml(path: str | Path, record: type[Record]) -> tuple[Record, Source]:
    """Read a TOML file into a dataclass made of `entry`, `table` and `tables`.

    Parameters
    ----------
    path
        The file.
    record
        The dataclass.

    Returns
    -------
    The record, and its source for messages of later checks.

    Raises
    ------
    ConfigError
        A key is unknown, missing, of the wrong type or out of range.
    FileFormatError
        The file is absent, a directory, or not TOML.
    """
    path = Path(path)
    if not path.is_file():
        state = "is a directory" if path.is_dir() else "does not exist"
        raise _not_toml(path, f"{path} {state}", "correct the name")
    try:
        # Editors of Windows put a byte-order mark before UTF-8.
        text = path.read_text(encoding="utf-8-sig")
        content = tomllib.loads(text, parse_float=_decimal)
    except RecursionError as error:
        raise _not_toml(
            path, f"{path.name} is nested too deeply", "correct it"
        ) from error
    except ValueError as error:  # not TOML, not UTF-8, or too many digits
        raise _not_toml(
            path, f"{path.name} is not TOML: {error}", "correct it"
        ) from error
    source = Source(str(path), text)
    return build(record, content, source), source


def _decimal(text: str) -> Decimal:
    """Return a floating-point number of a TOML file with all its digits."""
    try:
        return Decimal(text)
    except InvalidOperation as error:  # the exponent itself has some twenty digits
        raise ValueError(f"the number {text} is out of range") from error


def _not_toml(path: Path, given: str, todo: str) -> FileFormatError:
    return FileFormatError(
        explain(given=given, wanted="a TOML file", where=str(path), todo=todo)
    )


def build(record: type[Record], content: Mapping[str, Any], source: Source) -> Record:
    """Make a record of a TOML table, checking every key.

    Parameters
    ----------
    record
        A dataclass made of `entry`, `table` and `tables`.
    content
        As tomllib returns it, with floating-point numbers as Decimal.
    source
        Where it came from.
    """
    fields = {f.metadata["key"]: f for f in dataclasses.fields(record)}  # type: ignore[arg-type]
    for key in content:
        if key not in fields:
            raise _unknown(key, list(fields), source)
    values = {}
    for key, declared in fields.items():
        if "record" in declared.metadata:
            values[declared.name] = _nested(declared, content.get(key), source)
        elif key in content:
            values[declared.name] = _value(declared, content[key], source)
        elif (
            declared.default is dataclasses.MISSING
            and declared.default_factory is dataclasses.MISSING
        ):
            raise source.complain(
                None,
                f"the key {key} is missing",
                f"a value of {key}",
                declared.metadata.get("hint") or f"add {key} = ...",
            )
    try:
        return record(**values)
    except RecordError as error:
        raise error.in_file(source) from None


def _unknown(key: str, known: list[str], source: Source) -> ConfigError:
    # The nearest of all: an error without a suggestion helps nobody.
    near = _nearest(key, known)
    return source.complain(
        key,
        f"the key {key} is unknown",
        f"one of {some(known, 30)}",
        f"did you mean {near}?",
    )


def _nearest(given: object, known: Iterable[Any]) -> Any:
    def likeness(candidate: object) -> float:
        pair = str(given).lower(), str(candidate).lower()
        return difflib.SequenceMatcher(None, *pair).ratio()

    return max(known, key=likeness)


def _nested(declared: dataclasses.Field, content: Any, source: Source) -> Any:
    key, record = declared.metadata["key"], declared.metadata["record"]
    if not declared.metadata["many"]:
        if not isinstance(content, (dict, type(None))):
            raise source.complain(
                key, f"{key} is a value", f"a table [{key}]", "correct it"
            )
        return build(record, content or {}, source.below(key))
    rows = [] if content is None else content
    if not (isinstance(rows, list) and all(isinstance(r, dict) for r in rows)):
        raise source.complain(
            key,
            f"{key} is not a list of tables",
            f"tables [[{key}]]",
            "double the brackets",
        )
    return tuple(build(record, r, source.below(key, i)) for i, r in enumerate(rows))


def _value(declared: dataclasses.Field, value: Any, source: Source) -> Any:
    metadata = declared.metadata
    key, kind = metadata["key"], metadata["kind"]
    if kind is dict:
        return _named_numbers(key, value, source)
    given = f"{key} = {shown(value)}"
    if kind is float:
        value = to_number(value, metadata["unit"], source, key)
    elif not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise source.complain(
            key,
            f"{given} is of type {_kind_of(value)}",
            f"a value of type {kind.__name__}",
            metadata["hint"] or "correct the value",
        )
    if isinstance(value, str) and value not in metadata["choices"]:
        value = metadata["others"].get(value.strip().lower(), value)
    _check_value(declared, value, given, source)
    return value


def _check_value(
    declared: dataclasses.Field, value: Any, given: str, source: Source
) -> None:
    metadata = declared.metadata
    key, unit, least = metadata["key"], metadata["unit"], metadata["minimum"]
    choices = metadata["choices"]
    if choices and value not in choices:
        # Numbers are not misspelt as names are.
        hint = isinstance(value, str)
        todo = f"did you mean {_nearest(value, choices)!r}?" if hint else "take one"
        todo = metadata["hint"] or todo
        raise source.complain(key, given, f"one of {some(choices, 20)}", todo)
    if metadata["positive"] and not value > 0:
        in_unit = f", in {unit}" if unit else ""
        raise source.complain(
            key, given, f"a number > 0{in_unit}", "correct the value: it must be > 0"
        )
    if least is not None and value < least:
        # In the file's unit, as the value is.
        floor = f"{to_unit(least, unit)} {unit}".strip() if unit else least
        raise source.complain(key, given, f"{floor} or more", "correct the value")
    most = metadata["largest"]
    if most is not None and abs(value) > most:
        bound = f"{float(to_unit(most, unit)) if unit else most:g} {unit}".strip()
        todo = f"correct the value or its unit: the key is in {unit}"
        raise source.complain(
            key,
            given,
            f"a number of at most {bound}, of either sign",
            todo if unit else "correct the value",
        )


def _named_numbers(key: str, value: Any, source: Source) -> dict[str, float]:
    if not isinstance(value, dict):
        raise source.complain(
            key,
            f"{key} is not a table",
            f"[{key}] with names and numbers",
            "correct it",
        )
    below = source.below(key)
    return {name: to_number(v, "", below, name) for name, v in value.items()}


def shown(value: object) -> str:
    """Write a value as the file has it: numbers with their digits, lists, text."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(shown(v) for v in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{k} = {shown(v)}' for k, v in value.items())}}}"
    return repr(value) if isinstance(value, str) else str(value)


def _kind_of(value: object) -> str:
    return "float" if isinstance(value, Decimal) else type(value).__name__


def to_number(value: Any, unit: str, source: Source, key: str) -> float:
    """Return a finite number of the file in the code's unit.

    Parameters
    ----------
    value
        Integer, Decimal, or text with a unit.
    unit
        Unit in the file, "mm", "um", "deg" or none.
    source, key
        For messages.
    """
    if isinstance(value, str) and unit:
        value = _quantity(value, unit, source, key)
    is_number = isinstance(value, (int, Decimal)) and not isinstance(value, bool)
    # Judged as converted: what is finite in mm may not be in um.
    number = from_unit(Decimal(value), unit) if is_number else math.nan
    if not math.isfinite(number):
        raise source.complain(
            key,
            f"{key} = {shown(value)}",
            "a finite number" + (f" in {unit}" if unit else ""),
            "correct the value",
        )
    return number


def _quantity(text: str, unit: str, source: Source, key: str) -> Decimal:
    try:
        return Decimal(repr(float(u.Quantity(text).to_value(unit))))
    except (TypeError, ValueError, u.UnitConversionError) as error:
        raise source.complain(
            key,
            f"{key} = {text!r}",
            f"a length or angle, as '1 {unit}'",
            "correct the value",
        ) from error


__all__ = ["build", "read_toml", "shown", "to_number"]
