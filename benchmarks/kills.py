"""Kill what writes, often and at the worst moments, and look what is left.

A child writes a dataset, a solution or a state, over an earlier one or where there is
nothing, and is killed after a random time, or at once when the last file is whole and
names are about to change. Then the earlier or the new output must be there, whole, the
neighbour untouched, and after the next run's first look nothing else.
"""

import dataclasses
import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from after_kills import check_rest, content, kill_all, options, told

PREPARE = """
import sys, warnings
warnings.simplefilter("ignore")
from reseau import simulate, solve
simulate(sys.argv[1], sources=60, exposures=4, artificial=3, seed=1)
solve(sys.argv[1], sys.argv[2])
"""
LAST = {"dataset": "dataset.toml", "solution": "summary.json", "state": "state.npz"}
"""The file whose presence says that names are about to change."""

Writer = Callable[[Path, bool], None]


def writers(place: Path) -> dict[str, tuple[Writer, Writer]]:
    """Return for each kind what writes the earlier output, and what the new one.

    A dataset and a solution that are in the folder already are taken as they are.
    """
    from reseau._writing import temporary_file
    from reseau.datasets import (
        read_dataset,
        read_solution,
        write_dataset,
        write_solution,
    )

    made = place / "dataset", place / "solution"
    if not made[1].exists():
        subprocess.run([sys.executable, "-c", PREPARE, *made], check=True)
    dataset = read_dataset(place / "dataset")
    found = read_solution(place / "solution")

    def columns(table: Any) -> dict[str, object]:
        return {name: table[name] for name in table.column_names}

    def write_data(name: str) -> Writer:
        mine = dataclasses.replace(dataset, description=name)
        return lambda path, over: write_dataset(mine, path, overwrite=over)

    def write_found(name: str) -> Writer:
        renamed = replace(found, summary={**found.summary, "name": name})
        return lambda path, over: write_solution(path, renamed, overwrite=over)

    def write_state(name: str) -> Writer:
        value = float(len(name))

        def write(path: Path, over: bool) -> None:
            del over
            with temporary_file(path) as temporary:
                np.savez(temporary, state=np.full(100_000, value))
                temporary.replace(path)

        return write

    makers = {"dataset": write_data, "solution": write_found, "state": write_state}
    return {kind: (make("earlier"), make("new")) for kind, make in makers.items()}


def child(write: Writer, path: Path, over: bool) -> int:
    """Write in a forked process, as the command does."""
    number = os.fork()
    if number:
        return number
    from reseau.cli._signals import ENDED, Ended, ending_in_order

    code = 1
    try:
        with ending_in_order():
            write(path, over)
        code = 0
    except Ended as ended:
        code = ENDED + ended.number
    finally:
        os._exit(code)


def wait_for(folder: Path, last: str, seconds: float) -> None:
    """Wait until the last file of a temporary is there."""
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        if any(folder.glob(f".reseau-*/{last}")):
            return


def one_kill(
    kind: str,
    pair: tuple[Writer, Writer],
    wanted: tuple[str, str],
    number: signal.Signals,
    rng: np.random.Generator,
    folder: Path,
    typical: float,
) -> str:
    """Kill once, and return what happened; raise where something is lost or left."""
    from reseau.tables import check_output

    path = folder / ("state.npz" if kind == "state" else "out")
    over = bool(rng.random() < 0.5)
    if over:
        pair[0](path, False)
    process = child(pair[1], path, over)
    if rng.random() < 0.5:
        time.sleep(rng.uniform(0.0, 1.3 * typical))
    else:
        wait_for(folder, LAST[kind], 3.0)
        time.sleep(float(rng.exponential(3e-4)))
    os.kill(process, number)
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    found = content(path)
    allowed = {wanted[1]: "new", (wanted[0] if over else None): "earlier"}
    if found not in allowed:
        raise AssertionError(f"{kind}: the output is lost or half, exit {status}")

    def look() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            check_output(folder / "next", kind="directory")

    removed = check_rest(kind, path, number, status, look)
    return told(number, status, allowed[found], removed)


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--inputs", type=Path, help="dataset and solution to write")
    choice = parser.parse_args()
    rng = np.random.default_rng(choice.seed)
    with TemporaryDirectory() as name:
        place = Path(name)
        known = writers(choice.inputs or place)
        wanted, typical = {}, {}
        for kind, pair in known.items():
            digests = []
            for i, write in enumerate(pair):
                began = time.perf_counter()
                path = place / f"{kind}{i}{Path(LAST[kind]).suffix}"
                write(path, False)
                typical[kind] = time.perf_counter() - began
                digests.append(content(path) or "")
            wanted[kind] = digests[0], digests[1]
        signals = [signal.SIGKILL] * choice.kill + [signal.SIGTERM] * choice.term

        def once(kind: str, number: signal.Signals, folder: Path) -> str:
            pair = known[kind], wanted[kind]
            return one_kill(kind, *pair, number, rng, folder, typical[kind])

        kill_all(signals, list(known), once, place, every=100)


if __name__ == "__main__":
    main()
