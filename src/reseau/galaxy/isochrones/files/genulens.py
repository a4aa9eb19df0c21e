"""The PARSEC isochrones that the package genulens distributes, read as data.

The package (N. Koshimoto, GPL-3) holds output of the CMD 3.9 interface to PARSEC v1.2S
+ COLIBRI for three ages and four or five [M/H] of each component: V, I and 2MASS J, H,
Ks. Only its tables are read, none of its code runs. It has no labels of phases, which
are told from the shape of each isochrone, and no Gaia G, which follows from V and
V - I (Riello et al. 2021, A&A 649, A3, table C.2; scatter 0.03 mag, NaN beyond
V - I = 5). Ages and [M/H] are those of the components, so no sharing out is needed but
within bins of age.
"""

from pathlib import Path

import numpy as np

from reseau.galaxy.isochrones.grid import Isochrone, in_order
from reseau.galaxy.isochrones.populations import POPULATIONS
from reseau.galaxy.published_data import require_data_file

from .phases import phases_by_shape
from .rows import numbers

NAME = "PARSEC v1.2S + COLIBRI, CMD 3.9 (YBC), as in genulens"
FILE = "source_photometry/parsec_cmd/metallicity_grid/normalized/all_prime_parsec.dat"
COMPONENTS = {**{name: name for name in POPULATIONS}, "nsd": "NSD", "nsc": "NSD"}
"""Theirs by ours."""

G_OF_V_I = (-0.01597, -0.02809, -0.2483, 0.03656, -0.002939)
"""G - V as a polynomial in V - I, Riello et al. 2021, table C.2."""

REDDEST = 5.0
FAINTEST = 12.0
"""M_Ks of stars that shine; what is fainter is a white dwarf."""


def genulens_file() -> Path:
    """Return the table among the files of the installed package.

    Raises
    ------
    ConfigError
        The package is not installed or lacks the table.
    """
    return require_data_file(
        FILE,
        where="isochrones = 'genulens'",
        instead="take the shipped isochrones",
    )


def genulens_isochrones(path: Path | None = None) -> dict[str, list[Isochrone]]:
    """Return the isochrones of each component.

    Parameters
    ----------
    path
        The table; that of the installed package unless given.
    """
    file = path or genulens_file()
    lines = file.read_text(encoding="ascii").splitlines()
    names = lines[0].lstrip("# ").split()
    rows: dict[str, list[tuple[int, str]]] = {}
    for number, line in enumerate(lines[1:], 2):
        component, _, rest = line.partition(" ")
        rows.setdefault(component, []).append((number, rest))
    families = names.index("family")
    found = {
        theirs: _grid(_without(body, families - 1), names, file.name)
        for theirs, body in rows.items()
    }
    return {ours: found[theirs] for ours, theirs in COMPONENTS.items()}


def gaia_g(v: np.ndarray, i: np.ndarray) -> np.ndarray:
    """Return Gaia EDR3 G from Johnson V and Cousins I, NaN where V - I > 5.

    Parameters
    ----------
    v, i
        Magnitudes, Vega.
    """
    colour = v - i
    return np.where(
        colour <= REDDEST,
        v + np.polynomial.polynomial.polyval(np.minimum(colour, REDDEST), G_OF_V_I),
        np.nan,
    )


def _without(body: list[tuple[int, str]], column: int) -> list[tuple[int, str]]:
    """Leave out the words of a column."""
    kept = []
    for number, line in body:
        values = line.split()
        kept.append((number, " ".join(values[:column] + values[column + 1 :])))
    return kept


def _grid(body: list[tuple[int, str]], names: list[str], where: str) -> list[Isochrone]:
    numeric = [n for n in names if n not in ("component", "family")]
    columns = numbers(body, numeric, where)
    alive = columns["Ksmag_2mass"] < FAINTEST
    columns = {name: values[alive] for name, values in columns.items()}
    pairs = np.stack([columns["logAge"], columns["MH"]], axis=1)
    return [
        _isochrone({k: v[np.all(pairs == pair, axis=1)] for k, v in columns.items()})
        for pair in np.unique(pairs, axis=0)
    ]


def _isochrone(columns: dict[str, np.ndarray]) -> Isochrone:
    v, i = columns["Vmag"], columns["Imag"]
    mass = in_order(columns["Mini"])
    bands = [columns[f"{band}mag_2mass"] for band in ("J", "H", "Ks")]
    return Isochrone(
        age=float(10.0 ** (columns["logAge"][0] - 9.0)),
        metallicity=float(columns["MH"][0]),
        mass=mass,
        magnitudes=np.stack([*bands, gaia_g(v, i)], axis=1),
        phase=phases_by_shape(mass, columns["Teff_K"], columns["logg"]),
        log_g=columns["logg"],
        temperature=columns["Teff_K"],
    )


__all__ = ["NAME", "gaia_g", "genulens_file", "genulens_isochrones"]
