"""Exceptions, warnings and results, and which of them to raise.

=====================  ==========================================================
raise                  when
=====================  ==========================================================
`CatalogueError`       a table lacks a column, a row, or holds an impossible value
`UnitError`            a unit cannot be converted to the one that is wanted
`ShapeError`           arrays do not fit together
`PrecisionError`       32-bit arrays reached a function that needs 64 bits
`ConvergenceError`     an iteration ended without an answer
`DegeneracyError`      the data do not determine what was asked for
`ConfigError`          a key or option is unknown, missing or out of range
`WrongKindError`       an argument is of another kind than what is wanted
`FileFormatError`      a file is not what its name or its version says
`OutputExistsError`    an output is there already and was not to be replaced
`ServiceError`         an archive or a database cannot be reached, or refuses
=====================  ==========================================================

A message has four parts: what was given, what was wanted, where, what to do.
`explain` joins them, so that no part is forgotten.
"""

import contextlib
import difflib
import enum
import sys
import warnings
from collections.abc import Collection, Iterable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from reseau._spoken import spoken
from reseau.synonyms import called, has_another_meaning, is_ours, of_joins, synonym_of


class ReseauError(Exception):
    """Root of every error that reseau raises on purpose."""

    exit_code = 2

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what pickle makes it of again, whatever its own `__init__` takes."""
        return _made_again, (type(self), self.args, dict(vars(self)))


def _made_again(
    kind: type[ReseauError], args: tuple[Any, ...], state: dict[str, Any]
) -> ReseauError:
    error = kind.__new__(kind, *args)
    error.args = args
    vars(error).update(state)
    return error


class CatalogueError(ReseauError, ValueError):
    """A table lacks a column or a row, or holds an impossible value."""


class UnitError(ReseauError, ValueError):
    """A unit cannot be converted to the one that is wanted."""


class ShapeError(ReseauError, ValueError):
    """Arrays do not fit together."""


class PrecisionError(ReseauError, TypeError):
    """32-bit arrays reached a function that needs 64 bits."""


class ConfigError(ReseauError, ValueError):
    """A key or an option is unknown, missing or out of range."""


class WrongKindError(ConfigError, TypeError):
    """An argument is of another kind than what is wanted in its place."""


class FileFormatError(ReseauError, ValueError):
    """A file is not what its name or its format version says."""


class OutputExistsError(ReseauError, FileExistsError):
    """An output exists and was not to be replaced."""


class ServiceError(ReseauError, ConnectionError):
    """An archive or a database cannot be reached, went away, or refuses."""


class ConvergenceError(ReseauError, RuntimeError):
    """An iteration ended without an answer."""

    exit_code = 3


class DegeneracyError(ReseauError, RuntimeError):
    """The data do not determine what was asked for.

    Attributes
    ----------
    directions
        The undetermined combinations, in words, one a null direction.
    """

    exit_code = 3

    def __init__(self, message: str, directions: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.directions = directions


class ReseauWarning(UserWarning):
    """Root of every warning that reseau gives."""


class DroppedWarning(ReseauWarning):
    """Rows were left out of a solution."""


class DuplicateMeasurementWarning(ReseauWarning):
    """A source was measured more than once on one exposure; all are used."""


class UnusedEffectWarning(ReseauWarning):
    """The data would allow an effect that was not asked for."""


class StrangeObserverWarning(ReseauWarning):
    """An observer is where few telescopes have been: perhaps a unit or a frame."""


class AssumedErrorWarning(ReseauWarning):
    """Nobody gave errors of the measurements: one was assumed for all."""


class LeftoverWarning(ReseauWarning):
    """A run that was killed left something that may not be removed."""


class MissingAstrometryWarning(ReseauWarning):
    """Reference rows without motion or parallax were given the stated wide prior."""


class TableWarning(ReseauWarning):
    """Part of a table was left out, or read in another way than it is written."""


class LeftOutWarning(ReseauWarning):
    """Motion or parallax of references is known and could not be applied."""


class MissingCovariateWarning(ReseauWarning):
    """Measurements lack what a declared term depends on, and take the mean."""


class Result(enum.Enum):
    """How a solution ended; the value is the message."""

    SUCCESSFUL = "converged"
    NOT_CONVERGED = (
        "not converged: the steps were still larger than the tolerance after the "
        "last iteration; look for wrong identifications or wrong pointings; if "
        "there are none, allow more iterations"
    )
    NO_DESCENT = (
        "not converged: no step lowered the objective, however strongly damped; the "
        "start is too far off or the model does not fit the data"
    )
    NOT_FINITE = (
        "not converged: the objective became infinite or NaN; a source lies behind "
        "the projection's horizon or a start is far off"
    )
    DIVERGED = (
        "diverged: the evidence lower bound became NaN or infinite; lower the learning "
        "rates or start nearer to the solution"
    )
    DEGENERATE = "degenerate: the data do not determine all free parameters"


def warn(message: str | Warning, category: type[Warning] | None = None) -> None:
    """Warn of something, at the line of the user's that led to it.

    Parameters
    ----------
    message
        What to know, or a warning.
    category
        Its class.
    """
    told = message
    if not isinstance(told, Warning):
        told = (category or UserWarning)(told)
    told.args = tuple(spoken(a) if isinstance(a, str) else a for a in told.args)
    collector = _collector.get()
    if collector is not None:
        collector.append(told)
        return
    frame, level = sys._getframe(), 1
    while frame.f_back is not None and _is_passed(frame.f_code.co_filename):
        frame, level = frame.f_back, level + 1
    warnings.warn(told, stacklevel=level)


_collector: ContextVar[list[Warning] | None] = ContextVar("collector", default=None)


@contextlib.contextmanager
def collected() -> Iterator[list[Warning]]:
    """Collect what `warn` is told, in this thread, in place of giving it to the user.

    Whoever collects gives it on, with `warn`, or leaves it out with a reason.
    """
    told: list[Warning] = []
    token = _collector.set(told)
    try:
        yield told
    finally:
        _collector.reset(token)


_PASSED = (
    str(Path(__file__).parent),
    contextlib.__file__,
    f"{Path('jaxtyping') / '_decorator.py'}",
    "<@beartype",
)
"""Files between a warning and the user: this package, and what is wrapped around it."""


def _is_passed(file: str) -> bool:
    return any(part in file for part in _PASSED)


def explain(*, given: str, wanted: str, where: str, todo: str) -> str:
    """Join the four parts of an error message.

    Parameters
    ----------
    given
        What was found: name, value, unit, shape.
    wanted
        What would have been right.
    where
        File, table, row or key.
    todo
        What the reader can do about it.
    """
    return spoken(f"{given}\n  wanted: {wanted}\n  where:  {where}\n  to do:  {todo}")


def near_misses(name: str, candidates: Iterable[str], n: int = 3) -> list[str]:
    """Return up to `n` candidates that `name` may have been meant to be."""
    by_lower: dict[str, str] = {}
    for candidate in candidates:
        by_lower.setdefault(candidate.lower(), candidate)
    found = difflib.get_close_matches(name.lower(), by_lower, n=n, cutoff=0.6)
    return [by_lower[f] for f in found]


def suggestion(
    name: str,
    candidates: Iterable[str],
    *,
    otherwise: str = "choose one of these",
) -> str:
    """Return what to do about an unknown name.

    Parameters
    ----------
    name
        As it was written.
    candidates
        Names that are known.
    otherwise
        What to say when none of them is near.
    """
    close = near_misses(name, candidates)
    quoted = " or ".join(repr(each) for each in close)
    return f"did you mean {quoted}?" if close else otherwise


def unknown_name(
    kind: str, name: str, known: Collection[str], *, where: str
) -> ConfigError:
    """Return the error about a name that is not one of those known.

    Parameters
    ----------
    kind
        What the name is of, e.g. "ephemeris".
    name
        As it was written.
    known
        All names that would have been right.
    where
        File, key or option.
    """
    return ConfigError(
        explain(
            given=f"unknown {kind} {name!r}",
            wanted=f"one of {some(known, len(known))}",
            where=where,
            todo=suggestion(name, known),
        )
    )


def missing_columns_error(
    missing: Collection[str],
    present: Collection[str],
    what: str,
    where: str | Path,
    *,
    taken: Collection[str] = (),
) -> CatalogueError:
    """Return the error for absent columns, with the near misses.

    Parameters
    ----------
    missing, present
        Names of columns.
    what, where
        The table and its file.
    taken
        Names that mean something else and are no near misses.
    """
    candidates = [name for name in present if name not in taken]
    near = {name: alike(name, candidates) for name in missing}
    hints = [
        f"{name}: is it {' or '.join(map(_with_note, found))}?"
        for name, found in near.items()
        if found
    ]
    if "ref_epoch" in missing and not near["ref_epoch"]:
        hints.append(
            "ref_epoch: a year may be chosen for all rows, ref_epoch=2016.0 of Gaia DR3"
        )
    plural = "s" if len(missing) > 1 else ""
    return CatalogueError(
        explain(
            given=f"{what} lacks the column{plural} {', '.join(missing)}",
            wanted=f"columns {', '.join(missing)}; found {some(present, 30) or 'none'}",
            where=str(where),
            todo="add or rename the column"
            + (f" ({'; '.join(hints)})" if hints else ""),
        )
    )


def alike(name: str, present: Collection[str]) -> list[str]:
    """Return columns that `name` may be called in a table, the likeliest first.

    Parameters
    ----------
    name
        Of the column that is wanted.
    present
        Names in the table. One that is known to mean something else is no answer.
    """
    known = called(name, present) or of_joins(name, present)
    if known:
        return known[:3]
    if not is_ours(name):
        return near_misses(name, present)
    return near_misses(name, [n for n in present if not has_another_meaning(n, name)])


def _with_note(name: str) -> str:
    found = synonym_of(name)
    return f"{name} ({found.note})" if found is not None and found.note else name


def some(values: Iterable[object], limit: int = 5) -> str:
    """Write the first few of `values` and say how many more there are."""
    values = list(values)
    text = ", ".join(str(v) for v in values[:limit])
    more = len(values) - limit
    return f"{text} and {more} more" if more > 0 else text
