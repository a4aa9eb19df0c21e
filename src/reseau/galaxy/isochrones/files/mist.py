"""Files ``.iso.cmd`` of MIST, isochrones with synthetic photometry.

A file has one [Fe/H] and any number of ages, each in a block that says how many points
it has (Dotter 2016, ApJS 222, 8; Choi et al. 2016, ApJ 823, 102). Magnitudes are
absolute, Vega in the systems with 2MASS bands. MIST's phases -1 to 5 become those of
`PHASES`; its giants before helium burning are subgiants as long as log g > 3.7.
"""

import itertools
import re
from collections.abc import Iterator

import numpy as np

from reseau.errors import CatalogueError, FileFormatError, explain, some

from .raw import RawIsochrone
from .rows import numbers

BLOCK = "# number of EEPs, cols"
MAGNITUDES = {
    "J": ("2MASS_J",),
    "H": ("2MASS_H",),
    "Ks": ("2MASS_Ks",),
    "G": ("Gaia_G_EDR3", "Gaia_G_DR2Rev", "Gaia_G_MAW"),
}
NEEDED = ("initial_mass", "log_Teff", "log_g", "phase")
AGES = ("log10_isochrone_age_yr", "isochrone_age_yr")

SUBGIANT_LOG_G = 3.7
_PHASES = {-1: 0, 0: 1, 2: 3, 3: 4, 4: 7, 5: 8, 9: 4}
DEAD = 9


def is_mist(text: str) -> bool:
    """Return whether a file is MIST's, from how it begins."""
    return "MIST version" in text[:2000]


def mist_isochrones(text: str, where: str) -> list[RawIsochrone]:
    """Return the isochrones of a file of MIST.

    Parameters
    ----------
    text
        All of it.
    where
        Its name.

    Raises
    ------
    FileFormatError
        A column or a block is missing, or a row is broken.
    CatalogueError
        The magnitudes are reddened.
    """
    lines = text.splitlines()
    _check_reddening(text, where)
    metallicity = _metallicity(lines, where)
    blocks = list(_blocks(lines, where))
    told = re.search(r"number of isochrones\s*=\s*(\d+)", text)
    if told is None or int(told.group(1)) != len(blocks) or not blocks:
        raise FileFormatError(
            explain(
                given=f"{len(blocks)} isochrones",
                wanted=f"{told.group(1) if told else 'some'}, as its header says",
                where=where,
                todo="download the file again: it was cut, or edited",
            )
        )
    return [_isochrone(columns, metallicity, where) for columns in blocks]


def _check_reddening(text: str, where: str) -> None:
    told = re.search(r"^#\s*Av\S*\s*=\s*([\d.]+)", text, flags=re.MULTILINE)
    if told is not None and float(told.group(1)) != 0.0:
        raise CatalogueError(
            explain(
                given=f"magnitudes reddened by Av = {told.group(1)}",
                wanted="absolute magnitudes without extinction",
                where=where,
                todo="ask MIST for Av = 0",
            )
        )


def _metallicity(lines: list[str], where: str) -> float:
    for names, values in itertools.pairwise(lines[:40]):
        if "[Fe/H]" in names and "Yinit" in names:
            table = dict(
                zip(names.strip("# ").split(), values.strip("# ").split(), strict=False)
            )
            return float(table["[Fe/H]"])
    raise FileFormatError(
        explain(
            given="no line with Yinit, Zinit and [Fe/H]",
            wanted="the header that MIST writes",
            where=where,
            todo="keep the comments at the beginning of the file",
        )
    )


def _blocks(lines: list[str], where: str) -> Iterator[dict[str, np.ndarray]]:
    for index, line in enumerate(lines):
        if not line.startswith(BLOCK):
            continue
        count = int(line.split()[-2])
        names = lines[index + 2].lstrip("# ").split() if index + 2 < len(lines) else []
        first = index + 3
        body = [
            (number + 1, lines[number])
            for number in range(first, min(first + count, len(lines)))
            if lines[number].strip() and not lines[number].startswith("#")
        ]
        if len(body) != count:
            raise FileFormatError(
                explain(
                    given=f"{len(body)} points after line {first}",
                    wanted=f"{count} points, as line {index + 1} says",
                    where=where,
                    todo="download the file again: it was cut",
                )
            )
        _check_names(names, where)
        yield numbers(body, names, where)


def _check_names(names: list[str], where: str) -> None:
    missing = [name for name in NEEDED if name not in names]
    if not any(age in names for age in AGES):
        missing.append(AGES[0])
    if missing:
        raise FileFormatError(
            explain(
                given=f"no column {some(missing)}",
                wanted="isochrones of MIST with synthetic photometry and phases",
                where=where,
                todo="take the files called .iso.cmd",
            )
        )


def _isochrone(
    columns: dict[str, np.ndarray], metallicity: float, where: str
) -> RawIsochrone:
    if AGES[0] in columns:
        age = float(10.0 ** (columns[AGES[0]][0] - 9.0))
    else:
        age = float(columns[AGES[1]][0] / 1e9)
    codes = columns["phase"].astype(np.int64)
    phase = np.full(len(codes), DEAD)
    for theirs, ours in _PHASES.items():
        phase[codes == theirs] = ours
    phase[(phase == 3) & (columns["log_g"] > SUBGIANT_LOG_G)] = 2
    bands = {
        band: columns[found]
        for band, names in MAGNITUDES.items()
        if (found := next((name for name in names if name in columns), None))
    }
    return RawIsochrone(
        where=where,
        age=age,
        metallicity=metallicity,
        mass=columns["initial_mass"],
        temperature=10.0 ** columns["log_Teff"],
        log_g=columns["log_g"],
        phase=phase,
        bands=bands,
    )


__all__ = ["is_mist", "mist_isochrones"]
