"""TAP services that are known by name, from the table `services.toml`."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from reseau.errors import ConfigError, explain, unknown_name

REGIONS = ("galactic", "polygon", "box")
"""How a tile may be asked for."""


@dataclass(frozen=True)
class Service:
    """A table of a TAP service and how it is asked for.

    Attributes
    ----------
    catalogue, name
        What it is of, and what the service is called.
    url
        Where it is.
    table
        As ADQL writes it.
    ra, dec, id
        Columns of position [deg] and identifier.
    columns
        What is asked for; "OLD AS NEW" is called otherwise in the answer.
    region
        How a tile is asked for, one of `REGIONS`.
    margin
        By which bounds are widened [deg]; the cut is made from `ra` and `dec`.
    sync_rows
        Rows expected above which a job of its own is asked for.
    density
        Sources per square degree in the densest fields.
    limits
        Numbers of rows at which the service is known to stop.
    l, b
        Columns of Galactic position [deg], where there are any.
    credit
        Where table and columns are published.
    """

    catalogue: str
    name: str
    url: str
    table: str
    ra: str
    dec: str
    id: str
    columns: tuple[str, ...]
    region: str
    margin: float
    sync_rows: int
    density: float
    limits: tuple[int, ...] = ()
    l: str = ""  # noqa: E741
    b: str = ""
    credit: str = ""


@cache
def services() -> tuple[Service, ...]:
    """Return all services that are known, the default of each catalogue first."""
    text = files(__package__).joinpath("services.toml").read_text(encoding="utf-8")
    return tuple(_service(entry) for entry in tomllib.loads(text)["service"])


def _service(entry: Mapping[str, Any]) -> Service:
    lists = {key: tuple(entry[key]) for key in ("columns", "limits")}
    return Service(**{**entry, **lists})


def catalogues() -> tuple[str, ...]:
    """Return the names of the catalogues that can be fetched."""
    return tuple(dict.fromkeys(s.catalogue for s in services()))


def service_of(
    catalogue: str, service: str | None = None, table: str | None = None
) -> Service:
    """Return the service that a catalogue is fetched from.

    Parameters
    ----------
    catalogue
        One of `catalogues`.
    service
        A name of a known service, or a URL where another one has the same table;
        absent: the first.
    table
        Where the table has another name there, as ADQL writes it.

    Raises
    ------
    ConfigError
        The catalogue or the service is unknown.
    """
    found = [s for s in services() if s.catalogue == catalogue.lower()]
    if not found:
        raise unknown_name("catalogue", catalogue, catalogues(), where="CATALOGUE")
    chosen = found[0]
    if service and "://" in service:
        chosen = replace(chosen, url=_checked(service))
    elif service:
        by_name = {s.name: s for s in found}
        if service.lower() not in by_name:
            raise unknown_name("service", service, [*by_name], where="--service")
        chosen = by_name[service.lower()]
    return replace(chosen, table=table) if table else chosen


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme in ("http", "https") and parts.hostname:
        return url.rstrip("/?")
    raise ConfigError(
        explain(
            given=f"the service {url!r}",
            wanted="a name, or an address that begins with https:// or http://",
            where="--service",
            todo="write the address of the service without /sync or /async",
        )
    )


__all__ = ["REGIONS", "Service", "catalogues", "service_of", "services"]
