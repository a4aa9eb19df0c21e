"""JASMINE's nominal instrument as a record.

Four detectors in a square, turned by 0, 90, 180 and 270 degrees; the prior widths are
those of the Plate Analysis. The preset ``jasmine`` in files states the same facts.
"""

import numpy as np

from reseau.constants import DEGREE
from reseau.instrument import Detectors, Instrument, make_distortion

FOCAL_LENGTH = 4_860_000.0  # um
PIXEL = 10.0  # um
PIXELS_ON_A_SIDE = 1920
DETECTOR_OFFSET = 11_100.0  # um, of a detector's centre in X and in Y
QUARTERS = ((-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0))
NORMALISATION = 21_000.0  # um

FIELD_SIDE = (2.0 * DETECTOR_OFFSET + PIXELS_ON_A_SIDE * PIXEL) / FOCAL_LENGTH
"""Side of the field of view [rad], 0.488°."""


def jasmine_instrument() -> Instrument:
    """Return the nominal instrument, with the prior widths of the Plate Analysis."""
    distortion = make_distortion("legendre", degree=5, normalisation=NORMALISATION)
    return Instrument(
        name="jasmine",
        projection="gnomonic",
        parity=-1,
        focal=np.full(2, FOCAL_LENGTH),
        focal_sigma=np.asarray(10_000.0),
        focal_prior="gamma",
        scale="exposure-axis",
        distortion=distortion,
        coefficients=distortion.default(),
        coefficient_sigma=distortion.widths(1000.0),
        skew=np.asarray(0.0),
        skew_sigma=np.asarray(0.01),
        detectors=_detectors(),
    )


def _detectors() -> Detectors:
    n = len(QUARTERS)
    return Detectors(
        ids=tuple(range(1, n + 1)),
        centre=DETECTOR_OFFSET * np.array(QUARTERS),
        theta=90.0 * DEGREE * np.arange(n),
        pitch=np.full((n, 2), PIXEL),
        naxis=np.full((n, 2), float(PIXELS_ON_A_SIDE)),
        sigma_centre=np.full(n, 100.0),
        sigma_theta=np.full(n, 0.1 * DEGREE),
        sigma_pitch=np.full(n, 0.01),
    )


__all__ = ["FIELD_SIDE", "jasmine_instrument"]
