"""What Gaia and 2MASS would measure of a star: errors, and values with them.

Gaia's astrometry has errors by magnitude G, which a function gives, independent of each
other; beyond its faintest magnitude a star has none, and its position is 2MASS', good
to 80 mas. Infrared magnitudes have the error ``(s² + (0.1 · 10^(0.4 (m - m10)))²)^½``:
a floor s, and the noise of the sky, which is 0.1 mag at ten times the noise, in 2MASS
at J = 15.8, H = 15.1, Ks = 14.3 (Skrutskie et al. 2006, AJ 131, 1163). What is below
five times the noise is missing.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from reseau.constants import ARCSECOND, DEGREE, MILLIARCSECOND
from reseau.galaxy.photometry import HwFormula
from reseau.tables.layouts import ASTROMETRY
from reseau.tables.mock_layouts import INFRARED, OBSERVED

Columns = dict[str, np.ndarray]

Widths = Callable[[Float[np.ndarray, "n"]], Float[np.ndarray, "n 5"]]
"""1σ of ra·cos dec, dec, parallax, pmra, pmdec [mas, mas/yr] of G [mag]."""

FAINTEST_G = 20.7
"""G beyond which Gaia has no entry."""
FIVE = 31
"""Gaia's number for five parameters, `astrometric_params_solved`."""

POSITION = 80.0
"""1σ of a position of 2MASS [mas]."""
TEN_SIGMA = (15.8, 15.1, 14.3)
"""J, H, Ks at ten times the noise, 2MASS."""
FLOOR = 0.02
"""1σ of bright stars' infrared magnitudes [mag]."""
DETECTED = 0.2
"""Error of a magnitude beyond which it is missing [mag]."""


@dataclass(frozen=True, eq=False)
class Errors:
    """How well stars are measured.

    Attributes
    ----------
    widths
        Of Gaia's five parameters.
    formula
        Of Hw.
    """

    widths: Widths
    formula: HwFormula


def observed(errors: Errors, columns: Columns, rng: np.random.Generator) -> Columns:
    """Return columns as they would be measured, with the true ones beside them.

    Parameters
    ----------
    errors
        How well.
    columns
        True ones, as `columns_of_stars` returns them.
    rng
        Random numbers.
    """
    found = dict(columns)
    found |= {f"{name}_true": columns[name] for name in OBSERVED}
    found |= _astrometry(errors, columns, rng)
    return found | _infrared(errors, columns, rng)


def _astrometry(errors: Errors, columns: Columns, rng: np.random.Generator) -> Columns:
    g = columns["phot_g_mean_mag"]
    width = errors.widths(g)
    offset = rng.standard_normal(width.shape)
    seen = g <= FAINTEST_G
    width = np.where(seen[:, None], width, [POSITION, POSITION, *[np.nan] * 3])
    offset *= width
    flat = np.cos(columns["dec"] * DEGREE)
    to_degrees = MILLIARCSECOND / DEGREE
    # A shift of less than an arcsecond on the sphere is one on the tangent plane.
    east = to_degrees * offset[:, 0] / np.maximum(flat, ARCSECOND)
    moved = {
        "ra": (columns["ra"] + east) % 360.0,
        "dec": np.clip(columns["dec"] + to_degrees * offset[:, 1], -90.0, 90.0),
    }
    for i, name in enumerate(ASTROMETRY[2:], start=2):
        moved[name] = columns[name] + offset[:, i]
    return {
        **moved,
        **{f"{name}_error": width[:, i] for i, name in enumerate(ASTROMETRY)},
        "astrometric_params_solved": np.where(seen, FIVE, 0).astype(np.int32),
    }


def _infrared(errors: Errors, columns: Columns, rng: np.random.Generator) -> Columns:
    true = np.stack([columns[name] for name in INFRARED], axis=-1)
    error = np.hypot(FLOOR, 0.1 * 10.0 ** (0.4 * (true - np.array(TEN_SIGMA))))
    error[error > DETECTED] = np.nan
    measured = true + error * rng.standard_normal(true.shape)
    found = {name: measured[:, i] for i, name in enumerate(INFRARED)}
    found |= {f"{name}_error": error[:, i] for i, name in enumerate(INFRARED)}
    j, h = measured[:, 0], measured[:, 1]
    return {
        **found,
        "phot_hw_mag": errors.formula.magnitude(j, h),
        "phot_hw_mag_error": errors.formula.error(j, h, error[:, 0], error[:, 1]),
    }


__all__ = ["FAINTEST_G", "Columns", "Errors", "Widths", "observed"]
