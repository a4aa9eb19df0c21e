"""`reseau fetch` as a function: a window of a published survey, from its archive."""

from pathlib import Path
from typing import Any

from reseau._windows import window_of
from reseau.exchange.archives.fetching import Told, fetched
from reseau.exchange.archives.services import service_of
from reseau.exchange.archives.summary import Fetched


def fetch(
    catalogue: str,
    window: Any,
    output: str | Path,
    *,
    service: str | None = None,
    table: str | None = None,
    overwrite: bool = False,
    told: Told | None = None,
) -> Fetched:
    """Fetch a window of a survey from a TAP service into a Parquet file.

    The queries are written beside it. A run that was interrupted is continued by the
    same call.

    Parameters
    ----------
    catalogue
        "gaia", "2mass", "vvv" or "virac".
    window
        "jasmine", or ``"l,b,dl,db"``: the centre and the full widths, Galactic [deg].
    output
        The table to write.
    service
        Name of a known service, or the address of another one; absent: the usual one.
    table
        Where the table has another name there, as ADQL writes it.
    overwrite
        Whether files of the same names may be replaced.
    told
        Called after each tile, with how many are done, and of how many.

    Raises
    ------
    ServiceError
        The service cannot be reached or refuses; what is done stays.
    ConfigError
        A name is unknown, the window is none, or pyvo is not installed.

    Examples
    --------
    >>> from reseau.verbs.fetch import fetch
    >>> print(fetch("gaia", "0,0,0.1,0.1", "gaia.parquet"))  # doctest: +SKIP
    """
    chosen = service_of(catalogue, service, table)
    return fetched(chosen, window_of(window), output, overwrite=overwrite, told=told)


__all__ = ["Fetched", "fetch"]
