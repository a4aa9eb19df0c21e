"""Tasks that processes can import, for tests of the engine."""

import os
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from reseau.errors import CatalogueError, explain


def squares(folder: Path) -> Callable[[Any], Any]:
    """Return what squares numbers, and does other things with other addresses."""
    (folder / f"made-{os.getpid()}").touch()
    return partial(_work, folder)


def _work(folder: Path, address: Any) -> Any:
    if address == "bad":
        raise CatalogueError(
            explain(given="bad", wanted="good", where="here", todo="mend it")
        )
    if address == "bug":
        return 1 / 0
    if address == "not picklable":
        return lambda: None
    if address == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if address == "die once":
        if not (folder / "died").exists():
            (folder / "died").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return "alive"
    if address == "print":
        print("noise", flush=True)  # noqa: T201
        os.write(1, b"more noise")
        return "quiet"
    if address == "sleep":
        (folder / f"asleep-{os.getpid()}").touch()
        time.sleep(60.0)
    if address == "threads":
        return os.environ.get("RESEAU_THREADS")
    return address**2


def unmade() -> Callable[[Any], Any]:
    """Fail to make a task."""
    raise CatalogueError("no catalogue")


def stillborn() -> Callable[[Any], Any]:
    """Die before there is a task."""
    sys.exit(7)
