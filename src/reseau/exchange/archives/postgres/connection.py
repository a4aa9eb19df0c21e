"""Connections to PostgreSQL: made, made again, and what is said when there is none."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

from reseau.errors import ReseauError, ServiceError, explain
from reseau.exchange.archives.extras import extra

from .address import Address

PATIENCE = 60.0
"""Seconds that a database may be away before a run gives up."""
_FIRST_WAIT = 0.2
_LONGEST_WAIT = 5.0

R = TypeVar("R")


class Database:
    """A database that is connected to when it is needed, and again when it went away.

    Parameters
    ----------
    address
        Where it is.
    patience
        Seconds that it may be away, once it was there.
    """

    def __init__(self, address: Address, *, patience: float = PATIENCE) -> None:
        self._psycopg = extra("psycopg", "tables in PostgreSQL")
        self.address, self._patience = address, patience
        self._connection: Any = None
        self._was_there = False

    def __enter__(self) -> "Database":
        """Connect nothing yet."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close the connection."""
        self.close()

    def close(self) -> None:
        """Close the connection; the next use makes a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def rows(self, query: Any, values: Any = None) -> list[tuple[Any, ...]]:
        """Return all rows of a short query.

        Parameters
        ----------
        query
            SQL.
        values
            Of its placeholders.
        """

        def ask(connection: Any) -> list[tuple[Any, ...]]:
            cursor = connection.execute(query, values)
            return list(cursor.fetchall())

        return self.done(ask)

    def done(self, work: Callable[[Any], R]) -> R:
        """Do work in one transaction, again from its start when the database goes away.

        Parameters
        ----------
        work
            Takes a connection; what it writes is there as a whole or not at all.

        Raises
        ------
        ServiceError
            There is no database, it does not come back, or it refuses.
        """
        give_up: float | None = None
        wait = _FIRST_WAIT
        while True:
            try:
                with self._connected().transaction():
                    return work(self._connection)
            except ReseauError:
                raise
            except self._psycopg.OperationalError as error:
                self.close()
                now = time.monotonic()
                give_up = now + self._patience if give_up is None else give_up
                if not self._was_there or now >= give_up or _is_refusal(error):
                    raise self._away(error) from error
                time.sleep(wait)
                wait = min(2.0 * wait, _LONGEST_WAIT)
            except self._psycopg.Error as error:
                self.close()
                raise self._refused(error) from error

    def _connected(self) -> Any:
        if self._connection is None:
            self._connection = self._psycopg.connect(
                self.address.conninfo,
                autocommit=True,
                connect_timeout=10,
                application_name="reseau",
            )
            self._was_there = True
        return self._connection

    def _away(self, error: Exception) -> ServiceError:
        said = self.address.clean(error).splitlines()
        what = "went away" if self._was_there else "cannot be reached"
        return ServiceError(
            explain(
                given=f"the database {what}: {said[0] if said else 'no answer'}",
                wanted="a PostgreSQL server that answers",
                where=self.address.shown,
                todo="start it, or correct the address; what is done stays: run the "
                "same again to continue",
            )
        )

    def _refused(self, error: Exception) -> ServiceError:
        said = self.address.clean(error).splitlines()
        return ServiceError(
            explain(
                given=f"the database refuses: {said[0] if said else 'no reason given'}",
                wanted="a table that may be read or written there",
                where=self.address.shown,
                todo="correct the address, or ask for the permission",
            )
        )


def _is_refusal(error: Exception) -> bool:
    """Return whether waiting would not help: a wrong password, no such database."""
    state = getattr(error, "sqlstate", None) or ""
    return state[:2] in ("28", "3D", "53") and state != "53300"


__all__ = ["PATIENCE", "Database"]
