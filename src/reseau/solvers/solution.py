"""What a solver returns."""

from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float, Int

from reseau._compiled import quick_jit
from reseau._precision import in_double
from reseau._usual import in_chunks
from reseau.equations import Residuals
from reseau.errors import ConfigError, Result, explain
from reseau.model import Parameters, Problem
from reseau.sky import angles_from_direction, displaced
from reseau.solvers.posterior.draws import Draws, resample, sample_posterior
from reseau.solvers.posterior.factor import PosteriorFactor
from reseau.solvers.posterior.redundancy import Redundancy, Scale, Scales
from reseau.solvers.posterior.source_information import SourceInformation
from reseau.solvers.robust.outlook import RobustOutlook
from reseau.solvers.robust.references import ReferenceTest
from reseau.solvers.robust.robust import Reliability
from reseau.solvers.start.trusted import Strays

from .extrapolation import Extrapolation
from .gauss_newton import Iteration

METHODS_WITH_DRAWS = "gauss-newton, svi with the guide arrow, or nuts"
"""Methods whose solutions draws can be had from, for messages."""

_NOBODY = np.zeros(0, dtype=bool)

_displaced = quick_jit(displaced)
_angles = quick_jit(angles_from_direction)


class Solution(eqx.Module):
    """Solution of one plate, with its posterior.

    That is the exact Gaussian one where the solver is Gauss-Newton; `svi` and `nuts`
    put means and covariances of theirs in its place.

    Attributes
    ----------
    problem
        What was solved; sources without a prior have their starting directions.
    parameters
        Values, in the datum that `datum` names.
    source_covariance
        Covariance of each source's position in its tangent plane (east, north),
        calibration included [rad²].
    shared_covariance
        Covariance of the shared parameters, in the order of `Layout`.
    undetermined
        True for shared parameters that the data do not determine.
    prior_pull
        √(dᵀ C⁻¹ d) of each source's shift d from its prior of covariance C; NaN where
        there is no prior.
    calibration_pull
        Shift from the prior over the prior's σ, of each shared parameter.
    residuals
        Observed minus predicted.
    chi2, dof
        Of the measurements, and what it should be: twice their number less the number
        of parameters that they determine. Of a robust solution, each measurement
        counts by its probability to be good.
    redundancy
        What the sums of squares tell of the errors; None where it is not known.
    history
        The iterations.
    result
        How it ended.
    datum
        In words, what positions and calibration are relative to.
    null_directions
        In words, combinations that nothing determines.
    seconds
        Time spent, by stage.
    factor
        What independent draws are made from; None where the posterior has no such
        factor.
    flags
        Bits of each source, of `reseau.flags`; None where a solver gives none.
    references
        Whether each reference's position agrees with all else; None likewise.
    extrapolation
        Where the references do not reach; None likewise.
    outlook
        What a robust solution would change; None of one, and likewise.
    reliability
        Weights of a robust solution; None of least squares.
    draws
        The chains of a sampler, as steps from `parameters`; None of other solvers.
    leverage
        Covariance of each measurement's prediction, whitened by the errors of the
        measurement; None likewise.
    strays
        Measurements that do not belong where most references of their exposure put
        them; None where there are none, or the solver does not look for them.
    information
        What the plate says about its sources, without their priors; None: not asked
        for, or the method does not give it.
    datum_modes
        Common modes of the detectors that the datum holds at nominal.
    datum_change
        Largest change of a predicted position by the move to the datum [σ].
    """

    problem: Problem
    parameters: Parameters
    source_covariance: Float[np.ndarray, "n_src 2 2"]
    shared_covariance: Float[np.ndarray, "p p"]
    undetermined: Bool[np.ndarray, "p"]
    prior_pull: Float[np.ndarray, "n_src"]
    calibration_pull: Float[np.ndarray, "p"]
    residuals: Residuals
    chi2: float
    dof: float
    redundancy: Redundancy | None
    history: list[Iteration]
    result: Result = eqx.field(static=True)
    datum: str = eqx.field(static=True)
    null_directions: tuple[str, ...] = eqx.field(static=True)
    seconds: dict[str, float]
    flags: Int[np.ndarray, "n_src"] | None = None
    references: ReferenceTest | None = None
    extrapolation: Extrapolation | None = None
    outlook: RobustOutlook | None = None
    reliability: Reliability | None = None
    factor: PosteriorFactor | None = None
    draws: Draws | None = None
    leverage: Float[np.ndarray, "m 2 2"] | None = None
    strays: Strays | None = None
    information: SourceInformation | None = None
    datum_modes: tuple[str, ...] = eqx.field(static=True, default=())
    datum_change: float = 0.0

    def sample(self, n: int, seed: int = 0) -> Draws:
        """Return draws from the posterior.

        Independent ones of a Gaussian posterior. Of a sampler, some of its own draws,
        each once at most, so `n` can be no more than there are; the chains themselves
        are `draws`.

        Parameters
        ----------
        n
            Number of draws.
        seed
            Of the random numbers.

        Raises
        ------
        ConfigError
            If `n` or `seed` is out of range, or the method gives no draws.
        """
        if self.draws is not None:
            return resample(self.draws, n, seed)
        if self.factor is None:
            raise ConfigError(
                explain(
                    given="a solution by a method that gives no draws",
                    wanted=f"a solution by {METHODS_WITH_DRAWS}",
                    where="Solution.sample",
                    todo="solve again by one of these",
                )
            )
        return sample_posterior(self.factor, n, seed)

    @property
    def converged(self) -> bool:
        """Return whether the optimum was reached."""
        return self.result in (Result.SUCCESSFUL, Result.DEGENERATE)

    @property
    def sigma0(self) -> float:
        """Return the standard deviation of unit weight; NaN without dof.

        The scale of the measurements' errors, √(1 + (χ² − dof) / F) with F the degrees
        of freedom that tell of them (`Redundancy`): √(χ²/dof) where no prior gives way.
        """
        return self.error_scale.value

    @property
    def error_scale(self) -> Scale:
        """Return by how much the measurements' errors are too small: `sigma0`, error.

        Where `redundancy` is not known, priors are taken not to give way.
        """
        known = self.redundancy
        if known is None:
            known = Redundancy(np.full(2, self.dof), np.diag([self.dof, 0.0]), _NOBODY)
        return known.scale(self.chi2)

    @property
    def error_scales(self) -> Scales | None:
        """Return the scales of the errors of measurements and of references at once.

        None of robust solutions, and where the plate does not tell both.
        """
        if self.redundancy is None or self.reliability is not None:
            return None
        pull = self.prior_pull[self.redundancy.judged]
        return self.redundancy.scales(self.chi2, float(np.sum(pull**2)))

    def residual_covariance(self) -> Float[np.ndarray, "m 2 2"] | None:
        """Return the covariances of the residuals, whitened; None without `leverage`.

        1 − h of a measurement with the leverage h that counts with its full weight,
        1 + h of one that is set aside; between, 1 + (1 − 2w) h with its weight w.
        """
        if self.leverage is None:
            return None
        weight = 1.0 if self.reliability is None else self.reliability.weight
        factor = 1.0 - 2.0 * np.clip(weight, 0.0, 1.0)
        return np.eye(2) + np.reshape(factor, (-1, 1, 1)) * self.leverage

    @property
    @in_double
    def direction(self) -> Float[np.ndarray, "n_src 3"]:
        """Return the sources' directions from the observer at the plate's epoch."""
        start = self.problem.prior.direction
        return np.asarray(in_chunks(_displaced, start, self.parameters.offset))

    @in_double
    def source_angles(self) -> tuple[np.ndarray, np.ndarray]:
        """Return right ascension and declination of the sources [rad]."""
        ra, dec = _angles(jnp.asarray(self.direction))
        return np.asarray(ra), np.asarray(dec)


class SourceErrors(NamedTuple):
    """Errors of positions, Gaia's way.

    Attributes
    ----------
    ra, dec
        Standard deviations of α cos δ and δ [rad].
    corr
        Their correlation.
    """

    ra: np.ndarray
    dec: np.ndarray
    corr: np.ndarray


def source_errors(solution: Solution) -> SourceErrors:
    """Return the errors of the sources' positions; NaN where there are none."""
    c = solution.source_covariance
    with np.errstate(invalid="ignore", divide="ignore"):
        ra, dec = np.sqrt(c[:, 0, 0]), np.sqrt(c[:, 1, 1])
        corr = np.clip(c[:, 0, 1] / (ra * dec), -1.0, 1.0)
    return SourceErrors(ra, dec, corr)
