"""Kill whole commands at any moment, and look what is left.

`solve`, `simulate orbit` and `solve --method svi`, over an earlier output or where
there is none. Half of the kills come at a random time of a run, half when the temporary
folder of the output is there. After each the earlier or the new output is there, whole,
the neighbour is untouched, and after the next run's first look nothing else is left.

A process that has imported all but computed nothing forks one child a command, so that
a kill costs a run and not the start of Python.
"""

import io
import os
import shutil
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from after_kills import check_rest, content, kill_all, options, told

SMALL = ("--sources", "60", "--exposures", "4", "--artificial", "3")
LONGEST = 120.0
"""Seconds after which a run counts as hanging."""


def commands(data: Path) -> dict[str, list[str]]:
    """Return the arguments of each verb but for the output."""
    svi = ["--method", "svi", "--guide", "meanfield", "--max-steps", "300"]
    return {
        "solve": ["solve", str(data)],
        "simulate": ["simulate", "orbit", *SMALL, "--seed", "2"],
        "svi": ["solve", str(data), *svi],
    }


def forked(work: Callable[[], int]) -> int:
    """Run in a child; return its process number."""
    number = os.fork()
    if number:
        return number
    code = 1
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            code = work()
    except BaseException:  # noqa: BLE001
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(code)


def run(arguments: list[str]) -> int:
    """Run a command as its entry point does; return the exit code."""
    from reseau import cli

    sys.argv = ["reseau", *arguments]
    try:
        cli.main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def is_whole(verb: str, path: Path) -> int:
    """Return 0 if an output can be read."""
    from reseau.datasets import read_dataset, read_solution

    (read_dataset if verb == "simulate" else read_solution)(path)
    return 0


def looked_at(folder: Path) -> int:
    """Do what the next run does first; return 0 if that goes well."""
    from reseau.tables import check_output

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_output(folder / "next", kind="directory")
    return 0


def ended(number: int) -> int:
    """Wait for a child and return its exit code, negative where a signal ended it."""
    until = time.perf_counter() + LONGEST
    while time.perf_counter() < until:
        done, status = os.waitpid(number, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.kill(number, signal.SIGKILL)
    os.waitpid(number, 0)
    raise AssertionError("a run hangs")


def one_kill(
    verb: str,
    arguments: list[str],
    earlier: Path,
    number: signal.Signals,
    rng: np.random.Generator,
    folder: Path,
    typical: float,
) -> str:
    """Kill once, and return what happened; raise where something is lost or left."""
    path = folder / "out"
    over = bool(rng.random() < 0.5)
    if over:
        shutil.copytree(earlier, path)
    before = content(path)
    whole = [*arguments, "-o", str(path), *(["--overwrite"] if over else [])]
    child = forked(lambda: run(whole))
    if rng.random() < 0.5:
        time.sleep(rng.uniform(0.0, 1.1 * typical))
    else:
        until = time.perf_counter() + LONGEST
        while not any(folder.glob(".reseau-*")) and time.perf_counter() < until:
            if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                break
        time.sleep(float(rng.exponential(0.01)))
    os.kill(child, number)
    status = ended(child)
    found = content(path)
    if found is None and over:
        raise AssertionError(f"{verb}: the earlier output is lost, exit {status}")
    what = "earlier" if over and found == before else "new"
    if found is None:
        what = "no"
    elif what == "new" and ended(forked(lambda: is_whole(verb, path))):
        raise AssertionError(f"{verb}: the output is half, exit {status}")

    def look() -> None:
        if ended(forked(lambda: looked_at(folder))):
            raise AssertionError(f"{verb}: the next run does not go well")

    return told(number, status, what, check_rest(verb, path, number, status, look))


def main() -> None:
    choice = options(__doc__).parse_args()
    rng = np.random.default_rng(choice.seed)
    with TemporaryDirectory() as name:
        place = Path(name)
        os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(place / "programs"))
        os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
        import reseau.cli
        import reseau.verbs  # noqa: F401

        data = place / "data"
        made = ["simulate", "orbit", *SMALL, "--seed", "1", "-o", str(data)]
        assert ended(forked(lambda: run(made))) == 0
        typical, earlier = {}, {}
        for verb, arguments in commands(data).items():
            earlier[verb] = place / f"earlier-{verb}"
            for again in range(2):  # the second time with compiled programs
                shutil.rmtree(earlier[verb], ignore_errors=True)
                whole = [*arguments, "-o", str(earlier[verb])]
                began = time.perf_counter()
                code = ended(forked(lambda whole=whole: run(whole)))
                assert code in (0, 3), (verb, code, again)
                typical[verb] = time.perf_counter() - began
        print({verb: f"{seconds:.1f} s" for verb, seconds in typical.items()})
        signals = [signal.SIGKILL] * choice.kill + [signal.SIGTERM] * choice.term

        def once(verb: str, number: signal.Signals, folder: Path) -> str:
            known = commands(data)[verb], earlier[verb]
            return one_kill(verb, *known, number, rng, folder, typical[verb])

        kill_all(rng.permutation(signals), list(typical), once, place, every=50)


if __name__ == "__main__":
    main()
