"""What a solution is relative to, in words."""

from collections.abc import Mapping
from typing import Any

NOTABLE = 1e-3
"""Change of a predicted position [σ] by the move to the datum from which it is said."""


def datum_text(summary: Mapping[str, Any]) -> str:
    """Return the datum of a solution, with what moving there changed.

    Parameters
    ----------
    summary
        Of the solution: keys ``datum`` and, if there, ``datum_change_sigma``.
    """
    change = summary.get("datum_change_sigma")
    text = str(summary.get("datum"))
    if change is None or not change > NOTABLE:
        return text
    return f"{text}; moving there changed predicted positions by up to {change:.2g}σ"


__all__ = ["datum_text"]
