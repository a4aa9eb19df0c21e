"""Measurements in an order that suits a computation, as arrays that broadcast.

The log density is a sum over measurements, in any order and shape. In rows, every
measurement looks up its own source and exposure; laid out as slots by sources
(`solve.plan`), a row of measurements shares an exposure and a column a source, so
that few look-ups remain. The formula is the same for both.
"""

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float, Int

from .problem import Problem


class Arrangement(eqx.Module):
    """What was measured, in arrays that broadcast to one shape.

    Attributes
    ----------
    source, exposure, detector
        Row indices into the sources, the exposures and the detectors.
    pixel_x, pixel_y
        Position [pixel].
    whitening
        Entries 11, 21, 22 of the inverse lower Cholesky factor of the pixel
        covariance [1/pixel]; zero at places without a measurement.
    covariates
        Of the instrument's declared terms; None: there are none.
    """

    source: Int[Array | np.ndarray, "*#shape"]
    exposure: Int[Array | np.ndarray, "*#shape"]
    detector: Int[Array | np.ndarray, "*#shape"]
    pixel_x: Float[Array | np.ndarray, "*shape"]
    pixel_y: Float[Array | np.ndarray, "*shape"]
    whitening: Float[Array | np.ndarray, "3 *shape"]
    covariates: Float[Array | np.ndarray, "n_terms *shape"] | None = None


def whitening_factors(
    covariance: Float[np.ndarray, "m 2 2"],
) -> Float[np.ndarray, "3 m"]:
    """Return entries 11, 21, 22 of the inverse lower Cholesky factors."""
    a = np.sqrt(covariance[:, 0, 0])
    b = covariance[:, 0, 1] / a
    c = np.sqrt(covariance[:, 1, 1] - b**2)
    return np.stack([1.0 / a, -b / (a * c), 1.0 / c])


def in_rows(problem: Problem) -> Arrangement:
    """Return a problem's measurements as they come, each with its own indices."""
    measurements = problem.measurements
    pixel = np.asarray(measurements.pixel)
    return Arrangement(
        source=np.asarray(measurements.source),
        exposure=np.asarray(measurements.exposure),
        detector=np.asarray(measurements.detector),
        pixel_x=pixel[:, 0],
        pixel_y=pixel[:, 1],
        whitening=whitening_factors(np.asarray(measurements.covariance)),
        covariates=measurements.covariates,
    )
