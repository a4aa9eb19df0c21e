"""Packages that archives and databases need and that are extras."""

from importlib import import_module
from typing import Any

from reseau.errors import ConfigError, explain

_EXTRAS = {"pyvo": "gaia", "psycopg": "postgres"}
"""The extra that brings each package."""


def extra(package: str, what: str) -> Any:
    """Import a package of an extra, or say how it is installed.

    Parameters
    ----------
    package
        One of those that extras bring.
    what
        What it is needed for.

    Raises
    ------
    ConfigError
        It is not installed.
    """
    try:
        # Not at the top: an extra.
        return import_module(package)
    except ImportError as error:
        raise ConfigError(
            explain(
                given=f"the package {package} is not installed",
                wanted=f"{package}, for {what}",
                where=what,
                todo=f'pip install "reseau[{_EXTRAS[package]}]"',
            )
        ) from error


__all__ = ["extra"]
