"""Solve small plates with gross errors: none ends in an exception or a silent error.

Wrong pairs, a wrong parity, angles, scales, units, constant columns, coincident and
collinear stars, one or two of these or none, on plates of 1 to 30 stars. An end is good
that converges, refuses the input or says why not; where the verdict finds nothing
wrong, attitudes have to be right.
"""

import argparse
import sys
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from spoilt import credible, solve_spoilt, spoilt_plate

FAR = 45.0
"""χ² of three degrees of freedom that chance exceeds in one of 10⁹."""


def try_one(seed: int, folder: Path) -> tuple[str, str]:
    """Return how a plate ended, and what is wrong with that; empty: nothing."""
    plate = spoilt_plate(seed)
    try:
        found = solve_spoilt(plate, folder, write=seed % 10 == 0)
    except Exception:  # noqa: BLE001
        return "exception", f"{plate.spoils}\n{traceback.format_exc()}"
    end = f"exit {found['exit']}"
    if found["exit"] not in (0, 2, 3) or not found["said"].strip():
        return end, f"{plate.spoils}: {found['said']}"
    if found["exit"] == 0 and credible(found["said"]):
        wrong = plate.has_truth and not np.all(found["off"] < FAR)
        return "credible", f"{plate.spoils}: {found['off']}" if wrong else ""
    return end, ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--plates", type=int, default=10_000)
    parser.add_argument("--every", type=int, default=100, help="print after so many")
    choice = parser.parse_args()
    warnings.simplefilter("ignore")
    ends: Counter[str] = Counter()
    bad, began = 0, time.perf_counter()
    with TemporaryDirectory() as place:
        for i in range(choice.plates):
            end, complaint = try_one(choice.first + i, Path(place))
            ends[end] += 1
            if complaint:
                bad += 1
                print(f"seed {choice.first + i}: {end}: {complaint}", flush=True)
            if (i + 1) % choice.every == 0:
                seconds = time.perf_counter() - began
                print(f"{i + 1} {dict(ends)} bad {bad} {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
