"""Windows on the sky in Galactic coordinates: a box of longitude and latitude.

Kept where every room can use it: surveys are fetched, merged and drawn by window.
Limits are inclusive, and longitudes may be given on any turn: 359 is -1 degree.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from reseau.errors import ConfigError, explain, unknown_name

TURN = 360.0
"""Degrees."""


@dataclass(frozen=True)
class Window:
    """A box in Galactic coordinates, with its limits.

    Attributes
    ----------
    l_min, l_max
        Galactic longitudes [deg]: `l_min` in [-180, 180), `l_max` up to a turn above.
    b_min, b_max
        Galactic latitudes [deg].
    name
        As it was called; empty: by its numbers.
    """

    l_min: float
    l_max: float
    b_min: float
    b_max: float
    name: str = ""

    @property
    def area(self) -> float:
        """The solid angle [deg²]."""
        bands = math.sin(math.radians(self.b_max)) - math.sin(math.radians(self.b_min))
        return (self.l_max - self.l_min) * math.degrees(bands)

    def longitude(self, l: Any) -> Any:  # noqa: E741
        """Return longitudes [deg] on the turn that has the window's middle in its own.

        Parameters
        ----------
        l
            Galactic longitude [deg], on any turn.
        """
        middle = 0.5 * (self.l_min + self.l_max)
        given = np.asarray(l, dtype=float)
        return given - TURN * np.rint((given - middle) / TURN)

    def contains(self, l: Any, b: Any) -> Any:  # noqa: E741
        """Return which places are in the window, its limits among them.

        Parameters
        ----------
        l, b
            Galactic longitude and latitude [deg].
        """
        longitude, latitude = self.longitude(l), np.asarray(b, dtype=float)
        inside = (longitude >= self.l_min) & (longitude <= self.l_max)
        return inside & (latitude >= self.b_min) & (latitude <= self.b_max)

    def __str__(self) -> str:
        """Return the limits in words."""
        return (
            f"{self.l_min:g} <= l <= {self.l_max:g}, "
            f"{self.b_min:g} <= b <= {self.b_max:g} deg"
        )


WINDOWS = {"jasmine": Window(-1.4, 0.7, -0.6, 0.6, "jasmine")}
"""Windows by name; `jasmine` is the mission's field at the Galactic centre."""


def window_of(given: Any, *, where: str = "--window") -> Window:
    """Return a window from its name, or from its centre and its widths.

    Parameters
    ----------
    given
        A name of `WINDOWS`; ``"l,b,dl,db"`` or four numbers, the centre and the full
        widths [deg]; or a `Window`.
    where
        Option or argument, for messages.

    Raises
    ------
    ConfigError
        The name is unknown, or a number is missing or out of range.

    Examples
    --------
    >>> from reseau._windows import window_of
    >>> print(window_of("0,0,0.1,0.1"))
    -0.05 <= l <= 0.05, -0.05 <= b <= 0.05 deg
    """
    if isinstance(given, Window):
        return given
    text = given if isinstance(given, str) else ",".join(map(str, given))
    if text.strip().lower() in WINDOWS:
        return WINDOWS[text.strip().lower()]
    if "," not in text:
        raise unknown_name("window", text, [*WINDOWS, "l,b,dl,db"], where=where)
    try:
        l, b, width, height = (float(part) for part in text.split(","))  # noqa: E741
    except ValueError as error:
        raise _wrong(text, "four numbers l,b,dl,db [deg]", where) from error
    return _around(l, b, width, height, text, where)


def _around(
    l: float,  # noqa: E741
    b: float,
    width: float,
    height: float,
    text: str,
    where: str,
) -> Window:
    if not all(map(math.isfinite, (l, b, width, height))):
        raise _wrong(text, "finite numbers l,b,dl,db [deg]", where)
    if not (0.0 < width <= TURN and 0.0 < height <= 180.0):
        raise _wrong(text, "widths 0 < dl <= 360 and 0 < db <= 180 deg", where)
    if b - 0.5 * height < -90.0 or b + 0.5 * height > 90.0:
        raise _wrong(text, "latitudes within -90 and 90 deg", where)
    low = l - 0.5 * width
    turns = TURN * math.floor((low + 0.5 * TURN) / TURN)
    return Window(
        low - turns, l + 0.5 * width - turns, b - 0.5 * height, b + 0.5 * height
    )


def _wrong(text: str, wanted: str, where: str) -> ConfigError:
    return ConfigError(
        explain(
            given=f"the window {text!r}",
            wanted=f"{wanted}, or one of {', '.join(WINDOWS)}",
            where=where,
            todo="write its centre and its full widths, as in 0,0,0.1,0.1",
        )
    )


__all__ = ["WINDOWS", "Window", "window_of"]
