"""The models among which a degree is chosen, all as cases of the largest one."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from reseau.instrument import (
    Instrument,
    InverseSIP,
    LinearDistortion,
    basis_name,
    make_distortion,
)
from reseau.instrument.instrument import DEFAULT_SIGMA, usual_normalisation
from reseau.model import BLOCKS, Parameters, Problem, nominal_parameters

EXTRAS = ("scale-axis", "scale-exposure", "skew", "detectors")
"""What is tried besides the degree, each switched on or off:

scale-axis: F_x and F_y apart or one; scale-exposure: a focal length for each exposure
or one for the plate; skew and detectors: free or held at nominal.
"""

POLYNOMIALS = (LinearDistortion, InverseSIP)
_OTHER_AXES = {
    "exposure-axis": "exposure",
    "exposure": "exposure-axis",
    "plate-axis": "plate",
    "plate": "plate-axis",
}
_OTHER_EXPOSURES = {
    "exposure-axis": "plate-axis",
    "plate-axis": "exposure-axis",
    "exposure": "plate",
    "plate": "exposure",
}


@dataclass(frozen=True)
class Model:
    """What tells one candidate from another."""

    degree: int
    scale: str
    free: tuple[str, ...]

    def switched(self, extra: str) -> "Model":
        """Return the model with an extra on that was off, or off that was on."""
        if extra == "scale-axis":
            return replace(self, scale=_OTHER_AXES[self.scale])
        if extra == "scale-exposure":
            return replace(self, scale=_OTHER_EXPOSURES[self.scale])
        free = {*self.free} ^ {extra}
        return replace(self, free=tuple(b for b in BLOCKS if b in free))

    @property
    def label(self) -> str:
        """Return it in words."""
        scales = {
            "exposure-axis": "F_x, F_y of each exposure",
            "exposure": "F of each exposure",
            "plate-axis": "F_x, F_y of the plate",
            "plate": "one F",
        }
        words = [scales[self.scale] if "scale" in self.free else "F fixed"]
        words += [name for name in ("skew", "detectors") if name in self.free]
        return f"degree {self.degree}; {', '.join(words)}"


def with_degree(instrument: Instrument, degree: int) -> Instrument:
    """Return the instrument with a polynomial of another degree, from no distortion."""
    old = instrument.distortion
    sigma = np.max(np.asarray(instrument.coefficient_sigma), initial=0.0)
    options: dict[str, Any] = {"degree": degree}
    if isinstance(old, POLYNOMIALS):
        options |= {n: getattr(old, n) for n in ("degree_kind", "minimum_degree")}
        options |= {"centre": old.centre} if isinstance(old, InverseSIP) else {}
        name, options["normalisation"] = basis_name(old), old.normalisation
    else:
        name, options["normalisation"] = "legendre", usual_normalisation(instrument)
    distortion = make_distortion(name, **options)
    return replace(
        instrument,
        distortion=distortion,
        coefficients=distortion.default(),
        coefficient_sigma=distortion.widths(float(sigma) or DEFAULT_SIGMA),
    )


def _tied(focal: np.ndarray, scale: str) -> np.ndarray:
    """Return focal lengths that are as equal as `scale` wants them."""
    axes = {"exposure": (1,), "plate-axis": (0,), "plate": (0, 1)}
    mean = np.mean(focal, axis=axes.get(scale, ()), keepdims=True)
    return np.broadcast_to(mean, focal.shape)


def as_case(problem: Problem, model: Model) -> Problem:
    """Return a problem with higher terms than a model's held at zero."""
    instrument = problem.instrument
    distortion = instrument.distortion
    total = distortion.degree_kind == "total"  # type: ignore[attr-defined]
    terms = np.array(distortion.terms)  # type: ignore[attr-defined]
    degree = np.sum(terms, axis=1) if total else np.max(terms, axis=1)
    free = np.tile(degree <= model.degree, 2)
    instrument = replace(
        instrument,
        coefficient_sigma=np.where(free, instrument.coefficient_sigma, 0.0),
        scale=model.scale,
    )
    return replace(problem, instrument=instrument, free=model.free)


def conforming(best: Parameters, problem: Problem) -> Parameters:
    """Return an optimum of another model, with what this one holds at its place.

    Parameters
    ----------
    best
        Parameters of another case of the same largest model.
    problem
        A case, see `as_case`.
    """
    nominal = nominal_parameters(problem)
    free = np.asarray(problem.instrument.coefficient_sigma) > 0
    held = [b for b in ("skew", "detectors") if b not in problem.free]
    return replace(
        best,
        coefficients=np.where(free, best.coefficients, nominal.coefficients),
        focal=_tied(np.asarray(best.focal), problem.instrument.scale),
        **{name: getattr(nominal, name) for name in held},
    )


__all__ = ["EXTRAS", "POLYNOMIALS", "Model", "as_case", "conforming", "with_degree"]
