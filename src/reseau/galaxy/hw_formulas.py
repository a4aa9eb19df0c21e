# The calls in the class bodies declare fields, as dataclasses.field does.
"""JASMINE's Hw of J and H, as two published kinds of formulas have it.

Hw is ``a J + b H - g (J - H)²``, of the magnitudes as they are observed, reddening
included: the band is so wide that no fixed ratio of extinctions holds. Two definitions
are in use, which differ by up to 0.12 mag; each says which band it describes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from reseau.config import Checked, entry
from reseau.errors import unknown_name


@dataclass(frozen=True, kw_only=True)
class HwFormula(Checked):
    """Hw as a quadratic function of the colour J - H: ``a J + b H - g (J - H)²``.

    Attributes
    ----------
    name
        By which it is chosen.
    a, b, g
        Coefficients; a + b is 1, so that a star of zero colour has Hw = J.
    scatter
        1σ of Hw about the formula [mag], a term of every error.
    system
        Photometric system of J and H.
    blue, red
        Edges of the top-hat band that the formula describes best [µm].
    source
        Where the coefficients are from.
    """

    name: str = entry("name", str)
    a: float = entry("a", float, largest=10.0)
    b: float = entry("b", float, largest=10.0)
    g: float = entry("g", float, largest=10.0)
    scatter: float = entry("scatter", float, default=0.0, minimum=0.0, largest=1.0)
    system: str = entry("system", str, default="2mass")
    blue: float = entry("blue_um", float, default=1.0, positive=True)
    red: float = entry("red_um", float, default=1.6, positive=True)
    source: str = entry("source", str, default="")

    def magnitude(
        self, J: Float[np.ndarray, "*n"], H: Float[np.ndarray, "*n"]
    ) -> Float[np.ndarray, "*n"]:
        """Return Hw [mag].

        Parameters
        ----------
        J, H
            As observed, in `system` [mag]; where one is NaN, so is Hw.
        """
        return self.a * J + self.b * H - self.g * (J - H) ** 2

    def error(
        self,
        J: Float[np.ndarray, "*n"],
        H: Float[np.ndarray, "*n"],
        J_error: Float[np.ndarray, "*n"],
        H_error: Float[np.ndarray, "*n"],
    ) -> Float[np.ndarray, "*n"]:
        """Return the error of Hw [mag], of independent errors of J and H.

        Parameters
        ----------
        J, H, J_error, H_error
            As observed [mag].

        Notes
        -----
        To first order, σ² = s² + (a - 2gc)² σ_J² + (b + 2gc)² σ_H² with c = J - H: the
        linear and the quadratic term move together, and adding their squares apart, as
        is done elsewhere, makes the factor of σ_J 21 % too large at c = 2.
        """
        slope = 2.0 * self.g * (J - H)
        variance = ((self.a - slope) * J_error) ** 2 + ((self.b + slope) * H_error) ** 2
        return np.sqrt(self.scatter**2 + variance)


_YANO = "T. Yano, talk V204a at the Astronomical Society of Japan, September 2021"

HW_FORMULAS: Mapping[str, HwFormula] = {
    formula.name: formula
    for formula in (
        HwFormula(
            name="2mass",
            a=0.7829,
            b=0.2171,
            g=0.0323,
            scatter=0.035,
            blue=1.1,
            source=_YANO,
        ),
        HwFormula(
            name="sirius",
            a=0.7796,
            b=0.2204,
            g=0.0326,
            scatter=0.063,
            system="sirius",
            blue=1.1,
            source=_YANO,
        ),
        HwFormula(
            name="vvv",
            a=0.7988,
            b=0.2012,
            g=0.0315,
            scatter=0.033,
            system="vvv",
            blue=1.1,
            source=_YANO,
        ),
        HwFormula(
            name="imagesim",
            a=0.9,
            b=0.1,
            g=0.06,
            source="JASMINE's image simulator; its scatter is not stated",
        ),
    )
}
"""Published formulas by name: of 2MASS, SIRIUS and VVV magnitudes for a band of 1.1 to
1.6 µm (to 0.02 mag below E(J-Ks) = 2), and that of JASMINE's image simulator for 1.0 to
1.6 µm, the mission's present band (to between 0.05 and 0.12 mag)."""


def hw_formula(name: str) -> HwFormula:
    """Return a built-in formula of Hw, or raise `ConfigError`."""
    if name not in HW_FORMULAS:
        raise unknown_name("formula of Hw", name, list(HW_FORMULAS), where="hw")
    return HW_FORMULAS[name]


__all__ = ["HW_FORMULAS", "HwFormula", "hw_formula"]
