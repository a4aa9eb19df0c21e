"""What is told of many plates: on the way, and at the end."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from reseau.datasets import PlateByPlate, read_summary
from reseau.datasets.survey_solutions import check_plate_piece, make_table, plate_piece
from reseau.engine import Failure, Outcome
from reseau.errors import ReseauError, ReseauWarning, warn
from reseau.plates.result import peak_memory, versions
from reseau.plates.survey_overview import row_of_failure, row_of_plate, survey_summary

OFTEN = 3.0
"""How many times more is read than need be, from which on it is worth a word."""


class PlateDone(NamedTuple):
    """What is told after each plate.

    Attributes
    ----------
    plate
        Its id.
    done, total
        How many plates are done, those of an earlier run among them, and of how many.
    failure
        Why it has no solution; None: it has one.
    """

    plate: int
    done: int
    total: int
    failure: str | None = None


def teller(
    report: Callable[[PlateDone], None] | None, before: int, total: int
) -> Callable[[Outcome, int], None]:
    """Return what the engine tells of each plate.

    It raises what is no matter of a plate: a solution that cannot be written ends the
    run, which can be continued when there is room again.

    Parameters
    ----------
    report
        Who listens; None: nobody.
    before
        Plates that an earlier run has solved.
    total
        Plates in all.
    """

    def tell(outcome: Outcome, done: int) -> None:
        failure = outcome.failure
        if failure is not None and failure.kind == ReseauError.__name__:
            raise ReseauError(failure.message)
        if report is not None:
            why = None if failure is None else _message(failure)
            report(PlateDone(outcome.address, before + done, total, why))

    return tell


def left_to_solve(folder: Path, wanted: Sequence[int]) -> list[int]:
    """Return the plates that have no solution yet.

    Parameters
    ----------
    folder
        Of the survey's solution.
    wanted
        Ids of plates.

    Raises
    ------
    FileFormatError
        A solution that is there is damaged.
    """
    left = []
    for plate in wanted:
        piece = folder / plate_piece(plate)
        if piece.exists():
            check_plate_piece(piece)
        else:
            left.append(plate)
    return left


def warn_of_order(opened: PlateByPlate) -> None:
    """Say so where every plate needs much of one file."""
    if opened.index.disorder >= OFTEN:
        warn(
            f"{opened.folder / 'measurements.parquet'}: its rows are in no order of "
            f"plates, and are read {opened.index.repeats:.0f} times: sort them "
            "by exposure_id, or write measurements/plate_id=N/0.parquet",
            ReseauWarning,
        )


def gathered(
    folder: Path,
    wanted: Sequence[int],
    outcomes: Sequence[Outcome],
    opened: PlateByPlate,
) -> tuple[pa.Table, dict[str, Any]]:
    """Return the table of the plates and the summary of the survey, from the files.

    Parameters
    ----------
    folder
        Of the survey's solution.
    wanted
        Ids of its plates.
    outcomes
        Of those that were solved in this run.
    opened
        The dataset.
    """
    failed = {o.address: o.failure for o in outcomes if o.failure is not None}
    rows, warned, memory = [], {}, [peak_memory()]
    for plate in wanted:
        if plate in failed:
            rows.append(row_of_failure(plate, _message(failed[plate])))
            continue
        found = read_summary(folder / plate_piece(plate))
        rows.append(row_of_plate(found))
        warned[plate] = found["warnings"]
        memory.append(found["peak_memory"] or 0.0)
    table = make_table(rows, opened.shared.unit, folder)
    summary = survey_summary(table, warned)
    for row in summary["not_solved"]:
        why = failed.get(row["plate_id"])
        if why is not None and not why.expected:
            row["trace"] = why.trace
    summary |= {
        "digests": {**opened.shared.digests, **opened.index.digests},
        "versions": versions(),
        "run": {"peak_memory": max(memory)},
    }
    return table, summary


def _message(failure: Failure) -> str:
    if failure.expected:
        return failure.message
    return f"{failure.kind}: {failure.message}, a bug in reseau"


__all__ = [
    "PlateDone",
    "gathered",
    "left_to_solve",
    "teller",
    "warn_of_order",
]
