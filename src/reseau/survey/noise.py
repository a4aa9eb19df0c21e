"""Errors of centroids: constant, by JASMINE's formula, or by a table; and outliers.

An error has two values: the true one, by which a centroid scatters, and the stated one,
which the measurement claims; `stated_factor` is their ratio. Outliers scatter more than
they claim.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from reseau.errors import CatalogueError, explain, missing_columns_error

from .star_config import NoiseConfig

FLOOR, PHOTONS, BACKGROUND = 2.126, 2.966, 1.192
"""Terms of JASMINE's error [mas]: of what does not depend on light, and at Hw = 12.5 of
the star's photons and of the background's and the detector's noise."""

STANDARD = 12.5
"""Hw that the terms are given at."""

WHERE = "the table of the centroids' errors"


class Noise(NamedTuple):
    """Errors of n measurements.

    Attributes
    ----------
    offset
        Errors of x and y [pixel].
    stated
        1σ that the measurements claim, of either coordinate [pixel].
    outlier
        Which measurements scatter more than the others.
    magnitude
        Errors of the magnitudes [mag].
    """

    offset: Float[np.ndarray, "n 2"]
    stated: Float[np.ndarray, "n"]
    outlier: Bool[np.ndarray, "n"]
    magnitude: Float[np.ndarray, "n"]


def exposure_error(magnitude: Float[np.ndarray, "*batch"]) -> np.ndarray:
    """Return JASMINE's error of a centroid on one exposure, 1σ a coordinate [mas].

    ``σ² = 2.126² + 2.966² 10^(0.4 (Hw - 12.5)) + 1.192² 10^(0.8 (Hw - 12.5))``: 2.61 at
    Hw = 11, 3.84 at 12.5, 10.8 at 14.5, for exposures of 12.5 s.

    Parameters
    ----------
    magnitude
        Hw [mag].

    References
    ----------
    JASMINE-C2-TN-RO-20231025-01, as in the mission's exposure-time calculator.
    """
    fainter = 10.0 ** (0.4 * (np.asarray(magnitude, dtype=float) - STANDARD))
    square = FLOOR**2 + PHOTONS**2 * fainter + (BACKGROUND * fainter) ** 2
    return np.sqrt(square)


def centroid_errors(
    config: NoiseConfig,
    magnitude: Float[np.ndarray, "n"],
    *,
    pixel: float,
    table: Mapping[str, np.ndarray] | None = None,
) -> Float[np.ndarray, "n"]:
    """Return the true error of each measurement, 1σ a coordinate [pixel].

    Parameters
    ----------
    config
        How errors depend on magnitude.
    magnitude
        Hw of each measured star, after vignetting.
    pixel
        Size of a pixel on the sky [mas].
    table
        Columns `mag` and `error_mas` of the user's table. Between its rows the
        logarithm of the error is linear in magnitude; beyond the ends it is that of the
        end.

    Raises
    ------
    CatalogueError
        The table lacks a column or a row, or has an error that cannot be.
    """
    if config.kind == "constant":
        error = np.full(len(magnitude), config.constant_pixel)
    elif config.kind == "magnitude":
        error = exposure_error(magnitude) / pixel
    else:
        known, logarithm = _checked_table(table)
        error = np.exp(np.interp(magnitude, known, logarithm)) / pixel
    return config.factor * error


def draw_noise(
    config: NoiseConfig, error: Float[np.ndarray, "n"], rng: np.random.Generator
) -> Noise:
    """Draw the errors of measurements.

    Parameters
    ----------
    config
        Outliers, what is stated, and the error of magnitudes.
    error
        True error of each measurement but for outliers, 1σ a coordinate [pixel].
    rng
        Random numbers; as many are drawn whatever the configuration.
    """
    n = len(error)
    normal, share = rng.standard_normal((n, 3)), rng.uniform(0.0, 1.0, n)
    outlier = share < config.outlier_fraction
    width = error * np.where(outlier, config.outlier_width_sigma, 1.0)
    return Noise(
        offset=width[:, None] * normal[:, :2],
        stated=config.stated_factor * error,
        outlier=outlier,
        magnitude=config.magnitude_error * normal[:, 2],
    )


def expected_noise(error: Float[np.ndarray, "n"]) -> Noise:
    """Return no errors, and the true ones as stated.

    Parameters
    ----------
    error
        True error of each measurement, 1σ a coordinate [pixel].
    """
    n = len(error)
    none = np.zeros(n, dtype=bool)
    return Noise(np.zeros((n, 2)), error, none, np.zeros(n))


def vignetted(
    config: NoiseConfig,
    magnitude: Float[np.ndarray, "n"],
    radius: Float[np.ndarray, "n"],
) -> Float[np.ndarray, "n"]:
    """Return magnitudes as faint as they are with the light that is lost.

    Parameters
    ----------
    config
        The part that is lost at the edge.
    magnitude
        Of each star.
    radius
        Distance from the axis over that of the edge of the field; beyond the edge no
        more light is lost.
    """
    lost = config.vignetting * np.minimum(radius, 1.0) ** 2
    fainter: np.ndarray = magnitude - 2.5 * np.log10(1.0 - lost)
    return fainter


def _checked_table(
    table: Mapping[str, np.ndarray] | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return magnitudes, rising, and logarithms of errors [mas]."""
    columns = table or {}
    missing = [name for name in ("mag", "error_mas") if name not in columns]
    if missing:
        raise missing_columns_error(missing, list(columns), "the table", WHERE)
    magnitude = np.asarray(columns["mag"], dtype=float)
    error = np.asarray(columns["error_mas"], dtype=float)
    order = np.argsort(magnitude)
    magnitude, error = magnitude[order], error[order]
    bad = ~(np.isfinite(magnitude) & np.isfinite(error) & (error > 0.0))
    repeated = int(np.sum(np.diff(magnitude) == 0.0))
    if not len(magnitude) or bad.any() or repeated:
        raise CatalogueError(
            explain(
                given=f"{len(magnitude)} rows, {int(bad.sum())} of them without a "
                f"magnitude or an error > 0, {repeated} with a magnitude of another",
                wanted="one row or more, each with its own magnitude and an error > 0",
                where=WHERE,
                todo="repair or leave out these rows",
            )
        )
    return magnitude, np.log(error)


__all__ = [
    "Noise",
    "centroid_errors",
    "draw_noise",
    "expected_noise",
    "exposure_error",
    "vignetted",
]
