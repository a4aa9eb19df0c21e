"""Columns of the models that are linear in time: five, seven and nine parameters."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from reseau.motions.epoch_astrometry import EpochAstrometry

FIVE = ("ra", "dec", "parallax", "pmra", "pmdec")
SEVEN = (*FIVE, "accel_ra", "accel_dec")
NINE = (*SEVEN, "deriv_accel_ra", "deriv_accel_dec")
"""Parameters of the models, by Gaia's names."""

UNITS = {
    "ra": "mas",
    "dec": "mas",
    "parallax": "mas",
    "pmra": "mas / yr",
    "pmdec": "mas / yr",
    "accel_ra": "mas / yr2",
    "accel_dec": "mas / yr2",
    "deriv_accel_ra": "mas / yr3",
    "deriv_accel_dec": "mas / yr3",
    "pseudocolour": "1 / nm",
}

BASES = ("gaia", "hipparcos")
"""Names of bases of accelerations."""


@dataclass(frozen=True, eq=False)
class AccelerationBasis:
    """What is taken from t² and t³, so that accelerations leave motion alone.

    Attributes
    ----------
    quadratic
        q in the column ½ (t² - q) [yr²].
    cubic
        c in the column (t² - c) t / 6 [yr²].
    """

    quadratic: Float[np.ndarray, "s"]
    cubic: Float[np.ndarray, "s"]


def acceleration_basis(
    astrometry: EpochAstrometry, name: str | None = None
) -> AccelerationBasis:
    """Return the basis of Gaia DR3, or the one of the Hipparcos Catalogue.

    Parameters
    ----------
    astrometry
        Whose epochs.
    name
        None: that of the data; "gaia": q = ΔT²/3, c = ΔT², with ΔT half the span of the
        epochs; "hipparcos": q = 0.81 yr², c = 1.69 yr².

    References
    ----------
    Gaia DR3 documentation, eq. 7.5; The Hipparcos and Tycho Catalogues, ESA SP-1200,
    vol. 1.
    """
    name = astrometry.basis if name is None else name
    if name == "hipparcos":
        ones = np.ones(len(astrometry.first))
        return AccelerationBasis(0.81 * ones, 1.69 * ones)
    half = 0.5 * astrometry.span
    return AccelerationBasis(half**2 / 3.0, half**2)


def model_columns(
    astrometry: EpochAstrometry,
    names: tuple[str, ...],
    basis: AccelerationBasis | None = None,
) -> Float[np.ndarray, "n p"]:
    """Return the derivatives of the abscissae by the parameters.

    Parameters
    ----------
    astrometry
        Epochs, directions and parallax factors.
    names
        Of the parameters, keys of `UNITS`.
    basis
        Of accelerations; None: that of the data.
    """
    basis = acceleration_basis(astrometry) if basis is None else basis
    t, source = astrometry.epoch, astrometry.source
    east, north = astrometry.direction.T
    half_square = 0.5 * (t**2 - basis.quadratic[source])
    sixth_cube = (t**2 - basis.cubic[source]) * t / 6.0
    columns = {
        "ra": east,
        "dec": north,
        "parallax": astrometry.parallax_factor,
        "pmra": t * east,
        "pmdec": t * north,
        "accel_ra": half_square * east,
        "accel_dec": half_square * north,
        "deriv_accel_ra": sixth_cube * east,
        "deriv_accel_dec": sixth_cube * north,
    }
    if astrometry.colour_factor is not None:
        columns["pseudocolour"] = astrometry.colour_factor
    return np.stack([columns[name] for name in names], axis=-1)


__all__ = [
    "BASES",
    "FIVE",
    "NINE",
    "SEVEN",
    "UNITS",
    "AccelerationBasis",
    "acceleration_basis",
    "model_columns",
]
