"""`reseau plot`: the figures of a solution."""

from enum import StrEnum
from typing import Annotated

import typer

from ._guard import Debug, Json, Overwrite, given_path, guarded, names
from ._screen import print_json, say


class Format(StrEnum):
    """How figures are written."""

    PNG = "png"
    PDF = "pdf"


@guarded
def plot(
    context: typer.Context,
    solution: Annotated[
        str, typer.Argument(metavar="SOLUTION", help="Directory of a solution.")
    ],
    output: Annotated[
        str, typer.Option("-o", "--output", metavar="DIR", help="Directory to write.")
    ],
    kind: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME,...",
            help="footprint, residual_quiver, residual_magnitude, residual_colour, "
            "residual_x, residual_y, residual_exposure, exposure_chi2, "
            "pull_histogram, error_magnitude, distortion, distortion_uncertainty, "
            "convergence. [default: all that the solution has data for]",
        ),
    ] = None,
    file_format: Annotated[
        Format, typer.Option("--format", help="Of the files.")
    ] = Format.PNG,
    truth: Annotated[
        str | None,
        typer.Option(
            metavar="DATASET", help="Of a simulation: show errors, not residuals alone."
        ),
    ] = None,
    overwrite: Overwrite = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Draw a solution: footprint, residuals, pulls, distortion, convergence."""
    del context, debug
    source, target = given_path(solution, "SOLUTION"), given_path(output, "-o")
    # Not at the top: astropy and matplotlib take seconds that the help need not wait.
    from reseau.verbs.plot import plot as run

    found = run(
        source,
        target,
        kinds=names(*(kind or ())),
        file_format=file_format.value,
        truth=truth,
        overwrite=overwrite,
    )
    if json:
        print_json(found.as_dict())
        return
    for line in found.lines():
        say(line)


__all__ = ["plot"]
