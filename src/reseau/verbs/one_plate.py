"""One plate: prepare, solve, judge, however it is read."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from reseau.datasets import Dataset
from reseau.errors import ReseauError, collected, warn
from reseau.instrument import Instrument
from reseau.plates import SolveOptions, prepare
from reseau.plates.answers import solve_prepared
from reseau.plates.flagged import parse_mask
from reseau.plates.judgement.guessed_errors import say_what_is_assumed
from reseau.plates.methods import Method
from reseau.plates.model_options import free_blocks, with_options
from reseau.plates.options import AUTO
from reseau.plates.solved import judge
from reseau.plates.viewpoint import with_viewpoint
from reseau.solvers.gauss_newton import Report

from .solution import Solved


def chosen_options(
    options: SolveOptions | None,
    method: Method | None,
    chosen: Mapping[str, Any],
    reference: Any,
) -> SolveOptions:
    """Return options with what a method and the arguments of `solve` say.

    Parameters
    ----------
    options, method
        As of `solve`.
    chosen
        Its keywords.
    reference
        As of `solve`: False, a free network.
    """
    given = {n: v for n, v in chosen.items() if n != "choose_degree"}
    given["degree"] = AUTO if chosen.get("choose_degree") else None
    given["reference"] = False if reference is False else None
    of_method = {} if method is None else method.options()
    changed = of_method | {n: v for n, v in given.items() if v is not None}
    return SolveOptions(**changed) if options is None else replace(options, **changed)


def solve_one(
    read: Callable[[], Dataset],
    options: SolveOptions,
    *,
    instrument: str | Path | Instrument | None = None,
    plate: int | None = None,
    report: Report | None = None,
    quietly: bool = False,
) -> Solved:
    """Solve one plate and put its summary and its verdict together.

    Parameters
    ----------
    read
        Returns the dataset.
    options
        What differs from the defaults.
    instrument
        Instead of the dataset's.
    plate
        Which of the dataset's.
    report
        Called after each iteration.
    quietly
        Whether warnings go into the summary alone.
    """
    began = time.perf_counter()
    with _told_in_any_case(quietly) as caught:
        dataset = with_options(read(), options, instrument)
        dataset = with_viewpoint(dataset, options)
        prepared = prepare(
            dataset,
            plate=plate,
            free=free_blocks(options, dataset.instrument),
            use_reference=options.reference,
            minimum_measurements=options.minimum_measurements,
            keep_flags=parse_mask(options.keep_flags),
        )
        # Not before: what cannot be solved needs no word about its errors.
        say_what_is_assumed(dataset)
    ready = time.perf_counter()
    answer = solve_prepared(prepared, options, report)
    solved = Solved(**vars(judge(answer, dataset, caught, options)))
    seconds = {"read": ready - began, **answer.solution.seconds}
    rest = time.perf_counter() - began - sum(seconds.values())
    solved.summary["seconds"] = seconds | {"other": max(rest, 0.0)}
    return solved


@contextmanager
def _told_in_any_case(quietly: bool) -> Iterator[list[Warning]]:
    """Collect warnings, and give them to whoever listens, also after an error.

    What was taken for what is the likeliest reason of the error.
    """
    error: ReseauError | None = None
    with collected() as caught:
        try:
            yield caught
        except ReseauError as raised:
            error = raised
    for item in [] if quietly else caught:
        if error is None:
            warn(item)
        else:
            # Where warnings are errors, this one is not to hide the other.
            with suppress(Warning):
                warn(item)
    if error is not None:
        raise error


__all__ = ["chosen_options", "solve_one"]
