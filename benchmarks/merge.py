# A script that prints tables.
# ruff: noqa: T201
"""What merging surveys costs, and whether as many matches are false as is expected.

    python benchmarks/merge.py                  # 20 + 4 + 2 million rows
    python benchmarks/merge.py --scale 0.1      # a tenth
    python benchmarks/merge.py --folder PLACE   # files are made there, and stay

A made-up field towards the Galactic centre, of some 5 million rows of VIRAC2 a square
degree, seen by VIRAC2, 2MASS and Gaia. The merge runs in a process of its own, whose
time and greatest resident memory are printed, then its summary, then false matches
beside the number that was expected, and rows that are twice or lost.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import synthetic_surveys as sky

STARS = 32_800_000
DENSITY = 8.2e6
"""Stars a square degree, of which VIRAC2 has six in ten."""
SLICE = 400_000
"""Stars that are made at a time."""
NAMES = ("virac.parquet", "2mass.parquet", "gaia.parquet")


def make(folder: Path, scale: float) -> None:
    """Write the surveys, slices of declination in random order."""
    rng = np.random.default_rng(np.random.SeedSequence(12))
    count = round(STARS * scale)
    side = float(np.sqrt(count / DENSITY))
    slices = max(1, round(count / SLICE))
    edges = -29.0 - side / 2 + side * np.arange(slices + 1) / slices
    ra = (266.4 - side / 2 / 0.875, 266.4 + side / 2 / 0.875)
    writers: dict[str, pq.ParquetWriter] = {}
    for i in rng.permutation(slices):
        box = sky.Box(ra, (float(edges[i]), float(edges[i + 1])))
        stars = sky.make_stars(rng, count // slices, box, int(i) * (count // slices))
        tables = (
            sky.virac(rng, stars, box),
            sky.twomass(rng, stars, box, limit=14.85),
            sky.gaia(rng, stars, box, limit=20.85),
        )
        for name, table in zip(NAMES, tables, strict=True):
            if name not in writers:
                writers[name] = pq.ParquetWriter(folder / name, table.schema)
            writers[name].write_table(table)
    for writer in writers.values():
        writer.close()


def merge(folder: Path, memory: float) -> None:
    """Merge, and print what it took; run in a process of its own."""
    import reseau
    from reseau.galaxy.merging import MergeOptions
    from reseau.galaxy.merging.options import WorkOptions

    options = MergeOptions(surveys=(), work=WorkOptions(memory_gib=memory, threads=2))
    began, last = time.perf_counter(), [0.0]

    def told(done: int, total: int) -> None:
        now = time.perf_counter() - began
        if now - last[0] > 10:
            last[0] = now
            print(f"{now:6.1f} s   {done} of {total}", file=sys.stderr, flush=True)

    found = reseau.merge(
        [str(folder / name) for name in NAMES],
        folder / "merged.parquet",
        config=options,
        overwrite=True,
        told=told,
    )
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(found)
    print(f"\n{seconds:.1f} s, at most {peak:.2f} GiB of memory")


def judge(folder: Path) -> None:
    """Compare the merged table with the truth in its identifiers."""
    columns = ["twomass_id", "virac2_id", "gaia_source_id"]
    probabilities = ["virac2_probability", "gaia_probability"]
    table = pq.read_table(
        folder / "merged.parquet", columns=["source_id", *columns, *probabilities]
    )
    number = _numbers(table)
    for i, column in enumerate(columns):
        rows = pq.read_metadata(
            folder / ("2mass.parquet", "virac.parquet", "gaia.parquet")[i]
        ).num_rows
        have = number[column][number[column] >= 0]
        twice = len(have) - len(np.unique(have))
        print(f"{column}: {rows:,} rows, {len(have):,} merged, {twice} twice")
    twice = len(table) - len(np.unique(table["source_id"].to_numpy()))
    print(f"source_id: {len(table):,} rows, {twice} twice")
    for last, name in ((1, "virac2"), (2, "gaia")):
        mine = number[columns[last]]
        before = np.stack([number[c] for c in columns[:last]])
        paired = (before >= 0).any(axis=0) & (mine >= 0)
        false = paired & ~(before == mine).any(axis=0)
        probability = table[f"{name}_probability"].to_numpy()[paired]
        expected = float((1 - probability).sum())
        print(
            f"{name}: {paired.sum():,} matches, {false.sum():,} false "
            f"({100 * false.sum() / paired.sum():.3f} %), {expected:,.0f} expected, "
            f"ratio {false.sum() / expected:.3f} ± {1 / np.sqrt(expected):.3f}"
        )
        print("  probability   matches    false   expected")
        for low, high in ((0.5, 0.7), (0.7, 0.9), (0.9, 0.99), (0.99, 1.01)):
            of = (probability >= low) & (probability < high)
            print(
                f"  {low:4.2f} - {min(high, 1):4.2f} {of.sum():>9,} "
                f"{false[paired][of].sum():>8,} {(1 - probability[of]).sum():>10,.1f}"
            )


def _numbers(table: Any) -> dict[str, np.ndarray]:
    found = {}
    for column, base in (("virac2_id", sky.VIRAC), ("gaia_source_id", sky.GAIA)):
        values = pc.fill_null(table[column], base - 1).to_numpy()
        found[column] = values - base
    text = pc.utf8_slice_codeunits(pc.fill_null(table["twomass_id"], "T-1"), 1)
    found["twomass_id"] = pc.cast(text, "int64").to_numpy()
    return found


def main() -> None:
    """Make the surveys, merge them, and judge the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument(
        "--memory", type=float, default=1.5, help="of the database, GiB"
    )
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--only-merge", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.only_merge:
        merge(given.folder, given.memory)
        return
    with tempfile.TemporaryDirectory() as made:
        folder = given.folder or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / NAMES[-1]).exists():
            make(folder, given.scale)
        subprocess.run(
            [
                *(sys.executable, __file__, "--only-merge", "--folder", str(folder)),
                *("--memory", str(given.memory)),
            ],
            check=True,
        )
        judge(folder)


if __name__ == "__main__":
    main()
