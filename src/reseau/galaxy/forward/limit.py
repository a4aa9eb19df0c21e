"""The limiting magnitude of a mock, in any of its bands.

A band is a function of the apparent J, H, Ks and G: each of them itself, and Hw as
``a J + b H - g (J - H)²`` of the reddened J and H.
"""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from reseau.errors import ConfigError, explain, unknown_name
from reseau.galaxy.photometry import HW_FORMULAS, HwFormula

COLUMNS = ("J", "H", "Ks", "G")
"""Bands that a star is drawn in, in the order of the last axis of magnitudes."""
BANDS = ("Hw", *COLUMNS)
"""Bands that may limit."""

FAINTEST = 40.0
"""Greatest magnitude that is believed."""


@dataclass(frozen=True)
class MagnitudeLimit:
    """Stars that are not fainter than a magnitude in a band.

    Attributes
    ----------
    band
        One of `BANDS`.
    magnitude
        Apparent, reddened [mag].
    formula
        Of Hw.

    Raises
    ------
    ConfigError
        The band is unknown, or the magnitude beyond belief.
    """

    band: str
    magnitude: float
    formula: HwFormula = field(default_factory=lambda: HW_FORMULAS["2mass"])

    def __post_init__(self) -> None:
        if self.band not in BANDS:
            raise unknown_name("band", self.band, BANDS, where="--limit")
        if not -FAINTEST <= self.magnitude <= FAINTEST:
            raise _refused(f"{self.band}={self.magnitude:g}")

    @property
    def weights(self) -> Float[np.ndarray, "4"]:
        """Factors of J, H, Ks and G in the linear part of the magnitude."""
        if self.band == "Hw":
            return np.array([self.formula.a, self.formula.b, 0.0, 0.0])
        return np.array([float(name == self.band) for name in COLUMNS])

    @property
    def curvature(self) -> float:
        """What is multiplied with (J - H)² and subtracted."""
        return self.formula.g if self.band == "Hw" else 0.0

    def value(self, magnitudes: Float[np.ndarray, "... 4"]) -> Float[np.ndarray, "..."]:
        """Return the magnitude in the band [mag].

        Parameters
        ----------
        magnitudes
            Apparent J, H, Ks, G, with reddening.
        """
        linear: np.ndarray = magnitudes @ self.weights
        if self.curvature:
            colour = magnitudes[..., 0] - magnitudes[..., 1]
            linear = linear - self.curvature * colour**2
        return linear

    def __str__(self) -> str:
        """Return the limit as it is given to the command."""
        return f"{self.band}={self.magnitude:g}"


def read_limit(text: str, formula: HwFormula | None = None) -> MagnitudeLimit:
    """Return the limit of a text "BAND=MAGNITUDE".

    Parameters
    ----------
    text
        As ``Hw=16``; the band in any case.
    formula
        Of Hw; None: that of 2MASS' magnitudes.

    Raises
    ------
    ConfigError
        It is not that.
    """
    name, equals, number = text.partition("=")
    bands = {band.lower(): band for band in BANDS}
    try:
        magnitude = float(number)
    except ValueError as error:
        raise _refused(text) from error
    if not equals:
        raise _refused(text)
    band = bands.get(name.strip().lower(), name.strip())
    return MagnitudeLimit(band, magnitude, formula or HW_FORMULAS["2mass"])


def _refused(given: str) -> ConfigError:
    return ConfigError(
        explain(
            given=f"a limit {given!r}",
            wanted=f"a band, one of {', '.join(BANDS)}, and its magnitude up to "
            f"{FAINTEST:g}",
            where="--limit",
            todo="as in --limit Hw=16",
        )
    )


__all__ = ["BANDS", "COLUMNS", "FAINTEST", "MagnitudeLimit", "read_limit"]
