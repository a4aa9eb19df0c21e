"""What displaces directions for an observer: masses, his velocity, the air.

The one place where the effects of a dataset become the `Surroundings` of the model,
for the simulator and for the solver alike. A mass near the observer also slows his
clock: the potential enters aberration as a velocity longer by 1 + 2w/c² (Klioner 2003,
AJ 125, 1580, section 5), 0.4 µas at the Earth.
"""

from collections.abc import Collection, Sequence

import jax
import numpy as np

from reseau._compiled import quick_jit
from reseau._precision import in_double
from reseau.errors import ConfigError, explain, some
from reseau.records import Air, Bodies, Surroundings
from reseau.sky import effective_velocity, potential

from .bodies import deflecting_bodies
from .ephemeris import Ephemeris
from .epochs import AnyEpochs, tcb_years
from .given import names_of, wrong_kind
from .states import Observer
from .weather import Weather, air_above

EFFECTS = frozenset({"aberration", "deflection", "refraction"})
"""What may displace directions besides motion and parallax."""

DEFLECTORS = ("sun",)
"""Masses that deflect light unless others are named."""


@in_double
def surroundings(
    effects: str | Collection[str],
    observer: Observer,
    epoch: AnyEpochs,
    *,
    deflectors: str | Sequence[str] = DEFLECTORS,
    ephemeris: str | Ephemeris = "builtin",
    weather: Weather | None = None,
) -> Surroundings:
    """Return what displaces directions at some epochs.

    Parameters
    ----------
    effects
        Of `EFFECTS`, one or several (see `names_of`).
    observer
        States at the epochs.
    epoch
        Instants, or Julian years, TCB; see `tcb_years`.
    deflectors
        Names of the bodies that bend light, as in `bodies.BODIES`; one or several.
    ephemeris
        Where these are: "builtin" or "de440".
    weather
        For refraction; of a site as `Weather.at` makes it.

    Raises
    ------
    ConfigError
        An effect is unknown, or refraction lacks a site or the weather.
    WrongKindError
        An argument is of another kind, as when two are interchanged.
    EphemerisRangeError
        An epoch is outside of the ephemeris.

    Examples
    --------
    >>> from reseau.observers import geocentre, surroundings
    >>> around = surroundings("aberration", geocentre(2031.2), 2031.2)
    >>> around.velocity.shape, around.bodies
    ((1, 3), None)
    """
    effects = names_of(effects, what="effects")
    if not isinstance(observer, Observer):
        wanted = "the states of an observer, as states_of(choice, epoch) returns them"
        raise wrong_kind(observer, wanted=wanted, where="the observer")
    epoch = tcb_years(epoch)
    unknown = set(effects) - EFFECTS
    if unknown:
        raise ConfigError(
            explain(
                given=f"effects {some(sorted(unknown))}",
                wanted=f"some of {some(sorted(EFFECTS))}",
                where="the effects",
                todo="correct or remove them",
            )
        )
    return Surroundings(
        bodies=deflecting_bodies(
            deflectors, epoch, observer.position, ephemeris=ephemeris
        )
        if "deflection" in effects
        else None,
        velocity=_velocity(observer, epoch, ephemeris)
        if "aberration" in effects
        else None,
        air=_air(observer, weather) if "refraction" in effects else None,
    )


def _velocity(
    observer: Observer, epoch: np.ndarray, ephemeris: str | Ephemeris
) -> np.ndarray:
    sun = deflecting_bodies(("sun",), epoch, observer.position, ephemeris=ephemeris)
    return np.asarray(_effective(observer.velocity, sun))


@quick_jit
def _effective(velocity: jax.Array, bodies: Bodies) -> jax.Array:
    return effective_velocity(velocity, potential(bodies))


def _air(observer: Observer, weather: Weather | None) -> Air:
    if observer.zenith is None or weather is None:
        what = "the weather" if weather is None else "a zenith"
        raise ConfigError(
            explain(
                given=f"refraction without {what}",
                wanted='observer = "site:LAT,LON,HEIGHT" and a table [atmosphere] with '
                "pressure_hpa, temperature_c, humidity and wavelength_um",
                where="the effects",
                todo="describe the site, or leave refraction out",
            )
        )
    return air_above(observer.zenith, weather)


__all__ = ["DEFLECTORS", "EFFECTS", "surroundings"]
