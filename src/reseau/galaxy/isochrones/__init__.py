"""Isochrones: magnitudes of the stars of each component, with their numbers.

Three sources give the same record, `Isochrones`: the table that comes with reseau
(`shipped_isochrones`), the tables of the package genulens, and files of PARSEC or MIST
that a user downloaded (`read_isochrones`). `luminosity_segments` joins any of them to a
mass function. What they are worth:

* **Shipped**: PARSEC v1.2S with COLIBRI in J, H, Ks (2MASS) and G (Gaia EDR3), from
  0.09 solar masses to the last thermal pulse, 24 ages of 9 Myr to 12 Gyr and 7 [M/H] of
  -1.2 to +0.3. Against CMD 3.9 (genulens) in populations older than 5 Gyr, J, H and Ks
  agree to 0.02 mag on every branch and to 0.01 mag on the giants, and the numbers of
  stars by M_Ks to 2 per cent.
* **genulens**: the same models with ages and [M/H] of its own, V and I in place of G.
* **MIST** v2.5: the bar's red clump is 0.07 mag brighter in Ks than PARSEC's, red
  giants 0.02 mag bluer in J - Ks at M_Ks = -3, dwarfs of 0.15 and 0.3 solar masses 0.23
  and 0.13 mag brighter in Ks.

The red clump (mode of M_Ks) is at -1.60 in the bar, -1.66 in the nuclear disc, -1.34 in
the thick disc, and at -1.67 in the solar neighbourhood, where -1.606 ± 0.009 is
observed (Ruiz-Dern et al. 2018, A&A 609, A116). It fades by 0.022 mag per Gyr; observed
are 0.020 ± 0.003 (Chen et al. 2017, ApJ 840, 77). Dwarfs below 0.4 solar masses are
about 0.2 mag too faint in Ks for their mass, by the dynamical masses of Mann et al.
2019 (ApJ 871, 63). Stars below 0.09 solar masses have no magnitudes: with M_J of 11.2
and fainter they reach Hw = 17 within 150 pc only, 0.03 stars in 0.1° x 0.1°.
"""

from .branches import branch_differences, branch_magnitudes, clump_by_age
from .files import read_isochrones
from .grid import Isochrone, weighted
from .luminosity import (
    Clump,
    giant_share,
    luminosity_function,
    red_clump,
    shares_by_magnitude,
)
from .populations import POPULATIONS, Population
from .segments import Segments, luminosity_segments
from .shipped import shipped_isochrones
from .table import BANDS, PHASES, Isochrones

__all__ = [
    "BANDS",
    "PHASES",
    "POPULATIONS",
    "Clump",
    "Isochrone",
    "Isochrones",
    "Population",
    "Segments",
    "branch_differences",
    "branch_magnitudes",
    "clump_by_age",
    "giant_share",
    "luminosity_function",
    "luminosity_segments",
    "read_isochrones",
    "red_clump",
    "shares_by_magnitude",
    "shipped_isochrones",
    "weighted",
]
