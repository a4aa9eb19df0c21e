"""`reseau simulate`: datasets whose truth is known."""

from enum import StrEnum
from typing import Annotated

import typer

from ._bar import bar
from ._compiled import keep_compiled
from ._guard import Debug, Json, Overwrite, given_path, guarded, names
from ._screen import is_watched, print_json, print_table
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


@simulations.command("survey", cls=Verb)
@guarded
def survey(
    context: typer.Context,
    config: Annotated[
        str,
        typer.Argument(
            metavar="CONFIG|PRESET",
            help="TOML file of a survey, or a preset: mini, mission.",
        ),
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="DATASET",
            help="Directory to write; what an earlier run has begun is continued.",
        ),
    ] = None,
    scale: Annotated[
        float, typer.Option(help="Part of the orbits, evenly spread.")
    ] = 1.0,
    seed: Annotated[
        int | None, typer.Option(help="Of all random numbers, instead of the file's.")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(help="Plates made at once; absent: one for each core."),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Say how many rows and bytes, and how long, and stop."
        ),
    ] = False,
    overwrite: Overwrite = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """A pointed survey: many plates, with stars, noise and flaws as described."""
    del context, debug
    # Not at the top: it brings astropy, which the help need not wait for.
    from reseau.errors import ConfigError, explain

    target = None if output is None else given_path(output, "--output")
    if target is None and not dry_run:
        raise ConfigError(
            explain(
                given="no --output",
                wanted="the name of the dataset to write, or --dry-run",
                where="simulate survey",
                todo="add -o DATASET",
            )
        )
    # Not at the top: JAX and astropy take seconds that the help need not wait for.
    from reseau.verbs.simulate_survey import survey_size, write_survey

    keep_compiled()
    if target is None or dry_run:
        size = survey_size(config, scale=scale, seed=seed, workers=workers)
    else:
        watched = is_watched(quiet=False, json_wanted=json)
        with bar("simulating plates", wanted=watched) as told:
            size = write_survey(
                config,
                target,
                scale=scale,
                seed=seed,
                workers=workers,
                overwrite=overwrite,
                told=told,
            )
    if json:
        print_json(size.as_dict())
        return
    rows = size.rows() if dry_run else [*size.rows(), ("written to", str(target))]
    print_table(rows)


__all__ = ["orbit", "simulations", "survey"]
