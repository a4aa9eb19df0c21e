"""`reseau plot`: figures of a solution, a catalogue, a mock or a Galaxy."""

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
            help="Directory of a solution, of a catalogue that combine wrote, or of a "
            "mock; table that merge wrote; map that mock reddening wrote; or a model "
            "of the Galaxy, by its name or TOML file.",
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
            "zero_points, goodness, plate_agreement, epoch_pulls; of a mock: "
            "colour_magnitude, counts, motions, components, distances, reddening; of "
            "merged surveys: colour_magnitude, counts, reddening; of a map: reddening; "
            "of a Galaxy: density, sightline, centre, rotation, nuclear_rotation, "
            "bar_velocities, luminosities, isochrones, reddening, extinction. "
            "[default: all that there are data for]",
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
    window: Annotated[
        str | None,
        typer.Option(
            metavar="L,B,DL,DB",
            help="Of a Galaxy: middle and full widths [deg] of the reddening map; "
            "lines of sight go to the middle [default: 0.3,-0.2,2,1.6].",
        ),
    ] = None,
    extinction_map: Annotated[
        str | None,
        typer.Option(
            metavar="smooth|genulens|FILE|MAG",
            help="Of a Galaxy: map of E(J-Ks) [default: smooth].",
        ),
    ] = None,
    overwrite: Overwrite = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Draw a solution: footprint, residuals, pulls, distortion, convergence.

    Of a catalogue: tracks, motions, errors, zero points, goodness, agreement of plates.
    Of a mock: colours and magnitudes, stars on the sky, motions, distances, reddening.
    Of merged surveys: colours and magnitudes, counts, E(J-Ks) of their own giants.
    Of a map that mock reddening wrote: the reddening, with its errors.
    Of a model of the Galaxy: densities and velocities beside published figures,
    luminosity functions, isochrones, extinction.
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
        window=window,
        extinction_map=extinction_map,
        overwrite=overwrite,
    )
    if json:
        print_json(found.as_dict())
        return
    for line in found.lines():
        say(line)


__all__ = ["plot"]
