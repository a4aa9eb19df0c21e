"""A client of TAP services: queries, jobs, and what may go wrong with them.

pyvo speaks the protocol (IVOA TAP 1.1 and UWS 1.1); what comes back is read as any
VOTable is, which notices one that ends too early.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import pyarrow as pa

from reseau._spoken import spoken
from reseau.errors import FileFormatError, ServiceError, explain
from reseau.tables import read_table

from .adql import schema_query, source_of
from .responses import Status, status_of
from .services import Service
from .transport import (
    NOWHERE,
    cause_of,
    is_passing,
    is_too_long,
    new_session,
    pyvo,
    short,
    transport_errors,
    without_remarks,
)

ATTEMPTS = 4
"""How often a query is asked whose answer does not arrive."""
FIRST_WAIT = 2.0
"""Seconds before the second attempt; each later one waits twice as long."""
MOST_ROWS = 500_000
"""Rows of one answer; what has more is asked for in parts."""
FIRST_PAUSE = 0.5
"""Seconds between the first two questions whether a job is done."""
_LONGEST_PAUSE = 30.0
_JOB_HOURS = 12.0
_UNFINISHED = ("PENDING", "QUEUED", "EXECUTING", "RUN", "HELD", "SUSPENDED", "UNKNOWN")

R = TypeVar("R")


class TooLargeError(Exception):
    """A service gave up a query that took too long."""


@dataclass(frozen=True)
class Answer:
    """What a service answered.

    Attributes
    ----------
    table
        Its rows.
    whole
        Whether it has all rows: False where the service stopped at its limit.
    """

    table: pa.Table
    whole: bool


class Client:
    """Asks one service.

    Parameters
    ----------
    service
        What is asked.
    first_wait
        Seconds before the second attempt; absent: `FIRST_WAIT`.
    most_rows
        Rows that one answer may have.
    """

    def __init__(
        self,
        service: Service,
        *,
        first_wait: float | None = None,
        most_rows: int = MOST_ROWS,
    ) -> None:
        self._session = new_session()
        self._tap = pyvo().dal.TAPService(service.url, session=self._session)
        self._service = service
        self._first_wait = FIRST_WAIT if first_wait is None else first_wait
        self._most_rows = most_rows
        self._was_there = False
        self._limits: frozenset[int] | None = None

    def close(self) -> None:
        """Close its connections."""
        self._session.close()

    def columns(self) -> tuple[str, ...]:
        """Return those of the service's columns that its table has.

        Where the service does not describe the table all are taken to be there.
        """
        query = schema_query(self._service.table)
        try:
            found = self._again(lambda: self._sync(query)).table
        except ServiceError as error:
            if isinstance(error.__cause__, pyvo().dal.DALQueryError):
                return self._service.columns
            raise
        known = {str(name).strip('"').lower() for name in found[0].to_pylist()}
        wanted = self._service.columns
        return tuple(c for c in wanted if not known or source_of(c).lower() in known)

    def ask(self, query: str) -> Answer:
        """Return the answer to a query that the service works on while we wait.

        Parameters
        ----------
        query
            ADQL.

        Raises
        ------
        ServiceError
            The service cannot be reached, or refuses the query.
        """
        return self._again(lambda: self._sync(query))

    def ask_by_job(self, query: str, note: Path) -> Answer:
        """Return the answer to a query that the service works on as a job of its own.

        Parameters
        ----------
        query
            ADQL.
        note
            File in which the job's address is kept until its rows have arrived, so
            that a run that was killed finds it again.

        Raises
        ------
        TooLargeError
            The service gave the job up.
        ServiceError
            The service cannot be reached, or refuses the query.
        """
        return self._again(lambda: self._by_job(query, note))

    def _again(self, asked: Callable[[], R]) -> R:
        """Ask until there is an answer, a few times."""
        refusal: Any = pyvo().dal.DALQueryError
        transport: Any = (FileFormatError, *transport_errors())
        for attempt in range(ATTEMPTS):
            try:
                with without_remarks():
                    answer = asked()
                self._was_there = True
                return answer
            except refusal as error:
                raise self._refused(error) from error
            except transport as error:
                if not is_passing(error):
                    raise self._refused(error) from error
                offline = not self._was_there and cause_of(error) in NOWHERE
                if offline or attempt + 1 == ATTEMPTS:
                    raise self._unreachable(error) from error
                time.sleep(self._first_wait * 2.0**attempt)
        raise AssertionError  # the last attempt has returned or raised

    def _sync(self, query: str) -> Answer:
        asked = self._tap.create_query(query, maxrec=self._most_rows)
        return self._read(asked.execute_stream(), asked.raise_if_error)

    def _by_job(self, query: str, note: Path) -> Answer:
        job = self._job(query, note)
        with self._forgotten_if_it_failed(job, note):
            _wait(job)
            response = self._session.get(job.result_uri, stream=True)
            response.raise_for_status()
            response.raw.decode_content = True
            answer = self._read(response.raw, lambda: None)
        _forget(job, note)
        return answer

    @contextmanager
    def _forgotten_if_it_failed(self, job: Any, note: Path) -> Iterator[None]:
        """Keep a job whose rows did not arrive, and no job that failed."""
        try:
            yield
        except (TooLargeError, pyvo().dal.DALQueryError):
            _forget(job, note)
            raise

    def _job(self, query: str, note: Path) -> Any:
        """Return the job of an earlier run where it is still there, or a new one."""
        if note.exists():
            with suppress(*transport_errors(), ValueError):
                url = note.read_text(encoding="utf-8").strip()
                job = pyvo().dal.tap.AsyncTAPJob(url, session=self._session)
                if job.phase in ("QUEUED", "EXECUTING", "COMPLETED"):
                    return job
        job = self._tap.submit_job(query, maxrec=self._most_rows)
        note.write_text(job.url, encoding="utf-8")
        return job.run()

    def _read(self, stream: Any, raise_if_error: Callable[[], None]) -> Answer:
        """Return the table of a response, or raise for what it says instead."""
        with TemporaryDirectory(prefix="reseau-") as folder:
            file = Path(folder) / "answer.vot"
            with file.open("wb") as out:
                while piece := stream.read(1 << 20):
                    out.write(piece)
            status = status_of(file)
            if status.is_error and is_too_long(status.message):
                raise TooLargeError(status.message)
            if status.is_error:
                raise pyvo().dal.DALQueryError(status.message)
            raise_if_error()
            table = read_table(file)
        return Answer(table, self._is_whole(table.num_rows, status))

    def _is_whole(self, rows: int, status: Status) -> bool:
        if status.is_overflow or rows >= self._most_rows:
            return False
        return rows not in self._known_limits()

    def _known_limits(self) -> frozenset[int]:
        """Numbers of rows at which the service stops, which some do without a word."""
        if self._limits is None:
            found = set(self._service.limits)
            for name in ("maxrec", "hardlimit"):
                # Not all say them.
                with suppress(*transport_errors(), AttributeError, TypeError):
                    found.add(int(getattr(self._tap, name)))
            self._limits = frozenset(found)
        return self._limits

    def _unreachable(self, error: Exception) -> ServiceError:
        said = (
            f"the service {self._service.url} cannot be reached ({cause_of(error)}): "
            "check the network, or name another --service; the same command goes on "
            "where this one ended"
        )
        return ServiceError(spoken(said))

    def _refused(self, error: Exception) -> ServiceError:
        return ServiceError(
            explain(
                given=f"the service refused the query: {short(str(error))}",
                wanted=f"rows of the table {self._service.table}",
                where=self._service.url,
                todo="name another --service, or another --table if it was renamed",
            )
        )


def _wait(job: Any) -> None:
    """Wait for a job's end, or raise for how it failed."""
    give_up, pause = time.monotonic() + _JOB_HOURS * 3600.0, FIRST_PAUSE
    # One question after the other: one that waits for the end may wait for a
    # connection that is no more.
    while (phase := job.phase) in _UNFINISHED:
        if time.monotonic() > give_up:
            raise TooLargeError(f"the job is not done after {_JOB_HOURS:g} hours")
        time.sleep(pause)
        pause = min(1.3 * pause, _LONGEST_PAUSE)
    try:
        job.raise_if_error()
    except pyvo().dal.DALQueryError as error:
        # Of a job that was aborted the protocol says no more than that.
        if phase == "ABORTED" or is_too_long(str(error)):
            raise TooLargeError(str(error)) from error
        raise


def _forget(job: Any, note: Path) -> None:
    """Remove a job; one that is left behind is removed by the service in days."""
    note.unlink(missing_ok=True)
    with suppress(*transport_errors()):
        job.delete()


__all__ = ["Answer", "Client", "TooLargeError"]
