"""Magnitudes and colours of sources: each under the name of its own band."""

from collections.abc import Mapping

import numpy as np

OF_REFERENCE = ("phot_hw_mag", "phot_g_mean_mag", "bp_rp")
OF_MEASUREMENTS = ("mag", "colour")

MAGNITUDES = {
    "phot_hw_mag": "Hw magnitude [mag]",
    "phot_g_mean_mag": "G magnitude [mag]",
    "mag": "instrumental magnitude [mag]",
}
"""What a source's magnitude is taken from, the best first, and its axis."""

COLOURS = {"bp_rp": "BP − RP [mag]", "colour": "instrumental colour [mag]"}

Columns = Mapping[str, np.ndarray]


def photometry(
    measurements: Columns, source: np.ndarray, reference: Columns, row: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the magnitudes and colours that are known of each source.

    Parameters
    ----------
    measurements
        Columns; `mag` and `colour` are averaged, missing values left out.
    source
        Source of each measurement, 0 to n − 1.
    reference
        Columns of the catalogue, none or some of `OF_REFERENCE`.
    row
        Row of each source in the catalogue, −1 where it has none.

    Returns
    -------
    Columns of n numbers [mag], NaN where not known; only those of which one is known.
    """
    known: dict[str, np.ndarray] = {}
    there = row >= 0
    for name in (n for n in OF_REFERENCE if n in reference):
        values = np.full(row.size, np.nan)
        values[there] = np.asarray(reference[name], dtype=float)[row[there]]
        known[name] = values
    for name in (n for n in OF_MEASUREMENTS if n in measurements):
        known[name] = _means(np.asarray(measurements[name], float), source, row.size)
    return {n: values for n, values in known.items() if np.isfinite(values).any()}


def _means(values: np.ndarray, source: np.ndarray, n: int) -> np.ndarray:
    good = np.isfinite(values)
    counts = np.bincount(source[good], minlength=n)
    sums = np.bincount(source[good], weights=values[good], minlength=n)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def best_known(sources: Columns, names: Mapping[str, str]) -> str:
    """Return the first column of which a value is known; empty: none.

    Parameters
    ----------
    sources
        Columns of a solution's sources.
    names
        `MAGNITUDES` or `COLOURS`.
    """
    for name in names:
        values = sources.get(name)
        if values is not None and np.isfinite(np.asarray(values, float)).any():
            return name
    return ""


__all__ = ["COLOURS", "MAGNITUDES", "best_known", "photometry"]
