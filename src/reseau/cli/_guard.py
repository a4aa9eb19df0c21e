"""What every verb shares: errors become messages and exit codes, warnings one line."""

import functools
import logging
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TextIO, TypeVar

import typer

from reseau._memory import few_pools
from reseau._spoken import as_typed
from reseau.settings import INPUT

from ._groups import OUTPUT
from ._signals import ENDED, Ended, ending_in_order
from ._wrapping import wrapped

BAD_INPUT = 2
BUG = 1
INTERRUPTED = 130

NO_NEWS = (
    DeprecationWarning,
    PendingDeprecationWarning,
    ResourceWarning,
    RuntimeWarning,
)
"""Of interest to developers only; NumPy's NaN and infinity reach the verdict."""

Debug = Annotated[
    bool,
    typer.Option(
        "--debug", help="Show the traceback of an error.", rich_help_panel=OUTPUT
    ),
]
Json = Annotated[
    bool,
    typer.Option(
        "--json",
        help="Print a summary as JSON, and nothing else.",
        rich_help_panel=OUTPUT,
    ),
]
Overwrite = Annotated[
    bool,
    typer.Option(
        "--overwrite",
        help="Replace an output that reseau wrote before.",
        rich_help_panel=OUTPUT,
    ),
]
AllowOutside = Annotated[
    bool,
    typer.Option(
        "--allow-outside",
        help="Open files outside its folder that a dataset names.",
        rich_help_panel=INPUT,
    ),
]
Verb = TypeVar("Verb", bound=Callable[..., int | None])


@dataclass
class Choices:
    """What was said before the verb."""

    debug: bool = False


def guarded(verb: Verb) -> Verb:
    """Run a verb so that the user sees messages, not tracebacks.

    Parameters
    ----------
    verb
        Takes `context` and `debug`, and returns an exit code or None.
    """

    @functools.wraps(verb)
    def run(*args: Any, **options: Any) -> None:
        before: Choices | None = options["context"].find_root().obj
        debug = options["debug"] or (before is not None and before.debug)
        raise typer.Exit(_run(lambda: verb(*args, **options), debug))

    return run  # type: ignore[return-value]


def _run(verb: Callable[[], int | None], debug: bool) -> int:
    """Return the exit code of a verb, whatever it raises."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    few_pools()
    # Not at the top, since the help does not need astropy; but before warnings and
    # loggers are set up, since astropy does so, too, when it is imported.
    import reseau.errors  # noqa: F401

    try:
        with (
            ending_in_order() as told,
            as_typed(),
            _quiet_libraries(),
            _plain_warnings(),
        ):
            code = verb() or 0
        # A library may have swallowed the exception that the signal raised.
        return ENDED + told[0] if told else code
    except typer.Exit:
        raise
    except Ended as ended:
        complain(f"error: {ended}; {_left(ended)}")
        return ENDED + ended.number
    except KeyboardInterrupt as interrupted:
        complain(f"error: interrupted; {_left(interrupted)}")
        return INTERRUPTED
    # The last place where an exception can become a message.
    except Exception as error:  # noqa: BLE001
        if debug:
            traceback.print_exc()
        return _explained(error, debug)


def _left(ended: BaseException) -> str:
    """Say what has become of the output: nothing half, or pieces that stay."""
    return "; ".join(getattr(ended, "__notes__", ())) or "no half output was left"


def _explained(error: Exception, debug: bool) -> int:
    """Print the message of an error and return its exit code."""
    # Not at the top: it brings astropy, which the help does not need.
    from reseau.errors import ReseauError, explain

    if isinstance(error, ReseauError):
        complain(f"error: {error}")
        return error.exit_code
    if isinstance(error, BrokenPipeError):
        # Who read the output has gone: there is nobody to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BUG
    if isinstance(error, OSError):
        message = explain(
            given=f"the system refused: {error.strerror or error}",
            wanted="files that can be read, and a place with room to write",
            where=str(error.filename or "the input or the output"),
            todo="check permissions and free space; no half output was left",
        )
        complain(f"error: {message}")
        return BAD_INPUT
    complain(f"error: {type(error).__name__}: {error}\n  this is a bug in reseau")
    if not debug:
        complain("  run it again with --debug and report what it prints")
    return BUG


def given_path(text: str, what: str) -> Path:
    """Return a path, or refuse an empty text, which would mean this very folder.

    Parameters
    ----------
    text
        As typed.
    what
        The argument or option, for the message.
    """
    if text.strip():
        return Path(text)
    # Not at the top: it brings astropy, which the help does not need.
    from reseau.errors import ConfigError, explain

    raise ConfigError(
        explain(
            given="an empty text",
            wanted="the name of a file or a directory",
            where=what,
            todo="name it, or write . for this directory; is a shell variable empty?",
        )
    )


def names(*given: str) -> tuple[str, ...]:
    """Return names given as ``a,b``, in one or several texts."""
    found = [name.strip() for text in given for name in text.split(",")]
    return tuple(name for name in found if name)


def complain(text: str) -> None:
    """Write lines to stderr, broken at words."""
    typer.echo(wrapped(text), err=True)


@contextmanager
def _plain_warnings() -> Iterator[None]:
    """Show each warning once, as one line without file and line number."""
    seen: set[str] = set()

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        del category, filename, lineno, file, line
        text = str(message).strip()
        if text not in seen:
            seen.add(text)
            complain(f"warning: {text}")

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        for kind in NO_NEWS:
            warnings.simplefilter("ignore", kind)
        warnings.showwarning = show
        yield


@contextmanager
def _quiet_libraries() -> Iterator[None]:
    """Keep log lines of libraries, which are no news to a user, off the screen."""
    # Not at the top, for the help; astropy makes its logger itself when it is imported,
    # and fails over one of that name that was there before.
    import astropy

    loggers = [astropy.log, *map(logging.getLogger, ("jax", "jax._src"))]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


__all__ = [
    "AllowOutside",
    "Choices",
    "Debug",
    "Json",
    "Overwrite",
    "complain",
    "given_path",
    "guarded",
    "names",
]
