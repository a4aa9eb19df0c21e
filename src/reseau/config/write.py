"""Frozen dataclasses -> TOML."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .units import to_unit


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
        elif lines := list(_lines(value, f"{key}.")):
            yield from ("", f"[{key}]", *lines)


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


__all__ = ["write_toml"]
