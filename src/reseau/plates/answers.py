"""The methods of `reseau solve`: which solver answers, and what it says beside.

Gauss-Newton is the default, with or without heavy tails; variational inference and
sampling answer with a `Solution` of the same kind, so that files, figures and
comparisons need not know where one came from.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from reseau.flags import count_flags
from reseau.model.likelihood import likelihood_named, prior_named
from reseau.plates.judgement.unit_weight import HALF, is_off
from reseau.solvers import (
    Noise,
    Robust,
    Settings,
    Solution,
    choose_degree,
    error_inflation,
    solve_plate,
    solve_with_noise,
)
from reseau.solvers.chains.nuts import Sampled, solve_nuts
from reseau.solvers.chains.result import solution_of_chains
from reseau.solvers.gauss_newton import Report
from reseau.solvers.posterior.redundancy import Scales
from reseau.solvers.robust.references import FALSE_ALARM
from reseau.solvers.variational import INITS, Variational, solve_variational

from .options import SolveOptions
from .preparation import Prepared


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
    advice
        What to do about the errors, if nothing else is the matter.
    """

    prepared: Prepared
    solution: Solution
    summary: dict[str, Any]
    sentences: list[str]
    table: tuple[str, ...] = ()
    reason: str | None = None
    advice: tuple[str, ...] = ()


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
    summary: dict[str, Any] = {"method": options.method}
    table: tuple[str, ...] = ()
    if options.chooses_degree:
        choice = choose_degree(prepared.problem, unit=prepared.unit, seed=options.seed)
        prepared = replace(prepared, problem=choice.problem)
        summary["model_choice"] = choice.as_dict()
        table = tuple(choice.lines())
    if options.method == "svi":
        answer = _by_guide(prepared, options, report)
    elif options.method == "nuts":
        answer = _by_chains(prepared, options, report)
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


def _by_gauss_newton(
    prepared: Prepared,
    options: SolveOptions,
    robust: Robust | None,
    report: Report | None,
) -> Answer:
    settings = Settings(**options.given("tolerance", "max_iterations"))
    summary: dict[str, Any] = {}
    sentences: list[str] = []
    if options.fit_noise:
        solution, noise = solve_with_noise(
            prepared.problem,
            scale=options.fit_noise != "floor",
            floor=options.fit_noise != "scale",
            settings=settings,
            robust=robust,
            solver=partial(
                solve_plate,
                labels=prepared.labels,
                report=report,
                information=options.share_left_out,
            ),
        )
        summary["noise"] = noise._asdict()
        sentences += _noise_in_words(noise, prepared.unit, solution)
    else:
        solution = solve_plate(
            prepared.problem,
            settings=settings,
            labels=prepared.labels,
            report=report,
            robust=robust,
            information=options.share_left_out,
        )
    summary |= _reliability(solution)
    sentences += _reliability_in_words(solution)
    return Answer(prepared, solution, summary, sentences, advice=_advice(solution))


def _noise_in_words(noise: Noise, unit: str, solution: Solution) -> list[str]:
    parts = []
    if noise.scale_error:
        scale = f"{noise.scale:.4f} ± {noise.scale_error:.4f}"
        parts.append(f"their scale is {scale} times the stated one")
    if noise.floor_error:
        shows = noise.significance > 3.0
        floor = f"{noise.floor:.3g} ± {noise.floor_error:.1g} {unit}"
        parts.append(f"their floor is {floor}" + ("" if shows else ", which is none"))
    words = [f"Errors of the measurements were fitted: {', and '.join(parts)}."]
    if not noise.converged:
        words.append(
            f"The fit of these errors had NOT settled after {noise.rounds} rounds: "
            "they are not to be used."
        )
    if _is_weak(solution):
        words.append(
            "It rests on the errors of the references, which are taken as stated: with "
            "others it would be another."
        )
    return words


def _is_weak(solution: Solution) -> bool:
    """Return whether priors take most of what residuals could tell of the errors."""
    told = solution.redundancy
    return told is not None and told.of_errors < HALF * solution.dof


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
    foreseen = solution.outlook is not None and solution.outlook.needed
    expected = 3 + 2.0 * EXPECTED * judged
    if wrong > expected and not foreseen:
        factor = _typical_pull(solution)
        if factor > LARGER and _still_wrong(solution, factor) <= expected:
            return [
                *words,
                f"{wrong:,} of {judged:,} references disagree with the measurements by "
                "the errors as stated, no more than chance once these are "
                f"{factor:.3g} times as large: mend the errors before you suspect the "
                "references.",
            ]
        believed = (
            "they pull their neighbourhood: solve with --reference-prior mixture"
            if found is None or found.reference_prior is None
            else "their priors count for next to nothing"
        )
        words.append(
            f"{wrong:,} of {judged:,} references disagree with the measurements "
            f"(p < 0.0008, flag wrong_reference); {believed}."
        )
    return words


def _typical_pull(solution: Solution) -> float:
    """Return by how much most residuals exceed their errors, whatever a few do."""
    pull = np.abs(solution.residuals.pull)
    if not (solution.dof > 0 and np.all(np.isfinite(pull))):
        return 1.0
    return float(np.median(pull) / NORMAL_MEDIAN * np.sqrt(pull.size / solution.dof))


def _still_wrong(solution: Solution, factor: float) -> int:
    """Return how many references stand out if all errors are larger by a factor."""
    assert solution.references is not None
    p_value = np.asarray(solution.references.p_value)
    # Of two degrees of freedom: p = exp(−χ²/2).
    return int(np.sum(np.nan_to_num(p_value, nan=1.0) ** factor**-2 < FALSE_ALARM))


def believed_scales(solution: Solution) -> Scales | None:
    """Return the scales of the errors of measurements and references, if both count.

    Not where single references are wrong: these are no matter of a scale.

    Parameters
    ----------
    solution
        A plain one, in the end.
    """
    scales, judged = solution.error_scales, solution.references
    if scales is None or judged is None or not solution.converged:
        return None
    factor = max(scales.references.value, scales.measurements.value, 1.0)
    expected = 3 + 2.0 * EXPECTED * int(np.isfinite(judged.p_value).sum())
    return scales if _still_wrong(solution, factor) <= expected else None


def _advice(solution: Solution) -> tuple[str, ...]:
    """Say by how much errors must grow to be credible, if they must."""
    inflation = error_inflation(solution)
    if not (solution.converged and inflation.needed and solution.reliability is None):
        return ()
    scales = believed_scales(solution)
    if scales is not None and is_off(scales.references):
        return ()  # the verdict gives both factors
    if _is_weak(solution):
        return ()  # nor is it sure that it is they
    return (
        f"To be credible, multiply the measurement errors by "
        f"{inflation.factor:.3f} ± {inflation.error:.3f}, or let --fit-noise find "
        "a scale and a floor.",
    )


EXPECTED = 0.0008
"""Part of right references that chance flags."""

LARGER = 1.2
"""Factor of the errors from which right references look wrong."""

NORMAL_MEDIAN = 0.6745
"""Median of the absolute value of a normal deviate [σ]."""

HOPELESS = 0.2
"""Part of outliers from which a solution is not to be trusted."""


def _by_guide(
    prepared: Prepared, options: SolveOptions, report: Report | None
) -> Answer:
    found: Variational = solve_variational(
        prepared.problem,
        robust=Robust(
            likelihood_named(options.likelihood), prior_named(options.reference_prior)
        ),
        seed=options.seed,
        report=report,
        **options.given(
            *("guide", "init", "rank"),
            *("checkpoint", "resume", "max_steps", "time_limit"),
        ),
    )
    summary = {
        "guide": found.guide,
        "init": options.init or INITS[0],
        "steps": found.steps,
        "seconds_per_step": found.seconds_per_step,
        "schedule": found.schedule,
        "elbo": [float(e) for e in found.elbo],
        "elbo_step": [int(s) for s in found.step],
    }
    words = [f"Guide {found.guide}: {found.verdict}"]
    words.append(WHAT_ERRORS_MEAN[found.guide])
    summary |= _reliability(found.solution)
    words += _reliability_in_words(found.solution)
    return Answer(
        prepared,
        found.solution,
        summary,
        words,
        reason=found.verdict,
        advice=_advice(found.solution),
    )


WHAT_ERRORS_MEAN = {
    "seed": "Its errors are those of a source with the calibration known exactly; "
    "they are too small wherever the calibration counts.",
    "meanfield": "Its errors are those of each parameter with all others known; they "
    "are too small wherever parameters are correlated.",
    "lowrank": "Its errors hold the few correlations that its rank has room for; "
    "compare them with those of Gauss-Newton.",
    "arrow": "Its errors are those of the whole Gaussian posterior.",
}


def _by_chains(
    prepared: Prepared, options: SolveOptions, report: Report | None
) -> Answer:
    found: Sampled = solve_nuts(
        prepared.problem,
        start=solve_plate(
            prepared.problem,
            labels=prepared.labels,
            report=report,
            robust=_robust(options),
        ),
        seed=options.seed,
        **options.given("draws", "chains"),
    )
    summary = {
        name: getattr(found, name)
        for name in ("r_hat", "effective", "divergences", "acceptance", "steps")
    }
    told = _chains_in_words(found)
    return Answer(prepared, solution_of_chains(found), summary, [told], reason=told)


def _chains_in_words(found: Sampled) -> str:
    """Say whether the chains agree, as far as their length lets one tell."""
    chains, draws = found.draws.number
    agreement = "too few draws to tell whether they agree"
    if np.isfinite(found.r_hat) and np.isfinite(found.effective):
        agreement = (
            f"largest R-hat {found.r_hat:.4f}, fewest effective draws "
            f"{found.effective:.0f}"
        )
    return (
        f"NUTS: {chains} {'chain' if chains == 1 else 'chains'} of {draws} draws, "
        f"{agreement}, {found.divergences} divergences."
    )


__all__ = ["Answer", "solve_prepared"]
