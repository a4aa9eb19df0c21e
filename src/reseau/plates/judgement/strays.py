"""In words: which measurements do not belong where the other references put them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from reseau._words import counted
from reseau.plates.naming import name_of
from reseau.plates.preparation import Prepared
from reseau.solvers import Solution
from reseau.solvers.start.trusted import Strays

from .exchanged import Exchange, exchanged

NAMED = 5
"""Sources that are named in a sentence."""

HEAVY_TAILS = "--likelihood mixture"


def stray_summary(prepared: Prepared, solution: Solution) -> dict[str, Any]:
    """Return what ``summary.json`` holds of strays; nothing where there are none.

    Parameters
    ----------
    prepared
        Names of the rows.
    solution
        With its strays.
    """
    found = solution.strays
    if found is None:
        return {}
    measurements = prepared.problem.measurements
    size = np.hypot(*found.away.T)
    rows = [
        {
            "source_id": int(prepared.source_id[measurements.source[row]]),
            "exposure_id": int(prepared.exposure_id[measurements.exposure[row]]),
            "away": float(away) if np.isfinite(away) else None,
            "certain": bool(certain),
        }
        for row, away, certain in zip(found.rows, size, found.certain, strict=True)
    ]
    exposures = [
        {
            "exposure_id": int(prepared.exposure_id[exposure]),
            "references": int(n),
            "agree": int(agree),
        }
        for exposure, n, agree in zip(
            found.exposure, found.references, found.agree, strict=True
        )
    ]
    pairs = [
        {
            "source_id": [int(prepared.source_id[s]) for s in pair[:2]],
            "exposure_id": [int(prepared.exposure_id[e]) for e in pair.exposures],
        }
        for pair in exchanged(prepared, found)
    ]
    told = {"measurements": rows, "exposures": exposures, "exchanged": pairs}
    return {"strays": told}


def stray_sentences(
    prepared: Prepared, solution: Solution, *, robust: bool
) -> list[str]:
    """Return sentences about strays, and what to do about them.

    Parameters
    ----------
    prepared
        Names of the rows.
    solution
        With its strays.
    robust
        Whether the likelihood has heavy tails.
    """
    found = solution.strays
    if found is None:
        return []
    if found.certain.any():
        told = _wrong_ones(prepared, found, robust and solution.converged)
        pairs = exchanged(prepared, found)
        return [told, _exchanged(prepared, pairs)] if pairs else [told]
    return [_undecided(prepared, found)] if np.any(found.agree == 0) else []


def _wrong_ones(prepared: Prepared, found: Strays, set_aside: bool) -> str:
    one = int(found.certain.sum()) == 1
    n = counted(prepared.problem.measurements.source.size, "measurements")
    they, their = ("it", "its") if one else ("them", "their")
    remedy = f"correct {their} identification"
    if set_aside:
        remedy = f"the likelihood has set {they} aside"
    elif np.all(np.isfinite(found.away)):
        remedy += f", or set {they} aside with {HEAVY_TAILS}"
    return (
        f"{int(found.certain.sum()):,} of {n} {'is' if one else 'are'} far from where "
        f"the other references put {they}: {_names(prepared, found)}; {remedy}."
    )


def _exchanged(prepared: Prepared, pairs: list[Exchange]) -> str:
    """Say which sources were taken for one another."""
    parts = []
    for pair in pairs[:NAMED]:
        first, second = (_source(prepared, row) for row in pair[:2])
        parts.append(f"{first} and {second} ({_where(prepared, pair.exposures)})")
    more = len(pairs) - NAMED
    tail = f", and {counted(more, 'more pairs')}" if more > 0 else ""
    return (
        f"Exchanged with each other look sources {', '.join(parts)}{tail}: each lies "
        "where the other belongs. Exchange their identification, in the detections or "
        "in the reference."
    )


def _source(prepared: Prepared, row: int | np.integer) -> str:
    return name_of(prepared.names, "source", prepared.source_id[row])


def _where(prepared: Prepared, exposures: Sequence[int]) -> str:
    if len(exposures) > 1:
        return f"on {len(exposures)} exposures"
    name = name_of(prepared.names, "exposure", prepared.exposure_id[exposures[0]])
    return f"on exposure {name}"


def _names(prepared: Prepared, found: Strays) -> str:
    """Name the sources that are farthest away, with exposures and distances."""
    measurements, unit = prepared.problem.measurements, prepared.unit
    rows = found.rows[found.certain]
    size = np.hypot(*found.away[found.certain].T)
    size = np.where(np.isfinite(size), size, np.inf)
    source = np.asarray(measurements.source)[rows]
    exposure = np.asarray(measurements.exposure)[rows]
    unique, first, count = np.unique(source, return_index=True, return_counts=True)
    largest = np.zeros(unique.size)
    np.maximum.at(largest, np.searchsorted(unique, source), size)
    order = np.argsort(-largest, kind="stable")
    parts = []
    for i in order[:NAMED]:
        where = _where(prepared, [int(exposure[first[i]])] * int(count[i]))
        far = f"{largest[i]:.4g} {unit}"
        far = far if np.isfinite(largest[i]) else "behind the camera"
        parts.append(f"source {_source(prepared, unique[i])} {where} ({far})")
    more = unique.size - NAMED
    tail = f" and {counted(more, 'more sources')}" if more > 0 else ""
    return ", ".join(parts) + tail


def _undecided(prepared: Prepared, found: Strays) -> str:
    """Say of which exposures the references do not agree."""
    few = np.flatnonzero(found.agree == 0)
    first = few[np.argmax(found.references[few])]
    name = name_of(
        prepared.names, "exposure", prepared.exposure_id[found.exposure[first]]
    )
    others = f" (and {few.size - 1:,} others)" if few.size > 1 else ""
    return (
        f"The {found.references[first]:,} references of exposure {name}{others} do not "
        "fit together, as they are, in a mirror or with another scale, and nothing "
        "tells which are wrong. Check, in this order: the identification of the stars, "
        "the units of ra and dec, the order and the signs of x and y, the focal length "
        "and the size of the pixels."
    )


__all__ = ["stray_sentences", "stray_summary"]
