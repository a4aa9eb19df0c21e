"""A bar on stderr for work that consists of many like pieces."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Told = Callable[[int, int], None]


@contextmanager
def bar(what: str, *, wanted: bool) -> Iterator[Told | None]:
    """Show how much is done and how long the rest will take.

    Parameters
    ----------
    what
        What is being done.
    wanted
        False: nothing is shown and None is given.

    Yields
    ------
    What is called with how many pieces are done, and of how many.
    """
    if not wanted:
        yield None
        return
    # Not at the top: only a terminal needs it.
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    shown = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("after"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=Console(stderr=True, highlight=False),
        transient=True,
    )
    with shown:
        task = shown.add_task(what, total=None)

        def told(done: int, total: int) -> None:
            shown.update(task, completed=done, total=total)

        yield told


__all__ = ["Told", "bar"]
