"""Write the table of residuals against the degree of the distortion.

``python examples/challenge_degrees.py DATA TABLE`` solves the files of the JASMINE
Astrometry Challenge in the folder DATA with plain Legendre polynomials, whatever
distortion made them, and writes a Markdown table.
"""

import argparse
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from reseau import SolveOptions, solve

DEGREES = (2, 3, 4, 5, 6, 7)

FOCAL = {"level2_challenge.txt": 4860.0}
"""Focal lengths that differ from the rest [mm]."""

CASES = (
    ("1", "case1_challenge_00.txt", "none"),
    ("3", "case3_challenge_00.txt", "radial, decentring, tilt, scale"),
    ("4", "case4_challenge_00.txt", "the same"),
    ("5", "case5_challenge_00.txt", "the same, ten fields"),
    ("6", "case6_challenge_00.txt", "none"),
    ("7", "case7_challenge_00.txt", "powers to degree 2 per axis"),
    ("8", "case8_challenge_00.txt", "radial, about a centre off the axis"),
    ("9", "case9_challenge_00.txt", "SIP to degree 5 per axis, with affine terms"),
    ("level 2", "level2_challenge.txt", "Legendre to degree 5"),
    ("level 2, 16 plates", "level2_source_table.txt", "quadratic, backward"),
)

INSTRUMENT = """name = "plane"
[optics]
focal_length_mm = {focal}
focal_sigma_mm = 100.0
parity = -1
[distortion]
basis = "legendre"
degree = {degree}
normalisation_um = 20500.0
[[detector]]
plane = true
"""


def residual(table: Path, *, degree: int, focal: float) -> float:
    """Return the RMS residual of a coordinate [um], with a free skew.

    Parameters
    ----------
    table
        Detections.
    degree
        Highest total degree.
    focal
        Nominal focal length [mm].
    """
    with TemporaryDirectory() as folder:
        instrument = Path(folder) / "plane.toml"
        instrument.write_text(INSTRUMENT.format(focal=focal, degree=degree))
        options = SolveOptions(instrument=str(instrument), free=("skew",))
        solved = solve(table, options=options)
    if solved.exit_code:
        raise SystemExit(f"{table} was not solved: {solved.summary['result']}")
    return float(np.sqrt(np.mean(solved.solution.residuals.pixel**2)))


def main() -> None:
    """Solve all files and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder of the challenge's files")
    parser.add_argument("table", type=Path, help="Markdown file to write")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    lines = [
        "| case | made with | " + " | ".join(str(d) for d in DEGREES) + " |",
        "|---|---|" + "---|" * len(DEGREES),
    ]
    for name, file, made in CASES:
        focal = FOCAL.get(file, 7300.0)
        found = [
            residual(arguments.data / file, degree=d, focal=focal) for d in DEGREES
        ]
        lines.append(
            f"| {name} | {made} | " + " | ".join(map("{:.1e}".format, found)) + " |"
        )
    arguments.table.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
