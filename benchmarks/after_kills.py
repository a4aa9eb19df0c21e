"""What has to hold after a kill, and many kills one after the other."""

import argparse
import hashlib
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

NEIGHBOUR = "thesis.tex"
"""A file of somebody else, beside the output."""


def content(path: Path) -> str | None:
    """Return a digest of a file or of all files of a directory; None: nothing there."""
    if not path.exists():
        return None
    digest = hashlib.sha256()
    files = [path] if path.is_file() else sorted(path.rglob("*"))
    for file in files:
        digest.update(str(file.relative_to(path)).encode())
        digest.update(file.read_bytes() if file.is_file() else b"")
    return digest.hexdigest()


def hidden(folder: Path) -> list[str]:
    """Return the temporaries in a folder."""
    return [p.name for p in folder.iterdir() if p.name.startswith(".")]


def check_rest(
    kind: str, path: Path, number: signal.Signals, status: int, look: Callable[[], None]
) -> bool:
    """Check all but the output; return whether the next run had to remove something.

    `look` does what the next run does first.
    """
    folder = path.parent
    there, left = path.exists(), hidden(folder)
    if number is signal.SIGTERM and left and status != -signal.SIGTERM:
        raise AssertionError(f"{kind}: SIGTERM left {left}, exit {status}")
    look()
    rest = sorted(p.name for p in folder.iterdir())
    if rest != sorted({NEIGHBOUR, *([path.name] if there else [])}):
        raise AssertionError(f"{kind}: the next run left {rest}")
    if (folder / NEIGHBOUR).read_text() != "precious":
        raise AssertionError("the neighbour was touched")
    return bool(left)


def told(number: signal.Signals, status: int, output: str, removed: bool) -> str:
    """Return in words how a kill ended."""
    rest = ", rest removed by the next run" if removed else ""
    return f"{number.name}, exit {status}, {output} output{rest}"


def options(description: str | None) -> argparse.ArgumentParser:
    """Return the options of a script that kills."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--kill", type=int, default=1000)
    parser.add_argument("--term", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    return parser


def kill_all(
    signals: Sequence[signal.Signals],
    kinds: Sequence[str],
    once: Callable[[str, signal.Signals, Path], str],
    place: Path,
    *,
    every: int,
) -> None:
    """Kill with each signal, the kinds in turn, and print how that ended."""
    counts: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for i, number in enumerate(signals):
        kind = kinds[i % len(kinds)]
        folder = place / "work"
        folder.mkdir()
        (folder / NEIGHBOUR).write_text("precious")
        try:
            counts[f"{kind}: {once(kind, signal.Signals(number), folder)}"] += 1
        except AssertionError as error:
            failed[str(error)] += 1
        shutil.rmtree(folder)
        if (i + 1) % every == 0:
            print(i + 1, "kills,", sum(failed.values()), "failed", flush=True)
    for table in (counts, failed):
        for words, n in sorted(table.items()):
            print(f"{n:6d}  {words}")
