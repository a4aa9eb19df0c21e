"""Coordinates in which a plate's posterior is nearly a standard Normal.

Around the optimum of Gauss-Newton, with its block-arrow factor: independent numbers z
of unit variance give parameters with the covariance that the linearisation promises
(`posterior_factor` has the formulae). Whatever samples or optimises in z needs no
metric of its own. Directions that nothing determines are left out, so that the density
in z is proper wherever the solution is.

The common modes of the detectors (`model.gauge`) are known from wide priors alone, and
along a large one the valley of the posterior is curved. `follow_modes` lets all other
numbers follow it to second order. Since a number that follows depends on the modes
only, and these do not follow, the volume does not change: the density in z needs no
Jacobian.
"""

from collections.abc import Callable, Collection
from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from reseau.equations.equations import Equations
from reseau.equations.plan import Plan
from reseau.linalg import backward_2x2
from reseau.model import Parameters, Problem, take_step
from reseau.model.gauge import find_datum
from reseau.model.mode_curvature import mode_curvature

DIFFERENCE = 0.03
"""Step along a mode for its curvature [σ]."""


class TileStack(eqx.Module):
    """Eliminated tiles of one shape.

    Attributes
    ----------
    entry
        Place of each source among those solved for; beyond the last where none.
    columns, root, border
        As of `linalg.Tile`, stacked along the first axis.
    """

    entry: Int[Array | np.ndarray, "t n"]
    columns: Int[Array | np.ndarray, "t k"]
    root: Float[Array | np.ndarray, "t 2 2 n"]
    border: Float[Array | np.ndarray, "t k 2 n"]


class Coordinates(eqx.Module):
    """A linear map from numbers z to steps of the parameters from a centre.

    z holds two numbers for each source solved for, then those of the shared
    parameters.

    Attributes
    ----------
    centre
        Parameters at z = 0.
    rows
        Rows of the sources that are solved for.
    root
        V, a root of the covariance of the shared parameters.
    stacks
        The factors of the sources.
    place
        Of each source solved for, its place in the stacks laid out one by one.
    directions, gain
        How the common modes that are reported at nominal move the shared parameters,
        and how much of each mode these hold.
    curvature
        Second derivatives, by the modes' amounts, of what undoes them, (p, m, m).
    modes
        Unit vectors that span all common modes in z.
    bend
        Second derivatives of z along the valley, by the components along `modes`.
    """

    centre: Parameters
    rows: Int[Array | np.ndarray, "s"]
    root: Float[Array | np.ndarray, "p q"]
    stacks: tuple[TileStack, ...]
    place: Int[Array | np.ndarray, "s"]
    directions: Float[Array | np.ndarray, "p m"]
    gain: Float[Array | np.ndarray, "m p"]
    curvature: Float[Array | np.ndarray, "p m m"]
    modes: Float[Array | np.ndarray, "d m"]
    bend: Float[Array | np.ndarray, "d m m"]

    @property
    def size(self) -> int:
        """Return how many numbers there are."""
        return 2 * self.rows.shape[0] + self.root.shape[1]

    def steps(self, z: Float[Array, "d"]) -> tuple[Array, Array]:
        """Return linear steps of the shared parameters and of all sources' offsets."""
        n = 2 * self.rows.shape[0]
        shared = jnp.asarray(self.root) @ z[n:]
        pairs = jnp.concatenate([z[:n].reshape(-1, 2), jnp.zeros((1, 2))])
        parts = [_source_steps(stack, pairs, shared) for stack in self.stacks]
        found = jnp.concatenate([part.reshape(-1, 2) for part in parts])
        offset = jnp.zeros(self.centre.offset.shape)
        return shared, offset.at[self.rows].set(found[self.place])

    def parameters(self, z: Float[Array, "d"]) -> Parameters:
        """Return the parameters at z."""
        shared, offset = self.steps(self.bent(z))
        return take_step(self.centre, shared, offset)

    def bent(self, z: Float[Array, "d"]) -> Float[Array, "d"]:
        """Return z with what follows the modes moved."""
        along = jnp.asarray(self.modes).T @ z
        return z + 0.5 * jnp.einsum("dij,i,j->d", self.bend, along, along)

    def in_datum(self, shared: Float[np.ndarray, "*n p"]) -> Float[np.ndarray, "*n p"]:
        """Return steps free of common modes, taken off to second order."""
        amount = shared @ np.asarray(self.gain).T
        curved = np.einsum(
            "pij,...i,...j->...p", np.asarray(self.curvature), amount, amount
        )
        return shared - amount @ np.asarray(self.directions).T - 0.5 * curved

    def numbers(
        self, shared: Float[np.ndarray, "p"], offset: Float[np.ndarray, "n_src 2"]
    ) -> Float[np.ndarray, "d"]:
        """Return the z of given steps, the inverse of `steps`.

        What of the shared steps the solution holds fixed, or leaves undetermined, has
        no coordinate and is lost.
        """
        root = np.asarray(self.root)
        width = np.linalg.norm(root, axis=1)
        unit = 1.0 / np.where(width > 0, width, 1.0)
        own = np.linalg.lstsq(root * unit[:, None], shared * unit, rcond=None)[0]
        moved = jnp.asarray(root @ own)
        rows = np.append(np.asarray(self.rows), -1)
        padded = jnp.asarray(np.concatenate([offset, np.zeros((1, 2))])[rows])
        parts = [_source_numbers(stack, padded, moved) for stack in self.stacks]
        found = np.concatenate([np.asarray(part).reshape(-1, 2) for part in parts])
        return np.concatenate([found[np.asarray(self.place)].ravel(), own])


def _source_steps(stack: TileStack, pairs: Array, shared: Array) -> Array:
    """Return L⁻ᵀ (z − L⁻¹E s) of the sources of a stack, (t, n, 2)."""
    z = jnp.moveaxis(pairs.at[stack.entry].get(mode="clip"), -1, 1)
    share = jnp.einsum("tkan,tk->tan", stack.border, shared[stack.columns])
    roots = jnp.asarray(stack.root)
    return jnp.moveaxis(jax.vmap(backward_2x2)(roots, z - share), 1, -1)


def _source_numbers(stack: TileStack, offset: Array, shared: Array) -> Array:
    """Return Lᵀx + L⁻¹E s of the sources of a stack, (t, n, 2)."""
    x = offset.at[stack.entry].get(mode="clip")
    share = jnp.einsum("tkan,tk->tna", stack.border, shared[stack.columns])
    return jnp.einsum("tban,tnb->tna", stack.root, x) + share


def whitened_coordinates(
    problem: Problem,
    tiles: Plan,
    equations: Equations,
    centre: Parameters,
    reported: Collection[str] | None = None,
) -> Coordinates:
    """Return coordinates around a point, whitened by the equations there.

    Parameters
    ----------
    tiles
        As `plan_tiles` laid them out.
    equations
        Of a linearisation at `centre` or close to it, undamped.
    reported
        Names of the common modes that steps are reported without; absent: all.
    """
    n_sources = problem.prior.direction.shape[0]
    sensitive = (find_datum(problem, centre).gain() @ equations.root).T
    datum = find_datum(problem, centre, reported)
    gain = datum.gain()
    width = np.linalg.norm(gain @ equations.root, axis=1)
    free = np.stack([np.asarray(tile.free) for tile in tiles.tiles]) > 0
    source = np.stack([np.asarray(tile.source) for tile in tiles.tiles])
    rows = np.sort(source[free])
    entry = np.full(n_sources + 1, rows.size)
    entry[rows] = np.arange(rows.size)
    where = np.where(free, entry[np.minimum(source, n_sources)], rows.size)
    shapes = np.array([tile.border.shape[0] for tile in equations.system.tiles])
    stacks, order = [], []
    for shape in np.unique(shapes):
        chosen = np.flatnonzero(shapes == shape)
        stacks.append(_stack(equations, chosen, where[chosen]))
        order.append(where[chosen].ravel())
    laid_out = np.concatenate(order)
    place = np.empty(rows.size + 1, dtype=np.int64)
    place[laid_out] = np.arange(laid_out.size)
    modes = np.zeros((2 * rows.size + sensitive.shape[0], sensitive.shape[1]))
    modes[2 * rows.size :] = np.linalg.qr(sensitive)[0]
    return Coordinates(
        centre=centre,
        rows=rows,
        root=equations.root,
        stacks=tuple(stacks),
        place=place[:-1],
        directions=datum.directions,
        gain=gain,
        curvature=mode_curvature(problem, centre, datum, width),
        modes=modes,
        bend=np.zeros((*modes.shape, modes.shape[1])),
    )


def follow_modes(
    coordinates: Coordinates, log_density: Callable[[Parameters], Array]
) -> Coordinates:
    """Return the coordinates with the curvature of the valley along the modes.

    Where the Hessian is minus the unit matrix, the gradient is the step to the
    valley: its even part along a mode, by differences, gives the curvature.
    """
    modes = np.asarray(coordinates.modes)
    n = modes.shape[1]
    slope = jax.jit(jax.grad(lambda z: log_density(coordinates.parameters(z))))
    centre = np.asarray(slope(jnp.zeros(coordinates.size)))

    def even(z: np.ndarray) -> np.ndarray:
        both = slope(jnp.asarray(z)) + slope(jnp.asarray(-z))
        return np.asarray(both) - 2.0 * centre

    unit = DIFFERENCE * modes.T
    own = [even(z) for z in unit]
    bend = np.zeros((coordinates.size, n, n))
    for i in range(n):
        for j in range(n):
            both = 4.0 * own[i] if i == j else even(unit[i] + unit[j])
            bend[:, i, j] = (both - own[i] - own[j]) / (2.0 * DIFFERENCE**2)
    bend -= np.einsum("di,ei,ejk->djk", modes, modes, bend)
    return replace(coordinates, bend=bend)


def _stack(equations: Equations, chosen: np.ndarray, entry: np.ndarray) -> TileStack:
    tiles = [equations.system.tiles[i] for i in chosen]
    return TileStack(
        entry=entry,
        columns=jnp.stack([tile.columns for tile in tiles]),
        root=jnp.stack([tile.root for tile in tiles]),
        border=jnp.stack([tile.border for tile in tiles]),
    )
