"""The covariates of a plate's declared terms, from its tables."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Int

from reseau._words import counted
from reseau.errors import MissingCovariateWarning, warn
from reseau.instrument import Instrument
from reseau.model import term_covariates

OF_STARS = {
    "colour": (("colour",), ("bp_rp",)),
    "magnitude": (("mag",), ("phot_hw_mag", "phot_g_mean_mag")),
}
"""Columns of the measurements, and of the reference, the best first."""

Columns = Mapping[str, np.ndarray]


def plate_covariates(
    instrument: Instrument,
    measurements: Columns,
    *,
    epoch: Float[np.ndarray, "n_exp"],
    exposure: Int[np.ndarray, "n_meas"],
    detector: Int[np.ndarray, "n_meas"],
    reference: Columns,
    row: Int[np.ndarray, "n_meas"],
) -> Float[np.ndarray, "n_terms n_meas"] | None:
    """Return the covariates of an instrument's terms; None: it has no terms.

    Parameters
    ----------
    instrument
        With the terms.
    measurements
        Columns of the plate's measurements.
    epoch
        Of the plate's exposures [yr].
    exposure, detector
        Rows of the exposure and of the detector of each measurement.
    reference
        Columns of the reference catalogue.
    row
        Row in that of each measurement's star, −1 where it has none.

    Raises
    ------
    ConfigError
        A covariate is known of no measurement.

    Warns
    -----
    MissingCovariateWarning
        Some measurements lack one, and take the mean of the others.
    """
    if not instrument.terms:
        return None
    needed = {factor for term in instrument.terms for factor in term.factors}
    stars = {
        name: _completed(name, star_values(name, measurements, reference, row))
        for name in OF_STARS
        if name in needed
    }
    return term_covariates(
        instrument,
        epoch=np.asarray(epoch, dtype=float),
        exposure=exposure,
        detector=detector,
        pixel=np.stack([measurements["x"], measurements["y"]], axis=1),
        **stars,
    )


def star_values(
    name: str,
    measurements: Columns,
    reference: Columns,
    row: Int[np.ndarray, "n_meas"],
) -> Float[np.ndarray, "n_meas"] | None:
    """Return colours or magnitudes of the measured stars [mag]; None: none is known.

    Of the measurements, and where they have none of the reference; NaN where unknown.

    Parameters
    ----------
    name
        "colour" or "magnitude".
    measurements, reference
        Columns.
    row
        Row in the reference of each measurement's star, −1 where it has none.
    """
    first, second = OF_STARS[name]
    for column in (c for c in first if c in measurements):
        values = np.asarray(measurements[column], dtype=float)
        if np.isfinite(values).any():
            return values
    for column in (c for c in second if c in reference):
        of_stars = np.asarray(reference[column], dtype=float)
        values = np.full(row.size, np.nan)
        values[row >= 0] = of_stars[row[row >= 0]]
        if np.isfinite(values).any():
            return values
    return None


def _completed(name: str, values: np.ndarray | None) -> np.ndarray | None:
    """Return values with the mean of the others where one is missing, and say so."""
    if values is None:
        return None
    missing = ~np.isfinite(values)
    if not missing.any():
        return values
    mean = float(np.mean(values[~missing]))
    warn(
        f"no {name} of {counted(int(missing.sum()), 'measurements')}: they take the "
        f"mean of the others, {mean:.4g} mag, in the declared terms",
        MissingCovariateWarning,
    )
    return np.where(missing, mean, values)


__all__ = ["OF_STARS", "plate_covariates", "star_values"]
