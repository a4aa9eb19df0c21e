"""Stars whose parallax or motion plates do not determine: they get a position."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float

from reseau._compiled import quick_jit
from reseau._usual import in_chunks
from reseau.catalogue import WidePrior
from reseau.constants import MILLIARCSECOND
from reseau.datasets.information import Information
from reseau.sky import parallax_factors

from .stars import POSITIONS, Stars

TOO_WIDE = 10.0
"""Errors of parallax or motion that count as none, in units of the wide prior."""

_factors = quick_jit(parallax_factors)


def with_positions_alone(
    plates: Sequence[Information], stars: Stars, wide: WidePrior | None = None
) -> Stars:
    """Give stars that have no parallax or motion of their own the wide prior.

    Their epoch becomes the mean of their plates', where the position hardly depends on
    the motion that is not known.

    Parameters
    ----------
    plates
        What they say.
    stars
        With the references' priors.
    wide
        About zero; absent: the usual one.
    """
    blocks, epoch = _rough(plates, stars)
    width = widths(stars.size, wide)
    open_ = undetermined(blocks, wide)
    prior = stars.prior.copy()
    at = np.arange(2, stars.size)
    prior[np.ix_(open_, at, at)] += np.diag(width**-2.0)
    if stars.size > 5:
        bare = np.flatnonzero(prior[:, 5, 5] == 0.0)
        prior[bare, 5, 5] = width[3] ** -2.0
    return replace(
        stars,
        epoch=np.where(open_, epoch, stars.epoch),
        prior=prior,
        solved_for=np.where(open_, POSITIONS, stars.solved_for),
    )


def widths(size: int, wide: WidePrior | None = None) -> Float[np.ndarray, "q"]:
    """Return errors of the wide prior: of parallax, motion and radial velocity.

    Parameters
    ----------
    size
        Number of parameters that are solved for, 5 or 6.
    wide
        Absent: the usual one.
    """
    wide = wide or WidePrior()
    every = [
        wide.parallax * MILLIARCSECOND,
        *[wide.proper_motion * MILLIARCSECOND] * 2,
        wide.radial_velocity,
    ]
    return np.array(every[: size - 2])


def undetermined(
    blocks: Float[np.ndarray, "n k k"], wide: WidePrior | None = None
) -> Bool[np.ndarray, "n"]:
    """Return of which stars parallax or motion have errors that count as none.

    Parameters
    ----------
    blocks
        What is said of each star.
    wide
        What errors are compared with; absent: the usual prior.
    """
    # The radial velocity shows in almost no star; it never decides.
    return _open(blocks[:, :5, :5], widths(5, wide))


def _rough(
    plates: Sequence[Information], stars: Stars
) -> tuple[Float[np.ndarray, "n k k"], Float[np.ndarray, "n"]]:
    """Return blocks to first order, and the mean epochs of the stars' plates."""
    blocks = stars.prior.copy()
    weight, moment = np.zeros(stars.n), np.zeros(stars.n)
    for plate in plates:
        row = np.searchsorted(stars.source_id, plate.source_id)
        jacobian = np.zeros((row.size, 2, stars.size))
        jacobian[:, 0, 0] = jacobian[:, 1, 1] = 1.0
        place = np.tile(plate.observer, (row.size, 1))
        factors = in_chunks(_factors, plate.direction, place)
        jacobian[:, :, 2] = np.stack(factors, axis=1)
        elapsed = plate.epoch - stars.epoch[row]
        jacobian[:, 0, 3] = jacobian[:, 1, 4] = elapsed
        product = np.matmul(plate.blocks, jacobian)
        blocks[row] += np.matmul(jacobian.transpose(0, 2, 1), product)
        size = np.trace(plate.blocks, axis1=1, axis2=2)
        weight[row] += size
        moment[row] += size * elapsed
    return blocks, stars.epoch + moment / np.where(weight > 0, weight, 1.0)


def _open(
    blocks: Float[np.ndarray, "n k k"], width: Float[np.ndarray, "q"]
) -> Bool[np.ndarray, "n"]:
    """Return where errors of parallax or motion are much wider than their widths."""
    scale = np.sqrt(np.diagonal(blocks, axis1=1, axis2=2))
    scale = np.where(scale > 0, scale, 1.0)
    scaled = blocks / scale[:, :, None] / scale[:, None, :]
    values, vectors = np.linalg.eigh(scaled)
    floor = np.finfo(float).eps * 64
    inverse = 1.0 / np.maximum(values, floor)
    variance = np.einsum("nij,nj,nij->ni", vectors, inverse, vectors) / scale**2
    return np.any(np.sqrt(variance[:, 2:]) > TOO_WIDE * width, axis=1)


__all__ = ["TOO_WIDE", "undetermined", "widths", "with_positions_alone"]
