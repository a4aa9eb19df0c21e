"""Rows that stand twice: one measurement counts once."""

from collections.abc import Mapping

import numpy as np

_KEYS = (
    *("exposure_id", "source_id", "detector_id"),
    *("x", "y", "x_error", "y_error", "xy_corr"),
)
DOUBLES = "measurements with the values of another row"
"""What they are called among what was left out."""


def without_doubles(
    measurements: Mapping[str, np.ndarray],
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return the measurements without rows that are copies of another.

    Parameters
    ----------
    measurements
        Columns. A row is a copy if exposure, detector, source, position and errors
        are the same to the last bit; other columns, as those of a joined table, may
        differ. Two measurements of one source on one exposure whose positions differ
        are two.

    Returns
    -------
    Columns, and the sources of what was left out by the reason in words.

    Notes
    -----
    Tables that were joined with several rows a source, or put together from files that
    overlap, hold such rows; each would make errors smaller by up to the square root
    of two.
    """
    columns = dict(measurements)
    again = np.flatnonzero(_repeats(columns["x"]))
    if not again.size:
        return columns, {}
    keys = [_comparable(columns[n][again]) for n in _KEYS if n in columns]
    order = np.lexsort(keys[::-1])
    same = np.ones(again.size - 1, bool)
    for key in keys:
        same &= key[order][1:] == key[order][:-1]
    # lexsort is stable: of rows that are the same the first stays.
    copies = again[order[1:][same]]
    if not copies.size:
        return columns, {}
    kept = np.ones(columns["x"].size, bool)
    kept[copies] = False
    left_out = {DOUBLES: columns["source_id"][copies]}
    return {name: values[kept] for name, values in columns.items()}, left_out


def _repeats(values: np.ndarray) -> np.ndarray:
    """Return which values stand more than once."""
    order = np.argsort(values, kind="stable")
    same = values[order][1:] == values[order][:-1]
    found = np.zeros(values.size, bool)
    found[order[1:][same]] = True
    found[order[:-1][same]] = True
    return found


def _comparable(values: np.ndarray) -> np.ndarray:
    # Missing values are equal to each other.
    return np.nan_to_num(values, nan=np.inf) if values.dtype.kind == "f" else values


__all__ = ["DOUBLES", "without_doubles"]
