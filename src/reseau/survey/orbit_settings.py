"""What an orbit is simulated with: numbers, errors, and what displaces stars."""

from collections.abc import Collection
from dataclasses import dataclass

from reseau.errors import ConfigError, explain, unknown_name
from reseau.observers import DEFLECTORS, names_of

from .pointings import FIELDS

OBSERVERS = ("geocentre", "orbit")
SIMULATED = ("aberration", "deflection")
"""Effects of a telescope in space."""

SMALL = {"sources": 400, "exposures": 24, "artificial": 10}
"""Upper limits of a small orbit."""


@dataclass(frozen=True, kw_only=True)
class OrbitSettings:
    """What of an orbit is simulated.

    Parameters
    ----------
    sources
        Stars of the reference catalogue in the square that the exposures cover.
    exposures
        A multiple of 4, the number of fields.
    seed
        Of all random numbers; the same seed gives the same plate.
    plate
        Number of the plate. Exposures are counted on from plate to plate, so that
        orbits of equally many can be joined.
    small
        At most 400 stars, 24 exposures and 10 artificial sources.
    artificial
        Sources without a reference, which neither move nor have a parallax.
    measurement_error
        1σ of each coordinate of a measurement [pixel].
    effects
        What displaces the stars: aberration, deflection. Without aberration the
        observer's velocity is left out of the dataset.
    deflectors
        Names of the bodies that deflect light.
    ephemeris
        Where Earth, Sun and planets are: "builtin" or "de440".
    wrong_fraction
        Part of the references whose proper motion is off by 10 to 50 of its σ.
    observer
        "geocentre", or "orbit": a satellite on the boundary of day and night.
    epoch
        Begin, Julian year, TCB.
    period
        Of the satellite [min]; half of it is spent exposing.
    pointing_error, angle_error
        1σ of the reported pointings, in each of two directions, and of the reported
        position angles [arcsec].

    Raises
    ------
    ConfigError
        A number is out of range.
    """

    sources: int = 10_000
    exposures: int = 96
    seed: int = 0
    plate: int = 0
    small: bool = False
    artificial: int = 50
    measurement_error: float = 0.01
    effects: str | Collection[str] = ("aberration",)
    deflectors: str | Collection[str] = DEFLECTORS
    ephemeris: str = "builtin"
    wrong_fraction: float = 0.0
    observer: str = "geocentre"
    epoch: float = 2031.2
    period: float = 100.0
    pointing_error: float = 10.0
    angle_error: float = 30.0

    def __post_init__(self) -> None:
        if self.small:
            for name, limit in SMALL.items():
                self._set(name, min(getattr(self, name), limit))
        _check_count("sources", self.sources, 1)
        _check_count("artificial", self.artificial, 0)
        _check_count("seed", self.seed, 0)
        _check_count("plate", self.plate, 0)
        _check_exposures(self.exposures)
        _check_range("measurement_error", self.measurement_error, 0.0, 100.0)
        _check_range("wrong_fraction", self.wrong_fraction, 0.0, 1.0)
        _check_range("pointing_error", self.pointing_error, 0.0, 3600.0)
        _check_range("angle_error", self.angle_error, 0.0, 36_000.0)
        _check_observer(self.observer)
        for name in ("effects", "deflectors"):
            self._set(name, names_of(getattr(self, name), what=name))
        _check_effects(self.effects)

    def _set(self, name: str, value: object) -> None:
        # The class is frozen; what was given may be limited, or one text.
        object.__setattr__(self, name, value)


WHERE = "simulate orbit"


def _refuse(given: str, wanted: str, todo: str) -> ConfigError:
    return ConfigError(explain(given=given, wanted=wanted, where=WHERE, todo=todo))


def _check_count(name: str, value: int, least: int) -> None:
    if value < least:
        raise _refuse(f"{name} = {value}", f"{least} or more", f"choose another {name}")


def _check_exposures(exposures: int) -> None:
    if exposures < FIELDS or exposures % FIELDS:
        near = max(FIELDS, round(exposures / FIELDS) * FIELDS)
        raise _refuse(
            f"exposures = {exposures}",
            f"a positive multiple of {FIELDS}, the number of fields",
            f"choose {near}",
        )


def _check_range(name: str, value: float, low: float, high: float) -> None:
    above = value > low if name == "measurement_error" else value >= low
    if not (above and value <= high):
        raise _refuse(
            f"{name} = {value}", f"a number from {low} to {high}", "correct it"
        )


def _check_effects(effects: Collection[str]) -> None:
    for effect in effects:
        if effect not in SIMULATED:
            raise unknown_name("effect", effect, SIMULATED, where=WHERE)


def _check_observer(observer: str) -> None:
    if observer not in OBSERVERS:
        raise unknown_name("observer", observer, OBSERVERS, where=WHERE)


__all__ = ["OrbitSettings"]
