"""What one block of a tile gives to the normal equations: products of its columns."""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array

from reseau.instrument import Instrument
from reseau.model import PER_DETECTOR, PER_EXPOSURE

from .plan import Block


class Share(NamedTuple):
    """What one block of a tile gives to the normal equations.

    Attributes
    ----------
    product
        For each slot, products of the whitened columns: exposure, calibration
        (distortion and skew), detector and, last, the residual, (k, p, p).
    by_exposure, by_calibration, by_detector
        Border of the sources on the slots' exposures, on the calibration and on the
        slots' detectors, the last summed by detector.
    block, gradient
        The sources' own blocks and right-hand side, priors left out.
    """

    product: Array
    by_exposure: Array
    by_calibration: Array
    by_detector: Array
    block: Array
    gradient: Array


def products(
    instrument: Instrument,
    block: Block,
    source: Array,
    shared: Array,
    source_right: Array,
    shared_right: Array,
) -> Share:
    """Multiply whitened columns with the same ones, weighted or not."""
    k, p, _, n = shared.shape
    flat, right = shared.reshape(k, p, 2 * n), shared_right.reshape(k, p, 2 * n)
    last = p - 1 - PER_DETECTOR
    by_exposure = jnp.sum(
        source[:, None] * shared_right[:, :PER_EXPOSURE, None], axis=3
    )
    by_detector = jnp.sum(source[:, None] * shared_right[:, last:-1, None], axis=3)
    met = _one_hot(jnp.asarray(block.detector), instrument)
    return Share(
        product=jnp.einsum("kpm,kqm->kpq", flat, right),
        by_exposure=by_exposure.reshape(-1, 2, n),
        by_calibration=jnp.sum(
            source[:, None] * shared_right[:, PER_EXPOSURE:last, None], axis=(0, 3)
        ),
        by_detector=jnp.einsum("kd,kpan->dpan", met, by_detector).reshape(-1, 2, n),
        block=jnp.sum(source[:, :, None] * source_right[:, None], axis=(0, 3)),
        gradient=jnp.sum(source * shared_right[:, None, -1], axis=(0, 2)),
    )


def _one_hot(detector: Array, instrument: Instrument) -> Array:
    """Return 1 where a slot is of a detector, (k, n_det)."""
    number = jnp.arange(instrument.detectors.centre.shape[0], dtype=detector.dtype)
    return (detector[:, None] == number[None, :]).astype(jnp.float64)


def weighted_products(
    instrument: Instrument,
    block: Block,
    columns: tuple[Array, Array],
    bent: tuple[Array, Array],
    gradient: Array,
    loss: Array,
) -> Share:
    """Multiply whitened columns with W times the same.

    Parameters
    ----------
    columns, bent
        By the sources and by the rest; W times these, without the residual.
    gradient
        ρ'r, (k, 2, n).
    loss
        Of each slot.
    """
    share = products(
        instrument,
        block,
        *columns,
        bent[0],
        jnp.concatenate([bent[1], gradient[:, None]], axis=1),
    )
    # The gradient is needed as last row too; there W was applied to the other side.
    product = share.product.at[:, -1].set(share.product[:, :, -1])
    return share._replace(product=product.at[:, -1, -1].set(loss))


__all__ = ["Share", "products", "weighted_products"]
