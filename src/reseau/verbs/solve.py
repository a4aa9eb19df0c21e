"""`reseau solve` as a function: read, prepare, solve, judge, write."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypedDict

import astropy.units as u

from reseau._compiled import computing
from reseau.instrument import Instrument
from reseau.plates import SolveOptions
from reseau.plates.methods import Method
from reseau.solvers.gauss_newton import Report
from reseau.tables import SOLUTION_MARKS, check_output
from reseau.tables.naming.column_names import Choices

from .keywords import with_keywords
from .misplaced import check_kinds, refuse_misplaced
from .one_plate import chosen_options, solve_one
from .reading import read_input, refuse_own_input
from .solution import Solved


class Chosen(TypedDict, total=False):
    """Keywords of `solve` that say what the input is and what is free, see there."""

    observer: Any
    epoch: Any
    effects: str | Sequence[str] | None
    pointing: Any
    columns: Choices
    reference_columns: Choices
    unmatched: str | None
    error: float | u.Quantity | None
    first_pixel: int | None
    keep_flags: int | str | None
    minimum_measurements: int | None
    plate: int | None
    free: str | Sequence[str] | None
    fix: str | Sequence[str] | None
    choose_degree: bool
    allow_outside: bool | None


KEYWORDS = frozenset(Chosen.__annotations__)
"""What `solve` takes besides the arguments in its signature."""


@computing()
@with_keywords(Chosen)
def solve(
    source: Any,
    output: str | Path | None = None,
    *,
    reference: Any = None,
    instrument: str | Path | Instrument | None = None,
    method: Method | None = None,
    options: SolveOptions | None = None,
    overwrite: bool = False,
    report: Report | None = None,
    **chosen: Any,
) -> Solved:
    """Solve one plate: positions, calibration, their covariances, and a verdict.

    Parameters
    ----------
    source
        Detections as a table (astropy, pandas, pyarrow, or a file), a dataset in
        memory, or the directory of one.
    output
        Directory to write the solution to; absent: nothing is written, and the solution
        that is returned can still be.
    reference
        Table of references (a `Catalogue`, a table in memory or a file), joined by
        `source_id`; of a dataset, instead of its own. False: a free network.
    instrument
        An instrument, its file, or the name of a preset; of a dataset, instead of its
        own.
    method
        `GaussNewton`, `Variational` or `Nuts` with their settings; absent:
        ``GaussNewton()``.
    observer, epoch, effects
        From where, when and through what an input was observed that does not say so:
        "geocentre", "orbit", "site:LAT,LON,HEIGHT", astropy's `EarthLocation`, or a
        table of states; a Julian year (TCB), a date (UTC) or astropy's `Time`; of
        "aberration", "deflection", "refraction".
    pointing
        Table of where the exposures of a single table pointed.
    columns, reference_columns
        Names and units of columns where they are other ones: ``{"x": "XWIN"}``,
        ``"x=XWIN[pix],y=YWIN[pix]"``.
    unmatched
        Identifiers that mean "not identified": ``"-1,null"``.
    error
        1σ of positions without errors, in their own unit or with one.
    first_pixel
        What a single table calls the centre of the first pixel: 0, or 1 as FITS does.
    keep_flags
        Bits of the measurements' `flag` that do no harm, or "all".
    minimum_measurements
        Sources without a prior and with fewer are left out.
    plate
        Which plate of a dataset of several.
    free, fix
        Blocks of parameters to free and to fix beside the default: "sources",
        "attitude", "scale", "distortion", "skew", "detectors".
    choose_degree
        Whether the degree of the distortion is chosen by its evidence.
    allow_outside
        Whether a dataset may name files outside of its folder.
    options
        The same as one record, as the command makes it; arguments count before it.
    overwrite
        Whether an earlier solution at `output` may be replaced.
    report
        Called after each iteration with its figures.
    chosen
        The keywords above that are not in the signature itself, as of `Chosen`; what
        belongs to a method or an instrument is said to.

    Returns
    -------
    The solution. ``print`` it for the verdict; ``.sources``, ``.exposures``,
    ``.calibration`` and ``.residuals`` are tables with units, ``.instrument`` is the
    fitted one, ``.plot`` draws, ``.write`` writes.

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
    >>> solved.converged
    True
    >>> solved.sources["ra_error"].unit
    Unit("mas")
    """
    refuse_misplaced({n: v for n, v in chosen.items() if n not in KEYWORDS})
    check_kinds(options, instrument, output, method)
    options = chosen_options(options, method, chosen, reference)
    if reference is False:
        reference = None
    if output is not None:
        check_output(
            output, kind="directory", overwrite=overwrite, marks=SOLUTION_MARKS
        )
        refuse_own_input(source, options, output, reference, instrument)
    solved = solve_one(
        lambda: read_input(source, options, reference=reference, instrument=instrument),
        options,
        instrument=instrument,
        plate=options.plate,
        report=report,
    )
    if output is not None:
        write_solved(solved, output, overwrite=overwrite)
    return solved


def write_solved(
    solved: Solved, output: str | Path, *, overwrite: bool = False
) -> None:
    """Write a solution's directory, whole or not at all."""
    solved.write(output, overwrite=overwrite)


__all__ = ["Chosen", "solve", "write_solved"]
