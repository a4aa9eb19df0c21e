"""`reseau combine`: many plates to positions, proper motions and parallaxes."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ._compiled import keep_compiled
from ._guard import Debug, Json, Overwrite, complain, given_path, guarded
from ._screen import print_json, print_table, say


class Prior(StrEnum):
    """What of the references counts."""

    GAIA = "gaia"
    POSITION = "position"
    NONE = "none"


@guarded
def combine(
    context: typer.Context,
    solutions: Annotated[
        list[Path],
        typer.Argument(
            metavar="SOLUTION...",
            help="Directories that solve wrote: of all plates of a survey, or of a "
            "plate with --information.",
        ),
    ],
    output: Annotated[
        str,
        typer.Option("--output", "-o", metavar="CATALOGUE", help="Directory to write."),
    ],
    reference: Annotated[
        Path | None,
        typer.Option(
            metavar="TABLE",
            help="References instead of those that the plates were solved with.",
        ),
    ] = None,
    prior: Annotated[
        Prior,
        typer.Option(
            help="What of the references counts: all parameters, positions, nothing."
        ),
    ] = Prior.GAIA,
    epoch: Annotated[
        float | None,
        typer.Option(
            metavar="YEAR",
            help="Reference epoch, Julian year TCB [default: the plates' mean].",
        ),
    ] = None,
    radial: Annotated[
        bool, typer.Option("--radial", help="Solve for radial velocities, too.")
    ] = False,
    epochs: Annotated[
        bool,
        typer.Option("--epochs", help="Write the positions on plates, too."),
    ] = False,
    robust: Annotated[
        bool,
        typer.Option(
            "--robust",
            help="Find wrong references, plates that disagree and positions out of "
            "place; they count less and are told.",
        ),
    ] = False,
    reference_floor: Annotated[
        str | None,
        typer.Option(
            metavar="NAME=VALUE,...",
            help="Errors that neighbouring references share: parallax, position [mas], "
            "motion [mas/yr], scale [deg], as parallax=0.02,scale=1.",
        ),
    ] = None,
    epsilon: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=0.5,
            metavar="SHARE",
            help="Share of information below which a mode of the calibrations is left "
            "out of the covariance [default: 0.03].",
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print nothing but bad news.")
    ] = False,
    overwrite: Overwrite = False,
    json: Json = False,
    debug: Debug = False,
) -> int:
    """Join plates to one catalogue: positions, proper motions, parallaxes.

    What plates say is added, and the references' priors once: errors and correlations
    are exact, calibrations' share included. Exit code 3: the catalogue cannot be used.
    """
    del context, debug
    # Not at the top: JAX and astropy take seconds that the help need not wait for.
    from reseau.motions.overview import number_rows
    from reseau.motions.reference_floor import parse_reference_floor
    from reseau.verbs.combine import combine as run

    keep_compiled()
    target = given_path(output, "--output")
    found = run(
        [given_path(str(path), "SOLUTION") for path in solutions],
        target,
        reference=reference,
        prior=prior.value,
        epoch=epoch,
        radial=radial,
        epochs=epochs,
        robust=robust,
        reference_floor=None
        if reference_floor is None
        else parse_reference_floor(reference_floor),
        epsilon=epsilon,
        overwrite=overwrite,
    )
    if json:
        print_json(found.summary)
    elif not quiet:
        for sentence in found.verdict:
            say(sentence)
        typer.echo()
        print_table([*number_rows(found.summary), ("written to", str(target))])
    if not found.converged:
        complain(f"error: {found.verdict[1]}")
    return found.exit_code


__all__ = ["combine"]
