"""Which model a source needs, in the order of Gaia DR3.

Five parameters are enough where they fit and no acceleration is significant. Else seven
are tried, then nine, accepted where the acceleration (its change) is significant and
the model fits; then an orbit; and what nothing explains is "Stochastic": five
parameters and a noise floor. That is the order of Gaia DR3's processing of non-single
stars (documentation, section 7.2); the thresholds are our own, `ChoiceRules`.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from reseau.motions.epoch_astrometry import EpochAstrometry

from .curved_models import CurvedModel, fit_curved
from .linear_models import FittedModel, fit_model
from .options import ChoiceRules, SourceOptions
from .orbit import OrbitFit, false_alarm
from .shared_orbit import SharedOrbitFit
from .velocities import RadialVelocities

FIVE_NAME = "FiveParameters"
SEVEN_NAME = "Acceleration7"
NINE_NAME = "Acceleration9"
ORBIT_NAME = "Orbital"
SHARED_NAME = "AstroSpectroSB1"
LENS_NAME = "Lens"
STOCHASTIC_NAME = "Stochastic"
UNKNOWN_NAME = "Undetermined"
"""Models by the names of Gaia's ``nss_solution_type``, where it has them."""

LINEAR_NAMES = {"5": FIVE_NAME, "7": SEVEN_NAME, "9": NINE_NAME}

ACCELERATION = ("accel_ra", "accel_dec")
CHANGE = ("deriv_accel_ra", "deriv_accel_dec")


@dataclass(frozen=True, eq=False)
class Choice:
    """What was fitted to all sources, and which model each was given.

    Attributes
    ----------
    astrometry
        Rows.
    options
        As given.
    kind
        The name of the model of each source.
    linear
        Linear models that were fitted to all, by "5", "7", "9".
    curved
        Orbits and lenses that were fitted, by place; also those not accepted.
    noisy
        Five parameters with a fitted floor, by place, where nothing else fits.
    significance
        Of acceleration (seven parameters) and of its change (nine).
    """

    astrometry: EpochAstrometry
    options: SourceOptions
    kind: tuple[str, ...]
    linear: dict[str, FittedModel]
    curved: dict[int, CurvedModel]
    noisy: dict[int, FittedModel]
    significance: Float[np.ndarray, "s 2"]


def choose_models(
    astrometry: EpochAstrometry,
    options: SourceOptions | None = None,
    velocities: RadialVelocities | None = None,
) -> Choice:
    """Fit models to all sources and choose one for each.

    Parameters
    ----------
    astrometry
        Rows of all sources.
    options
        What to fit; None: the defaults.
    velocities
        Of the only source.
    """
    options = SourceOptions() if options is None else options
    if options.model == "auto":
        return _automatic(astrometry, options, velocities)
    if options.model in LINEAR_NAMES:
        fitted = fit_model(
            astrometry, options.model, options, floor=options.floor == "fit"
        )
        name = LINEAR_NAMES[options.model]
        kind = tuple(name if d else UNKNOWN_NAME for d in fitted.fit.determined)
        nothing = np.full((len(kind), 2), np.nan)
        found = Choice(
            astrometry, options, kind, {options.model: fitted}, {}, {}, nothing
        )
        return replace(found, significance=_significance(found.linear, len(kind)))
    return _only_curved(astrometry, options, velocities)


def _only_curved(
    astrometry: EpochAstrometry,
    options: SourceOptions,
    velocities: RadialVelocities | None,
) -> Choice:
    five = fit_model(astrometry, "5", options, floor=False)
    curved: dict[int, CurvedModel] = {}
    for place in np.flatnonzero(five.fit.determined & (five.fit.degrees > 7)):
        curved[int(place)] = fit_curved(
            astrometry.one(int(place)),
            options.model,
            options,
            floor=options.floor == "fit",
            velocities=velocities,
        )
    kind = tuple(
        _name(curved[i]) if i in curved else UNKNOWN_NAME
        for i in range(len(astrometry.first))
    )
    nothing = np.full((len(kind), 2), np.nan)
    return Choice(astrometry, options, kind, {"5": five}, curved, {}, nothing)


def _name(found: CurvedModel) -> str:
    if isinstance(found.fit, SharedOrbitFit):
        return SHARED_NAME
    return ORBIT_NAME if isinstance(found.fit, OrbitFit) else LENS_NAME


def _significance(linear: dict[str, FittedModel], n: int) -> Float[np.ndarray, "s 2"]:
    found = np.full((n, 2), np.nan)
    for column, (model, names) in enumerate((("7", ACCELERATION), ("9", CHANGE))):
        if model in linear:
            found[:, column] = linear[model].fit.significance(names)
    return found


def _automatic(
    astrometry: EpochAstrometry,
    options: SourceOptions,
    velocities: RadialVelocities | None,
) -> Choice:
    fitted_floor = options.floor == "fit"
    linear = {
        model: fit_model(astrometry, model, options, floor=fitted_floor)
        for model in LINEAR_NAMES
    }
    n = len(astrometry.first)
    significance = _significance(linear, n)
    kinds = np.full(n, FIVE_NAME, dtype=object)
    left = _linear_choice(linear, significance, options.rules, kinds)
    curved: dict[int, CurvedModel] = {}
    noisy: dict[int, FittedModel] = {}
    if velocities is not None and linear["5"].fit.determined[0]:
        left = np.ones(n, bool)  # velocities say more than the positions alone
    for place in np.flatnonzero(left):
        _curved_choice(
            astrometry, int(place), options, velocities, kinds, curved, noisy
        )
    return Choice(
        astrometry, options, tuple(kinds), linear, curved, noisy, significance
    )


def _linear_choice(
    linear: dict[str, FittedModel],
    significance: Float[np.ndarray, "s 2"],
    rules: ChoiceRules,
    kinds: np.ndarray,
) -> Bool[np.ndarray, "s"]:
    """Name the sources for which a linear model is enough, and return the others."""
    fits = {
        model: each.fit.determined & ~(each.fit.goodness > rules.goodness)
        for model, each in linear.items()
    }
    accelerated = np.nan_to_num(significance) > rules.significance
    more = ~fits["5"] | accelerated.any(axis=1)
    seven = more & accelerated[:, 0] & ~accelerated[:, 1] & fits["7"]
    nine = more & accelerated[:, 1] & fits["9"]
    kinds[seven], kinds[nine] = SEVEN_NAME, NINE_NAME
    unknown = ~linear["5"].fit.determined
    kinds[unknown] = UNKNOWN_NAME
    return more & ~seven & ~nine & ~unknown


def _curved_choice(
    astrometry: EpochAstrometry,
    place: int,
    options: SourceOptions,
    velocities: RadialVelocities | None,
    kinds: np.ndarray,
    curved: dict[int, CurvedModel],
    noisy: dict[int, FittedModel],
) -> None:
    """Try an orbit, then an orbit with a floor, then the floor alone."""
    one = astrometry.one(place)
    enough = independent_rows(one) >= options.rules.rows_for_an_orbit
    if enough:
        curved[place] = found = fit_curved(
            one, "orbit", options, floor=options.floor == "fit", velocities=velocities
        )
        if _accepted(found, options, fits=True):
            kinds[place] = _name(found)
            return
    if options.floor == "auto":
        noise = fit_model(one, "5", options, floor=True)
        if noise.floor[0] == 0.0:
            return  # five parameters fit after all
        noisy[place] = noise
        kinds[place] = STOCHASTIC_NAME
        if enough and _chance_in_noise(curved[place]) < 1.0:
            again = fit_curved(
                one,
                "orbit",
                options,
                floor=True,
                velocities=velocities,
                begin=float(noise.floor[0]),
            )
            if _accepted(again, options, fits=False):
                kinds[place], curved[place] = _name(again), again


def _accepted(found: CurvedModel, options: SourceOptions, *, fits: bool) -> bool:
    """Return whether an orbit is there, and whether it is all that is there."""
    fit, rules = found.fit, options.rules
    if not isinstance(fit, OrbitFit) or not fit.shape.converged:
        return False
    if fits:
        good = not fit.goodness > rules.goodness
        return good and fit.false_alarm < rules.false_alarm
    return _chance_in_noise(found) < rules.false_alarm


def _chance_in_noise(found: CurvedModel) -> float:
    """Return a bound of the chance of such an orbit in noise of unknown size.

    With a floor χ² equals the degrees of freedom in any model; what counts is by how
    much the orbit makes the noise smaller. Rows of one visit share what causes it.
    """
    if not isinstance(found.fit, OrbitFit):
        return 1.0
    ratio = found.source.chi2 / max(found.fit.chi2, 1e-300)
    gain = independent_rows(found.source.astrometry) * float(np.log(max(ratio, 1.0)))
    return false_alarm(gain, len(found.fit.grid.frequency), 7)


def independent_rows(astrometry: EpochAstrometry) -> int:
    """Return how many visits are used, twice those with two directions."""
    angle = np.rad2deg(np.arctan2(*astrometry.direction.T)) % 180.0
    pairs = np.stack([astrometry.group, np.round(angle / 60.0) % 3], axis=1)
    return len(np.unique(pairs[astrometry.is_used], axis=0))


__all__ = [
    "FIVE_NAME",
    "LENS_NAME",
    "NINE_NAME",
    "ORBIT_NAME",
    "SEVEN_NAME",
    "SHARED_NAME",
    "STOCHASTIC_NAME",
    "UNKNOWN_NAME",
    "Choice",
    "choose_models",
]
