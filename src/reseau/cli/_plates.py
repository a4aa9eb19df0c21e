"""`reseau solve --plates`: progress on the way, a verdict in few lines at the end."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ._groups import MANY
from ._guard import complain
from ._screen import duration, print_json, print_table, say

if TYPE_CHECKING:
    from reseau.verbs.gathered import PlateDone
    from reseau.verbs.survey_solution import SurveySolution

NAMED = 10
"""How many plates without a solution are named on the screen; the table has all."""

Plates = Annotated[
    str | None,
    typer.Option(
        "--plates",
        metavar="all|ID-ID,ID,...",
        help="Solve these plates of a dataset, each on its own, one by one or at once. "
        "Killed, the same command continues.",
        rich_help_panel=MANY,
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        metavar="N",
        help="Processes that solve plates at once. [default: one for each core]",
        rich_help_panel=MANY,
    ),
]


@dataclass(frozen=True)
class Shown:
    """What is to be seen of a run."""

    json: bool
    quiet: bool
    watched: bool


def refuse_workers(workers: int | None) -> None:
    """Refuse a number of workers for one plate."""
    if workers is None:
        return
    # Not at the top: it brings astropy, which the help does not need.
    from reseau.errors import ConfigError, explain

    raise ConfigError(
        explain(
            given=f"--workers {workers} without --plates",
            wanted="several plates that can be solved at once",
            where="the options of solve",
            todo="say which: --plates all; one plate takes all cores as it is",
        )
    )


def solve_many(
    place: Path,
    target: Path,
    plates: str,
    workers: int | None,
    chosen: Mapping[str, Any],
    *,
    overwrite: bool,
    shown: Shown,
) -> int:
    """Solve plates and print what their solutions are worth; return the exit code.

    Parameters
    ----------
    place, target
        Dataset, and directory to write.
    plates, workers
        As typed.
    chosen
        Settings of `solve`, by name.
    overwrite
        As chosen.
    shown
        What is to be seen.
    """
    # Not at the top: JAX and astropy take seconds that the help need not wait for.
    from reseau.plates import SolveOptions
    from reseau.verbs.solve_plates import solve_plates

    with _progress(f"solving plates of {place}", wanted=shown.watched) as report:
        found = solve_plates(
            place,
            target,
            plates=plates,
            workers=workers,
            options=SolveOptions(**chosen),
            overwrite=overwrite,
            report=report,
        )
    if shown.json:
        print_json(found.summary)
    elif not shown.quiet:
        _show(found, target)
    for row in found.summary["not_solved"][:NAMED]:
        complain(f"error: plate {row['plate_id']}: {row['message']}")
    more = len(found.failed) - NAMED
    if more > 0:
        complain(f"error: and {more} more plates, see {target / 'plates.parquet'}")
    return found.exit_code


def _show(found: "SurveySolution", target: Path) -> None:
    """Print the verdict, what was warned of, and the numbers."""
    # Not at the top: it brings JAX, which the help does not need.
    from reseau.plates.judgement.unit_weight import sigma0_text

    summary = found.summary
    for sentence in found.verdict:
        say(sentence)
    for group in summary["warnings"][:NAMED]:
        which = f"plate {group['plates'][0]}"
        if len(group["plates"]) > 1:
            which = f"{len(group['plates']):,} plates, as {which}"
        say(f"Warned of {which}: {group['example']}.")
    typer.echo()
    run = summary["run"]
    print_table(
        [
            ("plates", f"{summary['n_solved']:,} of {summary['n_plates']:,} solved"),
            ("exposures", f"{summary['n_exposures']:,}"),
            ("measurements", f"{summary['n_measurements']:,}"),
            ("sigma0", f"{sigma0_text(summary['sigma0_median'])} in the median"),
            ("workers", f"{run['workers']}"),
            ("seconds", f"{run['seconds']:.1f}"),
            ("peak memory", f"{run['peak_memory']:,.0f} MiB of a process"),
            ("written to", str(target)),
        ]
    )


@contextmanager
def _progress(
    what: str, *, wanted: bool
) -> Iterator[Callable[["PlateDone"], None] | None]:
    """Show on stderr how many plates are done, and how long the rest will take."""
    if not wanted:
        yield None
        return
    # Not at the top: only a terminal needs it.
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True, highlight=False)
    columns = (
        *(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()),
        *(TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn()),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=None)
        began = console.get_time()

        def report(done: "PlateDone") -> None:
            bar.update(task, completed=done.done, total=done.total)
            if done.failure is not None:
                first = done.failure.splitlines()[0]
                console.print(f"plate {done.plate}: {first}", markup=False)
            elif not console.is_terminal:
                spent = duration(console.get_time() - began)
                console.print(
                    f"plate {done.plate}: {done.done} of {done.total}, {spent}",
                    markup=False,
                )

        yield report


__all__ = ["Plates", "Shown", "Workers", "refuse_workers", "solve_many"]
