"""Magnitudes of a population along its branches, to compare isochrones with others.

Each is a mean over a component's sequences, weighted by the number of stars there, and
depends neither on how many points an isochrone has nor on how its maker labels phases,
except that the red giant branch must be told from the clump.
"""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from jaxtyping import Float

from reseau.galaxy.mass_function import MassFunction

from .luminosity import clump_of
from .segments import Segments, luminosity_segments
from .table import BANDS, HELIUM_BURNING, Isochrones

MASSES = (0.15, 0.3, 0.6, 0.8)
"""Where the main sequence is compared [Msun]."""

SUBGIANT_LOG_G = 3.9
RED_GIANTS = (0.0, -3.0, -5.0)
ASYMPTOTIC = (-4.0,)
"""M_Ks at which branches are compared."""

RED_CLUMP = "red clump"
_KS = BANDS.index("Ks")
_DWARF, _SUBGIANT, _RED, _EARLY = 1, 2, 3, 7


def branch_magnitudes(
    isochrones: Isochrones, component: str, mass_function: MassFunction
) -> Mapping[str, Float[np.ndarray, "4"]]:
    """Return absolute magnitudes in the bands of `BANDS` along the branches.

    Parameters
    ----------
    isochrones
        With this component.
    component
        Its name.
    mass_function
        Of the stars born.

    Returns
    -------
    By branch: the main sequence at some masses, subgiants at log g = 3.9, red giants at
    some M_Ks, the mode of the red clump and asymptotic giants. NaN where there are no
    stars, or none with this band.
    """
    of = luminosity_segments(isochrones, component, mass_function)
    ks = of.magnitudes[:, :, _KS]
    dwarf = of.phase <= _SUBGIANT
    falling = of.log_g[:, 0] > of.log_g[:, 1]
    found = {
        f"main sequence, {mass} Msun": _at(of, of.mass, mass, of.phase == _DWARF)
        for mass in MASSES
    }
    found[f"subgiants, log g = {SUBGIANT_LOG_G}"] = _at(
        of, of.log_g, SUBGIANT_LOG_G, dwarf & falling & (of.mass[:, 0] > MASSES[-1])
    )
    for value in RED_GIANTS:
        name = f"red giants, M_Ks = {value:g}"
        found[name] = _at(of, ks, value, of.phase == _RED)
    found[RED_CLUMP] = np.array([clump_of(of, k).mode for k in range(len(BANDS))])
    for value in ASYMPTOTIC:
        name = f"asymptotic giants, M_Ks = {value:g}"
        found[name] = _at(of, ks, value, of.phase == _EARLY)
    return MappingProxyType(found)


def branch_differences(
    ours: Isochrones, theirs: Isochrones, component: str, mass_function: MassFunction
) -> Mapping[str, Float[np.ndarray, "4"]]:
    """Return by how much isochrones are fainter than others, by branch [mag].

    Parameters
    ----------
    ours, theirs
        Isochrones with this component.
    component, mass_function
        As in `branch_magnitudes`.
    """
    mine = branch_magnitudes(ours, component, mass_function)
    others = branch_magnitudes(theirs, component, mass_function)
    return MappingProxyType({name: mine[name] - others[name] for name in mine})


def clump_by_age(isochrones: Isochrones, band: str) -> Float[np.ndarray, "s 3"]:
    """Return age, [M/H] and mean absolute magnitude of core helium burning stars.

    Parameters
    ----------
    isochrones
        Of one component.
    band
        One of `BANDS`.

    Returns
    -------
    A row for each sequence. The mean is over initial mass, which is over time.
    """
    column = BANDS.index(band)
    rows = []
    for index, points in enumerate(isochrones.points()):
        burning = np.isin(isochrones.phase[points][1:], list(HELIUM_BURNING))
        width = np.diff(isochrones.mass[points])[burning]
        values = isochrones.magnitudes[points][:, column]
        middle = 0.5 * (values[1:] + values[:-1])[burning]
        total = width.sum()
        mean = float(width @ middle / total) if total > 0.0 else np.nan
        rows.append((isochrones.age[index], isochrones.metallicity[index], mean))
    return np.array(rows)


def _at(
    of: Segments, ends: np.ndarray, value: float, allowed: np.ndarray
) -> Float[np.ndarray, "4"]:
    """Return mean magnitudes of the stars whose quantity has a value."""
    low, high = ends.min(axis=1), ends.max(axis=1)
    rows = np.flatnonzero(allowed & (low <= value) & (value < high))
    if len(rows) == 0:
        return np.full(len(BANDS), np.nan)
    first, last = ends[rows, 0], ends[rows, 1]
    fraction = ((value - first) / (last - first))[:, None]
    pairs = of.magnitudes[rows]
    magnitudes = (1.0 - fraction) * pairs[:, 0] + fraction * pairs[:, 1]
    density = of.weight[rows] / np.abs(last - first)
    return density @ magnitudes / density.sum()


__all__ = ["RED_CLUMP", "branch_differences", "branch_magnitudes", "clump_by_age"]
