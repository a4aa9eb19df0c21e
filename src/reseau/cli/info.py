"""`reseau info`: what a path is, and what it holds."""

from typing import Annotated

import typer

from ._guard import AllowOutside, Debug, Json, guarded
from ._screen import print_json


@guarded
def info(
    context: typer.Context,
    path: Annotated[
        str,
        typer.Argument(
            metavar="PATH",
            help="Dataset, solution, catalogue, mock, table, instrument file, or the "
            "name of a preset or of a model of the Galaxy.",
        ),
    ],
    allow_outside: AllowOutside = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Say what a path is and what it holds.

    Counts, epochs, columns with their units; the verdict of a solution or
    a catalogue.
    """
    del context, debug
    # Not at the top: astropy and JAX take seconds that the help need not wait for.
    from reseau.verbs.info import describe

    found = describe(path, allow_outside=allow_outside)
    if json:
        print_json(found.as_dict())
        return
    for line in found.lines():
        typer.echo(line)


__all__ = ["info"]
