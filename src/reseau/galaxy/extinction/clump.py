"""Where the bulge's red clump is, to which maps of its reddening refer."""

import numpy as np
from jaxtyping import Float

MODULUS = 14.3955 + 0.128
"""Of the red clump at l = b = 0 [mag]."""

MEASURED_CENTRE = 10.0 ** (0.2 * MODULUS + 1.0)
"""Its distance [pc]."""


def wrapped(longitude: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
    """Return longitudes in [-180, 180) [deg]."""
    return (np.asarray(longitude, float) + 180.0) % 360.0 - 180.0


def clump_distance(
    longitude: Float[np.ndarray, "*#n"],
    latitude: Float[np.ndarray, "*#n"],
    *,
    centre: float | None = None,
) -> Float[np.ndarray, "*n"]:
    """Return the mean distance of the bulge's red clump in a direction [pc].

    Parameters
    ----------
    longitude, latitude
        Galactic coordinates [deg]; beyond 10 deg from the centre, where there is no
        bulge, as at 10 deg.
    centre
        Distance of the Galactic centre [pc], to which the relation is scaled; None: as
        it was measured, with 8019 pc at l = b = 0.

    Notes
    -----
    Distance modulus 14.3955 - 0.0239 l + 0.0122 abs(b) + 0.128: Nataf et al. 2016,
    MNRAS 456, 2692, eqs. 2 and 3, as Koshimoto et al.'s genstars has it.
    """
    lon = np.clip(wrapped(longitude), -10.0, 10.0)
    lat = np.minimum(np.abs(latitude), 10.0)
    modulus = MODULUS - 0.0239 * lon + 0.0122 * lat
    distance = 10.0 ** (0.2 * modulus + 1.0)
    return distance if centre is None else distance * (centre / MEASURED_CENTRE)


__all__ = ["clump_distance", "wrapped"]
