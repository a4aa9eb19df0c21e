"""Luminosity functions of a model's parts, in the bands of isochrones and in Hw."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from reseau.galaxy.isochrones import (
    BANDS,
    Isochrones,
    Segments,
    luminosity_segments,
    shares_by_magnitude,
)
from reseau.galaxy.model import Galaxy
from reseau.galaxy.photometry import HW_FORMULAS, HwFormula


def luminosity_functions(
    galaxy: Galaxy,
    isochrones: Isochrones,
    band: str,
    edges: Float[np.ndarray, "b1"],
    formula: HwFormula = HW_FORMULAS["2mass"],
) -> dict[str, Float[np.ndarray, "b"]]:
    """Return the stars of each component by absolute magnitude.

    Parameters
    ----------
    galaxy
        Whose components and mass function they are.
    isochrones
        With the same components.
    band
        One of J, H, Ks, G, or Hw.
    edges
        Of bins of absolute magnitude, rising.
    formula
        Of Hw.

    Returns
    -------
    By component, living stars per magnitude, of one living star of it.
    """
    found = {}
    for name in galaxy.names:
        segments = luminosity_segments(isochrones, name, galaxy.mass_function)
        if band == "Hw":
            # In the place of J, so that they are counted as J is.
            segments = _with_hw(segments, formula)
            shares = shares_by_magnitude(segments, "J", edges)
        else:
            shares = shares_by_magnitude(segments, band, edges)
        found[name] = shares / np.diff(edges)
    return found


def absolute_hw(
    magnitudes: Float[np.ndarray, "*n 4"],
    formula: HwFormula = HW_FORMULAS["2mass"],
) -> Float[np.ndarray, "*n"]:
    """Return absolute magnitudes Hw of stars without extinction.

    Parameters
    ----------
    magnitudes
        In the order of `isochrones.BANDS`.
    formula
        Of Hw.
    """
    j, h = (magnitudes[..., BANDS.index(name)] for name in ("J", "H"))
    return formula.magnitude(j, h)


def _with_hw(segments: Segments, formula: HwFormula) -> Segments:
    magnitudes = segments.magnitudes.copy()
    magnitudes[..., BANDS.index("J")] = absolute_hw(segments.magnitudes, formula)
    return replace(segments, magnitudes=magnitudes)


__all__ = ["absolute_hw", "luminosity_functions"]
