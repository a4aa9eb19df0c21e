"""A survey's flaws one by one, and what a solver declares against each.

A flaw is a few keys of a survey's file. Its remedy is calibration terms of the solver's
instrument, another likelihood, fitted noise, or nothing at all, where the usual
calibration of a plate takes it in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from reseau.errors import unknown_name
from reseau.instrument import Instrument

from .survey_config import SurveyConfig

Keys = Mapping[str, Mapping[str, float]]
"""Values of keys, by table."""


@dataclass(frozen=True)
class Flaw:
    """One flaw of a survey.

    Attributes
    ----------
    name
        What it is called.
    keys
        The keys that make it, with sizes to try where a survey has none.
    told_by
        The keys of which one that is not zero makes the flaw; empty: any of them.
    absorbed
        Whether the usual calibration of a plate takes it in.
    terms
        Arguments of `Instrument.with_term`; ``zero`` may name a key of the table.
    options
        Options of `solve`, by name.
    """

    name: str
    keys: Keys
    told_by: tuple[str, ...] = ()
    absorbed: bool = False
    terms: tuple[Mapping[str, Any], ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


_IN_TIME = ("time", "time_2", "time_3", "time_4")

FLAWS: Mapping[str, Flaw] = MappingProxyType(
    {
        flaw.name: flaw
        for flaw in (
            Flaw(
                "distortion by plate",
                {"distortion": {"drift": 1.0, "walk": 0.3, "annual": 1.0}},
                absorbed=True,
            ),
            Flaw(
                "distortion by phase",
                {"distortion": {"phase": 0.5}},
                terms=tuple(
                    {
                        "covariate": time,
                        "minimum_degree": 2,
                        "degree": 5,
                        "sigma": 5.0,
                    }
                    for time in _IN_TIME
                ),
            ),
            Flaw("focus", {"thermal": {"focal": 300.0}}, absorbed=True),
            Flaw(
                "detectors",
                {"thermal": {"centre": 1.0, "angle": 2e-4}},
                terms=tuple(
                    {
                        "covariate": time,
                        "degree": 1,
                        "granularity": "detector",
                        "sigma": 10.0,
                    }
                    for time in _IN_TIME
                ),
            ),
            Flaw(
                "colour",
                {"chromatic": {"size": 0.2}},
                terms=(
                    {"covariate": "colour", "degree": 3, "zero": "zero", "sigma": 5.0},
                ),
            ),
            Flaw(
                "coma and astigmatism",
                {"aberrations": {"coma": 0.1, "astigmatism": 0.1}},
                terms=(
                    {
                        "covariate": "magnitude",
                        "degree": 3,
                        "zero": "zero",
                        "sigma": 5.0,
                    },
                ),
            ),
            Flaw(
                "read-out",
                {"readout": {"seconds": 1.21, "drift": 7e-3, "smear": 0.0}},
                told_by=("seconds",),
                terms=(
                    {
                        "covariate": "row",
                        "degree": 0,
                        "granularity": "exposure",
                        "sigma": 5.0,
                    },
                ),
            ),
            Flaw(
                "smear",
                {"readout": {"smear": 0.01, "drift": 7e-3, "seconds": 0.0}},
                told_by=("smear",),
                terms=(
                    {
                        "covariate": "magnitude",
                        "degree": 0,
                        "zero": "zero",
                        "granularity": "exposure",
                        "sigma": 5.0,
                    },
                ),
            ),
            Flaw(
                "charge transfer",
                {"transfer": {"size": 0.02, "slope": 0.2}},
                terms=(
                    {
                        "covariate": "magnitude",
                        "frame": "pixel",
                        "axes": "y",
                        "degree": 0,
                        "zero": "zero",
                    },
                    {
                        "covariate": "magnitude*row",
                        "frame": "pixel",
                        "axes": "y",
                        "degree": 0,
                        "zero": "zero",
                    },
                ),
            ),
            Flaw(
                "pixels",
                {"pixels": {"phase": 0.01, "flat": 0.003}},
                options={"fit_noise": "floor"},
            ),
            Flaw(
                "persistence",
                {"persistence": {"fraction": 0.003}},
                options={"likelihood": "mixture"},
            ),
            Flaw(
                "outliers",
                {"noise": {"outlier_fraction": 0.01}},
                options={"likelihood": "mixture"},
            ),
        )
    }
)
"""All flaws by name."""


def is_on(config: SurveyConfig, flaw: Flaw) -> bool:
    """Return whether a survey has a flaw."""
    return any(
        getattr(getattr(config, table), key) != 0
        for table, keys in flaw.keys.items()
        for key in flaw.told_by or keys
    )


def flaws_of(config: SurveyConfig) -> tuple[str, ...]:
    """Return the names of the flaws that a survey has."""
    return tuple(name for name, flaw in FLAWS.items() if is_on(config, flaw))


def without_flaws(config: SurveyConfig) -> SurveyConfig:
    """Return a survey without any flaw; its camera still differs from the drawing."""
    for flaw in FLAWS.values():
        off = {table: dict.fromkeys(keys, 0.0) for table, keys in flaw.keys.items()}
        config = _with(config, off)
    return _with(config, {"readout": {"jitter": 0.0}})


def with_flaw(config: SurveyConfig, name: str) -> SurveyConfig:
    """Return a survey with one flaw alone: of its size there, or of a usual one.

    Parameters
    ----------
    config
        The survey.
    name
        One of `FLAWS`.

    Raises
    ------
    ConfigError
        There is no such flaw.
    """
    if name not in FLAWS:
        raise unknown_name("flaw", name, tuple(FLAWS), where="the budget")
    flaw, clean = FLAWS[name], without_flaws(config)
    if not is_on(config, flaw):
        return _with(clean, flaw.keys)
    sizes = {
        table: {
            # What makes another flaw stays off.
            key: getattr(getattr(config, table), key) if usual != 0 else 0.0
            for key, usual in keys.items()
        }
        for table, keys in flaw.keys.items()
    }
    return _with(clean, sizes)


def _with(config: SurveyConfig, keys: Keys) -> SurveyConfig:
    changed = {
        table: replace(getattr(config, table), **values)
        for table, values in keys.items()
    }
    return replace(config, **changed)


def with_terms(config: SurveyConfig, name: str, instrument: Instrument) -> Instrument:
    """Return an instrument that declares the terms against a flaw.

    Parameters
    ----------
    config
        The survey, whose zeros of colour and magnitude are taken.
    name
        One of `FLAWS`.
    instrument
        Without them.
    """
    flaw = FLAWS[name]
    (table,) = flaw.keys
    for number, term in enumerate(flaw.terms):
        given = dict(term)
        if given.get("zero") == "zero":
            given["zero"] = getattr(config, table).zero
        words = f"{name} {number + 1}" if len(flaw.terms) > 1 else name
        label = words.replace(" ", "_").replace("-", "_")
        instrument = instrument.with_term(given.pop("covariate"), name=label, **given)
    return instrument


__all__ = [
    "FLAWS",
    "Flaw",
    "flaws_of",
    "is_on",
    "with_flaw",
    "with_terms",
    "without_flaws",
]
