"""Extinction of stars: what a map gives, as far as a star is away, in each band."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from .bands import Band
from .laws import ExtinctionLaw
from .maps import ExtinctionMap, Reddening
from .profiles import DistanceProfile

Numbers = Float[np.ndarray, "n"]

CHUNK = 1 << 16
"""Stars at a time: what is computed of so many stays in a processor's cache."""


def excess_at(
    reddening: ExtinctionMap,
    profile: DistanceProfile,
    longitude: Numbers,
    latitude: Numbers,
    distance: Numbers,
    rng: np.random.Generator | None = None,
) -> Reddening:
    """Return E(J-Ks) of stars in VVV's bands, of what dust is before them.

    Parameters
    ----------
    reddening
        Map, at the red clump's mean distance.
    profile
        How the reddening grows with distance.
    longitude, latitude
        Galactic coordinates [deg].
    distance
        [pc].
    rng
        Of what scatters inside the map's cells, one number a star; None: none.

    Returns
    -------
    The scatter is that of the star's own reddening. Where the map has no data all of
    it is NaN, unless it is a `FilledMap`.
    """
    found = reddening.at(longitude, latitude)
    share = profile.share(longitude, latitude, np.asarray(distance, float))
    excess = found.excess
    if rng is not None:
        excess = _scattered(found, rng.standard_normal(len(excess)))
    return Reddening(excess * share, found.scatter * share, found.inside)


def _scattered(found: Reddening, normal: np.ndarray) -> np.ndarray:
    """Return log-normal reddenings with the map's mean and scatter."""
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(found.excess > 0.0, found.scatter / found.excess, 0.0)
    variance = np.log1p(relative**2)
    return found.excess * np.exp(np.sqrt(variance) * normal - 0.5 * variance)


def extinction_at(
    reddening: ExtinctionMap,
    law: ExtinctionLaw,
    profile: DistanceProfile,
    longitude: Numbers,
    latitude: Numbers,
    distance: Numbers,
    bands: Sequence[str | Band] = ("J", "H", "Ks"),
    rng: np.random.Generator | None = None,
) -> Float[np.ndarray, "n n_bands"]:
    """Return extinctions of stars [mag].

    Parameters
    ----------
    reddening, profile, longitude, latitude, distance, rng
        As of `excess_at`.
    law
        Of extinction, with the width of the bands.
    bands
        Names, see `bands.BANDS`, or bands.

    Returns
    -------
    NaN where the map has no data.

    Notes
    -----
    What a star is given does not depend on the others that are given with it; of `rng`
    it takes the number of its row.
    """
    n = len(longitude)
    normal = None if rng is None else rng.standard_normal(n)
    out = np.empty((n, len(bands)))
    for begin in range(0, n, CHUNK):
        at = slice(begin, begin + CHUNK)
        l, b = longitude[at], latitude[at]  # noqa: E741
        found = reddening.at(l, b)
        excess = found.excess
        if normal is not None:
            excess = _scattered(found, normal[at])
        excess = excess * profile.share(l, b, distance[at])
        out[at] = law.extinction_of(excess, bands, longitude=l, latitude=b)
    return out


__all__ = ["excess_at", "extinction_at"]
