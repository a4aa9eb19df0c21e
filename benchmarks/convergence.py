"""Count the iterations of small plates, where common modes are hard to follow.

    python benchmarks/convergence.py                # 864 plates, some minutes
    python benchmarks/convergence.py --seeds 1      # a quarter of them
    python benchmarks/convergence.py --slow         # and name the slow ones

A grid over 24 to 60 sources on 3 to 6 exposures, degree 2 and 3, one detector and four,
free, tied and fixed focal lengths, references or a free network, and distortions whose
start is off by 0, 0.1 and 0.5 of the prior's σ (1 mm a coefficient). Pointings start
10″ off.
"""

import argparse
import itertools
import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

SIZES = ((24, 3), (40, 4), (60, 6))
SCALES = ("exposure-axis", "plate", "fixed")
MANY = 10
HEAD = ("references", "scale", "off [σ]")


def _detectors(n: int):
    from reseau.constants import DEGREE
    from reseau.instrument import Detectors

    side = (np.arange(2) - 0.5) * 21_000.0
    centre = np.array([[x, y] for y in side for x in side]) if n == 4 else [[0.0, 0.0]]
    return Detectors(
        ids=tuple(range(1, n + 1)),
        centre=np.asarray(centre),
        theta=90.0 * DEGREE * np.arange(n),
        pitch=np.full((n, 2), 10.0),
        naxis=np.full((n, 2), 2000.0),
        sigma_centre=np.full(n, 100.0),
        sigma_theta=np.full(n, 0.1 * DEGREE),
        sigma_pitch=np.full(n, 0.01),
    )


def _plate(*, size, degree, detectors, scale, network, off, seed):
    from plates import make_plate, two_detectors

    fields = {"focal_sigma": np.asarray(0.0)} if scale == "fixed" else {"scale": scale}
    instrument = two_detectors(degree=degree, detectors=_detectors(detectors), **fields)
    problem = make_plate(
        sources=size[0],
        exposures=size[1],
        seed=seed,
        instrument=instrument,
        references=0.0 if network else 0.5,
        free_network=network,
        focal_scatter=300.0 if scale == "exposure-axis" else 0.0,
    ).problem
    sigma = np.asarray(instrument.coefficient_sigma)
    aside = off * sigma * np.random.default_rng(1000 + seed).normal(size=sigma.shape)
    return replace(
        problem,
        instrument=replace(
            problem.instrument, coefficients=problem.instrument.coefficients + aside
        ),
    )


def _grid(seeds: int) -> Iterator[dict]:
    axes = {
        "size": SIZES,
        "degree": (2, 3),
        "detectors": (1, 4),
        "scale": SCALES,
        "network": (False, True),
        "off": (0.0, 0.1, 0.5),
        "seed": range(seeds),
    }
    for values in itertools.product(*axes.values()):
        yield dict(zip(axes, values, strict=True))


def _table(rows: list[tuple[tuple, int, bool]]) -> str:
    """Return the counts as Markdown, a line for each kind of plate and one for all."""
    cells = [*HEAD, "plates", "median", "most", f"more than {MANY}", "not converged"]
    lines = ["| " + " | ".join(cells) + " |", "|---" * len(cells) + "|"]
    kinds = sorted({kind for kind, _, _ in rows})
    for kind in [*kinds, ("all", "", "")]:
        some = [r for r in rows if kind[0] == "all" or r[0] == kind]
        count = np.array([n for _, n, _ in some])
        numbers = (
            len(some),
            int(np.median(count)),
            count.max(),
            int(np.sum(count > MANY)),
            sum(not good for _, _, good in some),
        )
        lines.append("| " + " | ".join(str(c) for c in (*kind, *numbers)) + " |")
    mean = np.mean([n for _, n, _ in rows])
    return "\n".join(lines) + f"\n\nmean {mean:.2f} iterations"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=4, help="plates of each kind")
    parser.add_argument("--slow", action="store_true", help="name the slow ones")
    choices = parser.parse_args()
    warnings.simplefilter("ignore")
    from reseau.solvers import solve_plate

    rows = []
    with jax.enable_x64(True):
        for kind in _grid(choices.seeds):
            solution = solve_plate(_plate(**kind))
            count = len(solution.history)
            known = "no" if kind["network"] else "half"
            rows.append(
                ((known, kind["scale"], kind["off"]), count, solution.converged)
            )
            if choices.slow and (count > MANY or not solution.converged):
                print(kind, count, solution.result.name, flush=True)
    print(_table(rows))


if __name__ == "__main__":
    main()
