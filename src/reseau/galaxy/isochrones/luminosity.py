"""What a population's isochrones look like: luminosity functions, clump, giants.

All are sums over segments, in which stars are spread evenly between the ends, so none
depends on how many points an isochrone has.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from reseau.galaxy.mass_function import MassFunction

from .segments import Segments, luminosity_segments
from .table import BANDS, GIANTS, HELIUM_BURNING, Isochrones, band_index

KERNEL = 0.05
"""Width of the kernel with which the clump's mode is found [mag]."""

FINE = 0.005
"""Step of the grid on which it is found [mag]."""


@dataclass(frozen=True)
class Clump:
    """Stars that burn helium in their cores, in one band.

    Attributes
    ----------
    mode
        Absolute magnitude where they are densest, after smoothing by `KERNEL`.
    mean, scatter
        Of their absolute magnitudes.
    share
        Of the component's living stars. 0, and the rest NaN: there are none, or the
        table does not tell them from other giants.
    """

    mode: float
    mean: float
    scatter: float
    share: float


def luminosity_function(
    isochrones: Isochrones,
    component: str,
    band: str,
    edges: Float[np.ndarray, "b1"],
    mass_function: MassFunction,
) -> Float[np.ndarray, "b"]:
    """Return a component's stars by absolute magnitude.

    Parameters
    ----------
    isochrones
        With this component.
    component
        Its name.
    band
        One of `BANDS`.
    edges
        Of bins of absolute magnitude, rising.
    mass_function
        Of the stars born.

    Returns
    -------
    The share of the component's living stars in each bin.
    """
    segments = luminosity_segments(isochrones, component, mass_function)
    return shares_by_magnitude(segments, band, edges)


def shares_by_magnitude(
    segments: Segments,
    band: str,
    edges: Float[np.ndarray, "b1"],
    rows: np.ndarray | None = None,
) -> Float[np.ndarray, "b"]:
    """Return the living stars of segments by absolute magnitude.

    Parameters
    ----------
    segments
        Of one component.
    band
        One of `BANDS`.
    edges
        Of bins, rising.
    rows
        Segments to count; all unless given. Those without magnitudes in this band
        count nowhere.
    """
    chosen = np.arange(len(segments)) if rows is None else rows
    known = np.isfinite(segments.magnitudes[chosen][:, :, band_index(band)]).all(axis=1)
    chosen = chosen[known]
    ends = segments.magnitudes[chosen][:, :, band_index(band)]
    weight = segments.weight[chosen]
    low, high = ends.min(axis=1), ends.max(axis=1)
    below = np.zeros(len(edges))
    width = np.where(high > low, high - low, 1.0)
    for index, edge in enumerate(edges):
        within = np.where(high > low, (edge - low) / width, edge > low)
        below[index] = weight @ np.clip(within, 0.0, 1.0)
    return np.diff(below)


def red_clump(
    isochrones: Isochrones, component: str, band: str, mass_function: MassFunction
) -> Clump:
    """Return where a component's red clump is.

    Parameters
    ----------
    isochrones, component, band, mass_function
        As in `luminosity_function`.
    """
    return clump_of(
        luminosity_segments(isochrones, component, mass_function), band_index(band)
    )


def clump_of(segments: Segments, band: int) -> Clump:
    """Return the red clump of segments in one band, see `red_clump`."""
    known = np.isfinite(segments.magnitudes[:, :, band]).all(axis=1)
    burning = np.flatnonzero(known & np.isin(segments.phase, list(HELIUM_BURNING)))
    ends = segments.magnitudes[burning][:, :, band]
    weight = segments.weight[burning]
    share = float(weight.sum())
    if share == 0.0:
        return Clump(mode=np.nan, mean=np.nan, scatter=np.nan, share=0.0)
    mean = float(weight @ ends.mean(axis=1) / share)
    # Of an even spread between a and b the mean square is (a² + ab + b²) / 3.
    squares = (ends[:, 0] ** 2 + ends[:, 0] * ends[:, 1] + ends[:, 1] ** 2) / 3.0
    scatter = float(np.sqrt(max(weight @ squares / share - mean**2, 0.0)))
    edges = np.arange(ends.min() - 5.0 * KERNEL, ends.max() + 5.0 * KERNEL, FINE)
    counts = shares_by_magnitude(segments, BANDS[band], edges, burning)
    steps = np.arange(-4.0 * KERNEL, 4.5 * KERNEL, FINE)
    kernel = np.exp(-0.5 * (steps / KERNEL) ** 2)
    smooth = np.convolve(counts, kernel / kernel.sum(), mode="same")
    mode = float(0.5 * (edges[1:] + edges[:-1])[np.argmax(smooth)])
    return Clump(mode=mode, mean=mean, scatter=scatter, share=share)


def giant_share(
    isochrones: Isochrones, component: str, mass_function: MassFunction
) -> float:
    """Return the share of a component's living stars that are giants.

    Giants are all from the base of the red giant branch to the end of the asymptotic
    one, as Koshimoto, Baba & Bennett 2021 count them.
    """
    segments = luminosity_segments(isochrones, component, mass_function)
    return float(segments.weight[np.isin(segments.phase, list(GIANTS))].sum())


__all__ = [
    "Clump",
    "clump_of",
    "giant_share",
    "luminosity_function",
    "red_clump",
    "shares_by_magnitude",
]
