"""A forward mock: stars drawn from a model of the Galaxy, as a survey would list them.

The sky is cut into tiles that do not depend on the window, each with random numbers of
its own: so the same seed gives the same stars, with the same ids, in any window that
holds them and for any number of workers.
"""

from .limit import MagnitudeLimit, read_limit
from .window import TILE, Tile, Window, read_window

__all__ = [
    "TILE",
    "MagnitudeLimit",
    "Tile",
    "Window",
    "read_limit",
    "read_window",
]
