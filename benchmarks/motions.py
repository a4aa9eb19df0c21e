"""What joining plates costs: iterations, ranks, errors of the errors, and time.

    python benchmarks/motions.py                    # 10, 30, 100 and 300 plates
    python benchmarks/motions.py --plates 10 30     # fewer
    python benchmarks/motions.py --epsilon 0.01     # one threshold

Small plates of one survey (500 sources, 24 exposures, P about 170, three years), solved
one by one, of which 90, 10 and 1 % of the reference catalogue are then known. For each
threshold of compression: the rank, how far formal errors are off from the exact ones of
a dense inverse (median and worst, of stars with five parameters; with up to --dense
plates), iterations of conjugate gradients to 1e-3 σ, and the seconds that merging took
over those of the machine's own matrix products of the same plates: all columns with one
another in groups of four, five rows a star, and their mixing.
"""

import argparse
import sys
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

FRACTIONS = (0.9, 0.1, 0.01)
EPSILONS = (0.1, 0.03, 0.01, 1e-3)


def solved_plates(number: int) -> tuple[list[Any], dict[str, np.ndarray]]:
    """Return information of the first plates of a survey, and the catalogue."""
    from reseau.plates import prepare
    from reseau.plates.information import information_of
    from reseau.solvers import solve_plate
    from reseau.verbs.simulate import as_dataset
    from small_survey import small_survey

    survey = small_survey(
        seed=7,
        schedule={"years": 3.0, "orbits": number, "exposures": 6},
        stars={"count": 1000, "artificial": 10},
    )
    plates = []
    for plate in range(number):
        dataset = as_dataset(survey.plate(plate)).dataset
        prepared = prepare(dataset)
        solution = solve_plate(prepared.problem, information=1e-3)
        plates.append(information_of(prepared, solution, dataset))
    return plates, dict(survey.references.columns)


def equations_of(
    plates: Sequence[Any], reference: dict[str, np.ndarray], fraction: float
) -> Any:
    """Return the joint equations with a part of the references."""
    from reseau.catalogue import astrometry
    from reseau.motions.joint import joint
    from reseau.motions.stars import stars_of
    from reseau.motions.undetermined import with_positions_alone

    known = np.random.default_rng(0).random(len(reference["source_id"])) < fraction
    catalogue = astrometry({k: np.asarray(v)[known] for k, v in reference.items()})
    epoch = float(np.mean([plate.epoch for plate in plates]))
    stars = stars_of(plates, catalogue, epoch=epoch)
    return joint(plates, with_positions_alone(plates, stars))


def exact_errors(equations: Any) -> np.ndarray:
    """Return the formal errors from the dense inverse of the whole matrix."""
    from reseau.linalg import backward_blocks, cholesky_blocks, forward_blocks

    root = cholesky_blocks(equations.blocks)
    n, size = root.shape[:2]
    matrix = np.eye(n * size)
    for share in equations.plates:
        row, _, jacobian = share.mapped
        across = forward_blocks(root[row], jacobian.transpose(0, 2, 1).copy())
        columns = (across @ share.information.columns).reshape(row.size * size, -1)
        at = (size * row[:, None] + np.arange(size)).ravel()
        matrix[np.ix_(at, at)] -= columns @ columns.T
    inverse = np.linalg.inv(matrix).reshape(n, size, n, size)
    own = inverse[np.arange(n), :, np.arange(n)]
    half = backward_blocks(root, own).transpose(0, 2, 1)
    own = backward_blocks(root, half.copy())
    return np.sqrt(np.diagonal(own, axis1=1, axis2=2))


def products(equations: Any, epsilon: float) -> float:
    """Return the seconds of plain products of the columns that are merged."""
    seconds = 0.0
    for start in range(0, len(equations.plates), 4):
        group = [share.information for share in equations.plates[start : start + 4]]
        rank = sum(int(np.sum(plate.share > epsilon)) for plate in group)
        stacked = np.ones((5 * len(group[0].source_id), rank), np.float32)
        mixing = np.ones((rank, max(rank // 4, 1)), np.float32)
        began = time.process_time()
        _ = stacked.T @ stacked, stacked @ mixing
        seconds += time.process_time() - began
    return seconds


def rows(
    equations: Any, fraction: float, epsilons: Sequence[float], exact: np.ndarray | None
) -> list[list[str]]:
    """Return a row of the table for each threshold."""
    from reseau.linalg import cholesky_blocks
    from reseau.motions.merging import merged_factor
    from reseau.motions.solving import solve_jointly

    root = cholesky_blocks(equations.blocks)
    five = equations.stars.solved_for == 31
    out = []
    for epsilon in epsilons:
        began = time.process_time()
        factor = merged_factor(equations, root, epsilon)
        merging = time.process_time() - began
        found = solve_jointly(equations, factor=factor)
        off = ["", ""]
        if exact is not None:
            covariance = factor.covariance_blocks()
            error = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
            ratio = 100.0 * (error / exact - 1.0)[five]
            worst = ratio.flat[np.argmax(np.abs(ratio))]
            off = [f"{np.median(ratio):+.3f}", f"{worst:+.2f}"]
        out.append(
            [
                str(len(equations.plates)),
                f"{100 * fraction:.0f}",
                f"{epsilon:g}",
                str(factor.share.size),
                f"{factor.left.min():.1e}",
                *off,
                " + ".join(str(len(steps) - 1) for steps in found.steps),
                f"{merging / products(equations, epsilon):.1f}",
            ]
        )
    return out


HEADER = "plates | references % | ε | rank | least left | σ off, median % | worst % "
HEADER += "| iterations | merging / products"


def table(
    plates: Sequence[Any],
    reference: dict[str, np.ndarray],
    numbers: Sequence[int],
    epsilons: Sequence[float],
    dense: int,
) -> None:
    """Print the table."""
    print(HEADER)
    print(" | ".join("---" for _ in HEADER.split(" | ")))
    for number in numbers:
        for fraction in FRACTIONS:
            equations = equations_of(plates[:number], reference, fraction)
            exact = exact_errors(equations) if number <= dense else None
            for row in rows(equations, fraction, epsilons, exact):
                print(" | ".join(row), flush=True)


def main() -> None:
    """Solve the plates and print the table."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plates", type=int, nargs="+", default=[10, 30, 100, 300])
    parser.add_argument("--epsilon", type=float, nargs="+", default=EPSILONS)
    parser.add_argument("--dense", type=int, default=100)
    choices = parser.parse_args()
    import jax

    jax.config.update("jax_enable_x64", True)
    plates, reference = solved_plates(max(choices.plates))
    table(plates, reference, choices.plates, choices.epsilon, choices.dense)


if __name__ == "__main__":
    main()
