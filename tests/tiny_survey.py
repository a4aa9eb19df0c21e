"""What `simulate` is given for a survey of 60 sources, which is solved in a moment."""

from typing import Any

TINY: dict[str, Any] = {
    "small": True,
    "sources": 60,
    "artificial": 2,
    "exposures": 8,
    "seed": 2,
}
