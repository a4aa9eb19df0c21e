"""`reseau demo`: simulate, solve, compare and draw, in one go."""

from typing import Annotated

import typer

from ._compiled import keep_compiled
from ._guard import Debug, Overwrite, complain, given_path, guarded
from ._screen import is_watched, progress
from .solve import unusable


@guarded
def demo(
    context: typer.Context,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="DIR", help="Directory to write.")
    ] = "reseau-demo",
    small: Annotated[
        bool,
        typer.Option("--small", help="Hundreds of sources, not ten thousand."),
    ] = False,
    seed: Annotated[int, typer.Option(help="Of all random numbers.")] = 0,
    overwrite: Overwrite = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print nothing but bad news.")
    ] = False,
    debug: Debug = False,
) -> int:
    """Simulate, solve, compare and draw.

    One orbit of the mini survey, with its truth, its solution and all figures.
    """
    del context, debug
    target = given_path(output, "--output")
    # Not at the top: JAX and astropy take seconds that the help need not wait for.
    from reseau.verbs.demo import demo as run

    keep_compiled()
    watched = is_watched(quiet=quiet, json_wanted=False)
    with progress("simulating, solving, drawing", wanted=watched) as report:
        shown = run(target, small=small, seed=seed, overwrite=overwrite, report=report)
    if not quiet:
        for line in shown.lines():
            typer.echo(line)
    if shown.solved.exit_code:
        complain(f"error: {unusable(shown.solved)}")
    return shown.solved.exit_code


__all__ = ["demo"]
