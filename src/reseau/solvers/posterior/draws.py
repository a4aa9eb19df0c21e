"""Draws from a posterior: exact ones of a Gaussian, and what draws of any kind are."""

from collections.abc import Mapping

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from reseau._precision import in_double
from reseau.errors import ConfigError, explain
from reseau.instrument import attitude_from_axes, rotate_axes
from reseau.model import PER_DETECTOR, PER_EXPOSURE, Layout, Parameters, layout_of
from reseau.sky import angles_from_direction, displaced

from .factor import PosteriorFactor

LARGEST = 2**31
"""Numbers that draws may hold; more would not fit into memory beside the rest."""


class Draws(eqx.Module):
    """Draws of all parameters, as steps from a centre.

    Attributes
    ----------
    centre
        The point that steps are taken from.
    direction
        Directions of the sources at an offset of zero.
    solved
        Which sources were solved for; the others have no steps.
    offset
        Steps of the sources' offsets (east, north) [rad].
    shared
        Steps of the shared parameters, in the order of `Layout`; NaN where the data do
        not determine them.
    statistics
        What a sampler says of each draw, (chain, draw), by ArviZ's names; None of
        independent draws.
    """

    centre: Parameters
    direction: Float[np.ndarray, "n_src 3"]
    solved: Bool[np.ndarray, "n_src"]
    offset: Float[np.ndarray, "chain draw n_src 2"]
    shared: Float[np.ndarray, "chain draw p"]
    statistics: Mapping[str, np.ndarray] | None = None

    @property
    def number(self) -> tuple[int, int]:
        """Return the numbers of chains and of draws in each."""
        chains, draws = self.offset.shape[:2]
        return chains, draws

    @property
    def layout(self) -> Layout:
        """Return where the shared parameters sit."""
        return layout_of(self.centre)

    @in_double
    def source_angles(self) -> tuple[np.ndarray, np.ndarray]:
        """Return right ascension and declination of the sources [rad]."""
        ra, dec = _positions(self.direction, self.centre.offset + self.offset)
        return np.asarray(ra), np.asarray(dec)

    @in_double
    def attitudes(self) -> Float[np.ndarray, "chain draw n_exp 3"]:
        """Return right ascension, declination and position angle of the axes [rad]."""
        steps = self._of_exposures()[..., :3]
        return np.asarray(_attitudes(self.centre.axes, steps))

    def focal(self) -> Float[np.ndarray, "chain draw n_exp 2"]:
        """Return the focal lengths [µm]."""
        steps = self._of_exposures()[..., 3:PER_EXPOSURE]
        return np.asarray(self.centre.focal) + steps

    def coefficients(self) -> Float[np.ndarray, "chain draw n_coef"]:
        """Return the distortion's coefficients."""
        return (
            np.asarray(self.centre.coefficients)
            + self.shared[..., self.layout.distortion]
        )

    def skew(self) -> Float[np.ndarray, "chain draw"]:
        """Return the common skew."""
        return np.asarray(self.centre.skew) + self.shared[..., self.layout.skew]

    def detectors(self) -> Float[np.ndarray, "chain draw n_det 5"]:
        """Return centres [µm], rotations [rad] and pitches [µm] of the detectors."""
        steps = self.shared[..., self.layout.detectors]
        rows = steps.reshape(*steps.shape[:2], -1, PER_DETECTOR)
        return np.asarray(self.centre.detectors) + rows

    def terms(self) -> Float[np.ndarray, "chain draw n_term"]:
        """Return the coefficients of the declared terms that exposures share."""
        return np.asarray(self.centre.terms) + self.shared[..., self.layout.terms]

    def _of_exposures(self) -> np.ndarray:
        steps = self.shared[..., self.layout.exposures]
        return steps.reshape(*steps.shape[:2], -1, self.layout.per_exposure)


@jax.jit
def _positions(direction: Array, offset: Array) -> tuple[Array, Array]:
    ra, dec = angles_from_direction(displaced(direction, offset))
    return jnp.asarray(ra), jnp.asarray(dec)


@jax.jit
def _attitudes(axes: Array, steps: Array) -> Array:
    return jnp.asarray(attitude_from_axes(rotate_axes(axes, steps)))


def sample_posterior(factor: PosteriorFactor, n: int, seed: int = 0) -> Draws:
    """Return independent draws from the exact Gaussian posterior.

    Parameters
    ----------
    factor
        Of a solution.
    n
        Number of draws.
    seed
        Of the random numbers.

    Raises
    ------
    ConfigError
        If `n` is not positive, or the draws would not fit into memory.
    """
    size = 2 * factor.direction.shape[0] + factor.shared.shape[0]
    most = LARGEST // max(size, 1)
    check_draws(n, seed, most, f"what fits into memory with {size:,} parameters each")
    rng = np.random.default_rng(seed)
    q = factor.shared.shape[1]
    shared = rng.normal(size=(n, q)) @ factor.shared.T
    offset = _source_steps(factor, shared, rng)
    shared, offset = factor.constrained(shared, offset)
    shared = factor.in_datum(shared)
    shared[:, factor.undetermined] = np.nan
    solved = np.zeros(factor.direction.shape[0], dtype=bool)
    solved[factor.source[factor.source >= 0]] = True
    return Draws(
        centre=factor.centre,
        direction=factor.direction,
        solved=solved,
        offset=offset[None],
        shared=shared[None],
    )


def resample(draws: Draws, n: int, seed: int = 0) -> Draws:
    """Return some of a sampler's draws, in random order and each once at most.

    Parameters
    ----------
    draws
        Chains of a sampler.
    n
        Number of draws.
    seed
        Of the choice.

    Raises
    ------
    ConfigError
        If `n` is not positive, or more than there are.
    """
    chains, each = draws.number
    total = chains * each
    check_draws(n, seed, total, f"those of {chains} chains of {each:,} draws")
    chosen = np.random.default_rng(seed).choice(total, n, replace=False)

    def some(steps: np.ndarray) -> np.ndarray:
        return steps.reshape(total, *steps.shape[2:])[chosen][None]

    return Draws(
        centre=draws.centre,
        direction=draws.direction,
        solved=draws.solved,
        offset=some(draws.offset),
        shared=some(draws.shared),
    )


def check_draws(n: int, seed: int, most: int, why: str) -> None:
    """Raise `ConfigError` unless so many draws can be made with such a seed.

    Parameters
    ----------
    most, why
        Number of draws at most, and what limits it.
    """
    _check_integer("draws", n, 1, most, f"1 to {most:,}, {why}")
    _check_integer("seed", seed, 0, None, "0 or more")


def _check_integer(
    name: str, value: object, least: int, most: int | None, wanted: str
) -> None:
    is_number = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if is_number and value >= least and (most is None or value <= most):  # type: ignore[operator]
        return
    raise ConfigError(
        explain(
            given=f"{name} = {value!r}",
            wanted=f"an integer, {wanted}",
            where=f"draws from a posterior: --{name}",
            todo="give a number in this range",
        )
    )


def _source_steps(
    factor: PosteriorFactor, shared: np.ndarray, rng: np.random.Generator
) -> Float[np.ndarray, "draw n_src 2"]:
    """Return steps of the source offsets, given those of the shared parameters."""
    n_draws = shared.shape[0]
    out = np.zeros((n_draws, factor.direction.shape[0], 2))
    start = 0
    for source, root, count in zip(
        factor.source, factor.root, factor.counts, strict=True
    ):
        part = slice(start, start + count)
        border = factor.border[part].astype(float).reshape(count, -1)
        whitened = rng.normal(size=(n_draws, 2, source.size))
        share = shared[:, factor.columns[part]] @ border
        whitened -= share.reshape(whitened.shape)
        second = whitened[:, 1] / root[2]
        first = (whitened[:, 0] - root[1] * second) / root[0]
        kept = source >= 0
        out[:, source[kept]] = np.stack([first, second], axis=-1)[:, kept]
        start += count
    return out
