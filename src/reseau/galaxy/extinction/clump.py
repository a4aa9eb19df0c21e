"""Where the bulge's red clump is, to which maps of its reddening refer."""

import numpy as np
from jaxtyping import Float


def wrapped(longitude: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
    """Return longitudes in [-180, 180) [deg]."""
    return (np.asarray(longitude, float) + 180.0) % 360.0 - 180.0


def clump_distance(
    longitude: Float[np.ndarray, "*#n"], latitude: Float[np.ndarray, "*#n"]
) -> Float[np.ndarray, "*n"]:
    """Return the mean distance of the bulge's red clump in a direction [pc].

    Parameters
    ----------
    longitude, latitude
        Galactic coordinates [deg]; beyond 10 deg from the centre, where there is no
        bulge, as at 10 deg.

    Notes
    -----
    Distance modulus 14.3955 - 0.0239 l + 0.0122 abs(b) + 0.128: Nataf et al. 2016,
    MNRAS 456, 2692, eqs. 2 and 3, as Koshimoto et al.'s genstars has it.
    """
    lon = np.clip(wrapped(longitude), -10.0, 10.0)
    lat = np.minimum(np.abs(latitude), 10.0)
    modulus = 14.3955 - 0.0239 * lon + 0.0122 * lat + 0.128
    return 10.0 ** (0.2 * modulus + 1.0)


__all__ = ["clump_distance", "wrapped"]
