"""`reseau merge`: surveys become one table of sources."""

from typing import Annotated

import typer

from ._bar import bar
from ._guard import Debug, Json, Overwrite, given_path, guarded
from ._screen import is_watched, print_json


@guarded
def merge(
    context: typer.Context,
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILES...",
            help="Tables of surveys, recognised by their columns; or survey=FILE.",
        ),
    ],
    output: Annotated[
        str,
        typer.Option(
            "-o", "--output", metavar="FILE", help="Parquet file of the sources."
        ),
    ],
    config: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="TOML file of options, and of your own surveys."
        ),
    ] = None,
    window: Annotated[
        str | None,
        typer.Option(
            metavar="WINDOW", help="jasmine, or l,b,dl,db: centre and widths [deg]."
        ),
    ] = None,
    overwrite: Overwrite = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Merge near-infrared surveys and Gaia into one table, one row a source.

    2MASS, SIRIUS, GALACTICNUCLEUS, VVV, VIRAC and Gaia DR3 are recognised by the names
    of their columns, with what they write for missing values. Rows are matched by
    position, motion and magnitude, each match with its probability; rows without a
    partner are kept.
    """
    del context, debug
    # Not at the top: DuckDB and astropy take seconds that the help need not wait for.
    from reseau.verbs.merge import merge as run

    watched = is_watched(quiet=False, json_wanted=json)
    with bar("strips of the sky", wanted=watched) as told:
        found = run(
            files,
            output if "://" in output else given_path(output, "-o"),
            config=None if config is None else given_path(config, "--config"),
            window=window,
            overwrite=overwrite,
            told=told,
        )
    if json:
        print_json(found.as_dict())
        return
    for line in found.lines():
        typer.echo(line)
    typer.echo("")
    for path in found.files.values():
        typer.echo(f"written to {path}")


__all__ = ["merge"]
