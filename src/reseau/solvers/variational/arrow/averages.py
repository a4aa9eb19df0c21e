"""What heavy-tailed data look like from a Normal: averages of all their terms.

From a Normal q of the unknowns each whitened residual is Normal, with a covariance that
follows exactly from q's factors (`leverage`), and so is each source's offset from its
prior. Averages of gradients and curvatures are then integrals over a plane
(`averaged`): no draw is made, and there is no noise.

The calibration's part of a residual's spread is exact on small plates. On large ones
it is that of some combinations of the calibration's modes, chosen at random once, with
the exact one for a mean: there it is a few per cent of the whole.

What the model's own curvature over the width of q would add is left out: it is that of
the sky over milliarcseconds.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from reseau.equations.averages import Averages, Smoothed, at_places, smoothed, turned
from reseau.equations.curvature import block_sums, own_blocks
from reseau.equations.equations import Equations
from reseau.equations.leverage import leverages
from reseau.equations.plan import Blocks, Plan, batch_program
from reseau.equations.residuals import residuals_at
from reseau.equations.sources import source_covariances
from reseau.equations.stages import whitened_own
from reseau.model import OnDetector, OnPlane, Parameters, Problem
from reseau.model.likelihood import Likelihood

WORK = 2**22
"""Measurements times columns of the calibration's root up to which all of these are
taken for the residuals' spread: a few tenths of a second."""

FEWEST = 32
"""Columns in any case: the calibration's part of a spread is then good to 25 %."""

WEAK = 0.25
"""Least share of the clipped curvature that the exact one must leave of a source."""


class Tails(NamedTuple):
    """Heavy-tailed densities of measurements and reference priors; None: Normal."""

    likelihood: Likelihood | None
    reference_prior: Likelihood | None


class OfPriors(NamedTuple):
    """Gaussian factors exp(−½ xᵀT x + hᵀx) that stand for the sources' priors.

    Attributes
    ----------
    precision, slope
        T [rad⁻²] and h [rad⁻¹], of offsets x from the priors' means.
    """

    precision: Float[np.ndarray, "n 2 2"]
    slope: Float[np.ndarray, "n 2"]

    def gradient(self, offset: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n 2"]:
        """Return T x − h."""
        return np.asarray(np.einsum("nij,nj->ni", self.precision, offset) - self.slope)

    def loss(
        self, offset: Float[np.ndarray, "n 2"], covariance: Float[np.ndarray, "n 2 2"]
    ) -> Float[np.ndarray, "n"]:
        """Return the mean of xᵀT x − 2hᵀx over Normals of x."""
        square = np.sum(offset * (self.gradient(offset) - self.slope), axis=1)
        return np.asarray(square + np.sum(self.precision * covariance, axis=(1, 2)))


class Outlook(NamedTuple):
    """What the data look like from a Normal.

    Attributes
    ----------
    averages
        Of all terms, to assemble the equations with. Where factors stand for priors,
        gradients and curvatures are theirs, the loss is not.
    weight, prior_weight
        E[ρ'] of each measurement and each source's prior.
    ambiguous
        Sources that have the clipped curvature.
    excess
        Mean of what factors that stand for priors have for ρ, less that of the priors,
        summed over the sources that are solved for; zero without factors.
    """

    averages: Averages
    weight: Float[np.ndarray, "m"]
    prior_weight: Float[np.ndarray, "n"]
    ambiguous: Bool[np.ndarray, "n"]
    excess: float = 0.0


def look(
    problem: Problem,
    tiles: Plan,
    parameters: Parameters,
    equations: Equations,
    tails: Tails,
    ambiguous: Bool[np.ndarray, "n"],
    factors: OfPriors | None = None,
) -> Outlook:
    """Average all terms over a Normal.

    Parameters
    ----------
    parameters
        Its mean.
    equations
        With its factors.
    tails
        Of measurements and priors.
    ambiguous
        Sources that are to have the clipped curvature in any case.
    factors
        What stands for the sources' priors; absent: averages of their density.
    """
    m = problem.measurements.pixel.shape[0]
    thin = equations._replace(root=thinned(equations.root, m))
    data = smoothed(
        tails.likelihood,
        residuals_at(problem, tiles, parameters).pull,
        leverages(problem, tiles, thin, parameters),
    )
    offset = np.asarray(parameters.offset)
    covariance = source_covariances(
        equations.system, tiles, equations.root, offset.shape[0]
    )
    root, prior = _of_priors(problem, offset, covariance, tails)
    known = np.any(np.asarray(problem.prior.information) != 0, axis=(1, 2))
    loss, excess = np.asarray(prior.loss) * known, np.zeros(known.size)
    if factors is None:
        both = np.stack([prior.exact, prior.clipped])
        back = np.einsum("nab,rbcn,ndc->rnad", root, both, root)
        pull = np.einsum("nab,bn->na", root, prior.gradient)
    else:
        back, pull = np.stack([factors.precision] * 2), factors.gradient(offset)
        excess = factors.loss(offset, covariance) - loss
    own = own_blocks(
        problem,
        tiles,
        parameters,
        lambda batch, *at: _own_blocks(
            batch.blocks,
            *at,
            *(at_places(w, batch) for w in (data.exact, data.clipped)),
        ),
    )
    met = own[1, :, 0, 0] > 0
    # A factor that takes away was made for these very measurements, and leaves enough.
    given = back if factors is None else _positive_part(back)
    ambiguous = ambiguous | (met & _weak(own[0] + given[0], own[1] + given[1]))
    of_data = ambiguous[np.asarray(problem.measurements.source)]
    curvature = np.where(ambiguous[:, None, None], back[1], back[0])
    averages = Averages(
        curvature=jnp.where(of_data, data.clipped, data.exact),
        gradient=data.gradient,
        loss=data.loss,
        prior_curvature=curvature,
        prior_gradient=pull,
        prior_loss=loss,
    )
    return Outlook(
        averages,
        np.asarray(data.weight),
        np.asarray(prior.weight),
        ambiguous,
        float(np.sum(excess[met])),
    )


def thinned(root: Float[np.ndarray, "p q"], m: int) -> Float[np.ndarray, "p k"]:
    """Return combinations of a root's columns whose covariance is the same on average.

    Parameters
    ----------
    m
        Number of measurements; few of them take all columns.
    """
    q = root.shape[1]
    k = max(FEWEST, WORK // m)
    if q <= k:
        return root
    # The same ones at each step: the ascent stays that of one function.
    mixing = np.random.default_rng(0).normal(size=(q, k)) / np.sqrt(k)
    return np.asarray(root @ mixing)


def _of_priors(
    problem: Problem,
    offset: Float[np.ndarray, "n 2"],
    covariance: Float[np.ndarray, "n 2 2"],
    tails: Tails,
) -> tuple[Float[np.ndarray, "n 2 2"], Smoothed]:
    """Return roots of the sources' priors (inverse covariances) and their averages."""
    information = np.asarray(problem.prior.information)
    root = np.zeros_like(information)
    known = np.any(information != 0, axis=(1, 2))
    root[known] = np.linalg.cholesky(information[known])
    whitened = np.einsum("nba,nb->na", root, offset)
    spread = np.einsum("nba,nbc,ncd->nad", root, covariance, root)
    return root, smoothed(tails.reference_prior, whitened, spread)


def _weak(
    exact: Float[np.ndarray, "n 2 2"], clipped: Float[np.ndarray, "n 2 2"]
) -> Bool[np.ndarray, "n"]:
    """Return where the exact curvature is too small a share of the clipped one."""
    left = exact - WEAK * clipped
    middle, half = (0.5 * (left[:, 0, 0] + s * left[:, 1, 1]) for s in (1.0, -1.0))
    return np.asarray(~(middle >= np.hypot(half, left[:, 0, 1])))


def _positive_part(matrix: Float[np.ndarray, "r n 2 2"]) -> np.ndarray:
    """Return symmetric matrices without their negative eigenvalues."""
    value, vector = np.linalg.eigh(matrix)
    return (vector * np.maximum(value, 0.0)[..., None, :]) @ np.swapaxes(vector, -1, -2)


@batch_program
def _own_blocks(
    blocks: Blocks, plane: OnPlane, at: OnDetector, exact: Array, clipped: Array
) -> Array:
    """Return what the blocks of a batch add, exact and clipped, (b, 2, 2, 2, n)."""
    source, _ = whitened_own(blocks, plane, at)
    return block_sums(blocks, source, [turned(w, source) for w in (exact, clipped)])
