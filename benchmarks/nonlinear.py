"""Count the iterations of distortions that are not linear in their coefficients.

    python benchmarks/nonlinear.py                   # 200 plates of each model
    python benchmarks/nonlinear.py --seeds 21 --slow # fewer, and name the slow ones
    python benchmarks/nonlinear.py --robust          # 5 % outliers, heavy tails

Plates of 30 and of 200 stars and small orbits in turn, all starting from no distortion;
true coefficients within one prior width (1 mm at the edge of the field), a centre
anywhere within the field. Counted are linearisations of the plate, those of the start
among them.
"""

import argparse
import importlib
import sys
import time
import warnings
from pathlib import Path

import jax
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

MANY = 15


def _row(model: str, seeds: range, choices: argparse.Namespace) -> list[str]:
    from reseau.model.likelihood import likelihood_named
    from reseau.solvers import Robust, solve_plate
    from warped import LAYOUTS, make_warped

    likelihood = likelihood_named("student") if choices.robust else None
    robust = Robust(likelihood=likelihood) if choices.robust else None
    layouts = list(LAYOUTS)
    count, before, ended, ratio, seconds = (np.zeros(len(seeds)) for _ in range(5))
    pulls = np.zeros((len(seeds), 18))
    for i, seed in enumerate(seeds):
        layout = layouts[seed % len(layouts)]
        plate = make_warped(model, layout, seed, outliers=0.05 * choices.robust)
        began, counted = time.perf_counter(), dict(_COUNTED)
        solution = solve_plate(plate.problem, robust=robust)
        seconds[i] = time.perf_counter() - began
        before[i] = _COUNTED["distortion_start"] - counted["distortion_start"]
        count[i] = _COUNTED["equations"] - counted["equations"]
        ended[i] = solution.converged
        ratio[i] = solution.chi2 / solution.dof
        pulls[i] = _map_pulls(plate, solution)
        if choices.slow and (count[i] > MANY or not solution.converged):
            truth = np.array2string(plate.truth.coefficients, precision=4)
            print(
                model, layout, seed, count[i], solution.result.name, truth, flush=True
            )
    return [
        model,
        str(count.size),
        f"{np.median(before):.0f}",
        f"{np.median(count):.0f}",
        f"{np.quantile(count, 0.95):.0f}",
        f"{count.max():.0f}",
        f"{np.sum(count > MANY)}",
        f"{np.sum(ended == 0)}",
        f"{np.median(ratio):.2f} ({np.max(ratio):.3g})",
        f"{np.sqrt(np.nanmean(pulls**2)):.2f} ({np.nanmax(np.abs(pulls)):.1f})",
        f"{np.median(seconds):.2f}",
    ]


_COUNTED = {"distortion_start": 0, "equations": 0}


def _count_linearisations() -> None:
    """Count the linearisations of starts, and all."""
    for place, home, name in (
        ("distortion_start", "solvers.start.distortion", "_linearise"),
        ("equations", "equations.equations", "assemble"),
    ):
        module = importlib.import_module(f"reseau.{home}")
        setattr(module, name, _counting(place, getattr(module, name)))


def _counting(place: str, function):
    def counted(*given):
        _COUNTED[place] += 1
        return function(*given)

    return counted


def _map_pulls(plate, solution) -> np.ndarray:
    """Return pulls of the distortion at nine places of the field, x and y."""
    from reseau.model.gauge import to_datum

    distortion, layout = plate.problem.instrument.distortion, plate.problem.layout
    t = 0.7 * np.array([-1.0, 0.0, 1.0]) * distortion.normalisation
    x, y = (c.ravel() for c in np.meshgrid(t, t))

    def place(c):
        return jax.numpy.concatenate(distortion.displace(x, y, c))

    found = solution.parameters.coefficients
    slope = np.asarray(jax.jacfwd(place)(jax.numpy.asarray(found)))
    covariance = solution.shared_covariance[layout.distortion, layout.distortion]
    sigma = np.sqrt(np.einsum("ij,jk,ik->i", slope, covariance, slope))
    apart = np.asarray(
        place(found) - place(to_datum(plate.problem, plate.truth).coefficients)
    )
    return np.where(sigma > 0, apart / np.where(sigma > 0, sigma, 1.0), 0.0)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=200, help="plates of each model")
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--model", help="only models with this in their name")
    parser.add_argument("--robust", action="store_true", help="with 5 %% outliers")
    parser.add_argument("--slow", action="store_true", help="name the slow ones")
    choices = parser.parse_args()
    warnings.simplefilter("ignore")
    _count_linearisations()
    from warped import MODELS

    cells = ["model", "plates", "of the start", "median", "95 %", "most"]
    cells += [f"more than {MANY}"]
    cells += ["not converged", "χ²/dof (most)", "pull of the map (most)", "seconds"]
    print("| " + " | ".join(cells) + " |", "|---" * len(cells) + "|", sep="\n")
    seeds = range(choices.first, choices.first + choices.seeds)
    for model in MODELS:
        if choices.model is None or choices.model in model:
            with jax.enable_x64(True):
                row = _row(model, seeds, choices)
            print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
