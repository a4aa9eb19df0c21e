"""The error that was taken for all positions, where nobody gave one."""

from typing import NamedTuple

DEFAULT_ERROR = 0.01
"""1σ of a position without error [pixel, or um in a plane without pixels]."""


class AssumedError(NamedTuple):
    """What was taken for the errors of all positions, which nobody gave.

    Attributes
    ----------
    size
        1σ of a coordinate [unit].
    unit
        Of the positions as they were read, in which ``--error`` is.
    """

    size: float
    unit: str


__all__ = ["DEFAULT_ERROR", "AssumedError"]
