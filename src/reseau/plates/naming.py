"""Texts that identified sources, exposures and detectors, beside their numbers."""

from collections.abc import Mapping, Sequence
from typing import Any, SupportsInt

import numpy as np

Names = Mapping[str, Mapping[int, str]]
"""What numbers stand for, by "source", "exposure" and "detector"."""


def name_of(names: Names, what: str, number: SupportsInt) -> str:
    """Return what a source, an exposure or a detector is called in messages.

    Parameters
    ----------
    names
        As a dataset has them.
    what
        "source", "exposure" or "detector".
    number
        Its identifier.
    """
    return names.get(what, {}).get(int(number), str(int(number)))


def with_names(columns: Mapping[str, Any], names: Names) -> dict[str, Any]:
    """Return columns of a solution with the texts that its identifiers were.

    Parameters
    ----------
    columns
        Of a table, identifiers among them.
    names
        As a dataset has them; of what was no text nothing is added.

    Returns
    -------
    The columns, and `source_name`, `exposure_name`, `detector_name` where there were
    texts.
    """
    result = dict(columns)
    for what, texts in names.items():
        if texts and f"{what}_id" in columns:
            result[f"{what}_name"] = _texts_of(columns[f"{what}_id"], texts)
    return result


def _texts_of(ids: Sequence[int | None] | np.ndarray, texts: Mapping[int, str]) -> Any:
    if not isinstance(ids, np.ndarray):
        # Blank where there is none: astropy reads no Parquet text that is missing.
        return ["" if i is None else texts.get(int(i), str(i)) for i in ids]
    different, row = np.unique(ids, return_inverse=True)
    words = np.array([texts.get(int(i), str(i)) for i in different], dtype=object)
    return words[row.reshape(-1)]


__all__ = ["Names", "name_of", "with_names"]
