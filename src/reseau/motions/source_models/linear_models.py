"""The linear models of all sources, with the noise and the weights that are wanted."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from reseau.motions.epoch_astrometry import CorrelatedRows, EpochAstrometry

from .basis import FIVE, NINE, SEVEN, model_columns
from .linear_fit import LinearFit, fit_linear
from .noise_floor import fit_noise_floor
from .options import SourceOptions
from .robust import fit_robustly
from .whitening import whitening

LINEAR = {"5": FIVE, "7": SEVEN, "9": NINE}
"""Parameters of the linear models."""


@dataclass(frozen=True, eq=False)
class FittedModel:
    """One linear model of all sources.

    Attributes
    ----------
    fit
        Parameters and residuals.
    floor
        Additional error of each source [mas].
    floor_significance
        Of it, about how many σ; zero where it was not fitted.
    weight
        Of each row.
    """

    fit: LinearFit
    floor: Float[np.ndarray, "s"]
    floor_significance: Float[np.ndarray, "s"]
    weight: Float[np.ndarray, "n"]

    @property
    def bayesian_criterion(self) -> Float[np.ndarray, "s"]:
        """Return BIC: χ² + ln det of the covariance + parameters × ln rows."""
        present = np.sum(self.fit.error > 0.0, axis=1)
        rows = self.fit.degrees + present
        penalty = present * np.log(np.maximum(rows, 1))
        return self.fit.chi2 + self.fit.log_determinant + penalty


def parameters_of(model: str, options: SourceOptions) -> tuple[str, ...]:
    """Return the names of a linear model's parameters."""
    colour = () if options.colour_prior is None else ("pseudocolour",)
    return (*LINEAR[model], *colour)


def fit_model(
    astrometry: EpochAstrometry, model: str, options: SourceOptions, *, floor: bool
) -> FittedModel:
    """Fit one linear model to all sources.

    Parameters
    ----------
    astrometry
        Rows of all sources.
    model
        "5", "7" or "9".
    options
        Weights, colour, and the floor that is not fitted.
    floor
        Whether a floor is fitted.
    """
    names = parameters_of(model, options)
    prior = None
    if options.colour_prior is not None:
        prior = np.array([*np.full(len(names) - 1, np.inf), options.colour_prior])
    columns = model_columns(astrometry, names)
    n = len(astrometry.first)
    ones, none = np.ones(len(astrometry.value)), np.zeros(n)
    if options.robust:
        known = with_floor_of(astrometry, options)
        fit, weight, noise = fit_robustly(
            known, columns, names, with_floor=floor, prior=prior
        )
        if noise is not None:
            return FittedModel(fit, noise.floor, noise.significance, weight)
        return FittedModel(fit, given_floor(astrometry, options), none, weight)
    if floor:
        noise = fit_noise_floor(astrometry, columns, names, prior=prior)
        return FittedModel(noise.fit, noise.floor, noise.significance, ones)
    given = given_floor(astrometry, options)
    white = whitening(astrometry, floor=given)
    return FittedModel(
        fit_linear(astrometry, columns, names, white, prior=prior), given, none, ones
    )


def given_floor(
    astrometry: EpochAstrometry, options: SourceOptions
) -> Float[np.ndarray, "s"]:
    """Return the additional errors that are not fitted [mas]."""
    n = len(astrometry.first)
    if options.floor == "stated":
        return np.broadcast_to(astrometry.stated_floor, (n,)).astype(float)
    return np.full(n, 0.0 if isinstance(options.floor, str) else float(options.floor))


def with_floor_of(
    astrometry: EpochAstrometry, options: SourceOptions
) -> EpochAstrometry:
    """Return rows whose stated errors contain the given floor."""
    floor = given_floor(astrometry, options)
    return astrometry if not floor.any() else _widened(astrometry, floor)


def _widened(
    astrometry: EpochAstrometry, floor: Float[np.ndarray, "s"]
) -> EpochAstrometry:
    error = np.hypot(astrometry.error, floor[astrometry.source])
    correlated = []
    for each in astrometry.correlated:
        share = astrometry.error[each.rows] / error[each.rows]
        matrix = each.correlation * share[:, :, None] * share[:, None, :]
        diagonal = np.arange(matrix.shape[1])
        matrix[:, diagonal, diagonal] = 1.0
        correlated.append(CorrelatedRows(each.rows, matrix))
    return replace(astrometry, error=error, correlated=tuple(correlated))


__all__ = [
    "LINEAR",
    "FittedModel",
    "fit_model",
    "given_floor",
    "parameters_of",
    "with_floor_of",
]
