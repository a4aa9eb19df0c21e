"""A window on the sky in Galactic coordinates, and the tiles that cover it.

Tiles are squares of 0.1° in longitude and latitude, four cells of the Surot et al.
(2020) map of reddening on a side, with edges at multiples of 0.1°. They are numbered
through, and a window only chooses among them.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from reseau._windows import WINDOWS
from reseau.errors import ConfigError, explain

TILE = 0.1
"""Side of a tile [deg]."""

COLUMNS = 3600
"""Tiles around the sky."""
ROWS = 1800
"""Tiles from pole to pole."""

MOST_TILES = 100_000
"""Tiles of a window beyond which it is taken for a mistake."""


class Tile(NamedTuple):
    """One tile of the sky.

    Attributes
    ----------
    number
        Counts eastward from l = 0 and then northward from the south pole.
    west, east
        Galactic longitudes of its edges [deg], 0 to 360.
    south, north
        Galactic latitudes of its edges [deg].
    """

    number: int
    west: float
    east: float
    south: float
    north: float


@dataclass(frozen=True)
class Window:
    """A rectangle in Galactic longitude and latitude.

    Attributes
    ----------
    l, b
        Galactic coordinates of its middle [deg]; l may be given with any whole turns.
    dl, db
        Its full width in longitude, not multiplied by cos b, and its full height [deg].

    Raises
    ------
    ConfigError
        A number is out of range, or the window reaches beyond a pole.
    """

    l: float  # noqa: E741 - the field's own name
    b: float
    dl: float
    db: float

    def __post_init__(self) -> None:
        values = (self.l, self.b, self.dl, self.db)
        if not all(np.isfinite(values)) or abs(self.l) > 720.0:
            raise _refused(self, "four finite numbers, l from -720 to 720 deg")
        if not (0.0 < self.dl <= 360.0 and 0.0 < self.db <= 180.0):
            raise _refused(self, "dl from 0 to 360 and db from 0 to 180 deg, above 0")
        if abs(self.b) + 0.5 * self.db > 90.0 + 1e-9:
            raise _refused(self, "|b| + db/2 of at most 90 deg: it ends at the pole")

    @property
    def area(self) -> float:
        """Solid angle [deg²]."""
        south, north = np.deg2rad([self.b - 0.5 * self.db, self.b + 0.5 * self.db])
        return float(self.dl * np.rad2deg(np.sin(north) - np.sin(south)))

    def contains(
        self,
        l: Float[np.ndarray, "n"],  # noqa: E741
        b: Float[np.ndarray, "n"],
    ) -> Bool[np.ndarray, "n"]:
        """Return which places are inside; western and southern edges are, others not.

        Parameters
        ----------
        l, b
            Galactic coordinates [deg], any turn.
        """
        if self.dl >= 360.0:
            across = np.ones(len(l), bool)
        else:
            offset = (l - self.l + 0.5 * self.dl) % 360.0
            across = offset < self.dl
        offset = b - self.b + 0.5 * self.db
        # The last row ends at the pole, which is inside.
        return across & (offset >= 0.0) & ((offset < self.db) | (b >= 90.0))

    def tiles(self) -> list[Tile]:
        """Return the tiles that it touches, by row and then eastward of its west.

        Raises
        ------
        ConfigError
            There are more than a run should have.
        """
        first, last = _span(self.l, self.dl)
        columns = [i % COLUMNS for i in range(first, min(last, first + COLUMNS))]
        low, high = _span(self.b + 90.0, self.db)
        rows = range(max(low, 0), min(high, ROWS))
        if len(columns) * len(rows) > MOST_TILES:
            raise _refused(
                self, f"at most {MOST_TILES:,} tiles of {TILE} deg", "narrow the window"
            )
        return [_tile(i, j) for j in rows for i in columns]

    def __str__(self) -> str:
        """Return the window as it is given to the command."""
        return ",".join(f"{v:.10g}" for v in (self.l, self.b, self.dl, self.db))


def _span(middle: float, width: float) -> tuple[int, int]:
    """Return the first tile of a span and the one after the last."""
    tiny = 1e-9  # an edge that is a tile's own does not touch the next
    low, high = (middle - 0.5 * width) / TILE, (middle + 0.5 * width) / TILE
    return int(np.floor(low + tiny)), int(np.ceil(high - tiny))


def _tile(column: int, row: int) -> Tile:
    west, east = column / 10.0, (column + 1) / 10.0
    south, north = (row - 900) / 10.0, (row - 899) / 10.0
    return Tile(row * COLUMNS + column, west, east, south, north)


def read_window(text: str, *, where: str = "--window") -> Window:
    """Return the window of a text "l,b,dl,db" [deg], or of a name: "jasmine".

    Parameters
    ----------
    text
        Four numbers, separated by commas: middle and full widths; or one of
        `reseau._windows.WINDOWS`.
    where
        For messages.

    Raises
    ------
    ConfigError
        It is not that.
    """
    named = WINDOWS.get(text.strip().lower())
    if named is not None:
        middle = 0.5 * (named.l_min + named.l_max), 0.5 * (named.b_min + named.b_max)
        return Window(*middle, named.l_max - named.l_min, named.b_max - named.b_min)
    try:
        l, b, dl, db = (float(part) for part in text.split(","))  # noqa: E741
    except ValueError as error:
        raise ConfigError(
            explain(
                given=f"a window {text!r}",
                wanted="four numbers l,b,dl,db: middle and full widths in degrees",
                where=where,
                todo="as in --window=-0.35,0,2.1,1.2 (with = where l is negative)",
            )
        ) from error
    return Window(l, b, dl, db)


def _refused(window: Window, wanted: str, todo: str = "correct it") -> ConfigError:
    return ConfigError(
        explain(
            given=f"the window l,b,dl,db = {window.l:g},{window.b:g},{window.dl:g},"
            f"{window.db:g}",
            wanted=wanted,
            where="--window",
            todo=todo,
        )
    )


__all__ = ["COLUMNS", "ROWS", "TILE", "Tile", "Window", "read_window"]
