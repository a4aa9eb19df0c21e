"""`reseau validate` and `reseau budget`: what solvers recover of a survey."""

from typing import Annotated

import typer

from ._bar import bar
from ._compiled import keep_compiled
from ._guard import Debug, Json, Overwrite, given_path, guarded
from ._screen import is_watched, print_json, say

Survey = Annotated[
    str,
    typer.Argument(
        metavar="CONFIG|PRESET",
        help="TOML file of a survey, or a preset: mini, mission.",
    ),
]
Scale = Annotated[float, typer.Option(help="Part of the orbits, evenly spread.")]


@guarded
def validate(
    context: typer.Context,
    survey: Survey,
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="Directory to make; what an earlier run has begun is continued.",
        ),
    ],
    scale: Scale = 1.0,
    seed: Annotated[
        int | None, typer.Option(help="Of all random numbers, instead of the file's.")
    ] = None,
    references: Annotated[
        float,
        typer.Option(
            help="Part of the references that count as such where plates are joined."
        ),
    ] = 1.0,
    workers: Annotated[
        int | None, typer.Option(help="Plates at once; absent: one for each core.")
    ] = None,
    overwrite: Overwrite = False,
    json: Json = False,
    debug: Debug = False,
) -> int:
    """Simulate a survey, solve its plates, join them, compare with the truth, and draw.

    Exit code 0: all plates are solved, and errors are as promised. 3: they are not.
    """
    del context, debug
    target = given_path(output, "--output")
    # Not at the top: JAX and astropy take seconds that the help need not wait for.
    from reseau.verbs.validate import validate as run

    keep_compiled()
    with bar("validating", wanted=is_watched(quiet=False, json_wanted=json)) as told:
        found = run(
            survey,
            target,
            scale=scale,
            seed=seed,
            references=references,
            workers=workers,
            overwrite=overwrite,
            told=None if told is None else lambda _, done, of: told(done, of),
        )
    if json:
        print_json(found.as_dict() | {"seconds": found.seconds})
    else:
        for line in found.lines():
            typer.echo(line)
    return found.exit_code


@guarded
def budget(
    context: typer.Context,
    survey: Survey,
    flaw: Annotated[
        list[str] | None,
        typer.Option(
            help="One flaw, as 'colour'; may be repeated. Absent: those that the "
            "survey has, or all at a usual size if it has none."
        ),
    ] = None,
    plates: Annotated[
        int, typer.Option(help="Plates to solve for each flaw, evenly spread.")
    ] = 1,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Tell what each flaw of a survey costs, with and without what solvers can declare.

    For each flaw alone: errors where the solver knows nothing of it, what that adds,
    whether the verdict notices, and errors with the matching calibration term declared.
    """
    del context, debug
    # Not at the top: JAX and astropy take seconds that the help need not wait for.
    from reseau.verbs.budget import budget as run

    keep_compiled()
    with bar("solving flaws", wanted=is_watched(quiet=False, json_wanted=json)) as told:
        found = run(
            survey,
            flaws=flaw,
            plates=plates,
            told=None if told is None else lambda _, done, of: told(done, of),
        )
    if json:
        print_json(found.as_dict())
        return
    for line in found.lines():
        typer.echo(line)
    for row in found.rows:
        if row.said:
            say(f"{row.flaw}: residuals depend on {', '.join(row.said)}")


__all__ = ["budget", "validate"]
