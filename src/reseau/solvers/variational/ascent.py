"""Stochastic gradient ascent of the ELBO by Adam, in compiled chunks of steps.

Each step draws once from the guide, as the Plate Analysis does (numpyro's `Trace_ELBO`
with one particle), and Adam is that of Kingma & Ba 2015 with numpyro's constants. The
random numbers of a step depend on the seed and the step's number only.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from reseau.model import Density

from .convergence import CHUNK
from .guides import Guide
from .slots import HeavyTailed
from .unknowns import Unknowns

BETA = (0.9, 0.999)
EPSILON = 1e-8

WIDTH_RATE = 0.05
"""Largest rate of what is not a mean: widths are logarithms, or in units of σ."""


class State(eqx.Module):
    """All that the next step depends on.

    Attributes
    ----------
    guide
        Its parameters.
    first, second
        Adam's moments of each parameter.
    count
        Steps that these hold.
    step
        Number of steps since the beginning.
    """

    guide: Guide
    first: Guide
    second: Guide
    count: Int[Array | np.ndarray, ""]
    step: Int[Array | np.ndarray, ""]


class Chunk(NamedTuple):
    """What a chunk of steps gave.

    Attributes
    ----------
    elbo
        Of each step, one draw each.
    mean, gradient
        Means over the steps of the guide's means and of the ELBO's gradient by them.
    """

    elbo: Float[Array, "c"]
    mean: Float[Array, "d"]
    gradient: Float[Array, "d"]


def begin(guide: Guide) -> State:
    """Return the state before the first step."""
    guide = jax.tree.map(jnp.asarray, guide)
    zero = jax.tree.map(jnp.zeros_like, guide)
    return State(guide, zero, zero, jnp.asarray(0), jnp.asarray(0))


def restart(state: State) -> State:
    """Return the state with Adam's moments at zero."""
    zero = jax.tree.map(jnp.zeros_like, state.guide)
    return State(state.guide, zero, zero, jnp.asarray(0), state.step)


def loss(
    guide: Guide, density: HeavyTailed | Density, unknowns: Unknowns, key: Array
) -> Array:
    """Return minus the ELBO as one draw estimates it."""
    drawn = guide.draw(key)
    return drawn.log_density - density(unknowns.parameters(drawn.vector))


def adam(state: State, slope: Guide, rate: Array) -> State:
    """Return the state after one step against a gradient."""
    one, two = BETA
    count = state.count + 1
    first = jax.tree.map(lambda m, g: one * m + (1 - one) * g, state.first, slope)
    second = jax.tree.map(lambda v, g: two * v + (1 - two) * g**2, state.second, slope)
    power = count.astype(jnp.float64)

    def moved(value: Array, m: Array, v: Array, by: Array) -> Array:
        size = jnp.sqrt(v / (1 - two**power)) + EPSILON
        return value - by * (m / (1 - one**power)) / size

    slow = jnp.minimum(rate, WIDTH_RATE)
    rates = jax.tree.map(lambda _: slow, state.guide)
    rates = eqx.tree_at(lambda guide: guide.mean, rates, rate)
    guide = jax.tree.map(moved, state.guide, first, second, rates)
    return State(guide, first, second, count, state.step + 1)


@jax.jit
def advance(
    density: HeavyTailed,
    unknowns: Unknowns,
    state: State,
    key: Array,
    rate: Array,
    steps: Array,
) -> tuple[State, Chunk]:
    """Take some steps, at most `CHUNK`; beyond them the ELBOs are NaN."""

    def one(i: Array, carry: tuple[State, Chunk]) -> tuple[State, Chunk]:
        state, chunk = carry
        drawing = jax.random.fold_in(key, state.step)
        value, slope = jax.value_and_grad(loss)(state.guide, density, unknowns, drawing)
        seen = Chunk(
            chunk.elbo.at[i].set(-value),
            chunk.mean + state.guide.mean / steps,
            chunk.gradient - slope.mean / steps,
        )
        return adam(state, slope, rate), seen

    zero = jnp.zeros_like(state.guide.mean)
    empty = Chunk(jnp.full(CHUNK, jnp.nan), zero, zero)
    return jax.lax.fori_loop(0, steps, one, (state, empty))
