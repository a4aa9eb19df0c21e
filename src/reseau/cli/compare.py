"""`reseau compare`: a solution against the truth of a simulation."""

from pathlib import Path
from typing import Annotated

import typer

from ._guard import Debug, Json, guarded
from ._screen import print_json


@guarded
def compare(
    context: typer.Context,
    solution: Annotated[
        Path, typer.Argument(metavar="SOLUTION", help="Directory of a solution.")
    ],
    truth: Annotated[
        Path,
        typer.Option(
            metavar="DIR", help="Directory of the truth, or the dataset that has one."
        ),
    ],
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Compare a solution with the truth.

    By class of sources: RMS error, its ratio to the Cramér-Rao bound, and the standard
    deviation of the pulls; the calibration where the truth has it. `target` are all
    sources that are no references; it contains `artificial`.
    """
    del context, debug
    # Not at the top: astropy and JAX take seconds that the help need not wait for.
    from reseau.pipeline import compare as run

    found = run(solution, truth)
    if json:
        print_json(found.as_dict())
        return
    for line in found.lines():
        typer.echo(line)


__all__ = ["compare"]
