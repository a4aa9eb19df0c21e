"""`reseau posterior`: draws from the posterior of a solution, for ArviZ."""

from typing import Annotated

import typer

from ._guard import Debug, Json, Overwrite, given_path, guarded
from ._screen import print_json


@guarded
def posterior(
    context: typer.Context,
    solution: Annotated[
        str, typer.Argument(metavar="SOLUTION", help="Directory of a solution.")
    ],
    output: Annotated[
        str,
        typer.Option("-o", "--output", metavar="FILE.nc", help="File to write."),
    ],
    draws: Annotated[
        int | None,
        typer.Option(help="How many draws. [default: 1000; of nuts all, by chains]"),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the random numbers.")] = 0,
    overwrite: Overwrite = False,
    json: Json = False,
    debug: Debug = False,
) -> int:
    """Draw from the posterior of a solution and write the draws as netCDF.

    The Gaussian posterior, exact in correlations, or the chains of nuts, in the datum
    of the solution: positions of all sources, attitudes, focal lengths, distortion and
    detectors, together.
    """
    del context, debug
    source, target = given_path(solution, "SOLUTION"), given_path(output, "-o")
    # Not at the top: astropy and JAX take seconds that the help need not wait for.
    from reseau.verbs.posterior import posterior as run

    found = run(source, target, draws=draws, seed=seed, overwrite=overwrite)
    if json:
        print_json(found.as_dict())
        return found.exit_code
    for line in found.lines():
        typer.echo(line)
    return found.exit_code


__all__ = ["posterior"]
