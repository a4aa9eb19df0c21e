"""Observers named by a text, as options and datasets have them.

======================================  =============================================
text                                    observer
======================================  =============================================
``geocentre``                           the centre of the Earth
``orbit``                               a satellite on a sun-synchronous orbit
``orbit:period=100,phase=0,...``        the same; period [min], phase at J2000 [deg],
                                        node_time [h]
``site:LAT,LON,HEIGHT``                 a place on the ground [deg], [deg], [m]
anything that looks like a path         a table of states, for the caller to read
======================================  =============================================
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from reseau.constants import DEGREE
from reseau.errors import ConfigError, explain, near_misses, suggestion

from .ephemeris import Ephemeris
from .geocentre import geocentre
from .satellite import circular_orbit
from .site import Site, site_states
from .states import Observer
from .table import TableObserver
from .times import Epochs

WHERE = "the option observer"
CHOICES = (
    "geocentre",
    "orbit",
    "orbit:period=100,phase=0,node_time=18",
    "site:LAT,LON,H",
)
"""What may be written, but for a file's name."""

_NAMES = ("geocentre", "orbit", "site")


@dataclass(frozen=True)
class Geocentre:
    """The centre of the Earth."""


@dataclass(frozen=True)
class Orbit:
    """A circular sun-synchronous orbit; see `circular_orbit`.

    Attributes
    ----------
    period
        Time of one revolution [min].
    phase
        Argument of latitude at J2000 [deg].
    node_time
        Local mean solar time of the ascending node [h].
    """

    period: float = 100.0
    phase: float = 0.0
    node_time: float = 18.0


@dataclass(frozen=True)
class FileChoice:
    """A file with a table of states; whoever knows formats makes a `TableObserver`.

    Attributes
    ----------
    path
        Of the file; whether it exists was not asked.
    """

    path: Path


ObserverChoice: TypeAlias = Geocentre | Orbit | Site | FileChoice


def parse_observer(text: str) -> ObserverChoice:
    """Return which observer a text names.

    Parameters
    ----------
    text
        One of the forms of the module's table; names in any case.

    Raises
    ------
    ConfigError
        The text is none of them, or a number in it is not one or out of range.

    Examples
    --------
    >>> from reseau.observers import parse_observer
    >>> parse_observer("site:-29.26,-70.73,2400")
    Site(latitude=-29.26, longitude=-70.73, height=2400.0)
    >>> parse_observer("orbit:period=97").period
    97.0
    """
    head, colon, rest = text.strip().partition(":")
    name = head.strip().lower()
    if name == "geocentre" and not colon:
        return Geocentre()
    if name == "orbit" and (rest.strip() or not colon):
        return _parse_orbit(rest, text)
    if name == "site":
        return _parse_site(rest, text)
    if _looks_like_path(text.strip(), name, colon):
        return FileChoice(Path(text.strip()))
    raise _unknown(text, name)


def states_of(
    choice: ObserverChoice | TableObserver | str,
    epoch: Epochs,
    *,
    ephemeris: str | Ephemeris = "builtin",
) -> Observer:
    """Return the states of a chosen observer.

    Parameters
    ----------
    choice
        As `parse_observer` returns it or a text for it, or a table that was read.
    epoch
        Julian years, TCB.
    ephemeris
        Of the Earth: "builtin" or "de440"; a table needs none.

    Raises
    ------
    EphemerisRangeError
        An epoch is outside of the ephemeris or of the table.
    ConfigError
        The text names no observer; the choice is a file, which was not read; or no
        such orbit exists.
    """
    match parse_observer(choice) if isinstance(choice, str) else choice:
        case Geocentre():
            return geocentre(epoch, ephemeris=ephemeris)
        case Orbit(period, phase, node_time):
            return circular_orbit(
                epoch,
                period=period,
                phase=phase * DEGREE,
                node_time=node_time,
                ephemeris=ephemeris,
            )
        case Site() as site:
            return site_states(epoch, site, ephemeris=ephemeris)
        case TableObserver() as table:
            return table.states(epoch)
        case FileChoice(path):
            raise _refused(
                given=f"a file {str(path)!r} that was not read",
                wanted="an observer by name, or the table in the file",
                todo="read the file first and give its table of states",
            )


def _parse_orbit(rest: str, text: str) -> Orbit:
    values: dict[str, float] = {}
    for part in rest.split(",") if rest.strip() else []:
        key, equals, value = (p.strip() for p in part.partition("="))
        if key not in Orbit.__dataclass_fields__ or not equals or key in values:
            close = near_misses(key, Orbit.__dataclass_fields__)
            raise _refused(
                given=f"{part.strip()!r} in {text!r}",
                wanted="period=MINUTES, phase=DEGREES, node_time=HOURS, each once at "
                "most",
                todo=f"did you mean {close[0]}=...?"
                if close and close[0] not in values
                else f"write, e.g., {CHOICES[2]}",
            )
        values[key] = _number(value, key, text)
    return Orbit(**values)


def _parse_site(rest: str, text: str) -> Site:
    parts = [part.strip() for part in rest.split(",")]
    if len(parts) != 3:
        n = len(parts) if rest.strip() else 0
        raise _refused(
            given=f"{n} number{'' if n == 1 else 's'} in {text!r}",
            wanted="three: latitude [deg], longitude (east positive) [deg], height [m]",
            todo="write, e.g., site:-29.26,-70.73,2400",
        )
    names = ("latitude", "longitude", "height")
    numbers = [
        _number(part, name, text) for part, name in zip(parts, names, strict=True)
    ]
    return Site(*numbers)


def _number(value: str, name: str, text: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise _refused(
            given=f"{name} {value!r} in {text!r}",
            wanted="a number, with a point for decimals",
            todo="write numbers as -29.26, separated by commas",
        ) from None


def _looks_like_path(text: str, name: str, colon: str) -> bool:
    """Say whether a text can be a file's name rather than a misspelt observer's."""
    if not text:
        return False
    path = Path(text)
    misspelt = bool(colon) and bool(near_misses(name, _NAMES))
    return path.exists() or (not misspelt and (bool(path.suffix) or "/" in text))


def _unknown(text: str, name: str) -> ConfigError:
    return _refused(
        given=f"an unknown observer {text!r}",
        wanted=f"one of {'; '.join(CHOICES)}; or the name of a file with a table of "
        "states",
        todo=suggestion(name, _NAMES),
    )


def _refused(*, given: str, wanted: str, todo: str) -> ConfigError:
    return ConfigError(explain(given=given, wanted=wanted, where=WHERE, todo=todo))


__all__ = [
    "CHOICES",
    "FileChoice",
    "Geocentre",
    "ObserverChoice",
    "Orbit",
    "parse_observer",
    "states_of",
]
