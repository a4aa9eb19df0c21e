"""In words, where a solution rests on little, and whether a robust one would differ."""

from collections.abc import Callable

import numpy as np

from reseau._words import counted
from reseau.constants import MILLIARCSECOND
from reseau.solvers import Solution
from reseau.solvers.robust.outlook import MOVED, RARE, RobustOutlook

NAMED = 3
"""Wrong references that are named, at most."""


def foreseen_sentences(solution: Solution, name: Callable[[int], str]) -> list[str]:
    """Say where the calibration is extrapolated, and what a robust solution changes.

    Nothing of a solution that did not converge.

    Parameters
    ----------
    solution
        Of a plate.
    name
        Gives the name of a source's row.
    """
    if not solution.converged:
        return []
    told = [_extrapolated(solution), _robust(solution.outlook, name)]
    return [sentence for sentence in told if sentence]


def foreseen_summary(solution: Solution) -> dict[str, object]:
    """Return the figures behind the sentences, for ``summary.json``.

    Parameters
    ----------
    solution
        Of a plate.
    """
    found, outlook = solution.extrapolation, solution.outlook
    summary: dict[str, object] = {}
    if found is not None:
        summary["extrapolated"] = int(found.beyond.sum())
    if outlook is not None:
        summary["robust_outlook"] = {
            "chance": outlook.chance,
            "needed": outlook.needed,
            "n_wrong": int(outlook.wrong.size),
            "n_moved": int(np.sum(outlook.others > MOVED)),
            "largest_shift": float(outlook.others.max(initial=0.0)),
        }
    return summary


def _extrapolated(solution: Solution) -> str:
    """Say how many sources are out of reach, and what their errors come from."""
    found = solution.extrapolation
    if found is None or not found.beyond.any():
        return ""
    n, whole = int(found.beyond.sum()), found.beyond.size
    beyond = _median_mas(found.calibration[found.beyond])
    elsewhere = found.calibration[~found.beyond]
    among = f", {_median_mas(elsewhere)} elsewhere" if elsewhere.size else ""
    are = "source lies" if n == 1 else "sources lie"
    them = "it" if n == 1 else "them"
    return (
        f"{n:,} of {whole:,} {are} where no reference is near: for {them} the "
        f"calibration is extrapolated and makes up "
        f"{100.0 * np.median(found.share[found.beyond]):.0f} per cent of the variance "
        f"({beyond} in the median{among}). The errors hold if the distortion model and "
        f"the references at the edge are right (flag extrapolated)."
    )


def _median_mas(angle: np.ndarray) -> str:
    return f"{np.median(angle) / MILLIARCSECOND:.3g} mas"


def _robust(outlook: RobustOutlook | None, name: Callable[[int], str]) -> str:
    """Suggest a robust solution where references are wrong by more than chance."""
    if outlook is None or not outlook.needed:
        return ""
    wrong, others = outlook.wrong, outlook.others
    names = ", ".join(name(int(row)) for row in wrong[:NAMED])
    more = wrong.size - NAMED
    tail = f" and {more:,} more" if more > 0 else ""
    count = f"{wrong.size:,} of {counted(outlook.n_references, 'references')}"
    moved = int(np.sum(others > MOVED))
    effect = "would hardly move other sources"
    if moved:
        effect = (
            f"would move {counted(moved, 'other sources')} by more than half its "
            f"error, up to {others.max():.1f}σ"
            if moved == 1
            else f"would move {moved:,} other sources by more than half their error, "
            f"up to {others.max():.1f}σ"
        )
    are = "disagrees" if wrong.size == 1 else "disagree"
    it = "it" if wrong.size == 1 else "them"
    return (
        f"{count} {are} with all else by more than chance gives in one plate of "
        f"{1.0 / RARE:,.0f}: {names}{tail}. A robust solution that does not believe "
        f"{it} {effect}: solve again with --reference-prior mixture."
    )


__all__ = ["foreseen_sentences", "foreseen_summary"]
