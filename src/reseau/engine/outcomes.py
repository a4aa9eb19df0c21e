"""What became of an address: a value, or why there is none."""

import traceback
from dataclasses import dataclass
from typing import Any

from reseau.errors import ReseauError


@dataclass(frozen=True)
class Failure:
    """Why an address has no value; plain texts, which any process can read.

    Attributes
    ----------
    kind
        Name of the exception's class; "died" where the process did.
    message
        What it said.
    expected
        Whether it is one of `errors`: bad input, not a bug.
    trace
        Where it was raised.
    """

    kind: str
    message: str
    expected: bool = True
    trace: str = ""


DIED = "died"
"""Kind of the failure of a process that ended without an answer."""


@dataclass(frozen=True)
class Outcome:
    """What became of one address.

    Attributes
    ----------
    address
        As given.
    value
        What the task returned; None where it failed.
    failure
        Why there is no value; None where there is one.
    """

    address: Any
    value: Any = None
    failure: Failure | None = None


def failure_of(error: Exception) -> Failure:
    """Return the record of an exception.

    Parameters
    ----------
    error
        As caught.
    """
    return Failure(
        kind=type(error).__name__,
        message=str(error) or type(error).__name__,
        expected=isinstance(error, ReseauError),
        trace="".join(traceback.format_exception(error)),
    )


__all__ = ["DIED", "Failure", "Outcome", "failure_of"]
