"""What was written whole may have been touched since: damage is told as such."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reseau._archives import UNREADABLE
from reseau.errors import FileFormatError, ReseauError, explain


@contextmanager
def damage_told(place: str | Path, what: str, todo: str) -> Iterator[None]:
    """Turn what damaged content makes libraries raise into a message.

    Parameters
    ----------
    place
        The directory.
    what
        What it is: "solution" or "dataset".
    todo
        How to get a whole one.

    Raises
    ------
    FileFormatError
        Something in it is not what was written there. Errors of ours pass.
    """
    try:
        yield
    except ReseauError:
        raise
    except UNREADABLE as error:
        reason = str(error).splitlines()[0][:200] if str(error) else ""
        raise FileFormatError(
            explain(
                given=f"the {what} is damaged ({type(error).__name__}: {reason})",
                wanted=f"a {what} as reseau writes it",
                where=str(place),
                todo=todo,
            )
        ) from error


__all__ = ["damage_told"]
