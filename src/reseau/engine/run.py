"""The one entry: a task on each of some addresses, whoever works on them."""

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import closing
from typing import Any, Literal

from reseau._threads import cores
from reseau.errors import ConfigError, explain

from .outcomes import Failure, Outcome, failure_of
from .processes import Processes

Kind = Literal["processes", "threads"]
Make = Callable[[], Callable[[Any], Any]]
Told = Callable[[Outcome, int], None]


def number_of_workers(wanted: int | None, addresses: int) -> int:
    """Return how many work at once: as many as there are cores, or as wanted.

    Parameters
    ----------
    wanted
        By the user; None: one for each core.
    addresses
        How much there is to do: more workers than that are of no use.

    Raises
    ------
    ConfigError
        The number is not 1 or more.
    """
    if wanted is not None and (
        not isinstance(wanted, int) or isinstance(wanted, bool) or wanted < 1
    ):
        raise ConfigError(
            explain(
                given=f"workers = {wanted!r}",
                wanted="an integer, 1 or more",
                where="--workers",
                todo="correct the option, or leave it out: one for each core",
            )
        )
    return max(min(wanted or cores(), addresses), 1)


def each(
    make: Make,
    addresses: Sequence[Any],
    *,
    workers: int = 1,
    kind: Kind = "processes",
    told: Told | None = None,
) -> list[Outcome]:
    """Apply a task to each address, and return what became of them in their order.

    Parameters
    ----------
    make
        Returns the task, which takes an address: called once in each process. With
        processes it, the addresses and the values are picklable.
    addresses
        What to work on.
    workers
        How many work at once; 1: this process and thread.
    kind
        "processes", or "threads" for work that lets others run meanwhile.
    told
        Called in this thread after each address with what became of it, and how many
        are done.

    Raises
    ------
    ReseauError
        The task cannot be made. What a task raises is in the outcome of its address.

    Examples
    --------
    >>> from reseau.engine import each
    >>> [found.value for found in each(lambda: abs, [-2, 3])]
    [2, 3]
    """
    found: list[Outcome | None] = [None] * len(addresses)
    done = 0
    # Closed at once, whatever happens: processes end with it.
    with closing(_results(make, addresses, workers, kind)) as results:
        for row, value in results:
            failed = isinstance(value, Failure)
            outcome = Outcome(
                address=addresses[row],
                value=None if failed else value,
                failure=value if failed else None,
            )
            found[row] = outcome
            done += 1
            if told is not None:
                told(outcome, done)
    return [outcome for outcome in found if outcome is not None]


def _results(
    make: Make, addresses: Sequence[Any], workers: int, kind: Kind
) -> Generator[tuple[int, Any], None, None]:
    """Give rows of addresses with the value or the `Failure`, as they are done."""
    if not addresses:
        return
    if workers > 1 and kind == "processes":
        with Processes(make, workers) as processes:
            yield from processes.run(addresses)
        return
    task = make()

    def run(address: Any) -> Any:
        try:
            return task(address)
        except Exception as error:  # noqa: BLE001 - it stops no other address
            return failure_of(error)

    if workers == 1:
        yield from ((row, run(address)) for row, address in enumerate(addresses))
        return
    with ThreadPoolExecutor(workers) as pool:
        rows: dict[Future[Any], int] = {
            pool.submit(run, address): row for row, address in enumerate(addresses)
        }
        try:
            for future in as_completed(rows):
                yield rows[future], future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


__all__ = ["Kind", "Make", "Told", "each", "number_of_workers"]
