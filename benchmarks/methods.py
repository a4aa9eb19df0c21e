"""Lay the methods side by side: what each gives on one orbit, and what it costs.

    python benchmarks/methods.py                 # a twentieth of an orbit, all methods
    python benchmarks/methods.py --full          # and seconds per iteration of an orbit
    python benchmarks/methods.py --write FILE    # the same as Markdown

The exact posterior is that of Gauss-Newton's last linearisation, which NUTS confirms on
a small plate (tests/twin/test_nuts.py). Errors of the error bars are against it: the
median over all sources of σ / σ(exact) − 1, and its extremes.
"""

import argparse
import importlib
import time
import warnings
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np

TWENTIETH = {"sources": 500, "exposures": 96, "artificial": 10, "seed": 1}
WHOLE = {"sources": 10_000, "exposures": 96, "artificial": 50, "seed": 1}
STEPS = 100
"""Steps by which the time of one is measured at full size."""


class Row(NamedTuple):
    """What one method gave."""

    name: str
    seconds: float
    per_step: float
    steps: int
    ratio: float
    pulls: float
    bars: tuple[float, float, float]
    ended: str


def _plate(choices: dict[str, int]):
    from reseau.plates import prepare
    from reseau.verbs.simulate import simulate

    made = simulate(**choices)
    return made, prepare(made.dataset)


def _errors(made, prepared, solution) -> np.ndarray:
    """Return errors of all sources [rad]."""
    from reseau.constants import DEGREE
    from reseau.sky import direction_from_angles, tangent_offset
    from reseau.tables import columns_of

    truth = columns_of(made.truth.sources)
    order = np.argsort(truth["source_id"])
    row = order[np.searchsorted(truth["source_id"][order], prepared.source_id)]
    with jax.enable_x64(True):
        true = direction_from_angles(
            truth["ra"][row] * DEGREE, truth["dec"][row] * DEGREE
        )
        return np.asarray(tangent_offset(solution.direction, true))


def _row(name, made, prepared, exact, solution, seconds, steps, ended) -> Row:
    from reseau.diagnostics import recovery_statistics

    error = _errors(made, prepared, solution)
    # All against the bound of the exact posterior; pulls with the method's own errors.
    bound = recovery_statistics(error, exact.source_covariance)
    own = recovery_statistics(error, solution.source_covariance)

    def sigma(found):
        return np.sqrt(found.source_covariance[:, [0, 1], [0, 1]])

    relative = (sigma(solution) / sigma(exact) - 1.0).ravel()
    low, middle, high = np.quantile(relative, [0.0, 0.5, 1.0])
    return Row(
        name,
        seconds,
        seconds / max(steps, 1),
        steps,
        bound.crb_ratio,
        own.pull_std,
        (low, middle, high),
        ended,
    )


def _timed(function):
    began = time.perf_counter()
    found = function()
    return found, time.perf_counter() - began


def compare_methods(time_limit: float | None) -> list[Row]:
    """Solve a twentieth of an orbit by every method to its own convergence."""
    solve = importlib.import_module("reseau.solvers")
    robust = importlib.import_module("reseau.solvers.robust.robust")
    likelihood = importlib.import_module("reseau.model.likelihood")
    variational = importlib.import_module("reseau.solvers.variational")
    made, prepared = _plate(TWENTIETH)
    problem = prepared.problem
    solve.solve_plate(problem)  # compile
    exact, seconds = _timed(lambda: solve.solve_plate(problem))
    common = (made, prepared, exact)
    rows = [
        _row("Gauss-Newton", *common, exact, seconds, len(exact.history), "converged")
    ]
    tails = robust.Robust(
        likelihood=likelihood.likelihood_named("mixture"),
        reference_prior=likelihood.prior_named("mixture"),
    )
    solve.solve_plate(problem, robust=tails)
    found, seconds = _timed(lambda: solve.solve_plate(problem, robust=tails))
    rows.append(
        _row(
            "robust, mixtures",
            *common,
            found,
            seconds,
            len(found.history),
            found.result.name.lower(),
        )
    )
    for guide, init in (
        ("arrow", "none"),
        ("lowrank", "map"),
        ("meanfield", "map"),
        ("seed", "none"),
    ):
        if guide == "arrow":
            variational.solve_variational(problem, guide=guide, init=init)
        fitted = variational.solve_variational(
            problem, guide=guide, init=init, time_limit=time_limit
        )
        rows.append(
            _row(
                f"svi, {guide}, from {'scratch' if init == 'none' else 'the maximum'}",
                *common,
                fitted.solution,
                fitted.seconds,
                fitted.steps,
                fitted.result.name.lower(),
            )
        )
        print(rows[-1], flush=True)
    return rows


def time_whole() -> dict[str, float]:
    """Return seconds per iteration of a whole orbit, by method."""
    solve = importlib.import_module("reseau.solvers")
    variational = importlib.import_module("reseau.solvers.variational")
    _, prepared = _plate(WHOLE)
    problem = prepared.problem
    solve.solve_plate(problem)
    exact = solve.solve_plate(problem)
    found = {"Gauss-Newton": min(i.seconds for i in exact.history)}
    for guide in variational.GUIDES:
        # The first run compiles; then long runs less short ones.
        counts = (STEPS, STEPS, 3 * STEPS)
        _, short, long = (
            variational.solve_variational(problem, guide=guide, max_steps=n)
            for n in counts
        )
        more, spent = long.steps - short.steps, long.seconds - short.seconds
        found[f"svi, {guide}"] = spent / more if more else long.seconds_per_step
    return found


def table(rows: list[Row]) -> str:
    """Return the rows as Markdown."""
    lines = [
        "| method | seconds | s/iteration | iterations | RMS / CRB | pull std "
        "| σ/σ(exact) − 1: median (least, most) | ended |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for r in rows:
        low, middle, high = (f"{100 * v:+.1f} %" for v in r.bars)
        lines.append(
            f"| {r.name} | {r.seconds:.3g} | {r.per_step:.3g} | {r.steps:,} | "
            f"{r.ratio:.3f} | {r.pulls:.3f} | {middle} ({low}, {high}) | {r.ended} |"
        )
    return "\n".join(lines)


def whole_table(seconds: dict[str, float]) -> str:
    """Return the times of a whole orbit as Markdown."""
    first = seconds["Gauss-Newton"]
    lines = [
        "| method | s/iteration | in iterations of Gauss-Newton |",
        "|---|---|---|",
    ]
    lines += [f"| {n} | {s:.3g} | {s / first:.2g} |" for n, s in seconds.items()]
    return "\n".join(lines)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="a whole orbit, too")
    parser.add_argument("--time-limit", type=float, help="seconds for one guide")
    parser.add_argument("--write", type=Path, help="Markdown file to write")
    choices = parser.parse_args()
    warnings.simplefilter("ignore")
    text = table(compare_methods(choices.time_limit))
    if choices.full:
        text += "\n\n" + whole_table(time_whole())
    print(text)
    if choices.write:
        choices.write.write_text(text + "\n")


if __name__ == "__main__":
    main()
