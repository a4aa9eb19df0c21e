"""In words, whether the stated errors of the measurements are what residuals show."""

import math

from scipy import special

from .counting import counted

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

SMALL, LARGE = 1e-2, 1e4
"""A sigma0 outside is written with four significant digits."""

MEANINGLESS = (
    "formal errors are meaningless; check units (ra, dec in degrees?), parity, "
    "identification of the stars and the instrument."
)
"""What is said of a fit that does not describe the data."""


def noise_verdict(chi2: float, dof: float, *, priors_off: bool = False) -> str:
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
    if dof < FEWEST:
        few = "no" if round(dof) <= 0 else f"{round(dof):,}"
        return (
            f"There are {few} degrees of freedom: the fit cannot tell whether the "
            "errors of the measurements are right."
        )
    sigma0 = math.sqrt(chi2 / dof)
    if sigma0 > ABSURD:
        return (
            f"The fit does NOT describe the data: sigma0 = {sigma0_text(sigma0)}; "
            f"{MEANINGLESS}"
        )
    head = sigma0_head(sigma0, dof)
    few = "; too few degrees of freedom to tell" if round(dof) < FEW else ""
    words = _judge(chi2, dof)
    if few and words == FINE:
        words = "nothing says that the errors of the measurements are wrong"
    if priors_off and sigma0 > 1.0 + CREDIBLE and words != FINE:
        words = (
            "more than the errors of the measurements explain, but the priors above "
            "pull at the fit: mend them before you judge the errors"
        )
    return f"{head}: {words}{few}."


def sigma0_head(sigma0: float, dof: float) -> str:
    """Write a sigma0 with its error, its square and the degrees of freedom.

    Parameters
    ----------
    sigma0
        Standard deviation of unit weight.
    dof
        Degrees of freedom, one at least.
    """
    error = math.sqrt(0.5 / dof)
    digits = max(3, min(6, math.ceil(-math.log10(error)) + 1))
    form = f".{digits}f" if sigma0 >= SMALL else ".4g"
    return (
        f"sigma0 = {sigma0:{form}} ± {sigma0 * error:{form}} (reduced chi² "
        f"{sigma0**2:{form}}, {counted(round(dof), 'degrees of freedom')})"
    )


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


def is_chance(chi2: float, dof: float) -> bool:
    """Return whether a chi² is what right errors give by chance.

    Parameters
    ----------
    chi2
        Sum of squared residuals over their errors.
    dof
        Degrees of freedom.
    """
    return bool(CHANCE[0] <= special.chdtrc(dof, chi2) <= CHANCE[1])


FINE = "the errors of the measurements are credible"


def _judge(chi2: float, dof: float) -> str:
    sigma0 = math.sqrt(chi2 / dof)
    if is_chance(chi2, dof):
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


__all__ = [
    "ABSURD",
    "CREDIBLE",
    "FEW",
    "MEANINGLESS",
    "is_absurd",
    "is_chance",
    "noise_verdict",
    "sigma0_head",
    "sigma0_text",
]
