"""How requests to a service are made, and what it means when they have no answer."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from astropy.utils.exceptions import AstropyWarning

from .extras import extra

TIMEOUTS = (20.0, 600.0)
"""Seconds to wait for a connection, and for the next bytes."""
_PASSING = frozenset({0, 408, 425, 429, 502, 503, 504})
"""Codes of HTTP that may be otherwise a minute later; 0: there was no answer."""
NOWHERE = ("no such host", "connection refused", "no network")
"""Causes for which nobody waits who has not been answered before."""


def pyvo() -> Any:
    """Return the package that speaks the protocol, or say how it is installed."""
    return extra("pyvo", "TAP services")


def new_session() -> Any:
    """Return a session in which nothing waits for ever."""
    # Not at the top: they come with the extra.
    import requests

    class Session(requests.Session):
        last: Any = None

        def request(self, *given: Any, **options: Any) -> Any:
            # What was not read to its end holds a connection, and nobody reads it now.
            self.forget()
            if not options.get("timeout"):
                options["timeout"] = TIMEOUTS
            self.last = super().request(*given, **options)
            return self.last

        def forget(self) -> None:
            if self.last is not None:
                self.last.close()

        def close(self) -> None:
            self.forget()
            super().close()

    session = Session()
    session.headers["User-Agent"] = f"reseau {pyvo().utils.http.USER_AGENT}"
    return session


def transport_errors() -> tuple[type[Exception], ...]:
    """Return what is raised where an answer does not arrive."""
    # Not at the top: they come with the extra.
    import requests
    import urllib3

    return (
        *(pyvo().dal.DALServiceError, pyvo().dal.DALFormatError),
        *(requests.RequestException, urllib3.exceptions.HTTPError),
        *(ConnectionError, TimeoutError),
    )


@contextmanager
def without_remarks() -> Iterator[None]:
    """Keep what pyvo says of a service's small faults from users, who cannot mend them.

    What is missing from the rows is known from the response itself.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)
        yield


def is_passing(error: Exception) -> bool:
    """Return whether the same query may have an answer a little later.

    Parameters
    ----------
    error
        Why there was none.
    """
    code = getattr(error, "code", None)
    if code is None:
        response = getattr(error, "response", None)
        code = getattr(response, "status_code", 0)
    return code in _PASSING


def is_too_long(message: str) -> bool:
    """Return whether a service says that a query took too long."""
    text = message.lower()
    words = ("timeout", "timed out", "time out", "time limit", "too long", "duration")
    return any(word in text for word in words)


def cause_of(error: Exception) -> str:
    """Say in a few words why there was no answer.

    Parameters
    ----------
    error
        What was raised.
    """
    text = str(error).lower()
    for words, said in (
        (("name or service", "resolve", "getaddrinfo", "nodename"), "no such host"),
        (("refused",), "connection refused"),
        (("unreachable",), "no network"),
        (("timed out", "timeout"), "no answer in time"),
        (
            ("incompleteread", "ends too early", "broken", "reset"),
            "the answer broke off",
        ),
    ):
        if any(word in text for word in words):
            return said
    return short(str(error).splitlines()[0] if str(error) else type(error).__name__)


def short(text: str, length: int = 200) -> str:
    """Return a text as one line of at most so many characters."""
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 3]}..."


__all__ = [
    "NOWHERE",
    "cause_of",
    "is_passing",
    "is_too_long",
    "new_session",
    "pyvo",
    "short",
    "transport_errors",
    "without_remarks",
]
