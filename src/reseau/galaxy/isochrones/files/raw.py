"""Isochrones as files give them, and the bands of several files joined."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reseau.errors import CatalogueError, TableWarning, explain, some, warn
from reseau.galaxy.isochrones.grid import Isochrone, in_order
from reseau.galaxy.isochrones.table import BANDS, PHASES

SAME_MASS = 1e-5
"""How far masses may differ in files of the same isochrone, relative."""


@dataclass(frozen=True)
class RawIsochrone:
    """One isochrone of a file: arrays of one value for each point.

    Attributes
    ----------
    where
        The file.
    age, metallicity
        [Gyr] and [M/H].
    mass
        Initial mass [Msun].
    temperature, log_g
        [K], log10 of cm/s².
    phase
        Index into `PHASES`; others are dead.
    bands
        Absolute magnitudes by band.
    """

    where: str
    age: float
    metallicity: float
    mass: np.ndarray
    temperature: np.ndarray
    log_g: np.ndarray
    phase: np.ndarray
    bands: Mapping[str, np.ndarray]

    def __str__(self) -> str:
        """Say which isochrone it is."""
        return f"{self.age:.4g} Gyr, [M/H] = {self.metallicity:+.2f} ({self.where})"


def joined_bands(raws: Sequence[RawIsochrone]) -> list[Isochrone]:
    """Return one isochrone for each age and [M/H], with the bands of all files.

    Parameters
    ----------
    raws
        Isochrones of any number of files. Where several are of the same age and [M/H],
        each adds its bands.

    Raises
    ------
    CatalogueError
        J, H or Ks is missing, or isochrones of the same age and [M/H] differ.
    """
    groups: dict[tuple[float, float], list[RawIsochrone]] = defaultdict(list)
    for raw in raws:
        groups[round(float(np.log10(raw.age)), 3), round(raw.metallicity, 3)].append(
            raw
        )
    grid = [_one(group) for _, group in sorted(groups.items())]
    if any(np.isnan(each.magnitudes[:, BANDS.index("G")]).all() for each in grid):
        warn(
            "the isochrones have no Gaia G magnitudes: G is NaN "
            f"({some(sorted({raw.where for raw in raws}))}); read a file of "
            "the same isochrones with G beside it to have them",
            TableWarning,
        )
    return grid


def _one(group: Sequence[RawIsochrone]) -> Isochrone:
    first = group[0]
    bands: dict[str, np.ndarray] = {}
    for raw in group:
        _check_same(first, raw)
        twice = [band for band in raw.bands if band in bands]
        if twice:
            raise CatalogueError(
                explain(
                    given=f"{some(twice)} of the same isochrone twice: {first}; {raw}",
                    wanted="each isochrone once, or its other bands from another file",
                    where=raw.where,
                    todo="leave out one of the files",
                )
            )
        bands.update(raw.bands)
    _check_bands(first, bands)
    absent = np.full(len(first.mass), np.nan)
    alive = (first.phase >= 0) & (first.phase < len(PHASES))
    columns = [bands.get(band, absent) for band in BANDS]
    whole = Isochrone(
        age=first.age,
        metallicity=first.metallicity,
        mass=in_order(first.mass),
        magnitudes=np.stack(columns, axis=1),
        phase=first.phase,
        log_g=first.log_g,
        temperature=first.temperature,
    )
    return whole.at(np.flatnonzero(alive))


def _check_same(first: RawIsochrone, other: RawIsochrone) -> None:
    same = len(first.mass) == len(other.mass) and np.allclose(
        first.mass, other.mass, rtol=SAME_MASS, atol=0.0
    )
    if not same:
        raise CatalogueError(
            explain(
                given=f"two isochrones of the same age and [M/H] with other masses: "
                f"{first}, {len(first.mass)} points; {other}, {len(other.mass)} points",
                wanted="the same points in other bands",
                where=other.where,
                todo="ask for both with the same settings, or read them one by one",
            )
        )


def _check_bands(first: RawIsochrone, bands: Mapping[str, np.ndarray]) -> None:
    missing = [band for band in ("J", "H", "Ks") if band not in bands]
    bad = [b for b, values in bands.items() if b != "G" and np.isnan(values).any()]
    if bad:
        raise CatalogueError(
            explain(
                given=f"NaN in {some(bad)}",
                wanted="a magnitude of each point",
                where=str(first),
                todo="leave out the points without, or download the file again",
            )
        )
    if missing:
        raise CatalogueError(
            explain(
                given=f"no {some(missing)}",
                wanted="J, H and Ks of 2MASS, Vega",
                where=str(first),
                todo="ask CMD for the system 2MASS + Spitzer + WISE, or MIST for "
                "UBV(RI)c + 2MASS, and read that file instead or beside this one",
            )
        )


__all__ = ["RawIsochrone", "joined_bands"]
