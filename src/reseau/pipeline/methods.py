"""The methods of `reseau solve`: which solver answers, and what it says beside.

Gauss-Newton is the default, with or without heavy tails; variational inference and
sampling answer with a `Solution` of the same kind, so that files, figures and
comparisons need not know where one came from.
"""

from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from reseau.errors import ConfigError, ConvergenceError, Result, explain
from reseau.flags import count_flags
from reseau.model import take_step
from reseau.model.likelihood import likelihood_named, prior_named
from reseau.solve import Settings, Solution, solve_plate
from reseau.solve.gauss_newton import Report
from reseau.solve.noise import Noise, error_inflation, solve_with_noise
from reseau.solve.nuts import Sampled, solve_nuts
from reseau.solve.plan import plan_tiles
from reseau.solve.residuals import residuals_at
from reseau.solve.robust import Robust
from reseau.solve.variational import Variational, solve_variational

from .choosing import choose_degree
from .options import SolveOptions
from .prepare import Prepared


@dataclass(frozen=True)
class Answer:
    """What a method found.

    Attributes
    ----------
    prepared
        The plate, with the model that was chosen.
    solution
        Positions, calibration and their covariances.
    summary
        More for ``summary.json``.
    sentences
        More for the verdict.
    table
        Lines on what was compared on the way.
    reason
        How it ended, where the method has better words than `Result`.
    """

    prepared: Prepared
    solution: Solution
    summary: dict[str, Any]
    sentences: list[str]
    table: tuple[str, ...] = ()
    reason: str | None = None


def solve_prepared(
    prepared: Prepared, options: SolveOptions, report: Report | None = None
) -> Answer:
    """Solve a plate by the method that the options name.

    Parameters
    ----------
    prepared
        The plate.
    options
        What differs from the defaults.
    report
        Called on the way with figures.

    Raises
    ------
    ConfigError
        Options contradict each other, or the plate does not suit the method.
    """
    robust = _robust(options)
    _check_together(options)
    summary: dict[str, Any] = {"method": options.method}
    table: tuple[str, ...] = ()
    if options.chooses_degree:
        choice = choose_degree(prepared, seed=options.seed)
        prepared = replace(prepared, problem=choice.problem)
        summary["model_choice"] = choice.as_dict()
        table = tuple(choice.lines())
    if options.method == "svi":
        answer = _by_guide(prepared, options, report)
    elif options.method == "nuts":
        answer = _by_chains(prepared, options)
    else:
        answer = _by_gauss_newton(prepared, options, robust, report)
    return replace(answer, summary=summary | answer.summary, table=table)


def _robust(options: SolveOptions) -> Robust | None:
    """Return the heavy tails that are asked for, if any."""
    likelihood = likelihood_named(options.likelihood)
    prior = prior_named(options.reference_prior)
    if likelihood is None and prior is None:
        return None
    return Robust(likelihood=likelihood, reference_prior=prior)


def _check_together(options: SolveOptions) -> None:
    """Refuse what a method has no use for, rather than ignore it."""
    if options.method == "gauss-newton":
        return
    if options.fit_noise is not None:
        raise ConfigError(
            explain(
                given=f"--fit-noise with --method {options.method}",
                wanted="--method gauss-newton",
                where="the options of solve",
                todo="leave one of them out",
            )
        )


def _by_gauss_newton(
    prepared: Prepared,
    options: SolveOptions,
    robust: Robust | None,
    report: Report | None,
) -> Answer:
    settings = Settings(
        tolerance=options.tolerance, max_iterations=options.max_iterations
    )
    summary: dict[str, Any] = {}
    sentences: list[str] = []
    if options.fit_noise:
        solution, noise = solve_with_noise(
            prepared.problem,
            scale=options.fit_noise != "floor",
            floor=options.fit_noise != "scale",
            settings=settings,
            robust=robust,
        )
        summary["noise"] = noise._asdict()
        sentences.append(_noise_in_words(noise, prepared.unit))
    else:
        solution = solve_plate(
            prepared.problem,
            settings=settings,
            labels=prepared.labels,
            report=report,
            robust=robust,
        )
    summary |= _reliability(solution)
    sentences += _reliability_in_words(solution)
    return Answer(prepared, solution, summary, sentences)


def _noise_in_words(noise: Noise, unit: str) -> str:
    parts = []
    if noise.scale_error:
        scale = f"{noise.scale:.4f} ± {noise.scale_error:.4f}"
        parts.append(f"their scale is {scale} times the stated one")
    if noise.floor_error:
        shows = noise.significance > 3.0
        floor = f"{noise.floor:.3g} ± {noise.floor_error:.1g} {unit}"
        parts.append(f"their floor is {floor}" + ("" if shows else ", which is none"))
    return f"Errors of the measurements were fitted: {', and '.join(parts)}."


def _reliability(solution: Solution) -> dict[str, Any]:
    """Return what a solution thinks of its data, for the summary."""
    summary: dict[str, Any] = {}
    if solution.flags is not None:
        summary["flags"] = count_flags(np.asarray(solution.flags))
    if solution.references is not None:
        summary["wrong_references"] = int(solution.references.wrong.sum())
        summary["wrong_fraction"] = solution.references.fraction
    if solution.reliability is not None:
        found = solution.reliability
        summary["outlier_fraction"] = found.outlier_fraction
        summary["outlier_width"] = found.outlier_width
    return summary


def _reliability_in_words(solution: Solution) -> list[str]:
    """Say what stands out among measurements and references."""
    if not solution.converged:
        return []
    words = []
    found = solution.reliability
    wrong = judged = 0
    if solution.references is not None:
        wrong = int(solution.references.wrong.sum())
        judged = int(np.isfinite(solution.references.p_value).sum())
    if found is not None and found.likelihood is not None:
        share = float(np.mean(found.outlier_probability > 0.5))
        words.append(
            f"{share:.2%} of the measurements are more likely outliers than not; "
            "their weight is next to nothing."
        )
        if share > HOPELESS:
            words.append(
                "So many outliers mean that identification or centroids are wrong, "
                "not that some are unlucky: find the cause before using this solution."
            )
    if wrong > 3 + 2.0 * EXPECTED * judged:
        believed = (
            "they pull their neighbourhood: solve with --reference-prior mixture"
            if found is None or found.reference_prior is None
            else "their priors count for next to nothing"
        )
        words.append(
            f"{wrong:,} of {judged:,} references disagree with the measurements "
            f"(p < 0.0008, flag wrong_reference); {believed}."
        )
    inflation = error_inflation(solution)
    if inflation.needed and found is None:
        words.append(
            f"To be credible, multiply the measurement errors by "
            f"{inflation.factor:.3f} ± {inflation.error:.3f}, or let --fit-noise find "
            "a scale and a floor."
        )
    return words


EXPECTED = 0.0008
"""Part of right references that chance flags."""

HOPELESS = 0.2
"""Part of outliers from which a solution is not to be trusted."""


def _by_guide(
    prepared: Prepared, options: SolveOptions, report: Report | None
) -> Answer:
    found: Variational = solve_variational(
        prepared.problem,
        guide=options.guide,
        init=options.init,
        rank=options.rank,
        likelihood=likelihood_named(options.likelihood),
        reference_prior=prior_named(options.reference_prior),
        seed=options.seed,
        report=report,
        checkpoint=options.checkpoint,
        resume=options.resume,
        max_steps=options.max_steps,
        time_limit=options.time_limit,
    )
    summary = {
        "guide": found.guide,
        "init": options.init,
        "steps": found.steps,
        "seconds_per_step": found.seconds_per_step,
        "schedule": found.schedule,
        "elbo": [float(e) for e in found.elbo],
        "elbo_step": [int(s) for s in found.step],
    }
    words = [f"Guide {found.guide}: {found.verdict}"]
    words.append(WHAT_ERRORS_MEAN[found.guide])
    return Answer(prepared, found.solution, summary, words, reason=found.verdict)


WHAT_ERRORS_MEAN = {
    "seed": "Its errors are those of a source with the calibration known exactly; "
    "they are too small wherever the calibration counts.",
    "meanfield": "Its errors are those of each parameter with all others known; they "
    "are too small wherever parameters are correlated.",
    "lowrank": "Its errors hold the few correlations that its rank has room for; "
    "compare them with those of Gauss-Newton.",
    "arrow": "Its errors are those of the whole Gaussian posterior.",
}


def _by_chains(prepared: Prepared, options: SolveOptions) -> Answer:
    likelihood = likelihood_named(options.likelihood)
    prior = prior_named(options.reference_prior)
    robust = _robust(options)
    found: Sampled = solve_nuts(
        prepared.problem,
        start=None if robust is None else solve_plate(prepared.problem, robust=robust),
        draws=options.draws,
        chains=options.chains,
        seed=options.seed,
        loss=None if likelihood is None else likelihood.loss,
        reference_loss=None if prior is None else prior.loss,
    )
    summary = {
        name: getattr(found, name)
        for name in ("r_hat", "effective", "divergences", "acceptance", "steps")
    }
    words = [
        f"NUTS: {options.chains} chains of {options.draws} draws, largest R-hat "
        f"{found.r_hat:.4f}, fewest effective draws {found.effective:.0f}, "
        f"{found.divergences} divergences."
    ]
    return Answer(prepared, solution_of_draws(found), summary, words, reason=words[0])


def solution_of_draws(found: Sampled) -> Solution:
    """Return the solution that the draws of NUTS make: means and covariances."""
    with jax.enable_x64(True):
        return _solution_of(found)


def _solution_of(found: Sampled) -> Solution:
    draws, start = found.draws, found.solution
    offset = draws.offset.reshape(-1, *draws.offset.shape[2:])
    shared = draws.shared.reshape(-1, draws.shared.shape[2])
    if offset.shape[0] < 2:
        raise ConvergenceError(
            explain(
                given=f"{offset.shape[0]} draws",
                wanted="two or more, to make a covariance of",
                where="--draws and --chains",
                todo="ask for more draws",
            )
        )
    mean_shared = np.nan_to_num(shared.mean(axis=0))
    mean = take_step(
        draws.centre, jnp.asarray(mean_shared), jnp.asarray(offset.mean(axis=0))
    )
    parameters = jax.tree.map(np.asarray, mean)
    off, apart = offset - offset.mean(axis=0), shared - mean_shared
    n = offset.shape[0] - 1
    residuals = residuals_at(
        start.problem, jax.device_put(plan_tiles(start.problem)), parameters
    )
    return replace(
        start,
        parameters=parameters,
        source_covariance=np.einsum("dni,dnj->nij", off, off) / n,
        shared_covariance=np.nan_to_num(apart.T @ apart / n),
        residuals=residuals,
        chi2=float(np.sum(residuals.pull**2)),
        result=Result.SUCCESSFUL if found.converged else Result.NOT_CONVERGED,
        factor=None,
        seconds={**start.seconds, "chains": found.seconds},
    )


__all__ = ["Answer", "solution_of_draws", "solve_prepared"]
