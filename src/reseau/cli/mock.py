"""`reseau mock`: stars drawn from a model of the Galaxy, and what they need."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from ._bar import bar
from ._guard import Debug, Json, Overwrite, given_path, guarded
from ._screen import is_watched, print_json, print_table
from ._verb import Verb

mocks = typer.Typer(
    help="Draw a catalogue of stars from a model of the Galaxy.", no_args_is_help=True
)


class Formula(StrEnum):
    """Hw of J and H."""

    TWOMASS = "2mass"
    SIRIUS = "sirius"
    VVV = "vvv"
    IMAGESIM = "imagesim"


class Errors(StrEnum):
    """Whose errors the columns have."""

    NONE = "none"
    GAIA = "gaia"
    DR3 = "gaia-dr3"
    DR4 = "gaia-dr4"
    DR5 = "gaia-dr5"


class Colour(StrEnum):
    """Colour of giants."""

    JKS = "J-Ks"
    HKS = "H-Ks"


class Giants(StrEnum):
    """What giants look like without dust."""

    MODEL = "model"
    CONSTANTS = "constants"


@mocks.callback()
def kinds() -> None:
    """Draw a catalogue of stars from a model of the Galaxy."""


@mocks.command("forward", cls=Verb)
@guarded
def forward(
    context: typer.Context,
    window: Annotated[
        str,
        typer.Option(
            metavar="L,B,DL,DB",
            help="Galactic l, b of the middle and full widths [deg]; with = where l is "
            "negative: --window=-0.3,0,2,1.",
        ),
    ],
    output: Annotated[
        str,
        typer.Option("-o", "--output", metavar="CATALOGUE", help="Directory to write."),
    ],
    limit: Annotated[
        str,
        typer.Option(
            metavar="BAND=MAG",
            help="Faintest magnitude, reddened, in Hw, J, H, Ks or G.",
        ),
    ] = "Hw=16",
    galaxy: Annotated[
        str, typer.Option(metavar="NAME|FILE", help="Model of the Galaxy.")
    ] = "koshimoto2021",
    isochrones: Annotated[
        str,
        typer.Option(
            metavar="shipped|genulens|FILE", help="Magnitudes of stars by mass and age."
        ),
    ] = "shipped",
    extinction_map: Annotated[
        str,
        typer.Option(
            metavar="smooth|genulens|FILE|MAG",
            help="Map of E(J-Ks); a number: the same everywhere.",
        ),
    ] = "smooth",
    extinction_law: Annotated[
        str, typer.Option(metavar="NAME|FILE", help="Law of extinction.")
    ] = "wang2019",
    dust_profile: Annotated[
        str,
        typer.Option(metavar="NAME|FILE", help="How reddening grows with distance."),
    ] = "central-zone",
    hw: Annotated[
        Formula, typer.Option(help="Formula of Hw of the reddened J and H.")
    ] = Formula.TWOMASS,
    observed: Annotated[
        Errors, typer.Option(help="Add errors of Gaia and 2MASS; true columns beside.")
    ] = Errors.NONE,
    binary_fraction: Annotated[
        float,
        typer.Option(metavar="PART", help="Stars with an unresolved companion."),
    ] = 0.0,
    epoch: Annotated[
        float, typer.Option(metavar="YEAR", help="Of positions, Julian year.")
    ] = 2016.0,
    seed: Annotated[int, typer.Option(help="Of all random numbers.")] = 0,
    figures: Annotated[
        bool,
        typer.Option(
            "--figures", help="Draw colours and magnitudes, counts, and motions."
        ),
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Tiles drawn at once; absent: one for each core."
        ),
    ] = None,
    overwrite: Overwrite = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Stars of a window, as a model of the Galaxy has them, to a limit.

    Densities, isochrones, reddening and velocities give each star its place, motion
    and magnitudes in Gaia's columns, with what made it. `reseau simulate survey` takes
    the result as its stars. A run that was killed is continued.
    """
    del context, debug
    # Not at the top: the help need not wait for what the verb needs.
    from reseau.verbs.mock import mock_forward as run

    target = given_path(output, "-o")
    watched = is_watched(quiet=False, json_wanted=json)
    with bar("tiles of the sky", wanted=watched) as told:
        found = run(
            window,
            limit,
            target,
            galaxy=galaxy,
            isochrones=isochrones,
            extinction_map=extinction_map,
            extinction_law=extinction_law,
            dust_profile=dust_profile,
            hw=hw.value,
            observed=observed.value,
            binary_fraction=binary_fraction,
            epoch=epoch,
            seed=seed,
            figures=figures,
            workers=workers,
            overwrite=overwrite,
            told=told,
        )
    _say(found, target, json_wanted=json)


@mocks.command("reddening", cls=Verb)
@guarded
def reddening(
    context: typer.Context,
    catalogue: Annotated[
        str,
        typer.Argument(
            metavar="CATALOGUE",
            help="Stars: what reseau merge wrote, a mock's directory, or a table with "
            "l, b or ra, dec, and J or H and Ks of 2MASS.",
        ),
    ],
    output: Annotated[
        str,
        typer.Option("-o", "--output", metavar="FILE", help="Parquet file of the map."),
    ],
    window: Annotated[
        str | None,
        typer.Option(
            metavar="WINDOW",
            help="jasmine, or l,b,dl,db: centre and widths [deg] [default: all stars].",
        ),
    ] = None,
    cell: Annotated[
        str,
        typer.Option(metavar="DEG", help="Size of cells; DL,DB: in l and b."),
    ] = "0.025",
    colour: Annotated[
        Colour, typer.Option(help="Colour; H-Ks where J loses the red clump.")
    ] = Colour.JKS,
    limits: Annotated[
        list[str] | None,
        typer.Option(
            metavar="BAND=BRIGHT:FAINT,...",
            help="Magnitudes between which all stars are there [default: told from the "
            "counts].",
        ),
    ] = None,
    least: Annotated[
        int, typer.Option(metavar="N", help="Giants until which cells are joined.")
    ] = 150,
    largest: Annotated[
        float, typer.Option(metavar="MAG", help="Greatest E(J-Ks) thought possible.")
    ] = 8.0,
    giants: Annotated[
        Giants,
        typer.Option(
            help="Stars of a line of sight: by the model of the Galaxy, or a bulge in "
            "round numbers."
        ),
    ] = Giants.MODEL,
    galaxy: Annotated[
        str, typer.Option(metavar="NAME|FILE", help="Model of the Galaxy.")
    ] = "koshimoto2021",
    isochrones: Annotated[
        str,
        typer.Option(
            metavar="shipped|genulens|FILE", help="Magnitudes of stars by mass and age."
        ),
    ] = "shipped",
    extinction_law: Annotated[
        str, typer.Option(metavar="NAME|FILE", help="Law of extinction.")
    ] = "wang2019",
    dust_profile: Annotated[
        str,
        typer.Option(metavar="NAME|FILE", help="How reddening grows with distance."),
    ] = "central-zone",
    overwrite: Overwrite = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Measure the reddening of a catalogue by its giants.

    E(J-Ks) of cells, with errors, from the colours of red giants and the red clump. The
    map is one for `reseau mock forward --extinction-map FILE`; `reseau plot` draws
    it. Limits matter: between them all stars have to be in the catalogue. One that is
    cut in Hw is not complete in J and Ks near its end.
    """
    del context, debug
    # Not at the top: the help need not wait for what the verb needs.
    from reseau.verbs.reddening import mock_reddening as run

    target = given_path(output, "-o")
    watched = is_watched(quiet=False, json_wanted=json)
    with bar("tiles of the sky", wanted=watched) as told:
        found = run(
            given_path(catalogue, "CATALOGUE"),
            target,
            cell=cell,
            colour=colour.value,
            limits=limits or (),
            least=least,
            largest=largest,
            window=window,
            giants=giants.value,
            galaxy=galaxy,
            isochrones=isochrones,
            extinction_law=extinction_law,
            dust_profile=dust_profile,
            overwrite=overwrite,
            told=told,
        )
    _say(found, target, json_wanted=json)


def _say(found: Any, target: Path, *, json_wanted: bool) -> None:
    """Write what a command has made: as JSON, or as rows and where it stands."""
    if json_wanted:
        print_json(found.as_dict())
        return
    print_table(found.rows())
    typer.echo(f"written to {target}")


__all__ = ["mocks"]
