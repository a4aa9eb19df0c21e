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

CREDIBLE = 0.02
"""An error that is wrong by less than this share does no harm, however sure it is."""

RARE = 0.99
"""A largest pull beyond this quantile of chance is called too large."""


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
    dof: int,
    converged: bool = True,
    pulls: Sequence[WorstPulls] = (),
    dropped: Mapping[str, int] | None = None,
) -> list[str]:
    """Say in sentences whether a fit is good.

    Parameters
    ----------
    chi2
        Sum of squared residuals over their errors, priors included.
    dof
        Degrees of freedom.
    converged
        Whether the iteration ended well.
    pulls
        Worst measurements and priors.
    dropped
        What was left out, and how many of each.
    """
    sentences = [] if converged else [_NOT_CONVERGED]
    sentences.append(noise_verdict(chi2, dof))
    sentences += [pull_verdict(p) for p in pulls if p.n]
    sentences.append(_dropped_verdict(dropped or {}))
    return sentences


_NOT_CONVERGED = (
    "The fit did NOT converge: the numbers below describe where it stopped and are "
    "not to be used."
)


def noise_verdict(chi2: float, dof: int) -> str:
    """Judge the stated errors by the reduced chi².

    Parameters
    ----------
    chi2
        Sum of squared residuals over their errors.
    dof
        Degrees of freedom.
    """
    if dof <= 0:
        return (
            f"There are {dof} degrees of freedom: the fit cannot tell whether the "
            "errors of the measurements are right."
        )
    if not math.isfinite(chi2):
        return f"chi² is {chi2}: the fit is not to be used."
    sigma0, error = math.sqrt(chi2 / dof), math.sqrt(0.5 / dof)
    digits = max(3, min(6, math.ceil(-math.log10(error)) + 1))
    form = f".{digits}f" if sigma0 >= 0.01 else ".2g"
    head = (
        f"sigma0 = {sigma0:{form}} ± {sigma0 * error:{form}} (reduced chi² "
        f"{sigma0**2:{form}}, {dof:,} degrees of freedom)"
    )
    return f"{head}: {_judge(sigma0, error)}."


def _judge(sigma0: float, error: float) -> str:
    away = abs(sigma0 - 1.0)
    if away <= 3.0 * error:
        return "the errors of the measurements are credible"
    if away <= CREDIBLE:
        return (
            f"the errors of the measurements are credible to {100 * away:.1f} per "
            "cent, though the difference is more than chance"
        )
    if sigma0 > 1.0:
        return (
            f"the errors of the measurements are underestimated by a factor of "
            f"{sigma0:.3g}, or the model lacks something; look at the residuals over "
            "the focal plane and against magnitude"
        )
    if sigma0 < 0.1:
        return (
            "the residuals are far smaller than the stated errors: the errors are a "
            "default or the data have no noise; formal errors of the results are too "
            "large by the same factor"
        )
    return (
        f"the errors of the measurements are overestimated by a factor of "
        f"{1.0 / sigma0:.3g}; the formal errors of the results are too large by it"
    )


def pull_verdict(pulls: WorstPulls) -> str:
    """Judge the largest pulls against what chance gives.

    Parameters
    ----------
    pulls
        The largest of one kind.
    """
    name, size = pulls.worst[0]
    if pulls.n_beyond == 0:
        return (
            f"Worst of {pulls.n:,} {pulls.what}: {name}, {size:.1f}σ; chance alone "
            f"gives about {pulls.expected:.1f}σ, so none stands out."
        )
    shown = pulls.worst[: pulls.n_beyond]
    names = ", ".join(f"{name} ({size:.1f}σ)" for name, size in shown)
    more = pulls.n_beyond - len(shown)
    tail = f" and {more:,} more" if more > 0 else ""
    return (
        f"{pulls.n_beyond:,} of {pulls.n:,} {pulls.what} beyond {pulls.limit:.1f}σ, "
        f"which chance exceeds in one fit of a hundred: {names}{tail}. "
        "Look at these before you trust what depends on them."
    )


def _dropped_verdict(dropped: Mapping[str, int]) -> str:
    parts = [f"{count:,} {what}" for what, count in dropped.items() if count]
    return f"Dropped: {', '.join(parts)}." if parts else "Nothing was dropped."


__all__ = [
    "CREDIBLE",
    "RARE",
    "WorstPulls",
    "largest_by_chance",
    "noise_verdict",
    "pull_verdict",
    "verdict",
    "worst_pulls",
]
