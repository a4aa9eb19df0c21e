"""Which distortion a plate needs: `reseau solve --degree auto` as a function.

Every model is solved on the same data from the same start, and compared by its
evidence (`solve.evidence`): the degree first, then what else the instrument may do,
one at a time as long as that helps. What chance or a wrong prior width could
do to the choice is shown beside it: the evidence with other widths, and how well
each model foresees measurements that it has not seen.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
from jaxtyping import Bool

from reseau._precision import in_double
from reseau.equations.equations import equations_at
from reseau.equations.plan import Plan, plan_tiles
from reseau.equations.residuals import residuals_at
from reseau.equations.sources import source_steps
from reseau.errors import (
    ConfigError,
    ConvergenceError,
    Result,
    explain,
    some,
    unknown_name,
)
from reseau.instrument import NoDistortion, basis_name
from reseau.model import BLOCKS, Parameters, Problem, take_step
from reseau.records import Measurements
from reseau.solvers.gauss_newton import Optimum, Settings, gauss_newton
from reseau.solvers.posterior.evidence import expected_gain, laplace_evidence
from reseau.solvers.start.parameters import find_start

from .candidates import Candidate, Choice
from .cases import EXTRAS, POLYNOMIALS, Model, as_case, conforming, with_degree

DEGREES = range(2, 9)
"""Degrees that are tried."""

HELD_OUT = 0.1
"""Part of the measurements that is left out for the check."""

ENOUGH = 0.1
"""Gain of a step, in −2 log p, at which a fit ends: it is counted in."""

QUICK = 8
"""Iterations without damping."""

PATIENT, ROUGHLY = 4, 3e-3
"""After so many, a model that does not fit is left where little of its misfit goes."""

FEW, LATER, HOPELESS = 6, 2, 10.0
"""Damped iterations of the first model, of the others, which start better, and the
reduced χ² beyond which it is given up after them."""

TOLERANCE = 0.1
"""Largest step in σ at which damped iterations end."""

KEPT = 2
"""Measurements of each source that are never left out."""

MOST_LEFT_OUT = 0.5
Report = Callable[[Candidate], None]


@in_double
def choose_degree(
    problem: Problem,
    *,
    unit: str = "pixel",
    degrees: Iterable[int] = DEGREES,
    extras: Iterable[str] = EXTRAS,
    held_out: float = HELD_OUT,
    seed: int = 0,
    report: Report | None = None,
) -> Choice:
    """Choose the distortion's degree, and what else is free, by marginal likelihood.

    Parameters
    ----------
    problem
        The plate. Its instrument has a polynomial distortion, whose kind, lowest
        degree, normalisation and prior width are kept, or none.
    unit
        Of measured positions.
    degrees
        Degrees to try.
    extras
        Which of `EXTRAS` to try, starting from what the plate has.
    held_out
        Part of the measurements to leave out for the check.
    seed
        Says which.
    report
        Called after each model.

    Returns
    -------
    All models with their figures, and the one with the largest evidence:
    its ``problem`` is ready to be solved.

    Raises
    ------
    ConfigError
        There is nothing to choose: another distortion, unknown extras, no degrees.
    ConvergenceError
        No model could be fitted.

    Examples
    --------
    >>> from reseau import simulate
    >>> from reseau.plates import prepare
    >>> plate = prepare(simulate(small=True, seed=1).dataset).problem
    >>> choose_degree(plate, degrees=(2, 3), extras=()).best.degree
    3
    """
    tried = _checked_degrees(degrees, problem)
    names = _checked_extras(tuple(extras), problem)
    _check_part(held_out)
    trial = _Trial(problem, unit, tried[-1], held_out, seed, report)
    trial.by_degree(tried)
    trial.by_extras(names)
    return trial.choice()


class _Trial:
    """All models on the same tiles, each from the best optimum so far.

    All are cases of the largest polynomial, higher terms held at zero, and measurements
    are left out by giving them no weight. So all arrays keep their shapes, and nothing
    is compiled twice.
    """

    def __init__(
        self,
        problem: Problem,
        unit: str,
        highest: int,
        part: float,
        seed: int,
        report: Report | None,
    ) -> None:
        self.given, self.unit, self.report = problem, unit, report
        whole = replace(problem, instrument=with_degree(problem.instrument, highest))
        start = find_start(whole)
        self.problem, self.start = start.problem, start.parameters
        self.left_out = left_out(whole.measurements, part, seed)
        seen = _without(self.problem, self.left_out)
        self.tiles = plan_tiles(self.problem)
        self.seen_tiles = plan_tiles(seen)
        self.models: list[Model] = []
        self.candidates: list[Candidate] = []

    def by_degree(self, degrees: list[int]) -> None:
        """Try the degrees, all else as given."""
        instrument = self.problem.instrument
        free = tuple(b for b in BLOCKS if b in self.problem.free)
        first = Model(degrees[0], instrument.scale, free)
        # The highest first: if any model fits, it does, and all others start from it.
        for degree in (degrees[-1], *degrees[:-1]):
            self._try(replace(first, degree=degree))
        self.models.append(self.models.pop(0))
        self.candidates.append(self.candidates.pop(0))

    def by_extras(self, extras: tuple[str, ...]) -> None:
        """Switch the extra that helps most, again and again."""
        while True:
            base = self.models[self._best()]
            ahead = [m for m in map(base.switched, extras) if m not in self.models]
            for model in ahead:
                self._try(model)
            if not ahead or self.models[self._best()] == base:
                return

    def choice(self) -> Choice:
        """Return what was found."""
        best = self._best()
        found = self.candidates[best]
        if not (found.converged and np.isfinite(found.evidence.value)):
            raise _nothing_fits(self.candidates)
        model = self.models[best]
        return Choice(
            candidates=tuple(self.candidates),
            chosen=best,
            problem=self._reduced(model),
            n_left_out=int(self.left_out.sum()),
            unit=self.unit,
        )

    def _reduced(self, model: Model) -> Problem:
        """Return the given problem with a model of its own size."""
        instrument = with_degree(self.given.instrument, model.degree)
        instrument = replace(instrument, scale=model.scale)
        return replace(self.given, instrument=instrument, free=model.free)

    def _best(self) -> int:
        values = [c.evidence.value if c.converged else -np.inf for c in self.candidates]
        return int(np.argmax(np.nan_to_num(values, nan=-np.inf)))

    def _try(self, model: Model) -> None:
        """Fit a model to all measurements, then to those not left out."""
        problem = as_case(self.problem, model)
        seen = _without(problem, self.left_out)
        few = LATER if self.models else FEW
        optimum = _fit(problem, self.tiles, conforming(self.start, problem), few)
        found = laplace_evidence(problem, self.tiles, optimum)
        converged = optimum.result is Result.SUCCESSFUL
        point, rest = optimum.parameters, found._replace(log_volume=float("nan"))
        if converged:
            # A small step from there, and the model is as good as linear in it.
            again = _fit(seen, self.seen_tiles, point, few, enough=np.inf)
            point, rest = (
                again.parameters,
                laplace_evidence(seen, self.seen_tiles, again),
            )
        candidate = Candidate(
            label=model.label,
            degree=model.degree,
            scale=model.scale,
            free=model.free,
            evidence=found,
            seen=rest,
            converged=converged,
            **self._foreseen(problem, point),
        )
        self.models.append(model)
        self.candidates.append(candidate)
        if self._best() == len(self.models) - 1:
            self.start = optimum.parameters
        if self.report is not None:
            self.report(candidate)

    def _foreseen(self, problem: Problem, parameters: Parameters) -> dict[str, float]:
        """Return how far the left-out measurements are from what a fit foresees."""
        if not self.left_out.any():
            return {"rms": float("nan"), "pull": float("nan")}
        found = residuals_at(problem, self.tiles, parameters)
        pixel, pull = found.pixel[self.left_out], found.pull[self.left_out]
        rms = [float(np.sqrt(np.mean(v**2))) for v in (pixel, pull)]
        return {"rms": rms[0], "pull": rms[1]}


def _fit(
    problem: Problem,
    tiles: Plan,
    start: Parameters,
    limit: int,
    enough: float = ENOUGH,
) -> Optimum:
    """Return the optimum, as exactly as an evidence needs it.

    Judged on what the next step gains, not on the largest step in σ: where a model does
    not fit, formal errors say nothing, and few digits of its evidence matter.
    """
    point, before = start, np.inf
    n_sources = problem.prior.direction.shape[0]
    data = 2 * problem.measurements.source.size
    for iteration in range(QUICK):
        equations = equations_at(problem, tiles, point, 0.0)
        shared = equations.step()
        offset, _ = source_steps(equations.system, tiles, shared, n_sources)
        moved = take_step(point, shared, offset)
        settled = expected_gain(equations) < enough
        lowered, misfit = before - equations.objective, equations.objective - data
        if iteration >= PATIENT:
            settled |= 0 <= lowered < ROUGHLY * misfit
        if settled:
            return Optimum(moved, equations, [], Result.SUCCESSFUL)
        if not lowered > 0:
            break
        start, point, before = point, moved, equations.objective
        del equations  # else it lives on beside the next ones
    first = Settings(tolerance=TOLERANCE, max_iterations=limit)
    optimum = gauss_newton(problem, tiles, start, first)
    hopeless = optimum.equations.chi2 > HOPELESS * data
    if hopeless or optimum.result is not Result.NOT_CONVERGED:
        return optimum
    return gauss_newton(
        problem, tiles, optimum.parameters, Settings(tolerance=TOLERANCE)
    )


def left_out(
    measurements: Measurements, part: float, seed: int
) -> Bool[np.ndarray, "n_meas"]:
    """Return which measurements to leave out, at random; `KEPT` of each source stay.

    Parameters
    ----------
    measurements
        All of them.
    part
        Part of all that is to be left out; fewer if sources have few.
    seed
        Says which.
    """
    rng = np.random.default_rng(seed)
    source = np.asarray(measurements.source)
    order = rng.permutation(source.size)
    order = order[np.argsort(source[order], kind="stable")]
    first = np.searchsorted(source[order], source[order])
    spare = order[np.arange(source.size) - first >= KEPT]
    chosen = rng.permutation(spare)[: round(part * source.size)]
    return np.isin(np.arange(source.size), chosen)


def _without(problem: Problem, rows: Bool[np.ndarray, "n_meas"]) -> Problem:
    """Return the problem with some measurements of infinite variance: no weight."""
    covariance = np.array(problem.measurements.covariance)
    covariance[rows] = np.diag([np.inf, np.inf])
    measurements = replace(problem.measurements, covariance=covariance)
    return replace(problem, measurements=measurements)


def _checked_degrees(degrees: Iterable[int], problem: Problem) -> list[int]:
    """Return the degrees sorted, or refuse what cannot be tried."""
    found = sorted({int(d) for d in degrees})
    distortion = problem.instrument.distortion
    where = f"instrument {problem.instrument.name!r}"
    if not isinstance(distortion, (*POLYNOMIALS, NoDistortion)):
        raise ConfigError(
            explain(
                given=f"the distortion {basis_name(distortion)}, which has no degree",
                wanted="a polynomial: legendre, powers or sip",
                where=where,
                todo="choose it with --distortion legendre",
            )
        )
    if "distortion" not in problem.free:
        raise ConfigError(
            explain(
                given="a distortion that is held fixed",
                wanted="a free one, whose degree can be chosen",
                where="--fix",
                todo="take distortion out of --fix, or name the degree",
            )
        )
    least = getattr(distortion, "minimum_degree", 2)
    if not found or found[0] < max(least, 1):
        raise ConfigError(
            explain(
                given=f"degrees to try: {some(found, 20) or 'none'}",
                wanted=f"one or more, none below {max(least, 1)}",
                where="degrees",
                todo="leave out the lower ones, or lower minimum_degree",
            )
        )
    return found


def _checked_extras(extras: tuple[str, ...], problem: Problem) -> tuple[str, ...]:
    """Return those extras that this plate could have, or refuse unknown ones."""
    for name in extras:
        if name not in EXTRAS:
            raise unknown_name("extra", name, EXTRAS, where="extras")
    instrument, detectors = problem.instrument, problem.instrument.detectors
    widths = (detectors.sigma_centre, detectors.sigma_theta, detectors.sigma_pitch)
    # In a free network, scales have no prior, so that their number cannot be judged.
    trusted = not problem.free_network
    scale = trusted and "scale" in problem.free and float(instrument.focal_sigma) > 0
    possible = {
        "scale-axis": scale,
        "scale-exposure": scale and problem.layout.n_exposures > 1,
        "skew": float(instrument.skew_sigma) > 0,
        "detectors": trusted and any(np.any(np.asarray(w) > 0) for w in widths),
    }
    return tuple(name for name in extras if possible[name])


def _check_part(part: float) -> None:
    if not 0.0 <= part <= MOST_LEFT_OUT:
        raise ConfigError(
            explain(
                given=f"{part} of the measurements left out",
                wanted=f"0 to {MOST_LEFT_OUT}",
                where="held_out",
                todo="leave out less",
            )
        )


def _nothing_fits(candidates: list[Candidate]) -> ConvergenceError:
    return ConvergenceError(
        explain(
            given=f"none of {len(candidates)} models could be fitted",
            wanted="a model that converges and whose parameters the data determine",
            where=some([c.label for c in candidates], 3),
            todo="solve with a low degree and read its verdict; look for wrong "
            "identifications, wrong pointings, or too few references",
        )
    )


__all__ = ["DEGREES", "EXTRAS", "Candidate", "Choice", "choose_degree", "left_out"]
