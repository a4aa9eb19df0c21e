"""What is fitted, and when a model is accepted."""

from dataclasses import dataclass, field
from typing import Literal

from reseau.errors import ConfigError, explain, unknown_name

Model = Literal["auto", "5", "7", "9", "orbit", "lens"]
MODELS: tuple[Model, ...] = ("auto", "5", "7", "9", "orbit", "lens")

FLOORS = ("auto", "none", "fit", "stated")
"""Words for the noise floor, besides a number of mas."""


@dataclass(frozen=True)
class ChoiceRules:
    """Thresholds, as in the order of Gaia DR3.

    Attributes
    ----------
    goodness
        A model fits where F2 is at most this; right errors are beyond 3 once in 740.
    significance
        Accelerations, and their change, are there where they exceed their error by this
        factor; two normal numbers do so by chance exp(-s²/2), once in 3000 for 4.
    false_alarm
        An orbit is there where none gains as much more often, over all periods.
    rows_for_an_orbit
        Visits, counted twice where they tell two coordinates, below which no orbit is
        tried: twice its parameters. With fewer some orbit fits anything.
    """

    goodness: float = 3.0
    significance: float = 4.0
    false_alarm: float = 1e-3
    rows_for_an_orbit: int = 24


@dataclass(frozen=True)
class SourceOptions:
    """What to fit to each source.

    Attributes
    ----------
    model
        "auto": the simplest that fits; or this one.
    floor
        Additional error of each row: "auto": none, but one is fitted where no model
        fits; "none"; "fit": one of each source, so that χ² equals the degrees of
        freedom; "stated": that of the file; or a number [mas].
    robust
        Whether rows that disagree count less, with the weights of AGIS.
    dark
        Whether K follows from the size of the orbit, as with a dark companion.
    colour_prior
        1σ of the pseudo-colour about zero [1/nm], where it is fitted, too.
    shortest_period
        That is tried [d].
    rules
        Of acceptance.
    """

    model: str = "auto"
    floor: str | float = "auto"
    robust: bool = False
    dark: bool = False
    colour_prior: float | None = None
    shortest_period: float | None = None
    rules: ChoiceRules = field(default_factory=ChoiceRules)

    def __post_init__(self) -> None:
        """Refuse words that are none of those known."""
        if self.model not in MODELS:
            raise unknown_name("model", self.model, MODELS, where="--model")
        is_number = not isinstance(self.floor, str)
        if is_number and not 0.0 <= float(self.floor) < float("inf"):
            raise _out_of_range(f"a noise floor of {self.floor} mas", "--noise-floor")
        if not is_number and self.floor not in FLOORS:
            raise unknown_name(
                "noise floor",
                str(self.floor),
                (*FLOORS, "or a number [mas]"),
                where="--noise-floor",
            )
        for value, what, where in (
            (self.colour_prior, "a prior of the colour", "--colour-prior"),
            (self.shortest_period, "a shortest period", "--shortest-period"),
        ):
            if value is not None and not 0.0 < value < float("inf"):
                raise _out_of_range(f"{what} of {value}", where)


def _out_of_range(given: str, where: str) -> ConfigError:
    return ConfigError(
        explain(
            given=given,
            wanted="a finite number, not less than zero",
            where=where,
            todo="correct it, or leave it out",
        )
    )


__all__ = ["FLOORS", "MODELS", "ChoiceRules", "Model", "SourceOptions"]
