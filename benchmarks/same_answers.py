"""Compare the answers of two checkouts, to 1e-6 σ in positions and 1e-8 in errors.

```
python benchmarks/same_answers.py /path/to/the/other/checkout
```

solves the same plates with both, each in a process of its own: a small orbit, robustly
with either density, a free network, variational inference, fitted noise, other
distortions, and with --whole a whole orbit, and that robustly; with --challenge FOLDER
the cases of the JASMINE Astrometry Challenge that lie there.
"""

import argparse
import os
import pickle
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np

HERE = Path(__file__).parents[1]

POSITIONS, ERRORS = 1e-6, 1e-8
"""Largest difference of positions [σ], and relative one of errors."""

CASES: dict[str, dict[str, object]] = {
    "plain": {},
    "mixture": {"likelihood": "mixture", "reference_prior": "mixture"},
    "student": {"likelihood": "student"},
    "free network": {"reference": False},
    "arrow": {"method": "svi", "guide": "arrow"},
    "arrow, student": {"method": "svi", "guide": "arrow", "likelihood": "student"},
    "noise": {"fit_noise": "floor"},
    "degree 3": {"degree": 3},
    "brown-conrady": {"distortion": "brown-conrady"},
    "skew free": {"free": ("skew",)},
}


def answers(folder: str, whole: bool, challenge: str | None) -> dict[str, object]:
    """Return the numbers of each case."""
    from reseau import SolveOptions, solve

    given = [(n, f"{folder}/small", options) for n, options in CASES.items()]
    if whole:
        given += [("whole", f"{folder}/whole", {})]
        given += [("whole, mixture", f"{folder}/whole", CASES["mixture"])]
    for table in sorted(Path(challenge).glob("*.csv")) if challenge else []:
        choices = {"instrument": "challenge", "columns": "x=x[um],y=y[um]"}
        given.append((table.stem, str(table), choices))
    found = {}
    for name, source, options in given:
        solution = solve(source, options=SolveOptions(**options)).solution
        found[name] = {
            "direction": np.asarray(solution.direction),
            "covariance": np.asarray(solution.source_covariance),
            "shared": np.sqrt(np.diag(np.asarray(solution.shared_covariance))),
            "chi2": float(solution.chi2),
        }
    return found


def _compared(name: str, one: dict, other: dict) -> bool:
    variance = np.einsum("nii->ni", one["covariance"])
    solved = np.all(variance > 0, axis=1)
    sigma = np.sqrt(variance[solved].min(axis=1))
    moved = np.linalg.norm((one["direction"] - other["direction"])[solved], axis=1)
    positions = float(np.max(moved / sigma, initial=0.0))
    again = np.sqrt(np.einsum("nii->ni", other["covariance"])[solved])
    errors = float(np.max(np.abs(again / np.sqrt(variance[solved]) - 1.0), initial=0.0))
    usable = np.isfinite(one["shared"]) & (one["shared"] > 0)
    shared = np.max(np.abs(other["shared"] / one["shared"] - 1.0)[usable], initial=0.0)
    alike = positions <= POSITIONS and errors <= ERRORS
    print(
        f"| {name} | {int(solved.sum()):,} | {positions:.1e} | {errors:.1e} | "
        f"{float(shared):.1e} | {'same' if alike else 'DIFFERENT'} |"
    )
    return alike


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("other", nargs="?", type=Path)
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--challenge")
    parser.add_argument("--answer", help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.answer:
        folder = str(Path(options.answer).parent)
        found = answers(folder, options.whole, options.challenge)
        Path(options.answer).write_bytes(pickle.dumps(found))
        return
    from reseau import simulate

    with tempfile.TemporaryDirectory() as folder:
        simulate(f"{folder}/small", small=True, seed=1)
        if options.whole:
            simulate(f"{folder}/whole", seed=0)
        both = []
        for number, checkout in enumerate((HERE, options.other)):
            out = Path(folder) / f"answers{number}"
            flags = ["--whole"] if options.whole else []
            if options.challenge:
                flags += ["--challenge", options.challenge]
            subprocess.run(
                [sys.executable, __file__, "--answer", str(out), *flags],
                env={**os.environ, "PYTHONPATH": str(checkout / "src")},
                check=True,
            )
            both.append(pickle.loads(out.read_bytes()))
    print("| case | sources | positions [σ] | errors | errors of calibration | |")
    print("|---|---:|---:|---:|---:|---|")
    alike = [_compared(name, both[0][name], both[1][name]) for name in both[0]]
    sys.exit(not all(alike))


if __name__ == "__main__":
    main()
