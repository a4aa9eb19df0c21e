"""Kill `solve --plates all` at any moment, and run the same command again.

A run is killed at a random time, by SIGKILL or SIGTERM, itself or one of its workers,
up to three times one after the other; then it is left to end. Whatever was killed, no
process outlives its parent, what is incomplete says so, and in the end there are the
same files with the same content as without a kill, but for times and memory.

As in `killed_verbs`, one process forks a child a command.
"""

import json
import os
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from after_kills import NEIGHBOUR, hidden, kill_all, options
from killed_verbs import ended, forked, run

PLATES = 4
APART = ("seconds", "peak_memory", "run")
"""What of a summary is of a run, not of its result."""


def contents(folder: Path) -> dict[str, str]:
    """Return what is in each file but times and memory."""
    found = {}
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = file.relative_to(folder).as_posix()
        if file.suffix == ".json":
            found[name] = repr(timeless(json.loads(file.read_text())))
        elif name == "plates.parquet":
            found[name] = repr(pq.read_table(file).drop_columns("seconds").to_pylist())
        else:
            found[name] = repr(file.read_bytes())
    return found


def timeless(value: Any) -> Any:
    """Return a summary without times and memory."""
    if isinstance(value, dict):
        return {k: timeless(v) for k, v in value.items() if k not in APART}
    return [timeless(v) for v in value] if isinstance(value, list) else value


def survey(place: Path) -> Path:
    """Write a dataset of a few small plates, in one file of measurements."""
    from reseau.datasets import read_dataset

    small = ("--sources", "60", "--exposures", "4", "--artificial", "3", "--seed", "1")
    parts = []
    for n in range(PLATES):
        part = place.parent / f"part-{n}"
        made = ["simulate", "orbit", *small, "--plate", str(n), "-o", str(part)]
        assert ended(forked(lambda made=made: run(made))) == 0
        parts.append(part)

    def join() -> int:
        import pyarrow as pa

        shutil.copytree(parts[0], place)
        found = [read_dataset(part) for part in parts]
        for name in ("exposures", "measurements"):
            table = pa.concat_tables(getattr(data, name) for data in found)
            pq.write_table(table, place / f"{name}.parquet", row_group_size=100)
        return 0

    assert ended(forked(join)) == 0
    return place


def children(number: int) -> list[int]:
    """Return the processes that a process has started and that live."""
    try:
        text = Path(f"/proc/{number}/task/{number}/children").read_text()
    except OSError:
        return []
    return [int(word) for word in text.split()]


def vanish(numbers: list[int], seconds: float = 20.0) -> bool:
    """Return whether processes end by themselves."""
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        if not any(Path(f"/proc/{n}").exists() for n in numbers):
            return True
        time.sleep(0.01)
    return False


def one_run(
    arguments: list[str],
    victim: str,
    number: signal.Signals,
    seconds: float,
) -> int:
    """Start a command and kill it or one of its workers; return how it ended."""
    child = forked(lambda: run(arguments))
    time.sleep(seconds)
    workers = children(child)
    target = workers[0] if victim == "worker" and workers else child
    with suppress(ProcessLookupError):
        os.kill(target, number)
    status = ended(child)
    if not vanish(workers):
        raise AssertionError(f"{victim}: workers outlive their parent, exit {status}")
    return status


def one_kill(
    arguments: list[str],
    wanted: dict[str, str],
    victim: str,
    number: signal.Signals,
    rng: np.random.Generator,
    folder: Path,
    typical: float,
) -> str:
    """Kill up to three times, then continue; return in words how that went."""
    path = folder / "out"
    whole = [*arguments, "-o", str(path)]
    kills = 0
    for _ in range(int(rng.integers(1, 4))):
        status = one_run(whole, victim, number, rng.uniform(0.0, 1.1 * typical))
        kills += 1
        if status == 0:
            break
        if path.exists() and not (path / "incomplete.json").exists():
            break  # it was whole when it was killed
    if (path / "incomplete.json").exists() or not path.exists():
        status = ended(forked(lambda: run(whole)))
        if status != 0:
            raise AssertionError(f"{victim}: continued, it ends with exit {status}")
    found = contents(path)
    if found != wanted:
        differ = [n for n in {*found, *wanted} if found.get(n) != wanted.get(n)]
        raise AssertionError(f"{victim}: other content in {sorted(differ)[:4]}")
    left = [*hidden(folder), *(str(p) for p in path.rglob(".*"))]
    if left or (folder / NEIGHBOUR).read_text() != "precious":
        raise AssertionError(f"{victim}: left {left[:4]}")
    return f"{number.name} of the {victim}, {kills} kills, continued to the same"


def main() -> None:
    choice = options(__doc__).parse_args()
    rng = np.random.default_rng(choice.seed)
    with TemporaryDirectory() as name:
        place = Path(name)
        os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(place / "programs"))
        os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
        import reseau.cli
        import reseau.verbs  # noqa: F401

        data = survey(place / "data")
        kinds = {"command": "1", "parent": "2", "worker": "2"}
        wanted, typical = {}, {}
        for kind, workers in kinds.items():
            path = place / f"whole-{kind}"
            whole = ["solve", str(data), "--plates", "all", "--workers", workers]
            began = time.perf_counter()
            assert ended(forked(lambda: run([*whole, "-o", str(path)]))) == 0  # noqa: B023
            typical[kind] = time.perf_counter() - began
            wanted[kind] = contents(path)
        assert wanted["command"] == wanted["parent"], "bytes depend on the workers"
        print({kind: f"{seconds:.1f} s" for kind, seconds in typical.items()})
        signals = [signal.SIGKILL] * choice.kill + [signal.SIGTERM] * choice.term

        def once(kind: str, number: signal.Signals, folder: Path) -> str:
            whole = ["solve", str(data), "--plates", "all", "--workers", kinds[kind]]
            given = wanted[kind], kind, number, rng, folder, typical[kind]
            return one_kill(whole, *given)

        kill_all(rng.permutation(signals), list(kinds), once, place, every=10)


if __name__ == "__main__":
    main()
