"""`reseau plan`: what a survey will observe."""

from typing import Annotated

import typer

from ._compiled import keep_compiled
from ._guard import Debug, Json, Overwrite, given_path, guarded
from ._screen import print_json
from .plot import Format


@guarded
def plan(
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
        typer.Option("-o", "--output", metavar="FOLDER", help="Directory for figures."),
    ] = None,
    visit_floor: Annotated[
        float,
        typer.Option(
            metavar="MAS", help="Error of a visit that its exposures share [mas]."
        ),
    ] = 0.0,
    file_format: Annotated[
        Format, typer.Option("--format", help="Of the figures.")
    ] = Format.PNG,
    overwrite: Overwrite = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Plan a survey: seasons, exposures, visits of a star, random limit.

    Checks every key and simulates nothing. With -o it draws the Sun's angle over the
    years, exposures on the sky, parallax factors, visits, and the random limit.
    """
    del context, debug
    # Not at the top: JAX and astropy take seconds that the help need not wait for.
    from reseau.verbs.plan import plan as run

    target = None if output is None else given_path(output, "-o")
    keep_compiled()
    found = run(
        str(given_path(survey, "CONFIG")),
        target,
        visit_floor=visit_floor,
        file_format=file_format.value,
        overwrite=overwrite,
    )
    if json:
        print_json(found.as_dict())
        return
    for line in found.lines():
        typer.echo(line)
    if found.files:
        typer.echo("")
    for path in found.files.values():
        typer.echo(f"drawn in {path}")


__all__ = ["plan"]
