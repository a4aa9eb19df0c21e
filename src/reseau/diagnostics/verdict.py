"""In words, whether a fit is good.

Each sentence says what was found and what chance alone would give, so that a reader
need not know how large the largest of 400,000 normal values is.
"""

import math
import re
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

CHANCE = (0.00135, 0.99865)
"""A chi² whose tail probability lies between is chance: ±3σ of a normal deviate."""

ABSURD = 10.0
"""With a sigma0 beyond, the fit does not describe the data at all."""

FEW = 5
"""With fewer degrees of freedom hardly any sigma0 would be surprising."""

NOISELESS = 0.01
"""When all pulls are smaller, the data have no noise of the stated size."""

MANY = 20
"""When more pulls than this stand out, only the first `FEW_NAMES` are named."""

FEW_NAMES = 3

SMALL, LARGE = 1e-2, 1e4
"""A sigma0 outside is written with four significant digits."""


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
    reason: str = "",
    pulls: Sequence[WorstPulls] = (),
    dropped: Mapping[str, int] | None = None,
    common: Sequence[str] = (),
) -> list[str]:
    """Say in sentences whether a fit is good.

    Parameters
    ----------
    chi2
        Sum of squared residuals over their errors, priors included.
    dof
        Degrees of freedom.
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
    """
    left_out = _dropped_verdict(dropped or {})
    if not converged:
        reason = reason.removeprefix("not converged: ")
        why = [f"Reason: {reason.rstrip('.')}."] if reason else []
        return [_NOT_CONVERGED, *why, left_out]
    # Without degrees of freedom residuals are small whatever the errors are.
    judged = [p for p in pulls if p.n and (dof > 0 or p.what != MEASUREMENTS)]
    absurd = dof > 0 and not chi2 <= ABSURD**2 * dof
    # What does not describe the data says nothing of the priors either.
    crowds = [] if absurd else [p for p in judged if is_crowd(p)]
    common = () if absurd else common
    first = [*common, *(pull_verdict(p) for p in crowds)]
    noise = noise_verdict(chi2, dof, priors_off=bool(first))
    rest = [pull_verdict(p) for p in judged if p not in crowds]
    return [*first, noise, *rest, left_out]


MEASUREMENTS = "measurements"
"""What measurements are called among pulls."""


def is_crowd(pulls: WorstPulls) -> bool:
    """Return whether so many priors stand out that they are the matter, not the errors.

    Parameters
    ----------
    pulls
        The largest of one kind.
    """
    return pulls.what != MEASUREMENTS and pulls.n_beyond > MANY


_NOT_CONVERGED = (
    "The fit did NOT converge: its numbers describe where it stopped and are not to "
    "be used."
)


def counted(n: int, plural: str) -> str:
    """Return a number with its noun: "1 source with ...", "2 source priors".

    Parameters
    ----------
    n
        How many.
    plural
        The noun in the plural, alone, after another noun, or before a preposition.
    """
    noun, *rest = re.split(r"( (?:with|without|of|on|in)\b.*)", plural, maxsplit=1)
    noun = noun.removesuffix("s") if n == 1 else noun
    return f"{n:,} {noun}{''.join(rest)}"


def noise_verdict(chi2: float, dof: int, *, priors_off: bool = False) -> str:
    """Judge the stated errors by the reduced chi².

    Parameters
    ----------
    chi2
        Sum of squared residuals over their errors.
    dof
        Degrees of freedom.
    priors_off
        Whether many priors disagree with the measurements, and bend the fit perhaps.
    """
    if not math.isfinite(chi2):
        return "chi² is not a finite number: the fit is not to be used."
    if dof <= 0:
        few = "no" if dof == 0 else f"{dof:,}"
        return (
            f"There are {few} degrees of freedom: the fit cannot tell whether the "
            "errors of the measurements are right."
        )
    sigma0 = math.sqrt(chi2 / dof)
    if sigma0 > ABSURD:
        return (
            f"The fit does NOT describe the data: sigma0 = {sigma0_text(sigma0)}; "
            "formal errors are meaningless; check units (ra, dec in degrees?), "
            "parity, identification of the stars and the instrument."
        )
    error = math.sqrt(0.5 / dof)
    digits = max(3, min(6, math.ceil(-math.log10(error)) + 1))
    form = f".{digits}f" if sigma0 >= SMALL else ".4g"
    head = (
        f"sigma0 = {sigma0:{form}} ± {sigma0 * error:{form}} (reduced chi² "
        f"{sigma0**2:{form}}, {counted(dof, 'degrees of freedom')})"
    )
    few = "; too few degrees of freedom to tell" if dof < FEW else ""
    words = _judge(chi2, dof)
    if priors_off and sigma0 > 1.0 + CREDIBLE and words != FINE:
        words = (
            "more than the errors of the measurements explain, but the priors above "
            "pull at the fit: mend them before you judge the errors"
        )
    return f"{head}: {words}{few}."


def sigma0_text(sigma0: float) -> str:
    """Write a sigma0 with digits for its size: 1.0068, 1.234e+05, 3.1e-08.

    Parameters
    ----------
    sigma0
        Standard deviation of unit weight; NaN where there is none.
    """
    if not math.isfinite(sigma0):
        return "unknown"
    return f"{sigma0:.4f}" if SMALL <= sigma0 <= LARGE else f"{sigma0:.4g}"


FINE = "the errors of the measurements are credible"


def _judge(chi2: float, dof: int) -> str:
    sigma0 = math.sqrt(chi2 / dof)
    if CHANCE[0] <= special.chdtrc(dof, chi2) <= CHANCE[1]:
        return FINE
    if abs(sigma0 - 1.0) <= CREDIBLE:
        return (
            "the errors of the measurements are credible to "
            f"{100 * abs(sigma0 - 1.0):.1f} per cent, though the difference is more "
            "than chance"
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
    "ABSURD",
    "CREDIBLE",
    "RARE",
    "WorstPulls",
    "counted",
    "largest_by_chance",
    "noise_verdict",
    "pull_verdict",
    "sigma0_text",
    "verdict",
    "worst_pulls",
]
