"""TOML <-> frozen dataclasses: known keys, types, units, and line numbers in errors.

A dataclass lists its keys with `entry`, `table`, `tables` and `numbers`; `read_toml`
fills it and `write_toml` writes it. Numbers with a unit are kept in the unit the code
wants. A number may also be text with a unit of its own, as in ``"4.86 m"``.
"""

from .checked import Checked, RecordError
from .declare import entry, numbers, table, tables
from .presets import preset_files, preset_or_file
from .read import build, read_toml, shown, to_number
from .source import Source, find_line
from .units import from_unit, to_unit
from .write import write_toml

__all__ = [
    "Checked",
    "RecordError",
    "Source",
    "build",
    "entry",
    "find_line",
    "from_unit",
    "numbers",
    "preset_files",
    "preset_or_file",
    "read_toml",
    "shown",
    "table",
    "tables",
    "to_number",
    "to_unit",
    "write_toml",
]
