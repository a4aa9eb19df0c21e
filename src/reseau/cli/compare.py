"""`reseau compare`: a solution or a catalogue against truth, or two solutions."""

from pathlib import Path
from typing import Annotated

import typer

from ._guard import Debug, Json, guarded
from ._screen import print_json


@guarded
def compare(
    context: typer.Context,
    solution: Annotated[
        Path,
        typer.Argument(
            metavar="SOLUTION",
            help="Directory of a solution, or of a catalogue of many plates.",
        ),
    ],
    other: Annotated[
        Path | None,
        typer.Argument(
            metavar="OTHER", help="Directory of another solution of the same plate."
        ),
    ] = None,
    truth: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Directory of the truth, or the dataset that has one."
        ),
    ] = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Compare a solution with the truth, or with another solution.

    With --truth, by class of sources: RMS error, its ratio to the Cramér-Rao bound, and
    the standard deviation of the pulls; the calibration where the truth has it.
    `target` are all sources that are no references; it contains `artificial`.
    Of a catalogue that combine made: positions, parallaxes and motions.

    With OTHER: differences in units of the errors of SOLUTION, ratios of the errors,
    the sources that differ most, calibration and attitudes by kind.
    """
    del context, debug
    if (other is None) == (truth is None):
        raise _unclear(other, truth)
    # Not at the top: astropy and JAX take seconds that the help need not wait for.
    from reseau.diagnostics import Comparison, SolutionComparison, compare_solutions
    from reseau.diagnostics.comparison.catalogue import CatalogueComparison
    from reseau.verbs.compare import against_truth

    found: Comparison | SolutionComparison | CatalogueComparison
    if other is not None:
        found = compare_solutions(solution, other)
    elif truth is not None:
        found = against_truth(solution, truth)
    if json:
        print_json(found.as_dict())
        return
    for line in found.lines():
        typer.echo(line)


def _unclear(other: Path | None, truth: Path | None) -> Exception:
    """Return the complaint about two things to compare with, or none."""
    # Not at the top: it brings astropy, which the help does not need.
    from reseau.errors import ConfigError, explain

    given = f"both another solution, {other}, and --truth {truth}"
    return ConfigError(
        explain(
            given=given if other is not None else "nothing to compare with",
            wanted="a second solution, or --truth",
            where="compare SOLUTION [OTHER] [--truth DIR]",
            todo="name one of them",
        )
    )


__all__ = ["compare"]
