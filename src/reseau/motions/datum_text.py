"""The datum in words: what is decided by the references, and how well."""

from collections.abc import Mapping

import numpy as np

from .reference_floor import ReferenceFloor

DECIDED = 0.99
"""From this share of a variance on a field is the references' alone."""

_SAID = (
    ("parallax zero point", "the zero point of parallax"),
    ("mean motion", "the mean motion"),
    ("spin", "the spin of the field"),
    ("expansion", "its expansion"),
    ("mean position", "the mean position"),
    ("rotation", "the rotation of the field"),
    ("scale", "its scale"),
)
"""Fields that are spoken of, by how their names begin, in pairs to be joined."""


def datum_sentences(
    table: Mapping[str, np.ndarray], floor: ReferenceFloor | None
) -> tuple[str, ...]:
    """Return what references decide, in sentences.

    Parameters
    ----------
    table
        Of a datum.
    floor
        As stated.
    """
    found = [_sentence(table, start, words) for start, words in _SAID]
    sentences = [text for text in found if text]
    if np.all(np.isnan(table["value"])):
        # Numbers there may be, of the wide priors of stars with a position alone.
        sentences = [
            "No reference counts: zero points, mean motion and all that calibrations "
            "take are open, or held by the wide priors of stars with positions only."
        ]
    elif floor is None:
        sentences.append(
            "Errors that references share with their neighbours are not in this "
            "(--reference-floor)."
        )
    else:
        sentences.append(f"The floor of the references: {floor}.")
    return tuple(sentences)


def _sentence(table: Mapping[str, np.ndarray], start: str, words: str) -> str:
    names = table["name"].astype(str)
    rows = np.flatnonzero(
        (names == start) | (names == f"{start} east") | (names == f"{start} north")
    )
    if not rows.size:
        return ""
    worst = rows[np.argmax(table["formal_error"][rows])]
    head = words[0].upper() + words[1:]
    error, floor = table["formal_error"][worst], table["floor"][worst]
    if not np.isfinite(error):
        return f"{head} is decided by nothing."
    unit = str(table["unit"][worst])
    size = f"±{_size(error, unit)} formally"
    if floor > 0.0:
        size += f", ±{_size(floor, unit)} by the floor of the references"
    return (
        f"{head}: {size}; {_whose(float(np.min(table['share_of_references'][rows])))}."
    )


def _size(value: float, unit: str) -> str:
    if value < 0.0995:  # else it would be rounded to 1e+02
        return f"{1e3 * value:.2g} µas{unit.removeprefix('mas')}"
    return f"{value:.2g} {unit}"


def _whose(share: float) -> str:
    if share >= DECIDED:
        return "the references alone decide it"
    if share <= 1.0 - DECIDED:
        return "the plates decide it"
    return f"{100.0 * share:.0f} % of the variance is by the references"


__all__ = ["datum_sentences"]
