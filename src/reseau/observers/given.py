"""What is given where names, numbers or objects are wanted: one rule for all functions.

A name may stand for a sequence of one, names are read in any case, and several may be
written in one text with commas between them, as in an option of the command. A number
may be a `Quantity` of any unit that fits.
"""

from collections.abc import Iterable
from typing import Any

import astropy.units as u
import numpy as np

from reseau.errors import UnitError, WrongKindError, explain

NOTHING = "none"
"""What stands for no name at all."""


def names_of(given: str | Iterable[str], *, what: str) -> tuple[str, ...]:
    """Return names in lower case, whether one or several were given.

    Parameters
    ----------
    given
        Names, or one text with commas between them; "none" for none.
    what
        What they are names of, for the message.

    Raises
    ------
    WrongKindError
        Something in it is not a text.

    Examples
    --------
    >>> from reseau.observers import names_of
    >>> names_of("Sun", what="bodies"), names_of("none", what="bodies")
    (('sun',), ())
    """
    if isinstance(given, str):
        # A comma at the end is no name; nothing at all is one, which is unknown.
        texts = [text for text in given.split(",") if text.strip()] or [given]
    else:
        texts = _texts(given, what)
    names = tuple(text.strip().lower() for text in texts)
    return () if names == (NOTHING,) else names


def plain_number(value: Any, unit: u.UnitBase, *, name: str) -> Any:
    """Return a number in the unit that is wanted, whatever unit it was given in.

    Parameters
    ----------
    value
        A number in that unit, or a `Quantity`.
    unit
        What is wanted.
    name
        Of the argument, for the message.

    Raises
    ------
    UnitError
        The quantity is of another kind.
    """
    if getattr(value, "unit", None) is None:
        return value
    try:
        return np.asarray(value.to_value(unit, u.temperature())).tolist()
    except u.UnitConversionError as error:
        raise UnitError(
            explain(
                given=f"{name} = {value}",
                wanted=f"a number in {unit}, or a quantity that can be converted to it",
                where=f"the argument {name}",
                todo="give it another unit, or none",
            )
        ) from error


def wrong_kind(
    given: object, *, wanted: str, where: str, todo: str = "give the arguments by name"
) -> WrongKindError:
    """Return the error about an argument that is of another kind.

    Parameters
    ----------
    given
        The argument.
    wanted, where, todo
        As in `errors.explain`.
    """
    text = repr(given)
    shown = text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
    return WrongKindError(
        explain(
            given=f"{shown} of type {type(given).__name__}",
            wanted=wanted,
            where=where,
            todo=todo,
        )
    )


LONGEST = 60
"""Characters of a strange argument that a message repeats."""


def _texts(given: Iterable[str], what: str) -> list[str]:
    texts = list(given) if isinstance(given, Iterable) else [given]
    for text in texts:
        if not isinstance(text, str):
            raise wrong_kind(
                given,
                wanted="a name, or a sequence of names",
                where=f"the {what}",
                todo='give names such as "sun" or ("sun", "jupiter"); '
                f'"{NOTHING}" or () for none; see the order of the arguments',
            )
    return texts


__all__ = ["NOTHING", "names_of", "plain_number", "wrong_kind"]
