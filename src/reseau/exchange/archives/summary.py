"""What a fetch gave, for people and for programs."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reseau._windows import Window
from reseau.errors import some

from .services import Service


@dataclass(frozen=True)
class Fetched:
    """What was fetched.

    Attributes
    ----------
    service
        From where.
    window
        What was asked for.
    rows
        How many sources are in the table.
    queries
        How many tiles they came in.
    split
        How many tiles had to be asked for in parts.
    left_out
        Columns that are wanted and that the service's table lacks.
    files
        What was written: "table" and "adql".
    """

    service: Service
    window: Window
    rows: int
    queries: int
    split: int
    left_out: tuple[str, ...] = ()
    files: dict[str, Path] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """Return a summary for people."""
        parts = f", {self.split} of them split" if self.split else ""
        found = [
            f"{self.rows:,} sources of {self.service.table}",
            f"  window   {self.window}",
            f"  service  {self.service.url}",
            f"  credit   {self.service.credit}",
            f"  queries  {self.queries}{parts}",
        ]
        if self.left_out:
            found.append(f"  lacking  {some(self.left_out, 4)}")
        return found

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "catalogue": self.service.catalogue,
            "service": self.service.url,
            "table": self.service.table,
            "window": limits_of(self.window),
            "rows": self.rows,
            "queries": self.queries,
            "tiles_split": self.split,
            "columns_left_out": list(self.left_out),
            "files": {kind: str(path) for kind, path in self.files.items()},
        }

    def __str__(self) -> str:
        """Return the summary as text."""
        return "\n".join(self.lines())


def limits_of(window: Window) -> dict[str, float]:
    """Return a window's limits by name [deg]."""
    return {key: getattr(window, key) for key in ("l_min", "l_max", "b_min", "b_max")}


__all__ = ["Fetched", "limits_of"]
