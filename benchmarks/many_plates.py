"""Time and memory of `solve --plates all` against one plate's solver.

In one run, side by side: what the solver takes for a plate in a warm process, alone on
all cores; and the whole command for few and for many plates. The difference of the two,
for each further plate over the solver's time, is what streaming, judging, writing and
sharing the cores cost: 1 is the solver alone. The start of processes is told apart.
Processor time, which other work on the machine changes little, is told beside it.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ALONE = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
from reseau.cli._compiled import keep_compiled
keep_compiled()
from reseau import solve
rows = []
for _ in range(int(sys.argv[2])):
    began, worked = time.perf_counter(), time.process_time()
    solved = solve(sys.argv[1], plate=0)
    spent = {"whole": time.perf_counter() - began, "cpu": time.process_time() - worked}
    spent |= solved.summary["seconds"]
    rows.append(spent)
print(json.dumps(rows))
"""
MANY = "from reseau.cli import main; main()"


def write_survey(place: Path, plates: int, sources: int, single: bool) -> None:
    """Write plates of one field, all with their own noise and exposures."""
    from reseau import simulate

    simulate(place, sources=sources, seed=0)
    exposures, measurements = [], []
    for n in range(plates):
        data = simulate(sources=sources, seed=0, plate=n).dataset
        exposures.append(data.exposures)
        table = data.measurements
        # One seed makes one plate; each is to have noise of its own.
        rng = np.random.default_rng(n)
        for name in ("x", "y"):
            row = table.schema.get_field_index(name)
            noise = rng.normal(0.0, 0.3, table.num_rows) * table[f"{name}_error"]
            values = table[name].to_numpy() + noise
            table = table.set_column(row, table.schema.field(row), pa.array(values))
        measurements.append(table)
    pq.write_table(pa.concat_tables(exposures), place / "exposures.parquet")
    (place / "measurements.parquet").unlink()
    if single:
        whole = pa.concat_tables(measurements)
        pq.write_table(whole, place / "measurements.parquet", row_group_size=2**17)
        return
    for n, table in enumerate(measurements):
        folder = place / "measurements" / f"plate_id={n}"
        folder.mkdir(parents=True)
        pq.write_table(table, folder / "0.parquet")


def command(
    data: Path, output: Path, plates: str, workers: int
) -> tuple[np.ndarray, dict]:
    """Run the command; return its time, that of processors, and the summary."""
    whole = ["solve", data, "--plates", plates, "--workers", workers, "-o", output]
    began, worked = time.perf_counter(), processors()
    subprocess.run(
        [sys.executable, "-c", MANY, *map(str, whole), "--quiet"],
        check=True,
        env=os.environ,
    )
    spent = np.array([time.perf_counter() - began, processors() - worked])
    return spent, json.loads((output / "summary.json").read_text())


def processors() -> float:
    """Return processor time of all processes that were waited for [s]."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def alone(data: Path, repeats: int) -> list[dict[str, float]]:
    """Return times of one plate, by stage, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", ALONE, str(data), str(repeats)],
        capture_output=True,
        check=True,
        text=True,
    )
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plates", type=int, default=12)
    parser.add_argument("--sources", type=int, default=3000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--single", action="store_true", help="one file for all plates")
    choice = parser.parse_args()
    warnings.simplefilter("ignore")
    few, n = choice.workers, choice.plates
    with TemporaryDirectory() as name:
        place = Path(name)
        data = place / "survey"
        write_survey(data, n, choice.sources, choice.single)
        command(data, place / "cold", f"0-{few - 1}", few)  # compiles
        rows = alone(data, 5)[1:]
        seconds, found = {}, {}
        for which in (f"0-{few - 1}", "all"):
            seconds[which], found[which] = command(
                data, place / f"out-{which}", which, choice.workers
            )
        rows += alone(data, 5)[1:]
    solver = ("start", "iterations", "posterior")
    one = float(np.median([sum(row[s] for s in solver) for row in rows]))
    whole, cpu = (float(np.median([row[k] for row in rows])) for k in ("whole", "cpu"))
    start, total = seconds[f"0-{few - 1}"], seconds["all"]
    further = (total - start) / (n - few)
    print(
        f"one plate alone: solver {one:.2f} s; read, solved and judged {whole:.2f} s, "
        f"of processors {cpu:.2f} s"
    )
    print(
        f"{few} plates by {choice.workers} workers {start[0]:.1f} s, {n} plates "
        f"{total[0]:.1f} s: {further[0]:.2f} s for each further one, "
        f"{further[0] / one:.2f} times the solver's, {further[0] / whole:.2f} times "
        "the whole"
    )
    print(
        f"of processors {start[1]:.1f} s and {total[1]:.1f} s: {further[1]:.2f} s for "
        f"each further one, {further[1] / cpu:.2f} times that of one alone"
    )
    peak = found["all"]["run"]["peak_memory"]
    print(f"peak memory of a process {peak:,.0f} MiB")


if __name__ == "__main__":
    main()
