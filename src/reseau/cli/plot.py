"""`reseau plot`: the figures of a solution, or of a catalogue."""

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
        str,
        typer.Argument(
            metavar="SOLUTION",
            help="Directory of a solution, or of a catalogue that combine wrote.",
        ),
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
            "convergence; of a catalogue: track, vector_points, error_magnitude, "
            "zero_points, goodness, plate_agreement, epoch_pulls. [default: all that "
            "there are data for]",
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
    source_id: Annotated[
        int | None,
        typer.Option(
            "--source",
            metavar="ID",
            help="Of a catalogue: source whose track is drawn [default: the one whose "
            "parallax is clearest].",
        ),
    ] = None,
    overwrite: Overwrite = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Draw a solution: footprint, residuals, pulls, distortion, convergence.

    Of a catalogue: tracks, motions, errors, zero points, goodness, agreement of plates.
    """
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
        source=source_id,
        overwrite=overwrite,
    )
    if json:
        print_json(found.as_dict())
        return
    for line in found.lines():
        say(line)


__all__ = ["plot"]
