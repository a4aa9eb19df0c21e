"""`reseau forecast`: what a survey will know of its stars."""

from typing import Annotated

import typer

from ._bar import bar
from ._compiled import keep_compiled
from ._guard import Debug, Json, Overwrite, given_path, guarded
from ._screen import is_watched, print_json
from .plot import Format


@guarded
def forecast(
    context: typer.Context,
    survey: Annotated[
        str,
        typer.Argument(
            metavar="CONFIG",
            help="TOML file of a survey, or a preset: mini, mission.",
        ),
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "-o", "--output", metavar="FOLDER", help="Directory for figure and tables."
        ),
    ] = None,
    scale: Annotated[
        float,
        typer.Option(metavar="PART", help="Part of the orbits, evenly spread."),
    ] = 1.0,
    seed: Annotated[
        int | None, typer.Option(help="Instead of the description's.")
    ] = None,
    every_plate: Annotated[
        bool | None,
        typer.Option(
            "--every-plate/--repeated",
            help="Compute each plate, or count what repeats; absent: each of up to 20.",
            show_default=False,
        ),
    ] = None,
    file_format: Annotated[
        Format, typer.Option("--format", help="Of the figure.")
    ] = Format.PNG,
    overwrite: Overwrite = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Forecast errors of positions, motions and parallaxes against magnitude.

    Cramér-Rao bounds of all plates together, from the schedule alone: with what
    calibration takes, with calibration held, the random limit, and what is required.
    Nothing is simulated and nothing is solved.
    """
    del context, debug
    # Not at the top: JAX and astropy take seconds that the help need not wait for.
    from reseau.verbs.forecast import forecast as run

    target = None if output is None else given_path(output, "-o")
    keep_compiled()
    watched = is_watched(quiet=False, json_wanted=json)
    with bar("plates as expected", wanted=watched) as told:
        found = run(
            str(given_path(survey, "CONFIG")),
            target,
            scale=scale,
            seed=seed,
            every_plate=every_plate,
            file_format=file_format.value,
            overwrite=overwrite,
            told=told,
        )
    if json:
        print_json(found.as_dict())
        return
    for line in found.lines():
        typer.echo(line)
    if found.files:
        typer.echo("")
    for path in found.files.values():
        typer.echo(f"written to {path}")


__all__ = ["forecast"]
