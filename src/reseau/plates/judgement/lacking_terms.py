"""In words, which declared terms a plate lacks, and which its data do not determine."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Bool, Float

from reseau.model import parameter_names, prior_widths
from reseau.model.arrangement import whitening_factors
from reseau.model.covariates import relative_places, relative_times
from reseau.plates.on_the_plane import plane_positions
from reseau.plates.preparation import Prepared
from reseau.solvers import Solution
from reseau.solvers.reported import SET_ASIDE

from .dependence import Dependence, Left, effects_in, find_dependences

OF_STARS = {
    "colour": ("colour", "bp_rp"),
    "magnitude": ("mag", "phot_hw_mag", "phot_g_mean_mag"),
}
"""Columns of the sources that a covariate is taken from, the best first."""

WORDS = {
    "colour": ("the colour of the stars", "per mag"),
    "magnitude": ("the magnitude of the stars", "per mag"),
    "time": ("the time within the plate", "from its middle to its ends"),
    "row": ("the row of the detector", "from its middle to its edge"),
    "column": ("the column of the detector", "from its middle to its edge"),
    "magnitude*row": ("the magnitude and the row", "per mag at the edge"),
    "magnitude*column": ("the magnitude and the column", "per mag at the edge"),
}
"""What a covariate is called, and what its unit is."""

OPTIONS = {
    "time": ", minimum_degree = 2, degree = 2",
    "row": ', frame = "pixel"',
    "column": ', frame = "pixel"',
    "magnitude*row": ', frame = "pixel", degree = 0',
    "magnitude*column": ', frame = "pixel", degree = 0',
}
"""What else to declare."""

UNTOLD = 0.9
"""Error of a coefficient over its prior's width from which data say next to nothing."""

TOGETHER = 0.3
"""Least correlation with what a coefficient is said to trade with."""

NAMED = 3
"""How many names are told."""


def dependences(prepared: Prepared, solution: Solution) -> list[Dependence]:
    """Return on what the residuals depend that the model lacks, the strongest first.

    Parameters
    ----------
    prepared, solution
        The plate as solved.
    """
    if not (solution.converged and np.isfinite(solution.dof)):
        return []
    counts = np.all(np.isfinite(solution.residuals.pull), axis=1)
    if solution.reliability is not None:
        counts &= np.asarray(solution.reliability.weight) > SET_ASIDE
    left = _left(prepared, solution, counts)
    known = _covariates(prepared, counts)
    return find_dependences(left, known)


def dependence_sentences(prepared: Prepared, found: list[Dependence]) -> list[str]:
    """Say on what the residuals depend, and what to do.

    Parameters
    ----------
    prepared
        The plate.
    found
        As of `dependences`.
    """
    return [_sentence(prepared, one) for one in found]


def _sentence(prepared: Prepared, found: Dependence) -> str:
    what, per = WORDS[found.covariate]
    pitch = np.mean(np.asarray(prepared.problem.instrument.detectors.pitch))
    unit, size = prepared.unit, found.size
    if unit == "pixel" and found.frame == "plane":
        size /= float(pitch)
    head = (
        f"Residuals depend on {what} ({size:.2g} {unit} {per}, "
        f"{min(found.sigmas, 999.0):.0f}σ)"
    )
    declared = [
        term.name
        for term in prepared.problem.instrument.terms
        if set(term.factors) == set(found.covariate.split("*"))
    ]
    if declared:
        return (
            f"{head}, though the term {declared[0]!r} is declared: try a higher "
            "degree, the other frame or another granularity."
        )
    more = OPTIONS.get(found.covariate, "")
    return f'{head}: declare a [[term]] with covariate = "{found.covariate}"{more}.'


def _left(
    prepared: Prepared, solution: Solution, counts: Bool[np.ndarray, "m"]
) -> Left:
    """Return what the fit has left; nothing where a measurement does not count."""
    problem = prepared.problem
    detectors, measured = problem.instrument.detectors, problem.measurements
    row = np.asarray(measured.detector)
    pixel = np.asarray(measured.pixel)
    residual = np.where(counts[:, None], np.asarray(solution.residuals.pull), 0.0)
    factors = whitening_factors(np.asarray(measured.covariance)) * counts
    theta, pitch = np.asarray(detectors.theta), np.asarray(detectors.pitch)
    cos, sin = np.cos(theta), np.sin(theta)
    turn = np.stack([np.stack([cos, sin], -1), np.stack([-sin, cos], -1)], axis=1)
    own = np.tile(np.eye(2), (len(theta), 1, 1))
    place = plane_positions(detectors, pixel, row).T
    plane, pixels = (
        effects_in(residual, factors, m[row]) for m in (turn / pitch[:, :, None], own)
    )
    return Left(
        along={"plane": plane[0], "pixel": pixels[0]},
        weight={"plane": plane[1], "pixel": pixels[1]},
        place=place / max(float(np.max(np.abs(place), initial=0.0)), 1e-30),
        source=np.asarray(measured.source),
        square=float(np.sum(residual**2)),
        dof=solution.dof,
    )


def _covariates(
    prepared: Prepared, counts: Bool[np.ndarray, "m"]
) -> Mapping[str, Float[np.ndarray, "m"]]:
    """Return the covariates that are known, zero mean, zero where they are not."""
    problem = prepared.problem
    measured = problem.measurements
    source = np.asarray(measured.source)
    found: dict[str, np.ndarray] = {}
    for name, columns in OF_STARS.items():
        known = [prepared.photometry[c] for c in columns if c in prepared.photometry]
        if known:
            found[name] = _centred(known[0][source], counts)
    time = relative_times(np.asarray(problem.exposures.epoch))
    found["time"] = _centred(time[np.asarray(measured.exposure)], counts)
    places = relative_places(
        problem.instrument, np.asarray(measured.detector), np.asarray(measured.pixel)
    )
    found["column"], found["row"] = (_centred(p, counts) for p in places.T)
    if "magnitude" in found:
        for name in ("row", "column"):
            found[f"magnitude*{name}"] = found["magnitude"] * found[name]
    return found


def _centred(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    good = counts & np.isfinite(values)
    mean = float(np.mean(values[good])) if good.any() else 0.0
    return np.where(good, values - mean, 0.0)


def untold_terms(prepared: Prepared, solution: Solution) -> list[str]:
    """Say which declared terms are known by their priors alone, and why.

    Parameters
    ----------
    prepared, solution
        The plate as solved.
    """
    problem = prepared.problem
    layout = problem.layout
    mine = np.flatnonzero(layout.blocks() == "terms")
    if not (solution.converged and mine.size and "terms" in problem.free):
        return []
    covariance = np.asarray(solution.shared_covariance)
    sigma = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    share = sigma[mine] / prior_widths(problem)[mine]
    untold = mine[share > UNTOLD]
    if not untold.size:
        return []
    labels = prepared.labels
    names = parameter_names(problem, labels.exposures, labels.detectors)
    told = [_known_by_prior(int(c), covariance, sigma, names) for c in untold[:NAMED]]
    more = untold.size - len(told)
    tail = [f"So are {more} more coefficients of declared terms."] if more else []
    return [*told, *tail]


def _known_by_prior(
    column: int, covariance: np.ndarray, sigma: np.ndarray, names: list[str]
) -> str:
    """Say that a coefficient is known by its prior alone, and what it trades with."""
    with np.errstate(invalid="ignore", divide="ignore"):
        together = np.abs(covariance[column] / (sigma * sigma[column]))
    together = np.nan_to_num(together)
    together[column] = 0.0
    order = np.argsort(-together, kind="stable")[:NAMED]
    partners = [names[i] for i in order if together[i] > TOGETHER]
    head = f"The coefficient {names[column]} is known by its prior alone"
    if not partners:
        return f"{head}: the measurements say next to nothing of it."
    return (
        f"{head}: it trades with {', '.join(partners)}. Raise the term's "
        "minimum_degree, or hold one of them."
    )


__all__ = ["dependence_sentences", "dependences", "untold_terms"]
