"""The model of one source: parameters, errors, what is left."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from reseau.motions.epoch_astrometry import EpochAstrometry

from .basis import FIVE
from .choice import (
    FIVE_NAME,
    LENS_NAME,
    LINEAR_NAMES,
    ORBIT_NAME,
    SHARED_NAME,
    STOCHASTIC_NAME,
    Choice,
)
from .curved_models import CurvedModel
from .goodness import goodness_of_fit
from .lens import LENS_UNITS
from .linear_models import FittedModel
from .orbit import ORBIT_UNITS, OrbitFit

PARAMETER_UNITS = {**ORBIT_UNITS, **LENS_UNITS}
"""Of all parameters of all models."""

ELEMENTS = ("semi_major_axis", "inclination", "arg_periastron", "nodeangle")
ELEMENT_UNITS = dict(zip(ELEMENTS, ("mas", "deg", "deg", "deg"), strict=True))
"""Campbell's elements, by the names of Gaia's tools."""


@dataclass(frozen=True, eq=False)
class SourceSolution:
    """The model of one source.

    Attributes
    ----------
    kind
        The model's name.
    names, value, covariance
        Parameters, in `PARAMETER_UNITS`; parallax and motion with the published ones
        added.
    chi2, degrees
        Of the fit.
    floor, floor_significance
        Additional error of each row [mas], and of it how many σ.
    residual, weight
        Of the rows [mas].
    astrometry
        The rows.
    evidence
        χ², degrees of freedom, F2 and BIC of every model that was tried, by name.
    derived
        Values and errors that follow from the parameters: `ELEMENTS`.
    curved
        The orbit or lens; None: the model is linear.
    """

    kind: str
    names: tuple[str, ...]
    value: Float[np.ndarray, "p"]
    covariance: Float[np.ndarray, "p p"]
    chi2: float
    degrees: int
    floor: float
    floor_significance: float
    residual: Float[np.ndarray, "n"]
    weight: Float[np.ndarray, "n"]
    astrometry: EpochAstrometry
    evidence: dict[str, tuple[float, int, float, float]]
    derived: dict[str, tuple[float, float]] = field(default_factory=dict)
    curved: CurvedModel | None = None

    @property
    def error(self) -> Float[np.ndarray, "p"]:
        """Return 1σ of the parameters."""
        return np.sqrt(np.diagonal(self.covariance))

    @property
    def goodness(self) -> float:
        """Return F2."""
        return float(goodness_of_fit(np.array(self.chi2), np.array(self.degrees)))

    def __getitem__(self, name: str) -> float:
        """Return the value of a parameter or of a Campbell element."""
        if name in self.derived:
            return self.derived[name][0]
        return float(self.value[self.names.index(name)])

    def error_of(self, name: str) -> float:
        """Return 1σ of a parameter or of a Campbell element."""
        if name in self.derived:
            return self.derived[name][1]
        return float(self.error[self.names.index(name)])


def solution_of(choice: Choice, place: int) -> SourceSolution:
    """Return the model that was chosen for one source.

    Parameters
    ----------
    choice
        Of all sources.
    place
        Which source.
    """
    kind = choice.kind[place]
    evidence = _evidence(choice, place)
    astrometry = choice.astrometry.one(place)
    if kind in (ORBIT_NAME, SHARED_NAME, LENS_NAME):
        return _of_curved(choice.curved[place], kind, astrometry, evidence)
    if kind == STOCHASTIC_NAME:
        return _of_linear(choice.noisy[place], 0, kind, astrometry, evidence, None)
    model = next((m for m, name in LINEAR_NAMES.items() if name == kind), None)
    model = next(iter(choice.linear)) if model is None else model
    rows = choice.astrometry.source == place
    return _of_linear(choice.linear[model], place, kind, astrometry, evidence, rows)


def _of_linear(
    model: FittedModel,
    place: int,
    kind: str,
    astrometry: EpochAstrometry,
    evidence: dict[str, tuple[float, int, float, float]],
    rows: np.ndarray | None,
) -> SourceSolution:
    fit = model.fit
    rows = np.ones(len(fit.residual), bool) if rows is None else rows
    return SourceSolution(
        kind=kind,
        names=fit.names,
        value=_with_published(fit.names, fit.value[place], astrometry),
        covariance=fit.covariance[place],
        chi2=float(fit.chi2[place]),
        degrees=int(fit.degrees[place]),
        floor=float(model.floor[place]),
        floor_significance=float(model.floor_significance[place]),
        residual=fit.residual[rows],
        weight=model.weight[rows],
        astrometry=astrometry,
        evidence=evidence,
    )


def _of_curved(
    model: CurvedModel,
    kind: str,
    astrometry: EpochAstrometry,
    evidence: dict[str, tuple[float, int, float, float]],
) -> SourceSolution:
    fit = model.fit
    derived = {}
    if isinstance(fit, OrbitFit):
        turn = np.array([1.0, *np.rad2deg(np.ones(3))])
        size = fit.elements.value * turn
        error = np.sqrt(np.diagonal(fit.elements.covariance)) * turn
        derived = {
            name: (float(v), float(e))
            for name, v, e in zip(ELEMENTS, size, error, strict=True)
        }
    return SourceSolution(
        kind=kind,
        names=fit.names,
        value=_with_published(fit.names, fit.value, astrometry),
        covariance=fit.covariance,
        chi2=fit.chi2,
        degrees=fit.degrees,
        floor=model.floor,
        floor_significance=model.floor_significance,
        residual=fit.residual,
        weight=model.weight,
        astrometry=astrometry,
        evidence=evidence,
        derived=derived,
        curved=model,
    )


def _with_published(
    names: tuple[str, ...], value: Float[np.ndarray, "p"], astrometry: EpochAstrometry
) -> Float[np.ndarray, "p"]:
    found = value.copy()
    for name, published in zip(FIVE[2:], astrometry.published[0], strict=True):
        found[names.index(name)] += published
    return found


def _evidence(choice: Choice, place: int) -> dict[str, tuple[float, int, float, float]]:
    found = {
        LINEAR_NAMES[model]: (
            float(each.fit.chi2[place]),
            int(each.fit.degrees[place]),
            float(each.fit.goodness[place]),
            float(each.bayesian_criterion[place]),
        )
        for model, each in choice.linear.items()
    }
    for name, each in ((STOCHASTIC_NAME, choice.noisy.get(place)),):
        if each is not None:
            fit = each.fit
            found[name] = (
                float(fit.chi2[0]),
                int(fit.degrees[0]),
                float(fit.goodness[0]),
                float(each.bayesian_criterion[0]),
            )
    if place in choice.curved:
        curved = choice.curved[place]
        name = _name_of(curved)
        found[name] = (
            curved.fit.chi2,
            curved.fit.degrees,
            curved.fit.goodness,
            curved.bayesian_criterion,
        )
    return found


def _name_of(curved: CurvedModel) -> str:
    if not isinstance(curved.fit, OrbitFit):
        return LENS_NAME
    return SHARED_NAME if "semi_amplitude_primary" in curved.fit.names else ORBIT_NAME


__all__ = [
    "ELEMENTS",
    "ELEMENT_UNITS",
    "FIVE_NAME",
    "PARAMETER_UNITS",
    "SourceSolution",
    "solution_of",
]
