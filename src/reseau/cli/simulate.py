"""`reseau simulate`: datasets whose truth is known."""

from enum import StrEnum
from typing import Annotated

import typer

from ._compiled import keep_compiled
from ._guard import Debug, Json, Overwrite, given_path, guarded, names
from ._screen import print_json, print_table
from ._verb import Verb

simulations = typer.Typer(
    help="Make a dataset whose truth is known.", no_args_is_help=True
)


class Observer(StrEnum):
    """Where the telescope is."""

    GEOCENTRE = "geocentre"
    ORBIT = "orbit"


class Ephemeris(StrEnum):
    """Where Earth, Sun and planets are taken from."""

    BUILTIN = "builtin"
    DE440 = "de440"


@simulations.callback()
def kinds() -> None:
    """Make a dataset whose truth is known."""
    # With a callback a single kind keeps its name on the command line.


@simulations.command("orbit", cls=Verb)
@guarded
def orbit(
    context: typer.Context,
    output: Annotated[
        str,
        typer.Option("--output", "-o", metavar="DATASET", help="Directory to write."),
    ],
    sources: Annotated[
        int, typer.Option(help="Stars of the reference catalogue.")
    ] = 10_000,
    exposures: Annotated[
        int, typer.Option(help="Exposures, a multiple of the 4 fields.")
    ] = 96,
    seed: Annotated[int, typer.Option(help="Of all random numbers.")] = 0,
    plate: Annotated[
        int, typer.Option(help="Number of the plate; exposures count on.")
    ] = 0,
    small: Annotated[
        bool,
        typer.Option(
            "--small", help="At most 400 stars, 24 exposures, 10 artificial sources."
        ),
    ] = False,
    artificial: Annotated[int, typer.Option(help="Sources without a reference.")] = 50,
    measurement_error: Annotated[
        float, typer.Option(help="1σ of each coordinate of a measurement [pixel].")
    ] = 0.01,
    effects: Annotated[
        str,
        typer.Option(
            metavar="EFFECT,...|none",
            help="What displaces stars: aberration,deflection.",
        ),
    ] = "aberration",
    deflectors: Annotated[
        str, typer.Option(metavar="BODY,...", help="Bodies that deflect light.")
    ] = "sun",
    wrong_fraction: Annotated[
        float, typer.Option(help="Part of the references with a wrong proper motion.")
    ] = 0.0,
    observer: Annotated[
        Observer, typer.Option(help="Where the telescope is.")
    ] = Observer.GEOCENTRE,
    ephemeris: Annotated[
        Ephemeris, typer.Option(help="Of Earth and planets.")
    ] = Ephemeris.BUILTIN,
    overwrite: Overwrite = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """One orbit of the mini survey.

    Four overlapping fields of dithered exposures towards the Galactic centre.
    """
    del context, debug
    target = given_path(output, "--output")
    # Not at the top: JAX and astropy take seconds that the help need not wait for.
    from reseau.verbs.info import describe
    from reseau.verbs.simulate import simulate as run

    keep_compiled()
    run(
        target,
        overwrite=overwrite,
        sources=sources,
        exposures=exposures,
        seed=seed,
        plate=plate,
        small=small,
        artificial=artificial,
        measurement_error=measurement_error,
        effects=[] if effects == "none" else names(effects),
        deflectors=names(deflectors),
        wrong_fraction=wrong_fraction,
        observer=observer.value,
        ephemeris=ephemeris.value,
    )
    found = describe(target)
    if json:
        print_json(found.as_dict())
        return
    print_table([*found.facts, ("written to", str(target))])


__all__ = ["orbit", "simulations"]
