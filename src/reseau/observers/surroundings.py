"""What displaces directions for an observer: masses, his velocity, the air.

The one place where the effects of a dataset become the `Surroundings` of the model,
for the simulator and for the solver alike. A mass near the observer also slows his
clock: the potential enters aberration as a velocity longer by 1 + 2w/c² (Klioner 2003,
AJ 125, 1580, section 5), 0.4 µas at the Earth.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import jax
import numpy as np
from jaxtyping import Float

from reseau.constants import DEGREE
from reseau.errors import ConfigError, explain, some
from reseau.records import Air, Bodies, Surroundings
from reseau.sky import effective_velocity, laplace_constants, potential

from .bodies import deflecting_bodies
from .states import Observer

EFFECTS = frozenset({"aberration", "deflection", "refraction"})
"""What may displace directions besides motion and parallax."""

DEFLECTORS = ("sun",)
"""Masses that deflect light unless others are named."""


@dataclass(frozen=True)
class Weather:
    """State of the air at a site, and the light's wavelength.

    Attributes
    ----------
    pressure
        At the site [hPa].
    temperature
        [°C].
    humidity
        Relative, from 0 to 1.
    wavelength
        Effective, in vacuum [µm].
    height, latitude
        Of the site [m], [deg].
    """

    pressure: float
    temperature: float
    humidity: float
    wavelength: float
    height: float = 0.0
    latitude: float = 45.0


def surroundings(
    effects: Collection[str],
    observer: Observer,
    epoch: Float[np.ndarray, "n"],
    *,
    deflectors: Sequence[str] = DEFLECTORS,
    ephemeris: str = "builtin",
    weather: Weather | None = None,
) -> Surroundings:
    """Return what displaces directions at some epochs.

    Parameters
    ----------
    effects
        Of `EFFECTS`.
    observer
        States at the epochs.
    epoch
        Julian years, TCB.
    deflectors
        Names of the bodies that bend light, as in `bodies.BODIES`.
    ephemeris
        Where these are: "builtin" or "de440".
    weather
        For refraction.

    Raises
    ------
    ConfigError
        An effect is unknown, or refraction lacks a site or the weather.
    EphemerisRangeError
        An epoch is outside of the ephemeris.
    """
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
    with jax.enable_x64(True):
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


def _velocity(observer: Observer, epoch: np.ndarray, ephemeris: str) -> np.ndarray:
    sun = deflecting_bodies(("sun",), epoch, observer.position, ephemeris=ephemeris)
    return np.asarray(_effective(observer.velocity, sun))


@jax.jit
def _effective(velocity: jax.Array, bodies: Bodies) -> jax.Array:
    return effective_velocity(velocity, potential(bodies))


_laplace = jax.jit(laplace_constants)


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
    tangent, cube = _laplace(
        weather.pressure,
        weather.temperature,
        weather.humidity,
        weather.wavelength,
        height=weather.height,
        latitude=weather.latitude * DEGREE,
    )
    n = len(observer.zenith)
    return Air(
        zenith=observer.zenith,
        tangent=np.full(n, float(tangent)),
        cube=np.full(n, float(cube)),
    )


__all__ = ["DEFLECTORS", "EFFECTS", "Weather", "surroundings"]
