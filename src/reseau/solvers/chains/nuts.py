"""Draws from the exact posterior of a small plate, by the No-U-Turn sampler.

The referee of the other methods: no Gaussian is assumed. The sampler (numpyro) walks in
coordinates that the Gauss-Newton factor whitens, where the posterior is nearly a
standard Normal, so that it needs neither a metric nor long trajectories.

References
----------
Hoffman & Gelman 2014, JMLR 15, 1593 (NUTS); Vehtari et al. 2021, Bayesian Analysis 16,
667 (split R-hat and effective sample size).
"""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from reseau._precision import in_double
from reseau.equations.density_in_tiles import tiled_density
from reseau.equations.equations import equations_at
from reseau.equations.heavy_tails import CLIPPED, EXACT, HeavyTails
from reseau.equations.plan import plan_tiles
from reseau.errors import ConfigError, ConvergenceError, explain
from reseau.model import Parameters, Problem
from reseau.solvers.plate import solve_plate
from reseau.solvers.posterior.draws import Draws
from reseau.solvers.posterior.whitened import (
    Coordinates,
    follow_modes,
    whitened_coordinates,
)
from reseau.solvers.robust.robust import Reliability
from reseau.solvers.solution import Solution

LARGEST = 2_000
"""Unknowns up to which sampling is offered: beyond, a run takes hours."""

FEWEST_DRAWS = 4
"""Draws of each chain from which R-hat, of halves of chains, can be computed."""

WARM_UP = 300
"""Steps that find the step size: nothing else is to be found."""


class Sampled(NamedTuple):
    """Draws from the posterior, and whether the chains agree.

    Attributes
    ----------
    draws
        In the datum of the solution that they started from, with `draws.statistics`:
        log density up to a constant (lp), acceptance rate, number of gradients
        (n_steps) and whether the integrator lost the trajectory (diverging).
    solution
        That solution.
    r_hat
        Largest split R-hat of all parameters; near 1 where the chains agree.
    effective
        Smallest effective number of draws of all parameters; NaN where there are too
        few draws to tell.
    divergences
        Number of trajectories that the integrator lost.
    acceptance
        Mean acceptance probability.
    steps
        Mean number of gradients for a draw.
    seconds
        Wall time, compilation included.
    """

    draws: Draws
    solution: Solution
    r_hat: float
    effective: float
    divergences: int
    acceptance: float
    steps: float
    seconds: float

    @property
    def converged(self) -> bool:
        """Return whether the chains agree and no trajectory was lost."""
        chains = self.draws.number[0]
        agree = self.r_hat < 1.01 and self.effective > 100.0 * chains
        return agree and self.divergences == 0


@in_double
def solve_nuts(
    problem: Problem,
    *,
    start: Solution | None = None,
    draws: int = 1000,
    chains: int = 2,
    warm_up: int = WARM_UP,
    seed: int = 0,
    largest: int = LARGEST,
) -> Sampled:
    """Sample the posterior of a small plate.

    Parameters
    ----------
    problem
        Measurements, instrument, priors and what is free.
    start
        Its Gauss-Newton solution; found first if absent. The density is the one that
        it maximises: of a robust solution the heavy-tailed one, with the fractions
        and widths that were fitted.
    draws, chains
        Number of draws that each chain keeps, and of chains.
    warm_up
        Draws of each chain that only find the step size.
    seed
        Of the random numbers.
    largest
        Number of unknowns up to which the problem is accepted.

    Raises
    ------
    ConfigError
        The problem is too large, or a number is out of range.
    ConvergenceError
        Gauss-Newton found no optimum to start from.
    """
    _check_numbers(draws, chains, warm_up)
    _check_size(problem, largest)
    began = time.perf_counter()
    start = solve_plate(problem) if start is None else start
    if not start.converged:
        raise _no_start(start)
    problem = start.problem
    tiles = plan_tiles(problem)
    terms = _terms(start.reliability)
    equations = equations_at(problem, tiles, start.parameters, 0.0, terms)
    coordinates = whitened_coordinates(
        problem, tiles, equations, start.parameters, start.datum_modes
    )
    density = tiled_density(problem, tiles)
    tails = (terms.likelihood, terms.reference_prior) if terms else ()
    losses = [None if one is None else one.loss for one in tails]

    def of_parameters(parameters: Parameters) -> Array:
        return density(parameters, *losses)

    coordinates = follow_modes(coordinates, of_parameters)

    def log_density(z: Array) -> Array:
        return of_parameters(coordinates.parameters(z))

    found = run_nuts(log_density, coordinates.size, draws, chains, warm_up, seed)
    return _collected(start, coordinates, found, time.perf_counter() - began)


def _terms(judged: Reliability | None) -> HeavyTails | None:
    """Return heavy tails with their curvature at the maximum, to whiten by."""
    if judged is None:
        return None
    # Between two modes of a reference the curvature may be negative, as at a saddle.
    wrong = np.nan_to_num(judged.references.wrong_probability)
    weak = judged.ambiguous | (wrong * (1.0 - wrong) > UNDECIDED)
    bound = np.where(weak, CLIPPED, EXACT)
    return HeavyTails(judged.likelihood, judged.reference_prior, jnp.asarray(bound))


UNDECIDED = 1e-3
"""p(1 − p) of a reference from which the curvature of its prior is clipped."""


class Chains(NamedTuple):
    """What the sampler returned, (chain, draw, ...) each."""

    z: np.ndarray
    potential: np.ndarray
    diverging: np.ndarray
    acceptance: np.ndarray
    steps: np.ndarray


def run_nuts(
    log_density: Callable[[Array], Array],
    size: int,
    draws: int,
    chains: int,
    warm_up: int,
    seed: int,
) -> Chains:
    """Sample a density that is close to a standard Normal, chains side by side."""
    # Not at the top: numpyro takes a second that other solutions need not wait for.
    from numpyro.infer import MCMC, NUTS

    kernel = NUTS(
        # Compiled, since numpyro evaluates it once as it is.
        potential_fn=jax.jit(lambda z: -log_density(z)),
        adapt_mass_matrix=False,
        target_accept_prob=0.8,
    )
    sampler = MCMC(
        kernel,
        num_warmup=warm_up,
        num_samples=draws,
        num_chains=chains,
        chain_method="vectorized",
        progress_bar=False,
    )
    key, at = jax.random.split(jax.random.key(seed))
    first = jax.random.normal(at, (chains, size))
    fields = ("potential_energy", "diverging", "accept_prob", "num_steps")
    start = first if chains > 1 else first[0]
    # The sampler mixes whole and floating-point numbers, whatever the user forbids.
    with jax.numpy_dtype_promotion("standard"):
        sampler.run(key, init_params=start, extra_fields=fields)
    extra: dict[str, Any] = sampler.get_extra_fields(group_by_chain=True)
    z = np.asarray(sampler.get_samples(group_by_chain=True))
    return Chains(z, *(np.asarray(extra[name]) for name in fields))


def _collected(
    start: Solution, coordinates: Coordinates, found: Chains, seconds: float
) -> Sampled:
    """Turn the sampler's numbers into draws, in the datum of the solution."""
    # Not at the top: see `run_nuts`.
    from numpyro.diagnostics import effective_sample_size, split_gelman_rubin

    drawn = replace(
        _as_draws(start, coordinates, found.z),
        statistics={
            "lp": -found.potential,
            "acceptance_rate": found.acceptance,
            "n_steps": found.steps,
            "diverging": found.diverging,
        },
    )
    # Of what users see: parameters, not the sampler's coordinates.
    kept = np.concatenate(
        [
            drawn.offset[:, :, drawn.solved].reshape(*found.z.shape[:2], -1),
            drawn.shared[:, :, np.ptp(drawn.shared, axis=(0, 1)) > 0],
        ],
        axis=2,
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        r_hat = np.max(split_gelman_rubin(kept))
        effective = np.min(effective_sample_size(kept))
    return Sampled(
        draws=drawn,
        solution=start,
        r_hat=float(r_hat),
        effective=credible_number(
            float(effective), found.z.shape[0] * found.z.shape[1]
        ),
        divergences=int(found.diverging.sum()),
        acceptance=float(found.acceptance.mean()),
        steps=float(found.steps.mean()),
        seconds=seconds,
    )


def credible_number(effective: float, total: int) -> float:
    """Return an effective number of draws, NaN where the estimate has no meaning.

    The sum of autocorrelations that it divides by is so noisy in short chains that it
    can be zero or negative. No estimate may exceed n log₁₀ n (Vehtari et al. 2021).
    """
    if not effective > 0.0:
        return float("nan")
    return min(effective, total * float(np.log10(total)))


def _as_draws(start: Solution, coordinates: Coordinates, z: np.ndarray) -> Draws:
    factor = start.factor
    steps = jax.jit(
        jax.vmap(jax.vmap(lambda one: coordinates.steps(coordinates.bent(one))))
    )
    shared, offset = (np.array(v) for v in steps(jnp.asarray(z)))
    if factor is not None:
        shared, offset = factor.constrained(shared, offset)
    shared = coordinates.in_datum(shared)
    shared[:, :, start.undetermined] = np.nan
    solved = np.zeros(offset.shape[2], dtype=bool)
    solved[np.asarray(coordinates.rows)] = True
    centre = Parameters(**{k: np.array(v) for k, v in vars(start.parameters).items()})
    return Draws(
        centre=centre,
        direction=np.asarray(start.problem.prior.direction),
        solved=solved,
        offset=offset,
        shared=shared,
    )


def _check_numbers(draws: int, chains: int, warm_up: int) -> None:
    for name, value, least in (
        ("draws", draws, FEWEST_DRAWS),
        ("chains", chains, 1),
        ("warm_up", warm_up, 10),
    ):
        if value < least:
            raise ConfigError(
                explain(
                    given=f"{name} = {value}",
                    wanted=f"{least} or more",
                    where="nuts" if name == "warm_up" else f"nuts, --{name}",
                    todo="correct the number",
                )
            )


def _check_size(problem: Problem, largest: int) -> None:
    """Refuse what would take hours."""
    sources = problem.prior.direction.shape[0]
    size = 2 * sources + problem.layout.size
    if size > largest:
        raise ConfigError(
            explain(
                given=f"nuts on a plate of {sources:,} sources and "
                f"{problem.layout.n_exposures:,} exposures: {size:,} unknowns",
                wanted=f"at most {largest:,} unknowns",
                where="nuts",
                todo="use Gauss-Newton (its posterior is exact but for curvature) or "
                "svi with the guide arrow, or a plate with fewer sources",
            )
        )


def _no_start(start: Solution) -> ConvergenceError:
    return ConvergenceError(
        explain(
            given=f"no optimum to start from: {start.result.value}",
            wanted="a converged Gauss-Newton solution",
            where="nuts",
            todo="make the Gauss-Newton solution converge first",
        )
    )


__all__ = [
    "FEWEST_DRAWS",
    "LARGEST",
    "Chains",
    "Sampled",
    "credible_number",
    "run_nuts",
    "solve_nuts",
]
