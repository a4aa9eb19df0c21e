"""`reseau solve` as a function: read, prepare, solve, judge, write."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reseau._compiled import computing
from reseau.datasets import write_solution
from reseau.errors import ReseauError, collected, warn
from reseau.exchange.posteriors import write_posterior
from reseau.instrument import Instrument
from reseau.plates import SolveOptions, prepare
from reseau.plates.flagged import parse_mask
from reseau.plates.judgement.guessed_errors import say_what_is_assumed
from reseau.plates.methods import solve_prepared
from reseau.plates.model_options import free_blocks, with_options
from reseau.plates.naming import with_names
from reseau.plates.result import (
    calibration_columns,
    exposure_columns,
    residual_columns,
    source_columns,
)
from reseau.plates.solved import SolvedPlate, judge
from reseau.plates.viewpoint import with_viewpoint
from reseau.solvers import Draws
from reseau.solvers.gauss_newton import Report
from reseau.tables import SOLUTION_MARKS, check_output

from .misplaced import check_kinds, refuse_misplaced
from .posterior import arviz_of, described, saved_posterior
from .reading import read_input, refuse_own_input

if TYPE_CHECKING:
    from xarray import DataTree


class Solved(SolvedPlate):
    """The solution of a plate with everything that its files hold."""

    def to_arviz(
        self, draws: int | Draws | None = None, *, seed: int = 0
    ) -> "DataTree":
        """Return draws from the posterior as a tree of data that ArviZ works on.

        Parameters
        ----------
        draws
            How many, or draws that `Solution.sample` returned. Absent: 1000, of nuts
            all, chain by chain with the sampler's statistics.
        seed
            Of the random numbers.

        Raises
        ------
        ConfigError
            ArviZ is not installed, the method gives no draws or not as many.
        """
        about = described(self.summary, seed)
        return arviz_of(self.prepared, self.solution, draws, seed, about)


@computing()
def solve(
    source: Any,
    output: str | Path | None = None,
    *,
    reference: Any = None,
    instrument: str | Path | Instrument | None = None,
    options: SolveOptions | None = None,
    overwrite: bool = False,
    report: Report | None = None,
    **others: Any,
) -> Solved:
    """Solve one plate and write the solution.

    Parameters
    ----------
    source
        Dataset directory, single table of detections (a file, or an astropy, pandas or
        pyarrow table), or a dataset in memory.
    output
        Directory of the solution; absent: nothing is written.
    reference
        Table of references (a file, a `Catalogue` or a table in memory), joined by
        `source_id`; of a dataset, instead of its own.
    instrument
        File, preset, or an instrument in memory; as the option of that name.
    options
        What differs from the defaults.
    overwrite
        Whether an earlier solution at `output` may be replaced.
    report
        Called after each iteration with its figures.
    others
        None: what belongs into `options` is said to.

    Raises
    ------
    ReseauError
        Bad input, as one of its children (see `reseau.errors`). A solution that did
        not converge or is degenerate is returned and written, not raised.

    Examples
    --------
    >>> from reseau import simulate, solve
    >>> plate = simulate(small=True, seed=1)
    >>> solved = solve(plate.dataset)
    >>> solved.summary["result"]
    'successful'
    """
    refuse_misplaced(others)
    check_kinds(options, instrument, output)
    options = options or SolveOptions()
    if output is not None:
        check_output(
            output, kind="directory", overwrite=overwrite, marks=SOLUTION_MARKS
        )
        refuse_own_input(source, options, output, reference, instrument)
    began = time.perf_counter()
    with _told_in_any_case() as caught:
        dataset = read_input(
            source, options, reference=reference, instrument=instrument
        )
        dataset = with_options(dataset, options, instrument)
        dataset = with_viewpoint(dataset, options)
        prepared = prepare(
            dataset,
            plate=options.plate,
            free=free_blocks(options, dataset.instrument),
            use_reference=options.reference,
            minimum_measurements=options.minimum_measurements,
            keep_flags=parse_mask(options.keep_flags),
        )
        # Not before: what cannot be solved needs no word about its errors.
        say_what_is_assumed(dataset)
    read = time.perf_counter()
    answer = solve_prepared(prepared, options, report)
    solved = Solved(**vars(judge(answer, dataset, caught, options)))
    seconds = {"read": read - began, **answer.solution.seconds}
    rest = time.perf_counter() - began - sum(seconds.values())
    solved.summary["seconds"] = seconds | {"other": max(rest, 0.0)}
    if output is not None:
        write_solved(solved, output, overwrite=overwrite)
    return solved


@contextmanager
def _told_in_any_case() -> Iterator[list[Warning]]:
    """Collect warnings, and give them to whoever listens, also after an error.

    What was taken for what is the likeliest reason of the error.
    """
    error: ReseauError | None = None
    with collected() as caught:
        try:
            yield caught
        except ReseauError as raised:
            error = raised
    for item in caught:
        if error is None:
            warn(item)
        else:
            # Where warnings are errors, this one is not to hide the other.
            with suppress(Warning):
                warn(item)
    if error is not None:
        raise error


def write_solved(
    solved: Solved, output: str | Path, *, overwrite: bool = False
) -> None:
    """Write a solution's directory, whole or not at all."""
    prepared, solution = solved.prepared, solved.solution
    names = prepared.names
    calibration, covariance = calibration_columns(prepared, solution)
    saved = saved_posterior(prepared, solution)
    write_solution(
        output,
        sources=with_names(source_columns(prepared, solution), names),
        exposures=with_names(exposure_columns(prepared, solution), names),
        calibration=with_names(calibration, names),
        covariance=covariance,
        residuals=with_names(residual_columns(prepared, solution), names),
        instrument=solved.instrument,
        summary=solved.summary,
        unit=prepared.unit,
        beside=None if saved is None else partial(write_posterior, saved),
        overwrite=overwrite,
    )


__all__ = [
    "SolveOptions",
    "Solved",
    "solve",
    "write_solved",
]
