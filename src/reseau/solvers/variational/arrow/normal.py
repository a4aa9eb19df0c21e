"""A Normal with block-arrow precision about a point, and its natural-gradient step.

The pieces of `natural`: draws by the factors, averages of the equations over draws,
averaging of the precision's blocks with a new elimination, and the ELBO.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse
from jaxtyping import Array, Float

from reseau._parts import in_parts, interleaved
from reseau.equations.assemble import System, assemble
from reseau.equations.equations import Equations
from reseau.equations.plan import Plan
from reseau.equations.sources import source_steps
from reseau.linalg import Factor, Tile, eliminate, factorise
from reseau.model import Parameters, Problem, prior_terms, take_step
from reseau.model.gauge import Datum, find_datum
from reseau.solvers.variational.guides import LOG_TWO_PI


class Arrow(NamedTuple):
    """A Normal about a point.

    Attributes
    ----------
    parameters
        The mean.
    tiles
        Eliminated sources: factors and whitened borders.
    corner
        Corner of the precision before elimination, (p, p).
    factor, basis
        Root of the inverse Schur complement in the free parameters, and these.
    datum
        Modes of the calibration that trade exactly.
    """

    parameters: Parameters
    tiles: list[Tile]
    corner: Float[np.ndarray, "p p"]
    factor: Factor
    basis: scipy.sparse.csr_matrix
    datum: Datum

    @property
    def root(self) -> np.ndarray:
        """Return V, with V Vᵀ the covariance of the shared parameters."""
        return np.asarray(self.basis @ self.factor.root)

    def in_datum(self, steps: np.ndarray) -> np.ndarray:
        """Return steps of the shared parameters (p, ...) without the common modes."""
        directions, gain = self.datum.directions, self.datum.gain()
        return np.asarray(steps - directions @ (gain @ steps))

    def sigma(self) -> np.ndarray:
        """Return σ of the shared parameters in the datum."""
        return np.asarray(np.sqrt(np.sum(self.in_datum(self.root) ** 2, axis=1)))


class Expected(NamedTuple):
    """Averages over draws.

    Attributes
    ----------
    tiles
        Eliminated tiles of each draw.
    corner, right
        Corner and its right-hand side after elimination, priors included.
    log_density
        Mean log density.
    """

    tiles: list[tuple[Tile, ...]]
    corner: Float[np.ndarray, "p p"]
    right: Float[np.ndarray, "p"]
    log_density: float


class Step(NamedTuple):
    """What a step changed: largest move of a mean and of a σ, both over σ."""

    arrow: Arrow
    move: float
    spread: float


def arrow_at(problem: Problem, parameters: Parameters, equations: Equations) -> Arrow:
    """Return the Normal that Gauss-Newton's last equations make."""
    size = equations.root.shape[0]
    return Arrow(
        parameters,
        equations.system.tiles,
        np.zeros((size, size)),
        equations.factor,
        equations.basis,
        find_datum(problem, parameters),
    )


def draw_steps(
    tiles: Plan, arrow: Arrow, n_sources: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return a draw about the mean: shared parameters, then the sources given these."""
    shared = arrow.root @ rng.normal(size=arrow.factor.root.shape[1])
    drawn = [
        tile._replace(gradient=jnp.asarray(rng.normal(size=tile.gradient.shape)))
        for tile in arrow.tiles
    ]
    # Lᵀ s = z − B f is the back-substitution with z in the gradient's place.
    offset, _ = source_steps(_system(drawn), tiles, shared, n_sources)
    return arrow.in_datum(shared), offset


def _system(tiles: list[Tile]) -> System:
    """Return a system of which nothing is asked but its sources."""
    nothing: Any = None
    return System(nothing, tiles, nothing)


def expect(
    problem: Problem,
    tiles: Plan,
    arrow: Arrow,
    pairs: int,
    rng: np.random.Generator,
) -> Expected:
    """Return averages of the equations over opposite pairs of draws."""
    n_sources = problem.prior.direction.shape[0]
    systems, corner, right, objective = [], 0.0, 0.0, 0.0
    for _ in range(pairs):
        shared, offset = draw_steps(tiles, arrow, n_sources, rng)
        for sign in (1.0, -1.0):
            at = take_step(arrow.parameters, sign * shared, sign * offset)
            system = assemble(problem, tiles, at, 0.0)
            prior = prior_terms(problem, at)
            systems.append(system.tiles)
            corner = corner + np.asarray(system.corner.matrix) + prior.information
            right = right + np.asarray(system.corner.right) + prior.gradient
            objective += float(np.sum(np.asarray(system.corner.chi2)))
            objective += prior.objective
    n = 2 * pairs
    return Expected(
        list(zip(*systems, strict=True)),
        np.asarray(corner / n),
        np.asarray(right / n),
        -0.5 * objective / n,
    )


def natural_step(
    problem: Problem,
    tiles: Plan,
    arrow: Arrow,
    expected: Expected,
    rho: float,
) -> Step:
    """Return the Normal after a natural-gradient step."""
    gain, loss, right, blended = _blend(arrow, expected, rho)
    corner = (1.0 - rho) * arrow.corner + rho * (expected.corner + gain)
    basis = arrow.basis
    scale = basis.power(2).T @ np.diag(corner)
    factor = factorise(np.asarray(basis.T @ ((corner - loss) @ basis)), scale)
    new = Arrow(arrow.parameters, blended, corner, factor, basis, arrow.datum)
    root = new.root
    # Along the common modes the mean stays where the priors alone have put it.
    step = new.in_datum(root @ (root.T @ (expected.right + right)))
    n_sources = problem.prior.direction.shape[0]
    system = _system(blended)
    offset, deviation = source_steps(system, tiles, step, n_sources)
    _, earlier = source_steps(_system(arrow.tiles), tiles, 0.0 * step, n_sources)
    sigma, before = new.sigma(), arrow.sigma()
    move = rho * max(_ratio(step, sigma), _ratio(offset, deviation))
    spread = max(_ratio(sigma - before, sigma), _ratio(deviation - earlier, deviation))
    moved = take_step(arrow.parameters, rho * step, rho * offset)
    return Step(new._replace(parameters=moved), move, spread)


def _ratio(values: np.ndarray, sigma: np.ndarray) -> float:
    """Return the largest of |values| over σ, where there is one above rounding."""
    return float(np.max(np.abs(values) / np.where(sigma > 0, sigma, np.inf)))


def _blend(
    arrow: Arrow, expected: Expected, rho: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[Tile]]:
    """Average the sources' blocks and borders and eliminate them anew.

    Returns
    -------
    What the draws' corners had before their elimination, what the new elimination
    takes from the corner, the same difference of the right-hand side, and the tiles.
    """
    size = arrow.corner.shape[0]
    weight = jnp.asarray(rho)

    def part(
        some: Sequence[tuple[Tile, tuple[Tile, ...]]],
    ) -> tuple[tuple[Array, ...], list[Tile]]:
        shapes = ((size, size), (size, size), (size,))
        sums = tuple(jax.device_put([np.zeros(shape) for shape in shapes]))
        blended = []
        for old, drawn in some:
            sums, tile = _blend_tile(sums, old, drawn, weight)
            blended.append(tile)
        return sums, blended

    parts = in_parts(part, list(zip(arrow.tiles, expected.tiles, strict=True)))
    gain, loss, right = (
        np.sum([np.asarray(sums[i]) for sums, _ in parts], axis=0) for i in range(3)
    )
    return gain, loss, right, interleaved([tiles for _, tiles in parts])


@partial(jax.jit, donate_argnums=0)
def _blend_tile(
    sums: tuple[Array, ...], old: Tile, drawn: tuple[Tile, ...], rho: Array
) -> tuple[tuple[Array, ...], Tile]:
    """Blend one tile; add what it gives to the sums of gain, loss and right."""
    gain, loss, right = sums
    at = old.columns
    block, border = ((1.0 - rho) * value for value in _whole(old))
    gradient = jnp.zeros_like(old.gradient)
    for tile in drawn:
        own, side = _whole(tile)
        block = block + rho / len(drawn) * own
        border = border + rho / len(drawn) * side
        gradient = gradient + _times(tile.root, tile.gradient) / len(drawn)
        flat = tile.border.reshape(tile.border.shape[0], -1)
        gain = gain.at[at[:, None], at].add(flat @ flat.T / len(drawn))
        right = right.at[at].add(flat @ tile.gradient.reshape(-1) / len(drawn))
    blended, lost, lost_right = eliminate(block, border, gradient, at)
    loss = loss.at[at[:, None], at].add(lost)
    return (gain, loss, right.at[at].add(-lost_right)), blended


def _whole(tile: Tile) -> tuple[Array, Array]:
    """Return a tile's blocks C and borders E as before the elimination."""
    root = jnp.asarray(tile.root)
    block = jnp.einsum("abn,cbn->acn", root, root)
    return block, _times(root, tile.border)


def _times(root: Array | np.ndarray, values: Array | np.ndarray) -> Array:
    """Return L times vectors."""
    return jnp.einsum("abn,...bn->...an", root, values)


def elbo_of(problem: Problem, tiles: Plan, arrow: Arrow, expected: Expected) -> float:
    """Return the ELBO; draws in the datum leave out the priors along the modes."""
    information = prior_terms(problem, arrow.parameters).information
    root = arrow.root
    inside = arrow.in_datum(root)
    left_out = np.sum(root * (information @ root))
    left_out -= np.sum(inside * (information @ inside))
    return expected.log_density - 0.5 * float(left_out) + _entropy(arrow, tiles)


def _entropy(arrow: Arrow, tiles: Plan) -> float:
    """Return the entropy of the Normal."""
    half, n = 0.0, 0
    for tile, data in zip(arrow.tiles, tiles.tiles, strict=True):
        kept = np.asarray(data.free) > 0
        root = np.asarray(tile.root)[:, :, kept]
        half += float(np.sum(np.log(root[0, 0]) + np.log(root[1, 1])))
        n += int(kept.sum())
    root = arrow.factor.root
    # V is triangular or of eigenvectors; log det of S is −2 log |det V|.
    half -= float(np.linalg.slogdet(root)[1])
    return 0.5 * (2 * n + root.shape[1]) * (1.0 + LOG_TWO_PI) - half
