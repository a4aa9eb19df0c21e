"""What is usually done with many plates, to compare with.

Each plate is solved with the catalogue's prior, and has a posterior position of each
source with a covariance of 2 x 2. Two ways to go on from there:

``posteriors``
    The positions count as independent data, five parameters a star are fitted to them
    by weighted least squares. But each holds the same errors of the catalogue, and two
    stars on one plate those of the same calibration.
``blocks``
    The prior is divided out of each position, and counts once at the end. What
    calibrations have in common, from plate to plate and from star to star, is still
    left out.

The Plate Analysis does the first, what AGIS and most programs quote is nearest to the
second. `solve_jointly` needs neither.

References
----------
"Plate Analysis", Ohsawa et al.; Lindegren et al. 2012, A&A 538, A78, section 6.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from reseau._parts import each_part
from reseau.catalogue import WidePrior
from reseau.constants import MILLIARCSECOND
from reseau.datasets.information import Information
from reseau.errors import unknown_name
from reseau.linalg import (
    BlockLowRank,
    Columns,
    cholesky_blocks,
    factorise_low_rank,
    singular_blocks,
)

from .joint import Share, joint
from .stars import Stars

KINDS = ("posteriors", "blocks")
"""What is averaged."""


class Averaged(NamedTuple):
    """Parameters of stars from averages over their plates.

    Attributes
    ----------
    parameters
        As those of `Stars`, the first k; NaN where the plates of a star, without a
        prior, do not determine all of them.
    covariance
        As this way of averaging states it.
    """

    parameters: Float[np.ndarray, "n k"]
    covariance: Float[np.ndarray, "n k k"]


class _Position(NamedTuple):
    """What a plate says of each source alone: −log L = ½ dᵀ weight d − rightᵀ d."""

    share: Share
    weight: Float[np.ndarray, "n 2 2"]
    right: Float[np.ndarray, "n 2"]


def averaged(
    plates: Sequence[Information], stars: Stars, kind: str = "posteriors"
) -> Averaged:
    """Return parameters of stars as averages over plates, one star at a time.

    Parameters
    ----------
    plates
        What they say of their sources.
    stars
        Where they start, and the catalogue's prior.
    kind
        Of `KINDS`, see the module.

    Raises
    ------
    ConfigError
        There is no such kind.
    """
    if kind not in KINDS:
        raise unknown_name("kind", kind, KINDS, where="averaged")
    covariance = _catalogue_covariance(stars)

    def of_plate(share: Share) -> _Position:
        return _position(share, stars, covariance, divided=kind == "blocks")

    shares = joint(plates, stars).plates
    blocks, right = _priors(stars, once=kind == "blocks")
    for share, weight, gradient in each_part(of_plate, shares):
        row, excess, jacobian = share.mapped
        across = jacobian.transpose(0, 2, 1)
        blocks[row] += across @ weight @ jacobian
        rest = gradient - np.einsum("nij,nj->ni", weight, excess)
        right[row] += np.einsum("nki,ni->nk", across, rest)
    return _solved(stars, blocks, right)


def _catalogue_covariance(stars: Stars) -> Float[np.ndarray, "n k k"]:
    """Return covariances of the references' priors, with the wide one where open."""
    wide = WidePrior()
    width = np.array([wide.parallax, *[wide.proper_motion] * 2]) * MILLIARCSECOND
    width = np.append(width, wide.radial_velocity)[: stars.size - 2]
    out = np.zeros_like(stars.prior)
    known = np.flatnonzero(stars.is_reference)
    prior = stars.prior[known]
    open_ = singular_blocks(prior)
    at = np.arange(2, stars.size)
    prior[np.ix_(open_, at, at)] += np.diag(width**-2.0)
    out[known] = np.linalg.inv(prior)
    return out


def _position(
    share: Share, stars: Stars, covariance: np.ndarray, *, divided: bool
) -> _Position:
    """Return each source's marginal posterior on a plate, or that without its prior."""
    said, (row, excess, jacobian) = share.information, share.mapped
    reference = np.flatnonzero(stars.is_reference[row])
    whose, seen = row[reference], jacobian[reference]
    size = stars.size
    prior, pull = np.zeros_like(said.blocks), np.zeros_like(said.gradient)
    prior[reference] = np.linalg.inv(seen @ covariance[whose] @ seen.transpose(0, 2, 1))
    ahead = (stars.mean - stars.parameters)[whose, :size]
    mean = excess[reference] + np.einsum("nik,nk->ni", seen, ahead)
    pull[reference] = np.einsum("nij,nj->ni", prior[reference], mean)
    columns = Columns(np.arange(len(row)), said.columns)
    factor = factorise_low_rank(BlockLowRank(said.blocks + prior, (columns,)))
    position = factor.solve(said.gradient + pull)
    weight = np.linalg.inv(factor.covariance_blocks())
    right = np.einsum("nij,nj->ni", weight, position)
    if divided:
        return _Position(share, weight - prior, right - pull)
    return _Position(share, weight, right)


def _priors(stars: Stars, *, once: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the normal equations of the priors, those of the references if `once`."""
    counts = np.where(stars.is_reference & (not once), 0.0, 1.0)
    blocks = stars.prior * counts[:, None, None]
    ahead = (stars.mean - stars.parameters)[:, : stars.size]
    return blocks, np.einsum("nij,nj->ni", blocks, ahead)


def _solved(stars: Stars, blocks: np.ndarray, right: np.ndarray) -> Averaged:
    """Return solutions star by star, NaN where there is none."""
    parameters = np.full(right.shape, np.nan)
    covariance = np.full(blocks.shape, np.nan)
    found = np.flatnonzero(~singular_blocks(blocks))
    root = cholesky_blocks(blocks[found])
    half = np.linalg.inv(root)
    covariance[found] = half.transpose(0, 2, 1) @ half
    step = np.einsum("nij,nj->ni", covariance[found], right[found])
    parameters[found] = stars.parameters[found, : stars.size] + step
    return Averaged(parameters, covariance)


__all__ = ["KINDS", "Averaged", "averaged"]
