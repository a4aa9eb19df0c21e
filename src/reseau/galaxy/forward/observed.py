"""What Gaia and an infrared survey would measure of a star: errors, and values with them.

Astrometry of Gaia has errors by magnitude G, given by a function, and ends at its
faintest magnitude, beyond which a star has no astrometry. Infrared magnitudes have an
error of ``(s² + (0.2 · 10^(0.4 (m - m5)))²)^½``: a floor s of the calibration, and the
noise of a bright sky, 0.2 mag at the magnitude m5 that is five times the noise.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from jaxtyping import Float

from reseau.constants import DEGREE, MILLIARCSECOND
from reseau.galaxy.photometry import HwFormula
from reseau.sky.textbook import displaced_angles
from reseau.tables.layouts import ASTROMETRY
from reseau.tables.mock_layouts import INFRARED, OBSERVED

from .stars import Columns

Widths = Callable[[Float[np.ndarray, "n"]], Float[np.ndarray, "n 5"]]
"""1σ of ra·cos dec, dec, parallax, pmra, pmdec [mas, mas/yr] of G [mag]."""
