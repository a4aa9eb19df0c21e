"""What verbs print: text on stdout for people or scripts, progress on stderr."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from ._wrapping import columns, wrapped

if TYPE_CHECKING:
    from rich.status import Status

Report = Callable[[dict[str, float]], None]

ABOUT_TO_COMPILE = "/jax/core/compile/jaxpr_to_mlir_module_duration"
COMPILED = "/jax/core/compile/backend_compile_duration"
"""What JAX tells its listeners before and after it compiles a function."""


def print_json(values: Mapping[str, Any]) -> None:
    """Print values as JSON; what is not a finite number becomes null.

    Parameters
    ----------
    values
        What `datasets.solutions.plain` takes: numbers, arrays, texts and paths in
        mappings and sequences.
    """
    # Not at the top: the help does not need it.
    from reseau.datasets.solutions import plain

    typer.echo(json.dumps(plain(values), indent=2, allow_nan=False))


def print_table(rows: Sequence[tuple[str, str]]) -> None:
    """Print names and values in two columns.

    Parameters
    ----------
    rows
        Names and values.
    """
    for line in columns(list(rows)):
        typer.echo(line)


def say(text: str) -> None:
    """Print a sentence, broken at words."""
    typer.echo(wrapped(text))


def duration(seconds: float) -> str:
    """Return a time span with a sensible number of digits."""
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"


def _step_line(figures: dict[str, float]) -> str:
    """Write where a stochastic ascent is."""
    shown = [f"step {int(figures['step']):>7d}", f"ELBO {figures['elbo']:.10g}"]
    shown += [f"{k} {v:.3g}" for k, v in figures.items() if k not in ("step", "elbo")]
    return "   ".join(shown)


@contextmanager
def progress(what: str, *, wanted: bool) -> Iterator[Report | None]:
    """Show on stderr that work goes on, and each iteration as it ends.

    Parameters
    ----------
    what
        What is being done.
    wanted
        False: nothing is shown and None is given.

    Yields
    ------
    What the solver calls after each iteration.
    """
    if not wanted:
        yield None
        return
    # Not at the top: only a terminal needs it.
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    count = 0

    def report(figures: dict[str, float]) -> None:
        nonlocal count
        count += 1
        if "stage" in figures:  # thousands of small steps, not a few large ones
            console.print(_step_line(figures), markup=False)
            return
        damping = figures.get("damping", 0.0)
        console.print(
            f"iteration {count:>2d}   chi2 {figures['chi2']:.8g}   "
            f"largest step {figures['largest_step']:.3g} σ   "
            f"{duration(figures['seconds'])}"
            + (f"   damping {damping:.0e}" if damping else ""),
            markup=False,
        )

    with console.status(f"{what} ...") as status, _compilation_said(status, what):
        yield report


@contextmanager
def _compilation_said(status: "Status", what: str) -> Iterator[None]:
    """Say so while JAX compiles, which takes longer than the work itself."""
    # Not at the top: the help does not need JAX.
    from jax import monitoring

    count = 0

    def heard(event: str, duration_secs: float, **about: str | int) -> None:
        nonlocal count
        del duration_secs, about
        if event == ABOUT_TO_COMPILE:
            count += 1
            status.update(
                f"{what}: compiling, part {count} (kept for the next run) ..."
            )
        elif event == COMPILED:
            status.update(f"{what} ...")

    monitoring.register_event_duration_secs_listener(heard)
    try:
        yield
    finally:
        monitoring.unregister_event_duration_listener(heard)


def is_watched(*, quiet: bool, json_wanted: bool, verbose: bool = False) -> bool:
    """Return whether progress is to be shown.

    Parameters
    ----------
    quiet, json_wanted
        Either of them silences it.
    verbose
        Shows it even if stderr is no terminal.
    """
    silenced = quiet or json_wanted
    return not silenced and (verbose or sys.stderr.isatty())


__all__ = [
    "Report",
    "duration",
    "is_watched",
    "print_json",
    "print_table",
    "progress",
    "say",
]
