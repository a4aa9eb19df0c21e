"""Print what one plate costs, and how the cost grows with the measurements."""

import argparse
import importlib
import json
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from typing import Any

import numpy as np

COLD = """
import time
began = time.perf_counter()
import json, sys, warnings
from importlib import import_module
from reseau.plates import prepare
warnings.simplefilter("ignore")
def resident():  # of this process alone, unlike getrusage's after a fork
    lines = open("/proc/self/status").read().splitlines()
    return next(int(l.split()[1]) / 1024 for l in lines if l.startswith("VmHWM"))
imported = time.perf_counter() - began
problem = prepare(import_module("reseau.datasets").read_dataset(sys.argv[1])).problem
before = resident()
began = time.perf_counter()
solution = import_module("reseau.solvers").solve_plate(problem)
seconds = time.perf_counter() - began
rss = resident()
print(json.dumps(dict(imports=imported, solve=seconds, before=before, rss=rss)))
"""


def _problem(sources: int, seed: int = 0, **choices: object):
    from reseau.plates import prepare
    from reseau.verbs.simulate import simulate

    plate = simulate(sources=sources, seed=seed, **choices)
    return prepare(plate.dataset).problem


def _measure(problem, repeats: int = 5) -> dict[str, float]:
    solve_plate = importlib.import_module("reseau.solvers").solve_plate
    solve_plate(problem)
    rows = []
    for _ in range(repeats):
        began = time.perf_counter()
        solution = solve_plate(problem)
        rows.append(
            (
                time.perf_counter() - began,
                min(i.seconds for i in solution.history),
                len(solution.history),
                solution.converged,
            )
        )
    best = min(rows)
    return {
        "measurements": problem.measurements.pixel.shape[0],
        "sources": problem.prior.direction.shape[0],
        "shared": problem.layout.size,
        "iteration_s": best[1],
        "iterations": best[2],
        "solution_s": best[0],
    }


FLOPS = 7e9
"""Of the products that an iteration is made of, floating-point operations."""


def _products() -> float:
    """Return the seconds that these take as products of large matrices."""
    n = 2000
    a = np.random.default_rng(0).normal(size=(n, n))
    times = []
    for _ in range(5):
        began = time.perf_counter()
        a @ a
        times.append(time.perf_counter() - began)
    return FLOPS / (2.0 * n**3) * min(times)


def _cold() -> dict[str, float]:
    """Solve the orbit once in a process of its own, nothing compiled before."""
    from reseau.verbs.simulate import simulate

    with tempfile.TemporaryDirectory() as folder:
        dataset = f"{folder}/orbit"
        simulate(dataset, seed=0)
        done = subprocess.run(
            [sys.executable, "-c", COLD, dataset],
            capture_output=True,
            check=True,
            text=True,
        )
    return json.loads(done.stdout)


def _robust() -> tuple[Any, Any]:
    """Return the solver, and mixtures for measurements and references."""
    likelihood = importlib.import_module("reseau.model.likelihood")
    robust = importlib.import_module("reseau.solvers.robust.robust").Robust
    mixture = likelihood.likelihood_named("mixture")
    both = robust(mixture, likelihood.prior_named("mixture"))
    return importlib.import_module("reseau.solvers").solve_plate, both


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scaling", action="store_true")
    parser.add_argument("--cold", action="store_true")
    parser.add_argument("--robust", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    cases = [10_000]
    if options.scaling:
        cases = [300, 1_000, 3_000, 10_000, 30_000]
    rows = [_measure(_problem(n)) for n in cases]
    keys = list(rows[0])
    print("| " + " | ".join([*keys, "us per measurement"]) + " |")
    print("|" + " ---: |" * (len(keys) + 1))
    for row in rows:
        per = 1e6 * row["solution_s"] / row["measurements"]
        cells = [
            f"{v:,.3g}" if isinstance(v, float) else f"{v:,}" for v in row.values()
        ]
        print("| " + " | ".join([*cells, f"{per:.2f}"]) + " |")
    alone = _products()
    print(
        f"\n7 GFLOP of matrix products take {alone:.3f} s here: an iteration "
        f"{rows[-1]['iteration_s'] / alone:.1f} times that, the solution "
        f"{rows[-1]['solution_s'] / alone / rows[-1]['iterations']:.1f} times that an "
        "iteration"
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak resident memory of this process: {peak:,.0f} MiB")
    if options.robust:
        problem = _problem(10_000)
        solve_plate, robust = _robust()
        solve_plate(problem, robust=robust)
        both = []
        for heavy in (None, robust):
            began = time.perf_counter()
            solve_plate(problem, robust=heavy)
            both.append(time.perf_counter() - began)
        print(f"robust {both[1]:.1f} s, {both[1] / both[0]:.1f} times plain")
    if options.cold:
        found = _cold()
        print(
            f"cold process: imports {found['imports']:.1f} s, compiled solution "
            f"{found['solve']:.1f} s; resident {found['before']:,.0f} MiB before, "
            f"at most {found['rss']:,.0f} MiB"
        )


if __name__ == "__main__":
    main()
