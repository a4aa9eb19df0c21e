"""`reseau sources`: what sources do beyond straight motion."""

from enum import StrEnum
from typing import Annotated

import typer

from ._guard import Debug, Json, Overwrite, given_path, guarded
from ._screen import print_json


class Model(StrEnum):
    """What is fitted."""

    AUTO = "auto"
    FIVE = "5"
    SEVEN = "7"
    NINE = "9"
    ORBIT = "orbit"
    LENS = "lens"


@guarded
def sources(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="FILE|CATALOGUE",
            help="Epoch astrometry of Gaia or Hipparcos, positions of pmpar or in a "
            "table, or a catalogue with epoch residuals.",
        ),
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Table of results: .parquet, .ecsv, .fits, .vot or .csv.",
        ),
    ] = None,
    model: Annotated[
        Model,
        typer.Option(
            help="By default the simplest that fits: 5, 7, 9 parameters, an orbit, or "
            "a noise floor."
        ),
    ] = Model.AUTO,
    radial_velocities: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Time, velocity and error [km/s] of the only source."
        ),
    ] = None,
    noise_floor: Annotated[
        str,
        typer.Option(
            metavar="auto|none|fit|stated|MAS",
            help="Additional error of each row; fit: so that chi2 equals the degrees "
            "of freedom.",
        ),
    ] = "auto",
    robust: Annotated[
        bool, typer.Option("--robust", help="Rows that disagree count less.")
    ] = False,
    dark_companion: Annotated[
        bool,
        typer.Option(
            "--dark-companion",
            help="The star's speed follows from its orbit on the sky and the parallax.",
        ),
    ] = False,
    colour_prior: Annotated[
        float | None,
        typer.Option(help="Fit a pseudo-colour, with this 1 sigma about zero [1/nm]."),
    ] = None,
    shortest_period: Annotated[
        float | None, typer.Option(help="That is searched [d].")
    ] = None,
    reference_epoch: Annotated[
        float | None,
        typer.Option(
            help="From which motion counts [Julian year]; by default the file's."
        ),
    ] = None,
    observer: Annotated[
        str,
        typer.Option(
            metavar="geocentre|orbit|site:LAT,LON,H",
            help="Where the telescope is, for parallax factors that are not given.",
        ),
    ] = "geocentre",
    figures: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="Draw the first sources."),
    ] = None,
    overwrite: Overwrite = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Find what sources do: straight motion, acceleration, an orbit, a lens.

    Models are tried in the order of Gaia DR3, and the simplest that fits is kept; each
    that was tried is shown with its chi2, F2 and BIC.
    """
    del context, debug
    # Not at the top: astropy and JAX take seconds that the help need not wait for.
    from reseau.verbs.sources import sources as run

    table = None if output is None else given_path(output, "-o")
    folder = None if figures is None else given_path(figures, "--figures")
    found = run(
        given_path(source, "FILE"),
        table,
        model=model.value,
        radial_velocities=radial_velocities,
        noise_floor=_floor(noise_floor),
        robust=robust,
        dark_companion=dark_companion,
        colour_prior=colour_prior,
        shortest_period=shortest_period,
        reference_epoch=reference_epoch,
        observer=observer,
        figures=folder,
        overwrite=overwrite,
    )
    if json:
        print_json(found.as_dict())
        return
    for line in found.lines():
        typer.echo(line)
    if found.files:
        typer.echo("")
    for path in found.files:
        typer.echo(f"written: {path}")


def _floor(text: str) -> str | float:
    """Return the number in a text, or the text for its own words."""
    try:
        return float(text)
    except ValueError:
        return text


__all__ = ["sources"]
