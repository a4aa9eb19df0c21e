"""`reseau config`: the descriptions that come with reseau."""

from typing import Annotated

import typer

from ._guard import Debug, Json, guarded
from ._screen import print_json, print_table
from ._verb import Verb

configurations = typer.Typer(
    help="Show the surveys, instruments and galaxies that come with reseau.",
    no_args_is_help=True,
)


@configurations.command("show", cls=Verb)
@guarded
def show(
    context: typer.Context,
    preset: Annotated[
        str,
        typer.Argument(metavar="PRESET", help="A name that `reseau config list` says."),
    ],
    debug: Debug = False,
) -> None:
    """Print the TOML file of a preset, with its comments.

    To change it: reseau config show mini > mine.toml.
    """
    del context, debug
    # Not at the top: astropy takes seconds that the help need not wait for.
    from reseau.verbs.presets import preset_text

    typer.echo(preset_text(preset), nl=False)


@configurations.command("list", cls=Verb)
@guarded
def list_them(
    context: typer.Context,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """List the presets: surveys, instruments and galaxies."""
    del context, debug
    # Not at the top: astropy takes seconds that the help need not wait for.
    from reseau.verbs.presets import list_presets

    found = list_presets()
    if json:
        print_json({"presets": [preset._asdict() for preset in found]})
        return
    print_table([(p.name, f"{p.kind}: {p.about}") for p in found])


__all__ = ["configurations"]
