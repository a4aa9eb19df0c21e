"""Records that check themselves, whether a file or a line of Python makes them."""

import dataclasses
import math
from numbers import Integral, Real
from typing import Any

from reseau.errors import ConfigError, explain, some

from .source import Source


class RecordError(ConfigError):
    """A record holds what it cannot.

    Attributes
    ----------
    key
        Which key is wrong; None: several together.
    parts
        What was given, what was wanted, and what to do.
    """

    def __init__(
        self, message: str, *, key: str | None, parts: tuple[str, str, str]
    ) -> None:
        super().__init__(message)
        self.key, self.parts = key, parts

    @classmethod
    def of(
        cls, record: str, key: str | None, *, given: str, wanted: str, todo: str
    ) -> "RecordError":
        """Return the error of a record that was made in Python.

        Parameters
        ----------
        record
            Name of its class.
        key
            Which key is wrong; None: several together.
        given, wanted, todo
            Parts of the message.
        """
        text = explain(given=given, wanted=wanted, where=record, todo=todo)
        return cls(text, key=key, parts=(given, wanted, todo))

    def in_file(self, source: Source) -> ConfigError:
        """Return the same error of the table of a file that the record is made of."""
        return source.complain(self.key, *self.parts)


class Checked:
    """What a record made in Python is checked by: the rules of its own keys.

    Of those that a file checks as it is read; a record that checks more than one key at
    a time does so in its own `__post_init__`, and raises `RecordError`.
    """

    def __post_init__(self) -> None:
        for declared in dataclasses.fields(self):  # type: ignore[arg-type]
            _check(type(self).__name__, declared.metadata, getattr(self, declared.name))


def _check(record: str, rules: Any, value: Any) -> None:
    if value is None or "kind" not in rules:
        return
    kind, choices = rules["kind"], rules["choices"]
    wanted = ""
    if choices and value not in choices:
        wanted = f"one of {some(choices, len(choices))}"
    elif kind in (int, float):
        wanted = _number_wanted(rules, value)
    elif kind is str and not isinstance(value, str):
        wanted = "a text"
    if wanted:
        raise RecordError.of(
            record,
            rules["key"],
            given=f"{rules['key']} = {value!r}",
            wanted=wanted,
            todo=rules["hint"] or "correct the value",
        )


def _number_wanted(rules: Any, value: Any) -> str:
    """Return what would have been right, in words, or nothing for what is right."""
    least, most = rules["minimum"], rules["largest"]
    known = isinstance(value, Integral if rules["kind"] is int else Real)
    if isinstance(value, bool) or not known:
        return "a whole number" if rules["kind"] is int else "a number"
    if not math.isfinite(value):
        return "a finite number"
    if rules["positive"] and not value > 0:
        return "a number > 0"
    if least is not None and value < least:
        return f"{least} or more"
    if most is not None and abs(value) > most:
        return f"a number of at most {most:g}, of either sign"
    return ""


__all__ = ["Checked", "RecordError"]
