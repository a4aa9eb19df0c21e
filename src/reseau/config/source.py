"""Where a value of a TOML file stands: name, key and line, for messages."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from reseau.errors import ConfigError, explain

Steps = tuple[str | int, ...]


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
    path: Steps = ()

    def below(self, *steps: str | int) -> "Source":
        """Return the place of a table inside this one."""
        return Source(self.name, self.text, (*self.path, *steps))

    def place(self, key: str | None = None) -> str:
        """Say in words where a key of this table stands, with its line."""
        line = find_line(self.text, self.path, key)
        if key is not None:
            # The key may be the name of a table: then its header is the place.
            for table in ((*self.path, key), (*self.path, key, 0)):
                line = find_line(self.text, table) or line
        dotted = ".".join(str(p) for p in (*self.path, key) if p is not None)
        words = [self.name, f"line {line}" if line else "", dotted and f"key {dotted}"]
        return ", ".join(w for w in words if w)

    def complain(
        self, key: str | None, given: str, wanted: str, todo: str
    ) -> ConfigError:
        """Return the error for a key of this table."""
        where = self.place(key)
        return ConfigError(explain(given=given, wanted=wanted, where=where, todo=todo))


_HEADER = re.compile(r"""^\s*(\[\[?)\s*([\w."' -]+?)\s*\]\]?\s*(#.*)?$""")
_KEY = re.compile(r"""^\s*("[^"]*"|'[^']*'|[A-Za-z0-9_-]+)\s*[=.]""")


def find_line(text: str, path: Steps, key: str | None = None) -> int | None:
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


def _toml_lines(text: str) -> Iterator[tuple[int, Steps, str | None]]:
    counts: dict[str, int] = {}
    current: Steps = ()
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


__all__ = ["Source", "find_line"]
