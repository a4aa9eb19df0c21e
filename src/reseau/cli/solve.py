"""`reseau solve`: detections and references to positions and a calibration."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ._compiled import keep_compiled
from ._groups import OUTPUT
from ._guard import (
    Debug,
    Json,
    Overwrite,
    complain,
    given_path,
    guarded,
)
from ._plates import Plates, Shown, Workers, refuse_workers, solve_many
from ._screen import is_watched, print_json, print_table, progress, say
from ._settings import chosen_settings, with_settings

if TYPE_CHECKING:
    from reseau.verbs.solution import Solved

WORST = 3
"""How many of the largest residuals are named in a warning."""

NAMED = 10
"""How many undetermined parameters are named on the screen; the summary has all."""


@guarded
@with_settings
def solve(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="INPUT",
            help="Directory of a dataset, or a table of detections (Parquet, FITS, "
            "ECSV, VOTable, CSV, IPAC).",
        ),
    ],
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="Directory to write.",
            rich_help_panel=OUTPUT,
        ),
    ],
    overwrite: Overwrite = False,
    json: Json = False,
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose",
            "-v",
            help="Show progress even without a terminal.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet", "-q", help="Print nothing but bad news.", rich_help_panel=OUTPUT
        ),
    ] = False,
    debug: Debug = False,
    plates: Plates = None,
    workers: Workers = None,
    **typed: Any,
) -> int:
    """Find positions and calibration of one plate, or of each of many.

    Exit code 0: converged; read the verdict. 2: bad input or options. 3: the fit did
    not converge, or the data do not determine all parameters; of many plates, one.
    """
    del context, debug
    place, target = given_path(source, "INPUT"), given_path(output, "--output")
    watched = is_watched(quiet=quiet, json_wanted=json, verbose=verbose)
    if plates is not None:
        keep_compiled()
        shown = Shown(json=json, quiet=quiet, watched=watched)
        chosen = chosen_settings(typed)
        return solve_many(
            *(place, target, plates, workers, chosen), overwrite=overwrite, shown=shown
        )
    refuse_workers(workers)
    # Not at the top: JAX and astropy take seconds that the help need not wait for.
    from reseau.plates import SolveOptions
    from reseau.verbs.solve import solve as run

    keep_compiled()
    options = SolveOptions(**chosen_settings(typed))
    with progress(f"solving {place}", wanted=watched) as report:
        solved = run(place, target, options=options, overwrite=overwrite, report=report)
    show_solved(solved, target, json=json, quiet=quiet, verbose=verbose)
    return solved.exit_code


def show_solved(
    solved: "Solved", output: Path, *, json: bool, quiet: bool, verbose: bool
) -> None:
    """Print what a solution is worth; bad news always, on stderr.

    Parameters
    ----------
    solved
        The solution.
    output
        Where it was written.
    json, quiet, verbose
        As chosen.
    """
    if json:
        print_json(solved.summary)
    elif not quiet:
        for line in [*solved.table, ""] if solved.table else []:
            typer.echo(line)
        for sentence in solved.sentences:
            say(sentence)
        typer.echo()
        print_table(_numbers(solved, output, verbose))
    for sentence in _doubts(solved, verdict_seen=not (quiet or json)):
        complain(f"warning: {sentence}")
    if solved.exit_code:
        complain(f"error: {unusable(solved)}")


def _doubts(solved: "Solved", *, verdict_seen: bool) -> list[str]:
    """Return what a user has to know of results that are there all the same."""
    # Not at the top: it brings JAX, which the help does not need.
    from reseau.plates.judgement.unit_weight import sigma0_text

    found, doubts = solved.summary, []
    if found["converged"] and not found["describes_data"]:
        told = sigma0_text(found["sigma0"])
        doubts.append(f"the fit does not describe the data (sigma0 = {told})")
    elif not verdict_seen and (found["assumed_error"] or {}).get("fits") is False:
        doubts.append(_guess(found["assumed_error"]))
    # The message of a fit that did not converge names them itself.
    if not verdict_seen and found["converged"]:
        doubts += solved.strays or _worst(found)
    return doubts


def _worst(found: dict[str, Any]) -> list[str]:
    """Name the worst measurements of a fit that does not describe the data."""
    worst = found["outliers"]["measurements"]["worst"][:WORST]
    if found["describes_data"] or not worst:
        return []
    names = ", ".join(f"{w['name']} ({w['pull']:.3g}σ)" for w in worst)
    return [f"largest residuals: {names}"]


def _guess(found: dict[str, Any]) -> str:
    """Say in short that an assumed error is not what residuals show."""
    # Not at the top: it brings JAX, which the help does not need.
    from reseau.plates import quantity

    assumed, shown = (quantity(found[n], found["unit"]) for n in ("size", "scatter"))
    return (
        f"an error of {assumed} was assumed, and residuals scatter by {shown}: errors "
        "of the results are wrong by as much, see the verdict"
    )


def _numbers(solved: "Solved", output: Path, verbose: bool) -> list[tuple[str, str]]:
    # Not at the top: it brings JAX, which the help does not need.
    from reseau.plates.overview import number_rows

    rows = number_rows(solved.summary, in_detail=verbose)
    return [*rows, ("written to", str(output))]


def unusable(solved: "Solved") -> str:
    """Return why a solution cannot be used, with the parameters by name.

    Parameters
    ----------
    solved
        A solution that did not end well.
    """
    found = solved.summary
    lines = [str(found["message"])]
    names = found["undetermined"]
    if names:
        more = len(names) - NAMED
        tail = f" and {more} more, see summary.json" if more > 0 else ""
        lines.append(f"  not determined: {', '.join(names[:NAMED])}{tail}")
    if found["still_moving"]:
        size = found["history"][-1]["largest_step"]
        lines.append(f"  still moving: {found['still_moving']}, by {size:.3g} σ")
    lines += [f"  null direction: {text}" for text in found["null_directions"][:NAMED]]
    return "\n".join(lines)


__all__ = ["show_solved", "solve", "unusable"]
