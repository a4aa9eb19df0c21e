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

from astropy.coordinates import EarthLocation

from reseau.errors import ConfigError, explain, near_misses, suggestion

from .ephemeris import Ephemeris
from .epochs import AnyEpochs
from .geocentre import geocentre
from .given import wrong_kind
from .satellite import circular_orbit
from .site import Site, site_states
from .states import Observer
from .table import TableObserver

WHERE = "the option observer"
CHOICES = (
    "geocentre",
    "orbit",
    "orbit:period=100,phase=0,node_time=18",
    "site:LAT,LON,H",
)
"""What may be written, but for a file's name."""

_OBJECTS = "a Geocentre, Orbit, Site, TableObserver or EarthLocation"

_NAMES = ("geocentre", "orbit", "site")


@dataclass(frozen=True)
class Geocentre:
    """The centre of the Earth."""

    def __str__(self) -> str:
        """Return the text that names it in options."""
        return "geocentre"


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

    def __str__(self) -> str:
        """Return the text that names the orbit in options."""
        numbers = [f"{key}={value}" for key, value in vars(self).items()]
        return f"orbit:{','.join(numbers)}"


@dataclass(frozen=True)
class FileChoice:
    """A file with a table of states; whoever knows formats makes a `TableObserver`.

    Attributes
    ----------
    path
        Of the file; whether it exists was not asked.
    """

    path: Path

    def __str__(self) -> str:
        """Return the name of the file."""
        return str(self.path)


ObserverChoice: TypeAlias = Geocentre | Orbit | Site | FileChoice

AnyObserver: TypeAlias = ObserverChoice | TableObserver | EarthLocation | str | Path
"""What `chosen_observer` understands."""


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
    WrongKindError
        It is no text.

    Examples
    --------
    >>> from reseau.observers import parse_observer
    >>> parse_observer("site:-29.26,-70.73,2400")
    Site(latitude=-29.26, longitude=-70.73, height=2400.0)
    >>> parse_observer("orbit:period=97").period
    97.0
    """
    if not isinstance(text, str):
        raise _no_observer(text, wanted=f"a text such as {CHOICES[1]!r}")
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


def chosen_observer(choice: AnyObserver) -> ObserverChoice | TableObserver:
    """Return which observer was chosen, by a text, a file's path or an object.

    Parameters
    ----------
    choice
        A text as `parse_observer` reads it, a path, a place of astropy, or what is an
        observer already.

    Raises
    ------
    ConfigError
        The text names no observer.
    WrongKindError
        It is neither.

    Examples
    --------
    >>> from reseau.observers import Orbit, chosen_observer
    >>> chosen_observer("geocentre"), str(chosen_observer(Orbit(period=97)))
    (Geocentre(), 'orbit:period=97,phase=0.0,node_time=18.0')
    """
    if isinstance(choice, str):
        return parse_observer(choice)
    if isinstance(choice, Path):
        return FileChoice(choice)
    if isinstance(choice, EarthLocation):
        return Site(choice.lat.deg, choice.lon.deg, choice.height.to_value("m"))
    if isinstance(choice, Geocentre | Orbit | Site | FileChoice | TableObserver):
        return choice
    raise _no_observer(choice, wanted=f"{_OBJECTS}; or one of {'; '.join(CHOICES)}")


def states_of(
    choice: AnyObserver,
    epoch: AnyEpochs,
    *,
    ephemeris: str | Ephemeris = "builtin",
) -> Observer:
    """Return the states of a chosen observer.

    Parameters
    ----------
    choice
        As `parse_observer` returns it or a text for it, or a table that was read.
    epoch
        Instants, or Julian years, TCB; see `tcb_years`.
    ephemeris
        Of the Earth: "builtin" or "de440"; a table needs none.

    Raises
    ------
    EphemerisRangeError
        An epoch is outside of the ephemeris or of the table.
    ConfigError
        The text names no observer; the choice is a file, which was not read; or no
        such orbit exists.
    WrongKindError
        What was chosen is no observer, as when the arguments are interchanged.

    Examples
    --------
    >>> from astropy.time import Time
    >>> from reseau.observers import states_of
    >>> states_of("site:-29.26,-70.73,2400", Time("2026-03-01")).zenith.shape
    (1, 3)
    """
    match chosen_observer(choice):
        case Geocentre():
            return geocentre(epoch, ephemeris=ephemeris)
        case Orbit(period, phase, node_time):
            return circular_orbit(
                epoch,
                period=period,
                phase=phase,
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
        key = key.lower()
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


def _no_observer(choice: object, *, wanted: str) -> ConfigError:
    todo = "see the order of the arguments: the observer comes before the epochs"
    return wrong_kind(choice, wanted=wanted, where=WHERE, todo=todo)


def _refused(*, given: str, wanted: str, todo: str) -> ConfigError:
    return ConfigError(explain(given=given, wanted=wanted, where=WHERE, todo=todo))


__all__ = [
    "CHOICES",
    "AnyObserver",
    "FileChoice",
    "Geocentre",
    "ObserverChoice",
    "Orbit",
    "chosen_observer",
    "parse_observer",
    "states_of",
]
