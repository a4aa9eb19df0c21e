"""`reseau budget` as a function: what each flaw of a survey costs a solver."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from reseau._compiled import computing
from reseau.diagnostics import compare_with_truth
from reseau.diagnostics.budget import Budget, BudgetRow, budget_row
from reseau.plates import SolveOptions
from reseau.survey.remedies import (
    FLAWS,
    flaws_of,
    with_flaw,
    with_terms,
    without_flaws,
)
from reseau.survey.survey import Survey

from .simulate import as_dataset
from .solve import solve
from .survey_input import open_described

Told = Callable[[str, int, int], None]


@computing()
def budget(
    survey: Any,
    *,
    flaws: Sequence[str] | None = None,
    plates: int = 1,
    told: Told | None = None,
) -> Budget:
    """Tell what each flaw of a survey does to positions, with and without its remedy.

    Parameters
    ----------
    survey
        As of `simulate_survey`. A flaw that it does not have is tried at a usual size.
    flaws
        Names of flaws; absent: those that the survey has, or all if it has none.
    plates
        How many plates are solved for each, evenly spread.
    told
        Called before each flaw with its name, which it is, and of how many.

    Returns
    -------
    A row for each flaw; ``print`` it.

    Raises
    ------
    ReseauError
        The description is wrong, or a flaw is unknown.

    Examples
    --------
    >>> from reseau import budget
    >>> print(budget("mini", flaws=["colour"]))  # doctest: +SKIP
    """
    made = open_described(survey).survey
    names = tuple(flaws or flaws_of(made.config) or FLAWS)
    for name in names:
        with_flaw(made.config, name)  # refuses unknown ones before anything is solved
    chosen = [len(made) * i // plates for i in range(min(plates, len(made)))]
    rows = [_row(made, None, chosen)]
    for number, name in enumerate(names):
        if told is not None:
            told(name, number, len(names))
        rows.append(_row(made, name, chosen))
    return Budget(made.config.name, len(chosen), tuple(rows))


def _row(made: Survey, name: str | None, plates: list[int]) -> BudgetRow:
    """Return what a flaw costs; None: what there is without any."""
    config = made.config
    flawed = without_flaws(config) if name is None else with_flaw(config, name)
    survey = made.with_config(flawed)
    usual, remedied = [], []
    for number in plates:
        plate = as_dataset(survey.plate(number))
        solved = solve(plate.dataset)
        usual.append((compare_with_truth(solved, plate.truth), solved))
        if name is None or FLAWS[name].absorbed:
            continue
        flaw = FLAWS[name]
        instrument = with_terms(flawed, name, plate.dataset.instrument)
        better = solve(
            replace(plate.dataset, instrument=instrument),
            options=SolveOptions(**flaw.options),
        )
        remedied.append((compare_with_truth(better, plate.truth), better))
    return budget_row(name or "none", usual, remedied or usual)


__all__ = ["budget"]
