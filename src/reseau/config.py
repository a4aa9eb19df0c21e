"""TOML <-> frozen dataclasses: known keys, types, units, and line numbers in errors.

A dataclass lists its keys with `entry`, `table` and `tables`; `read_toml` fills it and
`write_toml` writes it. Numbers with a unit are kept in the unit the code wants: the
conversion is done in decimal arithmetic, so that writing and reading give the same
bits. A number may also be text with a unit of its own, as in ``"4.86 m"``.
"""

import dataclasses
import difflib
import json
import math
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any, TypeVar

import astropy.units as u

from reseau.errors import ConfigError, FileFormatError, explain, some

Record = TypeVar("Record")
Path_ = tuple[str | int, ...]

_DIGITS = 40
_DEGREE = Decimal("0.01745329251994329576923690768488612713442871888541725456097")
_FACTORS = {
    "": Decimal(1),
    "um": Decimal(1),
    "mm": Decimal(1000),
    "deg": _DEGREE,
}
"""What one unit of the file is in the code's units: um and radians."""


def entry(
    key: str,
    kind: type,
    *,
    default: Any = dataclasses.MISSING,
    unit: str = "",
    choices: tuple[Any, ...] = (),
    minimum: float | None = None,
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
    """
    metadata = {
        "key": key,
        "kind": kind,
        "unit": unit,
        "choices": choices,
        "minimum": minimum,
    }
    return field(default=default, metadata=metadata)


def table(key: str, record: type) -> Any:
    """Declare a table ``[key]``; an absent one has all its defaults."""
    return field(metadata={"key": key, "record": record, "many": False})


def tables(key: str, record: type) -> Any:
    """Declare a list of tables ``[[key]]``."""
    return field(metadata={"key": key, "record": record, "many": True})


def numbers(key: str) -> Any:
    """Declare a table ``[key]`` of names and numbers; any name is accepted."""
    return field(default_factory=dict, metadata={"key": key, "kind": dict})


@dataclass(frozen=True)
class Source:
    """Where a value of a TOML file stands, for messages.

    Attributes
    ----------
    name
        Name of the file.
    text
        Its content.
    path
        Keys and list positions that lead to the table.
    """

    name: str
    text: str
    path: Path_ = ()

    def below(self, *steps: str | int) -> "Source":
        """Return the place of a table inside this one."""
        return Source(self.name, self.text, (*self.path, *steps))

    def place(self, key: str | None = None) -> str:
        """Say in words where a key of this table stands, with its line."""
        line = find_line(self.text, self.path, key)
        dotted = ".".join(str(p) for p in (*self.path, key) if p is not None)
        words = [self.name, f"line {line}" if line else "", dotted and f"key {dotted}"]
        return ", ".join(w for w in words if w)

    def complain(
        self, key: str | None, given: str, wanted: str, todo: str
    ) -> ConfigError:
        """Return the error for a key of this table."""
        where = self.place(key)
        return ConfigError(explain(given=given, wanted=wanted, where=where, todo=todo))


_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""^\s*("[^"]*"|'[^']*'|[A-Za-z0-9_-]+)\s*[=.]""")


def find_line(text: str, path: Path_, key: str | None = None) -> int | None:
    """Return the line, from 1, of a table's header or of a key in it.

    Parameters
    ----------
    text
        A TOML file.
    path
        Keys and list positions that lead to the table.
    key
        Key in that table; None: the header itself.

    Returns
    -------
    None where the line cannot be told, as in inline tables.
    """
    header: int | None = None
    for number, current, name in _toml_lines(text):
        if current != path:
            continue
        if name is None:
            header = number
        elif name == key:
            return number
    return header


def _toml_lines(text: str) -> Iterator[tuple[int, Path_, str | None]]:
    counts: dict[str, int] = {}
    current: Path_ = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if found := _HEADER.match(line):
            name = found[2].replace('"', "").replace("'", "")
            current = tuple(part.strip() for part in name.split("."))
            if found[1] == "[[":
                counts[name] = counts.get(name, -1) + 1
                current = (*current, counts[name])
            yield number, current, None
        elif found := _KEY.match(line):
            yield number, current, found[1].strip("\"'")


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
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text, parse_float=Decimal)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _not_toml(
            path, f"{path.name} is not TOML: {error}", "correct it"
        ) from error
    source = Source(str(path), text)
    return build(record, content, source), source


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
                f"add {key} = ...",
            )
    return record(**values)


def _unknown(key: str, known: list[str], source: Source) -> ConfigError:
    # The nearest of all: an error without a suggestion helps nobody.
    near = max(
        known, key=lambda k: difflib.SequenceMatcher(None, key.lower(), k).ratio()
    )
    return source.complain(
        key,
        f"the key {key} is unknown",
        f"one of {some(known, 30)}",
        f"did you mean {near}?",
    )


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
    if kind is float:
        value = to_number(value, metadata["unit"], source, key)
    elif not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise source.complain(
            key,
            f"{key} = {value!r} is of type {type(value).__name__}",
            f"a value of type {kind.__name__}",
            "correct the value",
        )
    choices = metadata["choices"]
    if choices and value not in choices:
        near = max(
            choices,
            key=lambda c: difflib.SequenceMatcher(None, str(value), str(c)).ratio(),
        )
        raise source.complain(
            key,
            f"{key} = {value!r}",
            f"one of {some(choices, 20)}",
            f"did you mean {near!r}?",
        )
    least = metadata["minimum"]
    if least is not None and value < least:
        raise source.complain(
            key, f"{key} = {value!r}", f"{least} or more", "correct the value"
        )
    return value


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
    if not is_number or not math.isfinite(value):
        raise source.complain(
            key,
            f"{key} = {value!r}",
            "a finite number" + (f" in {unit}" if unit else ""),
            "correct the value",
        )
    return from_unit(Decimal(value), unit)


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


def from_unit(value: Decimal, unit: str) -> float:
    """Convert a decimal number in a file's unit to the code's unit."""
    with localcontext(prec=_DIGITS):
        return float(value * _FACTORS[unit])


def to_unit(value: float, unit: str) -> str:
    """Write a number in a file's unit so that reading it gives the same bits.

    Parameters
    ----------
    value
        In the code's unit (um, radian).
    unit
        Unit in the file.
    """
    if unit in ("", "um"):
        return repr(float(value))
    with localcontext(prec=_DIGITS):
        exact = Decimal(float(value)) / _FACTORS[unit]
    for digits in range(15, 25):
        text = f"{exact:.{digits}g}"
        if from_unit(Decimal(text), unit) == value:
            break
    return text if any(c in text for c in ".e") else f"{text}.0"


def write_toml(record: Any, path: str | Path) -> None:
    """Write a dataclass made of `entry`, `table` and `tables` as TOML.

    Parameters
    ----------
    record
        Fields that are None, empty or equal to their defaults as declared None are
        left away.
    path
        The file; it is replaced.
    """
    Path(path).write_text(
        "\n".join(_lines(record, "")).strip() + "\n", encoding="utf-8"
    )


def _lines(record: Any, prefix: str) -> Iterator[str]:
    nested = []
    for declared in dataclasses.fields(record):
        value = getattr(record, declared.name)
        metadata = declared.metadata
        if "record" in metadata or metadata["kind"] is dict:
            nested.append((metadata, value))
        elif value is not None:
            yield f"{metadata['key']} = {_text(value, metadata['unit'])}"
    for metadata, value in nested:
        key = prefix + metadata["key"]
        if metadata.get("many"):
            for row in value:
                yield from ("", f"[[{key}]]", *_lines(row, f"{key}."))
        elif isinstance(value, dict):
            if value:
                pairs = (f"{json.dumps(k)} = {_text(v, '')}" for k, v in value.items())
                yield from ("", f"[{key}]", *pairs)
        else:
            yield from ("", f"[{key}]", *_lines(value, f"{key}."))


def _text(value: Any, unit: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # JSON's escapes are TOML's, but for the one character JSON leaves alone.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return to_unit(value, unit)
    return "[" + ", ".join(_text(v, unit) for v in value) + "]"


__all__ = [
    "Source",
    "build",
    "entry",
    "find_line",
    "from_unit",
    "numbers",
    "read_toml",
    "table",
    "tables",
    "to_number",
    "to_unit",
    "write_toml",
]
