"""The text table of Gaia BH3: one CCD a line, with an outlier flag.

Columns: transit, CCD, time [JD, TCB, at the barycentre], abscissa and error [mas],
parallax factor, position angle of the scan [deg], flag (1: left out). CDS J/A+A/686/L2,
table b1; motion counts from J2017.5.
"""

import numpy as np

from reseau.motions.epoch_abscissae import one_dimensional
from reseau.motions.epoch_astrometry import EpochAstrometry

from .text import TextFile, are_numbers

DAYS_PER_YEAR = 365.25
J2000 = 2_451_545.0
REFERENCE = 2017.5
COLUMNS = "transit, CCD, JD, abscissa, error, parallax factor, scan angle, outlier flag"


def is_gaia_text(text: TextFile) -> bool:
    """Return whether the first line is a CCD's."""
    words = text.lines[0].split() if text.lines else []
    if len(words) != 8 or not are_numbers(words):
        return False
    return 2.45e6 < float(words[2]) < 2.48e6 and words[7] in ("0", "1")


def read_gaia_text(text: TextFile) -> EpochAstrometry:
    """Return the abscissae of the file's one source."""
    rows = text.table(0, 8, COLUMNS)
    transit = np.array([int(line.split()[0]) for line in text.lines])
    angle = np.deg2rad(rows[:, 6])
    return one_dimensional(
        (rows[:, 2] - J2000) / DAYS_PER_YEAR - (REFERENCE - 2000.0),
        np.stack([np.sin(angle), np.cos(angle)], axis=1),
        rows[:, 5],
        rows[:, 3],
        rows[:, 4],
        reference_epoch=REFERENCE,
        is_used=rows[:, 7] == 0.0,
        group=transit,
        origin="Gaia epoch astrometry",
    )


__all__ = ["is_gaia_text", "read_gaia_text"]
