"""Addresses of tables in PostgreSQL: ``postgresql://user@host/db?table=schema.name``.

A password may stand in the address, and is never shown: better places for it are
``~/.pgpass`` and the environment variable ``PGPASSWORD``, which libpq reads by itself.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

from reseau.errors import ConfigError, explain

SCHEMES = ("postgresql", "postgres")
_HIDDEN = "***"
_LONGEST = 48
"""Bytes of a table's name: PostgreSQL cuts at 63, and while it is made it is longer."""
_SECRET = ("password", "sslpassword", "passfile")


@dataclass(frozen=True)
class Address:
    """Where a table is.

    Attributes
    ----------
    conninfo
        What libpq connects with, a password among it perhaps.
    schema, table
        Names; an empty schema: the first on the search path that has the table.
    shown
        The address for messages and provenance, without a password.
    """

    conninfo: str = field(repr=False)
    schema: str
    table: str
    shown: str
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def clean(self, text: object) -> str:
        """Return a message of libpq's without what must not be shown."""
        found = str(text).strip()
        for secret in self.secrets:
            found = found.replace(secret, _HIDDEN)
        return found


def is_address(given: Any) -> bool:
    """Return whether something is the address of a table in PostgreSQL.

    Parameters
    ----------
    given
        A text, a path or anything.
    """
    if isinstance(given, Path):
        # A path takes one of the slashes away.
        given = re.sub(r"^(\w+):/(?!/)", r"\1://", str(given))
    return isinstance(given, str) and given.split("://")[0] in SCHEMES


def address_of(url: str | Path) -> Address:
    """Return where a table is.

    Parameters
    ----------
    url
        ``postgresql://[user[:password]@][host][:port]/database?table=[schema.]name``,
        with libpq's own parameters beside the table, as ``host=/run/postgresql``.

    Raises
    ------
    ConfigError
        It is no such address, or names no table.
    """
    text = re.sub(r"^(\w+):/(?!/)", r"\1://", str(url))
    parts = urlsplit(text)
    _check_readable(parts)
    query = parse_qsl(parts.query, keep_blank_values=True)
    names = [value for key, value in query if key == "table" and value]
    rest = [(key, value) for key, value in query if key != "table"]
    shown = _shown(parts, query)
    if parts.scheme not in SCHEMES or len(names) != 1:
        raise _wrong(shown, "the name of one table in the address")
    schema, _, table = names[0].rpartition(".")
    if not table or "\0" in names[0]:
        raise _wrong(shown, "a table called name or schema.name")
    if len(table.encode()) > _LONGEST:
        raise _wrong(shown, f"a name of at most {_LONGEST} bytes")
    options = f"?{urlencode(rest, quote_via=quote)}" if rest else ""
    conninfo = f"postgresql://{parts.netloc}{parts.path}{options}"
    given = [parts.password, *(v for k, v in rest if k in _SECRET)]
    secrets = {s for g in given if g for s in (g, unquote(g))}
    longest = tuple(sorted(secrets, key=len, reverse=True))
    return Address(conninfo, schema, table, shown, longest)


def _check_readable(parts: SplitResult) -> None:
    """Refuse addresses that a password has broken, of which nothing can be shown."""
    try:
        number_or_none = parts.port
    except ValueError:
        number_or_none = -1
    odd = parts.netloc.count("@") > 1 or "@" in parts.path or bool(parts.fragment)
    if odd or number_or_none == -1:
        raise ConfigError(
            explain(
                given=f"an address {parts.scheme}://{_HIDDEN} that cannot be read",
                wanted="user:password@host:port, the port a number",
                where="the address of a database",
                todo="write @ in a password as %40, / as %2F, # as %23, ? as %3F; or "
                "keep it in ~/.pgpass",
            )
        )


def _shown(parts: SplitResult, query: list[tuple[str, str]]) -> str:
    """Return an address without a password."""
    user, at, host = parts.netloc.rpartition("@")
    if ":" in user:
        user = f"{user.split(':', 1)[0]}:{_HIDDEN}"
    said = [(k, _HIDDEN if k in _SECRET else v) for k, v in query]
    text = "&".join(f"{k}={v}" for k, v in said)
    return f"{parts.scheme}://{user}{at}{host}{parts.path}" + (
        f"?{text}" if text else ""
    )


def _wrong(shown: str, wanted: str) -> ConfigError:
    return ConfigError(
        explain(
            given=f"the address {shown}",
            wanted=wanted,
            where="the address of a database",
            todo="write postgresql://user@host/database?table=schema.name",
        )
    )


__all__ = ["SCHEMES", "Address", "address_of", "is_address"]
