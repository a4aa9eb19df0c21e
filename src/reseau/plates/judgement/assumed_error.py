"""In words, whether an error that was assumed for all measurements was a good guess.

It says nothing of the data, so a large sigma0 tells of the guess first: the fit is only
called absurd where the residuals themselves are.
"""

import math
from dataclasses import dataclass
from typing import Any

from .unit_weight import (
    CREDIBLE,
    FEW,
    MEANINGLESS,
    is_chance,
    scale_of_errors,
    sigma0_head,
    sigma0_text,
)

REMEDY = "give the errors of the measurements"


@dataclass(frozen=True)
class AssumedError:
    """One error for all coordinates, for want of better ones, and what was found.

    Attributes
    ----------
    size
        1σ that was assumed [unit].
    unit
        Of the positions.
    coarse
        Scatter beyond which no star is where it should be [unit].
    chi2, dof
        Of the measurements with that error, and its degrees of freedom.
    of_errors
        Those that tell of it; absent: all.
    strays
        Whether measurements that do not belong there are among the residuals.
    """

    size: float
    unit: str
    coarse: float
    chi2: float
    dof: int
    strays: bool = False
    of_errors: float | None = None

    @property
    def factor(self) -> float:
        """Return σ of the residuals over the assumed one; NaN where nothing tells."""
        known = self.dof > 0 and math.isfinite(self.chi2)
        found = scale_of_errors(self.chi2, self.dof, self.of_errors)
        return found[0] if known else math.nan

    @property
    def scatter(self) -> float:
        """Return 1σ of a coordinate that the residuals show [unit]."""
        return self.size * self.factor

    @property
    def absurd(self) -> bool:
        """Return whether the residuals are larger than any error of a centroid."""
        return not self.scatter <= self.coarse and self.dof > 0

    @property
    def fits(self) -> bool:
        """Return whether it is the scatter of the residuals, as far as one can tell."""
        close = abs(self.factor - 1.0) <= CREDIBLE
        return self.dof <= 0 or close or is_chance(self.chi2, self.dof, self.of_errors)

    @property
    def too_small(self) -> bool:
        """Return whether errors of the results, and pulls, are not to be trusted."""
        return not self.fits and not self.factor < 1.0

    @property
    def sentence(self) -> str:
        """Return what is said of it at the end."""
        assumed = f"the assumed error of {quantity(self.size, self.unit)}"
        if self.dof <= 0:
            return (
                f"There are no degrees of freedom: nothing tells whether {assumed} is "
                f"right, and the errors of the results rest on it; {REMEDY}, or "
                "--error."
            )
        shown = quantity(self.scatter, self.unit)
        if self.absurd:
            return (
                f"The fit does NOT describe the data: residuals scatter by {shown} "
                f"(sigma0 = {sigma0_text(self.factor)} with {assumed}); {MEANINGLESS}"
            )
        few = "; too few degrees of freedom to tell" if self.dof < FEW else ""
        head = sigma0_head(self.chi2, self.dof, self.of_errors)
        return f"{head}: {self._judged(assumed, shown)}{few}."

    def _judged(self, assumed: str, shown: str) -> str:
        if self.fits:
            return f"{assumed} agrees with the residuals, which scatter by {shown}"
        if self.too_small and self.strays:
            return (
                f"residuals scatter by {shown}, more than {assumed}, but measurements "
                "that do not belong there are among them: mend these before you judge "
                "the error"
            )
        factor, wrong = self.factor, "too small"
        unless = ", unless the model lacks something: look at the residuals"
        if factor < 1.0:
            factor, wrong, unless = 1.0 / factor, "too large", ""
        return (
            f"{assumed} is {factor:.3g} times {wrong}, and so are the errors of the "
            f"results: residuals scatter by {shown}; {REMEDY}, or --error "
            f"{self.scatter:.3g}{unless}"
        )

    def as_dict(self) -> dict[str, Any]:
        """Return what ``summary.json`` holds of it."""
        return {
            "size": self.size,
            "unit": self.unit,
            "scatter": self.scatter,
            "factor": self.factor,
            "fits": self.fits if self.dof > 0 else None,
        }


def quantity(size: float, unit: str) -> str:
    """Write a length on a detector: "0.073 pixel", "1.2 um".

    Parameters
    ----------
    size, unit
        Number and unit.
    """
    return f"{size:.3g} {'pixel' if unit == 'pix' else unit}"


__all__ = ["AssumedError", "quantity"]
