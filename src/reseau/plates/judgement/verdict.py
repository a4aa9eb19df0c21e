"""In words, whether a fit is good.

Each sentence says what was found and what chance alone would give, so that a reader
need not know how large the largest of 400,000 normal values is.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy import special

from reseau._words import counted
from reseau.solvers.posterior.redundancy import Scales

from .assumed_error import AssumedError
from .unit_weight import is_absurd, noise_verdict

RARE = 0.99
"""A largest pull beyond this quantile of chance is called too large."""

NOISELESS = 0.01
"""When all pulls are smaller, the data have no noise of the stated size."""

MANY = 20
"""When more pulls than this stand out, only the first `FEW_NAMES` are named."""

FEW_NAMES = 3


@dataclass(frozen=True)
class WorstPulls:
    """The largest of many pulls, and what chance gives.

    Attributes
    ----------
    what
        What was pulled, in the plural: "measurements", "source priors".
    n
        Number of pulls.
    worst
        Names and sizes of the largest, largest first.
    expected
        Median of the largest of so many by chance.
    limit
        What the largest exceeds by chance in one fit of a hundred.
    n_beyond
        How many exceed the limit.
    """

    what: str
    n: int
    worst: tuple[tuple[str, float], ...]
    expected: float
    limit: float
    n_beyond: int


def largest_by_chance(
    n: int, *, probability: float = 0.5, dimensions: int = 1
) -> float:
    """Return a quantile of the largest of n independent pulls.

    Parameters
    ----------
    n
        Number of pulls.
    probability
        That the largest stays below; one half: the median.
    dimensions
        Number of coordinates joined in one pull, √(dᵀC⁻¹d).

    Notes
    -----
    The largest of n stays below z with probability F(z)ⁿ, F the chi distribution.
    """
    if n == 0:
        return 0.0
    tail = -math.expm1(math.log(probability) / n)
    return float(np.sqrt(special.chdtri(dimensions, tail)))


def worst_pulls(
    what: str,
    pulls: Float[ndarray, "n"],
    name: Callable[[int], str],
    *,
    dimensions: int = 1,
    keep: int = 5,
) -> WorstPulls:
    """Find the largest pulls and what chance would give.

    Parameters
    ----------
    what
        What was pulled, in the plural: "measurements", "source priors".
    pulls
        Pulls, of either sign; NaN where there is none.
    name
        Gives the name of a row, asked only for the rows that are kept.
    dimensions
        Number of coordinates joined in one pull.
    keep
        How many to name.
    """
    size = np.abs(np.asarray(pulls, dtype=float))
    known = np.flatnonzero(~np.isnan(size))
    order = known[np.argsort(-size[known], kind="stable")[:keep]]
    n = len(known)
    limit = largest_by_chance(n, probability=RARE, dimensions=dimensions)
    return WorstPulls(
        what=what,
        n=n,
        worst=tuple((name(int(i)), float(size[i])) for i in order),
        expected=largest_by_chance(n, dimensions=dimensions),
        limit=limit,
        n_beyond=int(np.count_nonzero(size[known] > limit)),
    )


def verdict(
    *,
    chi2: float,
    dof: float,
    of_errors: float | None = None,
    scales: Scales | None = None,
    converged: bool = True,
    reason: str = "",
    pulls: Sequence[WorstPulls] = (),
    dropped: Mapping[str, int] | None = None,
    common: Sequence[str] = (),
    assumed: AssumedError | None = None,
) -> list[str]:
    """Say in sentences whether a fit is good.

    Parameters
    ----------
    chi2
        Sum of squared residuals of the measurements over their errors.
    dof, of_errors
        Degrees of freedom, and those that tell of the measurements' errors.
    scales
        Of the errors of measurements and references, both free; absent: unknown.
    converged
        Whether the iteration ended well. If not, nothing else is judged.
    reason
        Why it did not.
    pulls
        Worst measurements and priors.
    dropped
        What was left out, and how many of each.
    common
        Sentences about priors that are off all together: told first.
    assumed
        The error of all measurements, where nobody knew it: judged instead of theirs.
        While it is too small nothing can be said of single priors.
    """
    left_out = _dropped_verdict(dropped or {})
    if not converged:
        reason = reason.removeprefix("not converged: ")
        why = [f"Reason: {reason.rstrip('.')}."] if reason else []
        return [_NOT_CONVERGED, *why, left_out]
    judged = _telling(pulls, dof, assumed)
    absurd = is_absurd(chi2, dof) if assumed is None else assumed.absurd
    # What does not describe the data says nothing of the priors either.
    crowds = [] if absurd else [p for p in judged if is_crowd(p)]
    common = () if absurd else common
    first = [*common, *(pull_verdict(p) for p in crowds)]
    noise = (
        noise_verdict(
            chi2, dof, of_errors=of_errors, scales=scales, priors_off=bool(first)
        )
        if assumed is None
        else assumed.sentence
    )
    rest = [pull_verdict(p) for p in judged if p not in crowds]
    return [*first, noise, *rest, left_out]


def _telling(
    pulls: Sequence[WorstPulls], dof: float, assumed: AssumedError | None
) -> list[WorstPulls]:
    """Return the pulls whose size tells something."""
    # Without degrees of freedom residuals are small whatever the errors are.
    judged = [p for p in pulls if p.n and (dof >= 0.5 or not is_of_measurements(p))]
    if assumed is not None and assumed.too_small:
        judged = [p for p in judged if is_of_measurements(p)]
    return judged


MEASUREMENTS = "measurements"
"""What measurements are called among pulls."""

IN_SCATTER = f"{MEASUREMENTS} in units of their scatter"
"""What they are called where their errors are not known."""


def is_of_measurements(pulls: WorstPulls) -> bool:
    """Return whether pulls are of measurements, and not of priors.

    Parameters
    ----------
    pulls
        The largest of one kind.
    """
    return pulls.what in (MEASUREMENTS, IN_SCATTER)


def is_crowd(pulls: WorstPulls) -> bool:
    """Return whether so many priors stand out that they are the matter, not the errors.

    Parameters
    ----------
    pulls
        The largest of one kind.
    """
    return not is_of_measurements(pulls) and pulls.n_beyond > MANY


_NOT_CONVERGED = (
    "The fit did NOT converge: its numbers describe where it stopped and are not to "
    "be used."
)


def pull_verdict(pulls: WorstPulls) -> str:
    """Judge the largest pulls against what chance gives.

    Parameters
    ----------
    pulls
        The largest of one kind.
    """
    name, size = pulls.worst[0]
    all_of_them = counted(pulls.n, pulls.what)
    if size < NOISELESS:
        shifts = "shifts" if pulls.what.endswith("priors") else "residuals"
        return (
            f"Largest of {all_of_them}: below {NOISELESS}σ; the errors are far larger "
            f"than the {shifts}."
        )
    if pulls.n_beyond == 0:
        return (
            f"Worst of {all_of_them}: {name}, {_pull(size)}; chance alone gives about "
            f"{pulls.expected:.1f}σ, so none stands out."
        )
    shown = pulls.worst[: FEW_NAMES if pulls.n_beyond > MANY else pulls.n_beyond]
    names = ", ".join(f"{name} ({_pull(size)})" for name, size in shown)
    more = pulls.n_beyond - len(shown)
    tail = f" and {more:,} more" if more > 0 else ""
    look = "these before you trust what depends on them"
    if pulls.n_beyond == 1:
        look = "it before you trust what depends on it"
    elif is_crowd(pulls):
        look = "for what they have in common before you trust anything else"
        if "source" in pulls.what:
            look += ": epochs, motions, the observer, the errors of the catalogue"
    return (
        f"{pulls.n_beyond:,} of {all_of_them} beyond {pulls.limit:.1f}σ, "
        f"which chance exceeds in one fit of a hundred: {names}{tail}. "
        f"Look at {look}."
    )


def _pull(size: float) -> str:
    return f"{size:.1f}σ" if size < 1e5 else f"{size:.2g}σ"


def _dropped_verdict(dropped: Mapping[str, int]) -> str:
    parts = [counted(count, what) for what, count in dropped.items() if count]
    return f"Dropped: {', '.join(parts)}." if parts else "Nothing was dropped."


__all__ = [
    "IN_SCATTER",
    "RARE",
    "WorstPulls",
    "is_crowd",
    "is_of_measurements",
    "largest_by_chance",
    "pull_verdict",
    "verdict",
    "worst_pulls",
]
