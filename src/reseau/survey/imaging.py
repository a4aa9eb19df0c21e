"""Where stars fall on the detectors: the observation equation over whole exposures."""

from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from reseau.instrument import Instrument
from reseau.model import ExposureFrame, detector_parameters, predict

CHUNK = 2**19
"""About how many pairs of star and exposure are treated at a time."""


class Images(NamedTuple):
    """Stars on detectors, sorted by exposure, then by source.

    Attributes
    ----------
    source, exposure, detector
        Rows of the star, the exposure and the detector.
    pixel
        Positions x, y without noise [pixel].
    """

    source: Int[np.ndarray, "n"]
    exposure: Int[np.ndarray, "n"]
    detector: Int[np.ndarray, "n"]
    pixel: Float[np.ndarray, "n 2"]


def image_stars(
    instrument: Instrument,
    direction: Float[np.ndarray, "n 3"],
    exposures: ExposureFrame,
) -> Images:
    """Return all images of stars that fall on a detector.

    Parameters
    ----------
    instrument
        True instrument.
    direction
        Geometric directions from the observer, ICRS.
    exposures
        True frames of all exposures.
    """
    detectors = jnp.asarray(detector_parameters(instrument))
    n, m = len(direction), len(exposures.axes)
    n_chunks = -(-n * m // CHUNK)
    size = -(-n // n_chunks)
    # All chunks have one shape, so that the function is compiled once.
    padded = np.concatenate([direction, direction[-1:].repeat(n_chunks * size - n, 0)])
    parts = []
    for first in range(0, n, size):
        rows = jnp.asarray(padded[first : first + size])
        x, y, detector, seen = _pixels(instrument, rows, exposures, detectors)
        source, exposure = np.nonzero(np.asarray(seen)[: n - first])
        pixel = np.stack([np.asarray(a)[source, exposure] for a in (x, y)], axis=-1)
        found = np.asarray(detector)[source, exposure]
        parts.append(
            Images(
                source=(source + first).astype(np.int32),
                exposure=exposure.astype(np.int32),
                detector=found.astype(np.int32),
                pixel=pixel,
            )
        )
    return _sorted(Images(*(np.concatenate(p) for p in zip(*parts, strict=True))))


@eqx.filter_jit
def _pixels(
    instrument: Instrument,
    direction: Float[Array, "n 3"],
    exposures: ExposureFrame,
    detectors: Float[Array, "k 5"],
) -> tuple[
    Float[Array, "n m"], Float[Array, "n m"], Int[Array, "n m"], Bool[Array, "n m"]
]:
    """Return pixels, the detector met, and whether there is one."""
    naxis = jnp.asarray(instrument.detectors.naxis)
    x, y = predict(
        instrument,
        tuple(direction[:, i, None] for i in range(3)),
        exposures,
        jnp.asarray(instrument.coefficients),
        jnp.asarray(instrument.skew),
        detectors,
        jnp.arange(naxis.shape[0])[:, None, None],
    )
    # Pixels reach half a pixel beyond their centres.
    width, height = naxis[:, 0, None, None], naxis[:, 1, None, None]
    inside = (x >= -0.5) & (x < width - 0.5) & (y >= -0.5) & (y < height - 0.5)
    met = jnp.argmax(inside, axis=0)
    x, y = (jnp.take_along_axis(a, met[None], axis=0)[0] for a in (x, y))
    return x, y, met, jnp.any(inside, axis=0)


def _sorted(images: Images) -> Images:
    # The chunks run through the sources already: a stable sort keeps their order.
    order = np.argsort(images.exposure, kind="stable")
    return Images(*(column[order] for column in images))


__all__ = ["Images", "image_stars"]
