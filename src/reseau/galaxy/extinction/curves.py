"""Extinction in wide bands against colour excess: what is absorbed makes a band redder.

A band of width Δλ that lets the photons S(λ) of a star through has the extinction
``-2.5 log10 ∫ S 10^(-0.4 E k(λ)) dλ / ∫ S dλ`` with k the law, which grows less than
linearly with E. For JASMINE's Hw, 1.0 to 1.6 µm, and a star of 4000 K, A/E falls from
1.44 at E(J-Ks) = 1 to 1.24 at 5. The curves are tabulated once and interpolated.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int

from .bands import BANDS, Band, spectrum

Excess = Literal["measured", "nominal"]
"""What E(J-Ks) is: as a star shows it in VVV's bands, or as in narrow ones."""

STEP, LARGEST = 0.05, 16.0
"""Of the table's E(J-Ks) [mag]; beyond, the curve goes on straight."""


@runtime_checkable
class Law(Protocol):
    """What a law of extinction is asked for."""

    def curve(self, wavelength: Float[np.ndarray, "k"]) -> Float[np.ndarray, "q k"]:
        """Return A(λ) for E(J-Ks) = 1, by quadrant, of wavelengths [µm]."""
        ...


@dataclass(frozen=True)
class ExtinctionCurves:
    """Extinction of bands against E(J-Ks), by quadrant.

    Attributes
    ----------
    excess
        E(J-Ks) [mag], from 0, rising.
    extinction
        [mag], of quadrants, bands and excesses.
    """

    excess: Float[np.ndarray, "m"]
    extinction: Float[np.ndarray, "q n_bands m"]

    def at(
        self, excess: Float[np.ndarray, "n"], quadrant: Int[np.ndarray, "n"] | None
    ) -> Float[np.ndarray, "n n_bands"]:
        """Return extinctions [mag].

        Parameters
        ----------
        excess
            E(J-Ks) [mag]; NaN gives NaN, and what is negative is taken as linear.
        quadrant
            Of each; None: the mean of the quadrants.
        """
        step = self.excess[1] - self.excess[0]
        place = np.nan_to_num(excess / step)
        cell = np.clip(place.astype(int), 0, len(self.excess) - 2)
        part = excess / step - cell
        if quadrant is None or len(self.extinction) == 1:
            # Bands last: what is gathered for one star lies together.
            table = np.ascontiguousarray(self.extinction.mean(axis=0).T)
            low, high = table[cell], table[cell + 1]
        else:
            table = np.ascontiguousarray(self.extinction.transpose(0, 2, 1))
            low, high = table[quadrant, cell], table[quadrant, cell + 1]
        return low + (high - low) * part[:, None]


@lru_cache(maxsize=64)
def curves_of(
    law: Law, bands: tuple[Band, ...], temperature: float, excess_kind: Excess
) -> ExtinctionCurves:
    """Return the curves of some bands, computed once.

    Parameters
    ----------
    law
        Hashable.
    bands
        In the order of the result.
    temperature
        Of the black body that the star is [K].
    excess_kind
        See `Excess`.
    """
    excess = np.arange(0.0, LARGEST + 0.5 * STEP, STEP)
    nominal = np.stack([_of_band(law, b, temperature, excess) for b in bands], axis=1)
    if excess_kind == "nominal":
        return ExtinctionCurves(excess, nominal)
    # The same star's colour excess in VVV's own bands, which are wide, too.
    wider = np.arange(0.0, 1.5 * LARGEST, STEP)
    colour = _of_band(law, BANDS["J_VVV"], temperature, wider) - _of_band(
        law, BANDS["Ks_VVV"], temperature, wider
    )
    at = [np.interp(excess, row, wider) for row in colour]
    wide = [
        [_interpolated(each, band, law, temperature, i) for band in bands]
        for i, each in enumerate(at)
    ]
    return ExtinctionCurves(excess, np.array(wide))


def _interpolated(
    excess: np.ndarray, band: Band, law: Law, temperature: float, quadrant: int
) -> np.ndarray:
    return _of_band(law, band, temperature, excess)[quadrant]


def _of_band(
    law: Law, band: Band, temperature: float, excess: np.ndarray
) -> np.ndarray:
    """Return A [mag] of nominal excesses, by quadrant."""
    wavelength, share = spectrum(band, temperature)
    curve = law.curve(wavelength)
    if len(wavelength) == 1:
        return curve * excess
    # In chunks of one quadrant: excesses by wavelengths.
    rows = [
        -2.5 * np.log10(np.exp(-0.4 * np.log(10.0) * np.outer(excess, k)) @ share)
        for k in curve
    ]
    return np.array(rows)


__all__ = ["Excess", "ExtinctionCurves", "Law", "curves_of"]
