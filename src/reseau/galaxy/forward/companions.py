"""Unresolved companions, whose light adds to that of the star.

A share of all stars has a companion of the same age and metallicity. The ratio of the
masses is uniform from 0 to 1, which is what solar-type stars show (Raghavan et al.
2010, ApJS 190, 1, fig. 16; Duchêne & Kraus 2013, ARA&A 51, 269: exponents near 0 above
0.5 solar masses). Companions come in addition to the model's stars. One that is less
massive than the isochrones' least has no light, and orbits are not drawn: the motion of
the pair is that of its centre of mass.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from .limit import MagnitudeLimit
from .populations import Populations

APART = 1000.0
"""Greater than any mass: isochrones are told apart by multiples of it."""


@dataclass(frozen=True, eq=False)
class Companions:
    """Companions of a share of the stars.

    Attributes
    ----------
    fraction
        Of the stars, 0 to 1.
    populations
        Isochrones, whose segments are in the order of mass.
    """

    fraction: float
    populations: Populations

    def magnitudes(
        self, segment: Int[np.ndarray, "n"], mass: Float[np.ndarray, "n"]
    ) -> Float[np.ndarray, "n 4"]:
        """Return absolute J, H, Ks, G of companions; infinite: no light.

        Parameters
        ----------
        segment
            Of the primaries.
        mass
            Of the companions [solar masses].
        """
        populations = self.populations
        sequence = populations.sequence[segment]
        lower = APART * populations.sequence + populations.mass[:, 0]
        row = np.searchsorted(lower, APART * sequence + mass, side="right") - 1
        found = np.maximum(row, 0)
        dark = (row < 0) | (populations.sequence[found] != sequence)
        low, high = populations.mass[found].T
        with np.errstate(invalid="ignore", divide="ignore"):
            part = np.where(high > low, (mass - low) / (high - low), 0.0)
        ends = populations.magnitudes[found]
        part = np.clip(part, 0.0, 1.0)[:, None]
        light: np.ndarray = ends[:, 0] + part * (ends[:, 1] - ends[:, 0])
        light[dark] = np.inf
        return light


def added(
    one: Float[np.ndarray, "*n"], other: Float[np.ndarray, "*n"]
) -> Float[np.ndarray, "*n"]:
    """Return the magnitude of two sources together [mag].

    Parameters
    ----------
    one, other
        Magnitudes; infinite: no light.
    """
    found: np.ndarray = one - 2.5 * np.log10(1.0 + 10.0 ** (0.4 * (one - other)))
    return found


def brightest_pairs(
    populations: Populations, limit: MagnitudeLimit
) -> Float[np.ndarray, "q 1 4"]:
    """Return magnitudes that no pair with its primary on a segment is brighter than.

    Parameters
    ----------
    populations
        The segments.
    limit
        Whose band it is for.

    Notes
    -----
    A companion may be brighter than its primary, as a giant at the tip is than a star
    of the red clump: so the brightest star of less or equal mass counts. Where the
    magnitude has a term in the colour, that of the reddest of them does.
    """
    own = np.nanmin(populations.magnitudes, axis=1)
    colour = populations.magnitudes[..., 0] - populations.magnitudes[..., 1]
    brightest, reddest = own.copy(), np.nanmax(colour, axis=1)
    starts = np.flatnonzero(np.diff(populations.sequence, prepend=-1))
    for first, last in zip(starts, [*starts[1:], len(own)], strict=True):
        rows = slice(first, last)
        brightest[rows] = np.minimum.accumulate(own[rows], axis=0)
        reddest[rows] = np.maximum.accumulate(reddest[rows])
    pair = added(own, brightest)
    if limit.curvature:
        a, b = limit.weights[:2]
        linear = a * pair[:, 0] + b * pair[:, 1]
        pair[:, 1] = (linear - a * reddest) / (a + b)
        pair[:, 0] = pair[:, 1] + reddest
    return pair[:, None, :]


__all__ = ["Companions", "added", "brightest_pairs"]
