"""`reseau demo`: simulate, solve, join, compare and draw, in one go."""

from pathlib import Path
from typing import Annotated

import typer

from ._bar import bar
from ._compiled import keep_compiled
from ._guard import Debug, Overwrite, complain, given_path, guarded
from ._screen import is_watched, progress, say
from .solve import unusable


@guarded
def demo(
    context: typer.Context,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="DIR", help="Directory to write.")
    ] = "reseau-demo",
    plate: Annotated[
        bool,
        typer.Option(
            "--plate", help="One orbit of ten thousand sources, not a survey."
        ),
    ] = False,
    small: Annotated[
        bool,
        typer.Option("--small", help="Hundreds of sources, not thousands."),
    ] = False,
    seed: Annotated[int, typer.Option(help="Of all random numbers.")] = 0,
    workers: Annotated[
        int | None, typer.Option(help="Plates at once; absent: one for each core.")
    ] = None,
    overwrite: Overwrite = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print nothing but bad news.")
    ] = False,
    debug: Debug = False,
) -> int:
    """Simulate a small survey, solve and join its plates, compare with truth, draw.

    Positions, proper motions and parallaxes, in a minute or two, with the truth and all
    figures. With --plate: one orbit of the mini survey, and what its plate gives.
    """
    del context, debug
    target = given_path(output, "--output")
    keep_compiled()
    watched = is_watched(quiet=quiet, json_wanted=False)
    if plate:
        return _plate(target, small=small, seed=seed, overwrite=overwrite, quiet=quiet)
    # Not at the top: JAX and astropy take seconds that the help need not wait for.
    from reseau.verbs.demo import demo as run

    with bar("solving plates", wanted=watched) as told:
        shown = run(
            target,
            small=small,
            seed=seed,
            workers=workers,
            overwrite=overwrite,
            say=None if quiet else _sentence,
            told=told,
        )
    if not quiet:
        typer.echo()
        for sentence in shown.verdict:
            say(sentence)
        for line in shown.lines()[len(shown.verdict) :]:
            typer.echo(line)
    if shown.exit_code:
        complain("error: a plate has no solution, or errors are not as promised")
    return shown.exit_code


def _sentence(text: str) -> None:
    say(f"{text[0].upper()}{text[1:]} ...")


def _plate(
    target: Path, *, small: bool, seed: int, overwrite: bool, quiet: bool
) -> int:
    """Show what one plate gives."""
    # Not at the top: JAX and astropy take seconds that the help need not wait for.
    from reseau.verbs.demo import demo as run

    watched = is_watched(quiet=quiet, json_wanted=False)
    with progress("simulating, solving, drawing", wanted=watched) as report:
        shown = run(
            target,
            plate=True,
            small=small,
            seed=seed,
            overwrite=overwrite,
            report=report,
        )
    if not quiet:
        for line in shown.lines():
            typer.echo(line)
    if shown.solved.exit_code:
        complain(f"error: {unusable(shown.solved)}")
    return shown.solved.exit_code


__all__ = ["demo"]
