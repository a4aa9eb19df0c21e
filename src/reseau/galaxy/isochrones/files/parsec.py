"""Files of the CMD web interface to PARSEC isochrones, versions 3.

A file has comments, names of columns after a ``#`` (``# Zini MH logAge Mini ...``), and
rows of all isochrones one after the other, told apart by MH and logAge. Magnitudes are
absolute, Vega in all systems with J, H, Ks or Gaia's G, and are called `Jmag`, `Hmag`,
`Ksmag`, `Gmag`. The system UBVRIJHK has a `Kmag` of another system and is refused.
"""

import itertools

import numpy as np

from reseau.errors import FileFormatError, TableWarning, explain, some, warn
from reseau.galaxy.isochrones.table import PHASES

from .raw import RawIsochrone
from .rows import numbers

NEEDED = ("MH", "logAge", "Mini", "logTe", "logg", "label")
MAGNITUDES = {"Jmag": "J", "Hmag": "H", "Ksmag": "Ks", "Gmag": "G"}
END = "#isochrone terminated"
LATER = len(PHASES)
"""The label of what comes after the asymptotic giant branch."""


def is_parsec(text: str) -> bool:
    """Return whether a file is the CMD interface's, from how it begins."""
    return "Zini" in text[:8000] and "logAge" in text[:8000]


def parsec_isochrones(text: str, where: str) -> list[RawIsochrone]:
    """Return the isochrones of a file of the CMD interface.

    Parameters
    ----------
    text
        All of it.
    where
        Its name.

    Raises
    ------
    FileFormatError
        A column is missing, or a row is broken.
    """
    lines = [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
    names = _names([line for _, line in lines], where)
    body = [(n, line) for n, line in lines if _is_row(line)]
    columns = numbers(body, names, where)
    if END not in text:
        warn(
            f"{where} does not end with {END!r}: isochrones may be missing at its end",
            TableWarning,
        )
    bands = {ours: columns[name] for name, ours in MAGNITUDES.items() if name in names}
    if {"Umag", "Bmag", "Kmag"} <= set(names):
        bands = {}
    starts = _starts(columns)
    return [
        _isochrone(columns, bands, slice(first, last), where)
        for first, last in itertools.pairwise(starts)
    ]


def _is_row(line: str) -> bool:
    start = line.lstrip()
    return not start.startswith(("#", "Zini"))


def _names(lines: list[str], where: str) -> list[str]:
    header = next((x for x in lines if x.lstrip("# ").startswith("Zini")), "")
    names = header.lstrip("# ").split()
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise FileFormatError(
            explain(
                given=f"no column {some(missing)}, but {some(names, 12) or 'no names'}",
                wanted="isochrone tables of the CMD interface with evolutionary stage "
                f"labels: {', '.join(NEEDED)}",
                where=where,
                todo="ask CMD for 'isochrone tables', not for luminosity functions, "
                "and keep the line that begins with '# Zini'",
            )
        )
    return names


def _starts(columns: dict[str, np.ndarray]) -> list[int]:
    pair = np.stack([columns["MH"], columns["logAge"]])
    changes = np.flatnonzero(np.any(np.diff(pair, axis=1) != 0.0, axis=0)) + 1
    if pair.shape[1] == 0:
        return [0]
    return [0, *(int(c) for c in changes), pair.shape[1]]


def _isochrone(
    columns: dict[str, np.ndarray],
    bands: dict[str, np.ndarray],
    rows: slice,
    where: str,
) -> RawIsochrone:
    first = rows.start
    return RawIsochrone(
        where=where,
        age=float(10.0 ** (columns["logAge"][first] - 9.0)),
        metallicity=float(columns["MH"][first]),
        mass=columns["Mini"][rows],
        temperature=10.0 ** columns["logTe"][rows],
        log_g=columns["logg"][rows],
        phase=columns["label"][rows].astype(np.int64),
        bands={band: values[rows] for band, values in bands.items()},
    )


__all__ = ["is_parsec", "parsec_isochrones"]
