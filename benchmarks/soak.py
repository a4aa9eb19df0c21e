"""Solve plates of many shapes in one process and print what piles up.

Each shape of arrays is compiled once more, and every compiled program takes memory
maps, of which a process on Linux has 65,530. Printed are memory maps, resident memory
and compiled programs; a run that stays bounded can go on for ever.
"""

import argparse
import os
import resource
import time
import warnings
from pathlib import Path

import jax
import numpy as np

HURRY = (
    "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false "
    "--xla_llvm_disable_expensive_passes=true"
)
MOST_EXPOSURES, MOST_SOURCES = 6, 120
"""Small plates: a program takes as many maps for them as for great ones."""


def resident() -> float:
    """Return the resident memory of this process [MiB]."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 2**20


class Compilations:
    """Count what XLA compiles, and how long it took."""

    def __init__(self) -> None:
        self.number = 0
        self.seconds = 0.0
        jax.monitoring.register_event_duration_secs_listener(self._hear)

    def _hear(self, event: str, duration: float, **_: object) -> None:
        if event.endswith("backend_compile_duration"):
            self.number += 1
            self.seconds += duration


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--solves", type=int, default=2000)
    parser.add_argument("--every", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--hurry", action="store_true", help="compile with little optimisation"
    )
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.hurry:
        # Read when the first program is compiled; as many programs, as many maps.
        os.environ["XLA_FLAGS"] = HURRY
    from reseau._compiled import memory_maps
    from reseau.plates import SolveOptions
    from reseau.verbs.simulate import simulate
    from reseau.verbs.solve import solve

    counted = Compilations()
    rng = np.random.default_rng(options.seed)
    plates = [simulate(small=True, seed=s).dataset for s in range(3)]
    began = time.perf_counter()
    print(
        "| solves | maps | resident MiB | compiled | compiling s | seconds | failed |"
    )
    print("|" + " ---: |" * 7, flush=True)
    failed = 0
    for number in range(options.solves + 1):
        if number % options.every == 0:
            cells = (
                f"{number}",
                f"{memory_maps():,}",
                f"{resident():,.0f}",
                f"{counted.number:,}",
                f"{counted.seconds:,.0f}",
                f"{time.perf_counter() - began:,.0f}",
                f"{failed}",
            )
            print("| " + " | ".join(cells) + " |", flush=True)
        dataset = _part(plates[rng.integers(len(plates))], rng)
        solved = solve(dataset, options=SolveOptions(**_model(rng)))
        failed += solved.exit_code != 0


def _part(dataset, rng: np.random.Generator):
    """Return a dataset of some of the sources and exposures: another shape."""
    from dataclasses import replace

    exposures = dataset.exposures["exposure_id"].to_numpy()
    kept = rng.choice(exposures, rng.integers(2, MOST_EXPOSURES + 1), replace=False)
    table = dataset.measurements
    sources = np.unique(table["source_id"].to_numpy())
    some = rng.choice(sources, rng.integers(20, MOST_SOURCES + 1), replace=False)
    rows = np.isin(table["exposure_id"].to_numpy(), kept)
    rows &= np.isin(table["source_id"].to_numpy(), some)
    inside = np.isin(exposures, kept)
    return replace(
        dataset,
        exposures=dataset.exposures.filter(inside),
        measurements=table.filter(rows),
    )


def _model(rng: np.random.Generator) -> dict[str, object]:
    """Return options of a small model, which changes the number of parameters."""
    return {"degree": int(rng.integers(2, 4))}


if __name__ == "__main__":
    main()
