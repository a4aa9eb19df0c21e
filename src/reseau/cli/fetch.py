"""`reseau fetch`: a window of a published survey, from its archive."""

from typing import Annotated

import typer

from ._bar import bar
from ._guard import Debug, Json, Overwrite, given_path, guarded
from ._screen import is_watched, print_json


@guarded
def fetch(
    context: typer.Context,
    catalogue: Annotated[
        str,
        typer.Argument(metavar="CATALOGUE", help="gaia, 2mass, vvv or virac."),
    ],
    window: Annotated[
        str,
        typer.Option(
            metavar="WINDOW",
            help="jasmine, or l,b,dl,db: centre and full widths, Galactic [deg].",
        ),
    ],
    output: Annotated[
        str,
        typer.Option("-o", "--output", metavar="FILE", help="Parquet file to write."),
    ],
    service: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|URL",
            help="Another service that has the table: its name, or its address.",
        ),
    ] = None,
    table: Annotated[
        str | None,
        typer.Option(metavar="TABLE", help="The table's name there, as in ADQL."),
    ] = None,
    overwrite: Overwrite = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Fetch a window of a survey from its archive (TAP), as columns merge knows.

    Asks tile by tile, and in smaller ones where a service leaves rows out; the ADQL is
    written beside the table. The same command continues what was interrupted.
    """
    del context, debug
    # Not at the top: astropy takes seconds that the help need not wait for.
    from reseau.verbs.fetch import fetch as run

    target = given_path(output, "-o")
    with bar("tiles fetched", wanted=is_watched(quiet=False, json_wanted=json)) as told:
        found = run(
            catalogue,
            window,
            target,
            service=service,
            table=table,
            overwrite=overwrite,
            told=told,
        )
    if json:
        print_json(found.as_dict())
        return
    for line in found.lines():
        typer.echo(line)
    for path in found.files.values():
        typer.echo(f"written to {path}")


__all__ = ["fetch"]
