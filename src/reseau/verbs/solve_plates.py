"""`reseau solve --plates` as a function: plates apart, at once, continued."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from reseau.datasets import PlateByPlate, open_plates, read_instrument
from reseau.datasets.survey_solutions import plate_piece, write_survey_tables
from reseau.engine import each, number_of_workers
from reseau.errors import collected
from reseau.instrument import Instrument
from reseau.plates import SolveOptions
from reseau.plates.chosen_plates import ALL, chosen_plates
from reseau.plates.methods import Method
from reseau.plates.model_options import free_blocks, with_options
from reseau.plates.viewpoint import with_viewpoint
from reseau.settings import GAUSS_NEWTON
from reseau.tables import SOLUTION_MARKS, resumable_directory

from .gathered import PlateDone, gathered, left_to_solve, teller, warn_of_order
from .identity import identity_of
from .keywords import with_keywords
from .misplaced import check_kinds, refuse_misplaced
from .one_plate import chosen_options
from .plate_task import PlateTask
from .reading import refuse_own_input, require_plates
from .solve import KEYWORDS, Chosen
from .survey_solution import SurveySolution, read_survey_solution


@with_keywords(Chosen)
def solve_plates(
    source: str | Path,
    output: str | Path,
    *,
    plates: str | int | Sequence[int] = ALL,
    workers: int | None = None,
    reference: Any = None,
    instrument: str | Path | Instrument | None = None,
    method: Method | None = None,
    options: SolveOptions | None = None,
    overwrite: bool = False,
    report: Callable[[PlateDone], None] | None = None,
    **chosen: Any,
) -> SurveySolution:
    """Solve plates of a dataset, each on its own, and write them as they are solved.

    A run that was killed is continued by the same call. A plate that fails is in the
    table with the reason, and stops no other. Files are the same however many workers
    there are, but for times and memory.

    Parameters
    ----------
    source
        Directory of a dataset.
    output
        Directory to write: ``plates/plate_id=N`` is the solution of a plate, as of any.
    plates
        "all", ids and ranges as ``"0-9,12"``, or ids.
    workers
        Processes that solve plates at once; absent: one for each core; 1: this one.
    reference, instrument, method, options
        As of `solve`.
    overwrite
        Whether an earlier solution at `output` may be replaced, or another run's
        unfinished one; the same run's is continued all the same.
    report
        Called after each plate.
    chosen
        The keywords of `solve`, of which `plate` has no meaning here.

    Returns
    -------
    The solutions. ``print`` it for the verdict; ``.plates`` is a table with a row for
    each plate, ``.solution(7)`` reads that of one.

    Raises
    ------
    ReseauError
        Bad input or options that hold for all plates.

    Examples
    --------
    >>> from reseau import solve_plates
    >>> survey = solve_plates("survey", "solution", workers=2)  # doctest: +SKIP
    >>> survey.solution(7).sources["ra"]  # doctest: +SKIP
    """
    began = time.perf_counter()
    refuse_misplaced({n: v for n, v in chosen.items() if n not in KEYWORDS})
    check_kinds(options, instrument, output, method)
    options = _for_combine(chosen_options(options, method, chosen, reference))
    reference = None if reference is False else reference
    number_of_workers(workers, 1)
    require_plates(source, options)
    if reference is None:
        reference = options.reference_table
    refuse_own_input(source, options, output, reference, instrument)
    opened = open_plates(source, allow_outside=options.allow_outside)
    wanted = chosen_plates(plates, opened.plates, str(source))
    camera = _instrument(options.instrument if instrument is None else instrument)
    _check_options(opened, options, camera)
    warn_of_order(opened)
    same = identity_of(opened, options, reference=reference, instrument=camera)
    with resumable_directory(
        output,
        identity=same,
        pieces=[plate_piece(p) for p in wanted],
        overwrite=overwrite,
        marks=SOLUTION_MARKS,
    ) as made:
        task = PlateTask(
            opened.folder, made.folder, options, opened.index, reference, camera
        )
        left = left_to_solve(made.folder, wanted)
        n = number_of_workers(workers, len(left))
        outcomes = each(
            task.begin if n > 1 else partial(task.begun, opened),
            left,
            workers=n,
            told=teller(report, len(wanted) - len(left), len(wanted)),
        )
        table, summary = gathered(made.folder, wanted, outcomes, opened)
        summary |= {"input": str(source), "options": same["options"]}
        summary["run"] |= {"workers": n, "seconds": time.perf_counter() - began}
        write_survey_tables(made.folder, table, summary)
    return read_survey_solution(output)


def _instrument(chosen: str | Path | Instrument | None) -> Instrument | None:
    """Return the instrument that takes the place of the dataset's, read once."""
    if chosen is None or isinstance(chosen, Instrument):
        return chosen
    return read_instrument(chosen)


def _for_combine(options: SolveOptions) -> SolveOptions:
    """Return options that write what `combine` reads, unless that is refused."""
    if options.information is not None or options.method != GAUSS_NEWTON:
        return options
    return replace(options, information=True)


def _check_options(
    opened: PlateByPlate, options: SolveOptions, instrument: Instrument | None
) -> None:
    """Refuse at once what would fail at every plate."""
    with collected():  # it is told again of each plate
        shared = with_options(opened.shared, options, instrument)
        with_viewpoint(shared, options)
        free_blocks(options, shared.instrument)


__all__ = ["PlateDone", "solve_plates"]
