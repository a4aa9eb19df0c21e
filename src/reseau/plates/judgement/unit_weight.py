"""In words, whether the stated errors of the measurements are what residuals show."""

import math

import numpy as np
from scipy import special

from reseau._words import counted
from reseau.solvers.posterior.redundancy import Redundancy, Scale, Scales

CREDIBLE = 0.02
"""An error that is wrong by less than this share does no harm, however sure it is."""

CHANCE = (0.00135, 0.99865)
"""A chi² whose tail probability lies between is chance: ±3σ of a normal deviate."""

ABSURD = 10.0
"""With a sigma0 beyond, the fit does not describe the data at all."""

FEWEST = 0.5
"""What is left below of a difference of sums is rounding."""

FEW = 5
"""With fewer degrees of freedom hardly any sigma0 would be surprising."""

SURE = 3.0
"""Beyond so many σ it is not chance."""

WHOLE = 0.9
"""Share of the degrees of freedom that tell of errors above which it is not told."""

FEW_TOLD = 20.0
"""Degrees of freedom below which a decimal is told."""

HALF = 0.5
"""The same below which others' errors explain a chi² as well."""

SMALL, LARGE = 1e-2, 1e4
"""A sigma0 outside is written with four significant digits."""

MEANINGLESS = (
    "formal errors are meaningless; check units (ra, dec in degrees?), parity, "
    "identification of the stars and the instrument."
)
"""What is said of a fit that does not describe the data."""


def noise_verdict(
    chi2: float,
    dof: float,
    *,
    of_errors: float | None = None,
    scales: Scales | None = None,
    priors_off: bool = False,
) -> str:
    """Judge the stated errors by the reduced chi².

    Parameters
    ----------
    chi2
        Sum of squared residuals over their errors.
    dof
        Degrees of freedom: its expectation.
    of_errors
        Half its variance: degrees of freedom that tell of the errors. Fewer where
        priors give way to the measurements; absent: all.
    scales
        Of the errors of measurements and of references, both free; absent: unknown.
    priors_off
        Whether many priors disagree with the measurements, and bend the fit perhaps.
    """
    if not math.isfinite(chi2):
        return "chi² is not a finite number: the fit is not to be used."
    if dof < FEWEST:
        few = "no" if round(dof) <= 0 else f"{round(dof):,}"
        return (
            f"There are {few} degrees of freedom: the fit cannot tell whether the "
            "errors of the measurements are right."
        )
    if is_absurd(chi2, dof):
        told = sigma0_text(math.sqrt(chi2 / dof))
        return f"The fit does NOT describe the data: sigma0 = {told}; {MEANINGLESS}"
    telling = dof if of_errors is None else of_errors
    if telling < FEWEST:
        return (
            f"There are {counted(round(dof), 'degrees of freedom')}, but priors give "
            "way to all of them: the fit cannot tell whether the errors of the "
            "measurements are right."
        )
    head = sigma0_head(chi2, dof, telling)
    few = "; too few degrees of freedom to tell" if round(telling) < FEW else ""
    words = _judge(chi2, dof, telling, scales)
    if few and words == FINE:
        words = "nothing says that the errors of the measurements are wrong"
    sigma0 = scale_of_errors(chi2, dof, telling)[0]
    if priors_off and sigma0 > 1.0 + CREDIBLE and words != FINE:
        words = (
            "more than the errors of the measurements explain, but the priors above "
            "pull at the fit: mend them before you judge the errors"
        )
    return f"{head}: {words}{few}."


def scale_of_errors(
    chi2: float, dof: float, of_errors: float | None = None
) -> tuple[float, float]:
    """Return by how much stated errors are too small, and the error of that.

    Parameters
    ----------
    chi2, dof, of_errors
        As of `noise_verdict`.
    """
    telling = dof if of_errors is None else of_errors
    alone = np.array([[telling, 0.0], [0.0, 0.0]])
    known = Redundancy(np.array([dof, 0.0]), alone, np.zeros(0, dtype=bool))
    return known.scale(chi2)


def sigma0_head(chi2: float, dof: float, of_errors: float | None = None) -> str:
    """Write sigma0 with its error, the reduced chi² and the degrees of freedom.

    Parameters
    ----------
    chi2, dof, of_errors
        As of `noise_verdict`, dof one half at least.
    """
    sigma0, error = scale_of_errors(chi2, dof, of_errors)
    digits = max(3, min(6, math.ceil(-math.log10(error / max(sigma0, SMALL))) + 1))
    form = f".{digits}f" if sigma0 >= SMALL else ".4g"
    worth = ""
    if of_errors is not None and of_errors < WHOLE * dof:
        told = f"{of_errors:.1f}" if of_errors < FEW_TOLD else f"{of_errors:,.0f}"
        worth = f", worth {told} as priors give way"
    return (
        f"sigma0 = {sigma0:{form}} ± {error:{form}} (reduced chi² "
        f"{chi2 / dof:{form}}, {counted(round(dof), 'degrees of freedom')}{worth})"
    )


def sigma0_text(sigma0: float | None) -> str:
    """Write a sigma0 with digits for its size: 1.0068, 1.234e+05, 3.1e-08.

    Parameters
    ----------
    sigma0
        Standard deviation of unit weight; None or NaN where there is none.
    """
    if sigma0 is None or not math.isfinite(sigma0):
        return "unknown"
    return f"{sigma0:.4f}" if SMALL <= sigma0 <= LARGE else f"{sigma0:.4g}"


def is_absurd(chi2: float, dof: float) -> bool:
    """Return whether a fit does not describe the data at all.

    Parameters
    ----------
    chi2
        Sum of squared residuals over their errors.
    dof
        Degrees of freedom; without any nothing can be told.
    """
    return dof >= FEWEST and not chi2 <= ABSURD**2 * dof


def is_chance(chi2: float, dof: float, of_errors: float | None = None) -> bool:
    """Return whether a chi² is what right errors give by chance.

    Parameters
    ----------
    chi2, dof, of_errors
        As of `noise_verdict`.

    Notes
    -----
    A sum of squares with the expectation ν and the variance 2 F is as good as F/ν times
    χ² of ν²/F degrees of freedom (Satterthwaite 1946, Biometrics Bulletin 2, 110).
    """
    share = 1.0 if of_errors is None else of_errors / dof
    return bool(CHANCE[0] <= special.chdtrc(dof / share, chi2 / share) <= CHANCE[1])


FINE = "the errors of the measurements are credible"


def is_off(scale: Scale) -> bool:
    """Return whether errors are wrong by more than chance, and by more than matters.

    Parameters
    ----------
    scale
        By how much they are too small.
    """
    return abs(scale.pull) > SURE and abs(scale.value - 1.0) > CREDIBLE


def _judge(chi2: float, dof: float, of_errors: float, scales: Scales | None) -> str:
    sigma0 = scale_of_errors(chi2, dof, of_errors)[0]
    chance = is_chance(chi2, dof, of_errors)
    if scales is not None and is_off(scales.references):
        return _both(scales)
    if chance:
        return FINE
    if abs(sigma0 - 1.0) <= CREDIBLE:
        return (
            "the errors of the measurements are credible to "
            f"{100 * abs(sigma0 - 1.0):.1f} per cent, though the difference is more "
            "than chance"
        )
    if of_errors < HALF * dof and not (scales and is_off(scales.measurements)):
        wrong = "small" if sigma0 > 1.0 else "large"
        return (
            f"the errors of the measurements are too {wrong}, or those of the priors "
            "are (references, calibration): the fit can hardly tell which; compare "
            "with the precision that centroids and catalogue are known to have"
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


def _both(scales: Scales) -> str:
    """Say what the errors are where those of the references are wrong."""
    wrong = "under" if scales.references.value > 1.0 else "over"
    found = (
        f"the errors of the references are {wrong}estimated: "
        f"{_times(scales.references)} those stated would fit"
    )
    if is_off(scales.measurements):
        return f"{found}, and {_times(scales.measurements)} those of the measurements"
    return f"{found}; those of the measurements are credible ({_times(scales[0])})"


def _times(scale: Scale) -> str:
    return f"{scale.value:.3g} ± {scale.error:.2g} times"


__all__ = [
    "ABSURD",
    "CREDIBLE",
    "FEW",
    "HALF",
    "MEANINGLESS",
    "is_absurd",
    "is_chance",
    "is_off",
    "noise_verdict",
    "scale_of_errors",
    "sigma0_head",
    "sigma0_text",
]
