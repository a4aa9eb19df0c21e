"""Which stars a survey measures: not saturated, not too faint, not blended.

Each star that is left out counts under one reason only, the first in `REASONS`, so that
the counts add up to what is missing.
"""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float
from scipy.spatial import cKDTree

from reseau.constants import ARCSECOND, DEGREE

from .star_config import StarsConfig

REASONS = ("no_magnitude", "saturated", "faint", "blended", "not_drawn")
"""Why a star is left out: no magnitude, too bright, too faint, too near to another, or
not among the number that was asked for."""


def measurable(
    config: StarsConfig, columns: Mapping[str, np.ndarray]
) -> tuple[Bool[np.ndarray, "n"], dict[str, int]]:
    """Return which stars are measured, and how many are not, by reason.

    Stars that are not measured disturb their neighbours all the same.

    Parameters
    ----------
    config
        Limits of magnitude and separation.
    columns
        `ra`, `dec` [deg] and `phot_hw_mag`.
    """
    magnitude = columns["phot_hw_mag"]
    reasons = {
        "no_magnitude": ~np.isfinite(magnitude),
        "saturated": magnitude < config.brightest_mag,
        "faint": magnitude > config.faintest_mag,
        "blended": blended(
            unit_vectors(columns["ra"], columns["dec"]),
            magnitude,
            separation=config.blend_separation_arcsec * ARCSECOND,
            contrast=config.blend_contrast_mag,
        ),
    }
    kept = np.ones(len(magnitude), dtype=bool)
    counts = {}
    for name, out in reasons.items():
        counts[name] = int(np.sum(kept & out))
        kept &= ~out
    return kept, counts


def blended(
    direction: Float[np.ndarray, "n 3"],
    magnitude: Float[np.ndarray, "n"],
    *,
    separation: float,
    contrast: float,
) -> Bool[np.ndarray, "n"]:
    """Return which stars have a neighbour that is near and bright enough to disturb.

    Parameters
    ----------
    direction
        Unit vectors.
    magnitude
        NaN: such a star disturbs nobody.
    separation
        Below which two stars are neighbours [rad].
    contrast
        A neighbour disturbs unless it is fainter than the star by more than this [mag].
    """
    out = np.zeros(len(direction), dtype=bool)
    if separation <= 0.0 or len(direction) < 2:
        return out
    pairs = cKDTree(direction).query_pairs(
        2.0 * np.sin(0.5 * separation), output_type="ndarray"
    )
    for one, other in (pairs.T, pairs.T[::-1]):
        out[one[magnitude[other] <= magnitude[one] + contrast]] = True
    return out


def unit_vectors(
    ra: Float[np.ndarray, "n"], dec: Float[np.ndarray, "n"]
) -> Float[np.ndarray, "n 3"]:
    """Return the unit vectors of angles in degrees."""
    a, d = ra * DEGREE, dec * DEGREE
    return np.stack([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)], axis=-1)


__all__ = ["REASONS", "blended", "measurable", "unit_vectors"]
