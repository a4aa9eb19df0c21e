"""Bodies that bend light, and where an observer has them: for the room `sky`.

Masses (GM) are those of DE440 (Park et al. 2021, AJ 161, 105; the kernel's comments
list them), of planet and moons together for Mars to Neptune, as the barycentres are.
Equatorial radii and poles at J2000 are the IAU's (Archinal et al. 2018, Celest. Mech.
Dyn. Astr. 130, 22: the report of 2015). That has no poles of the Earth and the Moon:
the Earth's is that of the ICRS, the Moon's the mean one of the report of 2009 (Archinal
et al. 2011, Celest. Mech. Dyn. Astr. 109, 101). Poles are held: in a century they move
by less than 0.1°, but for the Earth's (0.6°), Neptune's (0.5°, 0.1 µas of the
quadrupole's deflection) and the Moon's, which nods by 1.5° and bears no visible
oblateness. Oblatenesses are referred to the radius that their source states, and
converted to the equatorial one. The docs' page *Constants* says against what each was
checked.

=========  ==============================================================
body       source of the oblateness J₂
=========  ==============================================================
Sun        DE440 (Park et al. 2021)
Mercury    Smith et al. 2012, Science 336, 214 (MESSENGER)
Venus      Konopliv, Banerdt & Sjogren 1999, Icarus 139, 3 (Magellan)
Earth      IERS Conventions 2010, table 1.1
Moon       DE440 (Park et al. 2021), of GRAIL's data
Mars       Konopliv, Park & Folkner 2016, Icarus 274, 253
Jupiter    Iess et al. 2018, Nature 555, 220 (Juno)
Saturn     Iess et al. 2019, Science 364, eaat2965 (Cassini)
Uranus     Jacobson 2014, AJ 148, 76
Neptune    Jacobson 2009, AJ 137, 4322
=========  ==============================================================
"""

from collections.abc import Sequence
from dataclasses import dataclass

import erfa
import numpy as np
from jaxtyping import Float

from reseau.constants import ASTRONOMICAL_UNIT, DEGREE, JULIAN_YEAR, SPEED_OF_LIGHT
from reseau.errors import ConfigError, ShapeError, explain, some
from reseau.records import Bodies

from .ephemeris import SOLAR_SYSTEM, Ephemeris, open_ephemeris
from .epochs import AnyEpochs, Epochs, tcb_years
from .given import names_of

LIGHT_YEARS_PER_AU = ASTRONOMICAL_UNIT / SPEED_OF_LIGHT / JULIAN_YEAR
"""Time in which light goes one au [Julian year]."""

INNERMOST = 0.1
"""Part of a body's radius within which no observer is believed to be."""


@dataclass(frozen=True)
class Body:
    """What bends light near a body of the solar system.

    Attributes
    ----------
    gravitational_parameter
        GM [km³/s²].
    radius
        Equatorial [km].
    oblateness
        J₂, as its source states it.
    oblateness_radius
        To which the source refers it [km].
    pole
        Right ascension and declination of the axis at J2000, ICRS [deg].
    """

    gravitational_parameter: float
    radius: float
    oblateness: float
    oblateness_radius: float
    pole: tuple[float, float]

    def mass(self) -> float:
        """Return GM/c² [au]."""
        return self.gravitational_parameter / SPEED_OF_LIGHT**2 / ASTRONOMICAL_UNIT

    def equatorial_oblateness(self) -> float:
        """Return J₂ referred to the equatorial radius."""
        return self.oblateness * (self.oblateness_radius / self.radius) ** 2

    def axis(self) -> Float[np.ndarray, "3"]:
        """Return the unit vector along the axis, ICRS."""
        ra, dec = self.pole
        axis: np.ndarray = erfa.s2c(ra * DEGREE, dec * DEGREE)
        return axis


# Mars's and Neptune's poles include the report's long periodic terms at J2000.
BODIES = {
    "sun": Body(
        132_712_440_041.279419, 695_700.0, 2.1961391516529825e-7, 696_000.0,
        (286.13, 63.87),
    ),
    "mercury": Body(22_031.868551, 2440.53, 5.03e-5, 2440.0, (281.0103, 61.4155)),
    "venus": Body(324_858.592, 6051.8, 4.404e-6, 6051.0, (272.76, 67.16)),
    "earth": Body(398_600.435507, 6378.1366, 1.0826359e-3, 6378.1366, (0.0, 90.0)),
    "moon": Body(4902.800118, 1737.4, 2.0321436e-4, 1738.0, (269.9949, 66.5392)),
    "mars": Body(42_828.375816, 3396.19, 1.9566e-3, 3396.0, (317.6811, 52.8863)),
    "jupiter": Body(
        126_712_764.1, 71_492.0, 1.4696572e-2, 71_492.0, (268.056595, 64.495303)
    ),
    "saturn": Body(
        37_940_584.8418, 60_268.0, 1.6290573e-2, 60_330.0, (40.589, 83.537)
    ),
    "uranus": Body(5_794_556.4, 25_559.0, 3.51068e-3, 25_559.0, (257.311, -15.175)),
    "neptune": Body(
        6_836_527.10058, 24_764.0, 3.40843e-3, 25_225.0, (299.3337, 42.9504)
    ),
}  # fmt: skip
"""Bodies by name."""


def deflecting_bodies(
    names: str | Sequence[str],
    epoch: AnyEpochs,
    position: Float[np.ndarray, "n 3"],
    *,
    ephemeris: str | Ephemeris = "builtin",
) -> Bodies:
    """Return bodies around an observer, at the time when starlight passed them.

    Parameters
    ----------
    names
        Of `BODIES`, one or several (see `names_of`), without repetition; planets need
        the ephemeris de440.
    epoch
        Of the observations: instants, or Julian years, TCB; see `tcb_years`.
    position
        Of the observer, barycentric, ICRS axes [au].
    ephemeris
        "builtin" (Sun, Earth and Moon) or "de440"; for the Earth the one that the
        positions come from, since the two differ by some 100 km.

    Raises
    ------
    ConfigError
        No name, an unknown or a repeated one; a planet without its ephemeris; an
        observer at the centre of a body.
    EphemerisRangeError
        An epoch is outside of the ephemeris.

    Notes
    -----
    Each body is where it was a light time ago, which light from a star close to its
    limb has since travelled: the right instant to first order in the body's velocity
    (Klioner & Peip 2003, A&A 410, 1063). The Earth is taken at the instant of
    observation.

    Examples
    --------
    >>> from reseau.observers import deflecting_bodies, geocentre
    >>> sun = deflecting_bodies("sun", 2031.2, geocentre(2031.2).position)
    >>> sun.position.shape
    (1, 1, 3)
    """
    source = open_ephemeris(ephemeris)
    names = names_of(names, what="bodies")
    epoch, position = tcb_years(epoch), np.asarray(position, dtype=float)
    _check_names(names, source)
    if position.shape != (len(epoch), 3):
        raise ShapeError(
            f"{len(epoch)} epochs and positions of shape {position.shape}: wanted "
            f"({len(epoch)}, 3)"
        )
    source.check_range(epoch)
    found = [_from_observer(name, epoch, position, source) for name in names]
    bodies = [BODIES[name] for name in names]
    _check_outside(names, bodies, found)

    def rows(values: list[float] | list[np.ndarray]) -> np.ndarray:
        return np.repeat(np.array(values)[None], len(epoch), axis=0)

    return Bodies(
        position=np.stack(found, axis=1),
        mass=rows([b.mass() for b in bodies]),
        radius=rows([b.radius / ASTRONOMICAL_UNIT for b in bodies]),
        oblateness=rows([b.equatorial_oblateness() for b in bodies]),
        pole=rows([b.axis() for b in bodies]),
    )


def _from_observer(
    name: str, epoch: Epochs, position: np.ndarray, source: Ephemeris
) -> np.ndarray:
    """Return the vectors to a body, where it was when light left it [au]."""
    then = epoch
    vector = source.barycentric(name, then)[0] - position
    for _ in range(0 if name == "earth" else 2):
        ago = np.linalg.norm(vector, axis=-1) * LIGHT_YEARS_PER_AU
        # Hours before an ephemeris begins its first positions serve.
        then = np.maximum(epoch - ago, source.first)
        vector = source.barycentric(name, then)[0] - position
    return vector


def _check_names(names: Sequence[str], source: Ephemeris) -> None:
    for name in names:
        source.check_body(name)
    repeated = sorted({name for name in names if list(names).count(name) > 1})
    if repeated or not names:
        raise ConfigError(
            explain(
                given=f"bodies named twice: {some(repeated)}"
                if repeated
                else "no body",
                wanted=f"some of {', '.join(SOLAR_SYSTEM)}, each once",
                where="the bodies that bend light",
                todo="name each body once, or leave the deflection out",
            )
        )


def _check_outside(
    names: Sequence[str], bodies: Sequence[Body], found: Sequence[np.ndarray]
) -> None:
    for name, body, vector in zip(names, bodies, found, strict=True):
        distance = np.linalg.norm(vector, axis=-1) * ASTRONOMICAL_UNIT
        inside = distance < INNERMOST * body.radius
        if inside.any():
            raise ConfigError(
                explain(
                    given=f"an observer {distance.min():.3g} km from the centre of "
                    f"the body {name!r}",
                    wanted="an observer outside of each body that bends light",
                    where=f"the observer's positions, rows "
                    f"{some(np.flatnonzero(inside))}",
                    todo=f"leave {name!r} out of the bodies: nothing is seen through "
                    "it from its own centre",
                )
            )


__all__ = ["BODIES", "Body", "deflecting_bodies"]
