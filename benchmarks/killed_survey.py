"""Kill a survey's simulation at any moment, continue it, and compare the bytes.

Half of the kills come at a random time of a run, half when a random number of its files
is there. A killed run is killed again a few times as it continues. After each the
output is absent, says that it is incomplete, or is whole; the last run ends with the
bytes of a run that nobody disturbed, and the neighbour is untouched.
"""

import os
import signal
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from after_kills import NEIGHBOUR, content, hidden, kill_all, options
from killed_verbs import ended, forked, run

SURVEY = """
format = "reseau-survey/1"
name = "to be killed"
seed = 3
[schedule]
years = 0.1
orbits = 12
exposures = 2
[stars]
count = 300
artificial = 5
[distortion]
walk_um = 1.0
[pixels]
flat_pixel = 0.01
"""
AGAIN = 3
"""How often at most one output is killed."""


def state_of(path: Path) -> str:
    """Return what an output says of itself; raise where it says nothing."""
    from reseau.datasets import read_dataset
    from reseau.errors import FileFormatError

    if not path.exists():
        return "absent"
    try:
        read_dataset(path)
    except FileFormatError as error:
        if "incomplete" not in str(error) or (
            (path / "dataset.toml").exists()
            and ("incomplete.json" not in os.listdir(path))
        ):
            raise AssertionError(f"the output is half: {error}") from error
        return "incomplete"
    return "whole"


def files_of(path: Path) -> dict[str, str | None]:
    """Return a digest of each file, by its name."""
    files = (p for p in path.rglob("*") if p.is_file())
    return {p.relative_to(path).as_posix(): content(p) for p in files}


def looked_at(path: Path) -> int:
    """Return a number for the state of an output, from another process."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return {"absent": 10, "incomplete": 11, "whole": 12}[state_of(path)]


def wait(path: Path, rng: np.random.Generator, typical: float, files: int) -> None:
    """Wait for a random moment of a run."""
    if rng.random() < 0.5:
        time.sleep(rng.uniform(0.0, 1.1 * typical))
        return
    wanted, until = rng.integers(1, files + 1), time.perf_counter() + 1.5 * typical
    while time.perf_counter() < until:
        # Not by rglob, which raises for a folder that is renamed meanwhile.
        if sum(len(names) for _, _, names in os.walk(path)) >= wanted:
            break
    time.sleep(float(rng.exponential(2e-3)))


def one_kill(
    start: Callable[[Path, int], int],
    wanted: dict[str, str | None],
    number: signal.Signals,
    rng: np.random.Generator,
    folder: Path,
    typical: float,
) -> str:
    """Kill, continue and compare; return what happened, raise where it is wrong."""
    path, states = folder / "out", []
    for _ in range(rng.integers(1, AGAIN + 1)):
        if states and states[-1] == "whole":
            break
        workers = int(rng.integers(1, 4))
        child = forked(lambda workers=workers: start(path, workers))
        wait(path, rng, typical, len(wanted))
        os.kill(child, number)
        ended(child)
        code = ended(forked(lambda: looked_at(path)))
        if code not in (10, 11, 12):
            raise AssertionError(f"the output is half after {number.name}")
        states.append(("absent", "incomplete", "whole")[code - 10])
    if states[-1] != "whole" and ended(forked(lambda: start(path, 2))):
        raise AssertionError(f"a run that was killed is not continued: {states}")
    differing = [name for name, digest in files_of(path).items() ^ wanted.items()]
    if differing:
        raise AssertionError(f"after {states} differ {sorted(set(differing))}")
    if hidden(folder) or any(hidden(p) for p in path.rglob("*") if p.is_dir()):
        raise AssertionError(f"something is left after {states}")
    if (folder / NEIGHBOUR).read_text() != "precious":
        raise AssertionError("the neighbour was touched")
    return f"{number.name}, {', '.join(states)}, then the same bytes"


def main() -> None:
    parser = options(__doc__)
    parser.set_defaults(kill=50, term=10)
    choice = parser.parse_args()
    rng = np.random.default_rng(choice.seed)
    with TemporaryDirectory() as name:
        place = Path(name)
        os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(place / "programs"))
        os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
        import reseau.cli
        import reseau.verbs.simulate_survey  # noqa: F401

        described = place / "survey.toml"
        described.write_text(SURVEY)

        def start(path: Path, workers: int = 1) -> int:
            given = ["simulate", "survey", str(described), "-o", str(path)]
            return run([*given, "--workers", str(workers)])

        whole = place / "whole"
        for again in range(2):  # the second time with compiled programs
            path = whole / str(again)
            path.parent.mkdir(exist_ok=True)
            began = time.perf_counter()
            assert ended(forked(lambda path=path: start(path))) == 0
            typical = time.perf_counter() - began
        wanted = files_of(whole / "0")
        assert files_of(whole / "1") == wanted
        print(f"a run takes {typical:.1f} s and writes {len(wanted)} files", flush=True)
        signals = [signal.SIGKILL] * choice.kill + [signal.SIGTERM] * choice.term

        def once(kind: str, number: signal.Signals, folder: Path) -> str:
            del kind
            try:
                return one_kill(start, wanted, number, rng, folder, typical)
            except AssertionError as error:
                print(number.name, error, flush=True)
                raise

        kill_all(rng.permutation(signals), ["survey"], once, place, every=10)


if __name__ == "__main__":
    main()
