"""What the solutions of many plates are worth together: rows, numbers and words."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from reseau._words import counted
from reseau.errors import some

from .judgement.unit_weight import sigma0_text

FAILED = "failed"
"""Result of a plate that has no solution."""
_GROUPS = 5
"""Reasons, and warnings, that words name; the table has all."""
_COLUMNS = {
    "n_references": "n_reference",
    **{
        name: name
        for name in (
            *("plate_id", "epoch", "result", "converged", "describes_data"),
            *("n_sources", "n_exposures", "n_measurements", "chi2", "dof", "sigma0"),
            *("residual_rms", "n_iterations"),
        )
    },
}
"""Columns of a plate's row, and the keys of its summary."""


def row_of_plate(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of a plate that has a solution.

    Parameters
    ----------
    summary
        Of its solution, as read from its file.
    """
    row = {column: summary[key] for column, key in _COLUMNS.items()}
    row["seconds"] = float(sum(summary["seconds"].values()))
    row["message"] = None if summary["converged"] else str(summary["message"])
    return row


def row_of_failure(plate: int, message: str) -> dict[str, Any]:
    """Return the row of a plate that has none.

    Parameters
    ----------
    plate
        Its id.
    message
        Why.
    """
    return {
        "plate_id": plate,
        "result": FAILED,
        "converged": False,
        "describes_data": False,
        "message": message,
    }


def survey_summary(
    plates: pa.Table, warned: Mapping[int, Sequence[str]]
) -> dict[str, Any]:
    """Return the numbers of many plates together, and the verdict.

    Parameters
    ----------
    plates
        One row each.
    warned
        What was warned of at each plate, by its id.

    Returns
    -------
    Counts are sums over the plates: a source of several counts in each.
    """
    rows = plates.to_pylist()
    good = [row for row in rows if row["converged"]]
    known = [r for r in good if math.isfinite(r["sigma0"]) and r["sigma0"] > 0.0]
    worst = max(known, key=lambda r: abs(math.log(r["sigma0"])), default=None)
    found: dict[str, Any] = {
        "n_plates": len(rows),
        "n_solved": len(good),
        "n_failed": sum(row["result"] == FAILED for row in rows),
        "converged": len(good) == len(rows),
        "describes_data": all(row["describes_data"] for row in rows),
    }
    for name in ("n_sources", "n_references", "n_exposures", "n_measurements"):
        found[name] = sum(row[name] or 0 for row in good)
    for name in ("chi2", "dof"):
        found[name] = math.fsum(row[name] or 0.0 for row in good)
    found["sigma0_median"] = (
        float(np.median([r["sigma0"] for r in known])) if known else math.nan
    )
    found["sigma0_worst"] = math.nan if worst is None else worst["sigma0"]
    found["sigma0_worst_plate"] = None if worst is None else worst["plate_id"]
    found["not_solved"] = [
        {name: row[name] for name in ("plate_id", "result", "message")}
        for row in rows
        if not row["converged"]
    ]
    found["warnings"] = _alike((p, text) for p in warned for text in warned[p])
    found["verdict"] = _verdict(found, rows)
    return found


def _verdict(found: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say in few sentences how many plates are solved, and what is the matter."""
    n, solved = found["n_plates"], found["n_solved"]
    words = [
        f"All {n:,} plates are solved."
        if solved == n > 1
        else f"{solved:,} of {counted(n, 'plates')} "
        f"{'is' if solved == 1 else 'are'} solved."
    ]
    words += _why_not(found["not_solved"])
    if solved:
        words.append(
            f"sigma0: median {sigma0_text(found['sigma0_median'])}, farthest from 1 "
            f"{sigma0_text(found['sigma0_worst'])} (plate "
            f"{found['sigma0_worst_plate']})."
        )
        bad = [
            r["plate_id"] for r in rows if r["converged"] and not r["describes_data"]
        ]
        if bad:
            words.append(
                f"The fit does NOT describe the data of {counted(len(bad), 'plates')}: "
                f"{some(bad, 10)}."
            )
        words.append(
            f"Together {found['n_measurements']:,} measurements on "
            f"{found['n_exposures']:,} exposures give {found['n_sources']:,} positions."
        )
    return words


def _why_not(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    told = _alike((r["plate_id"], str(r["message"]).splitlines()[0]) for r in rows)
    words = []
    for group in told[:_GROUPS]:
        ids, one = group["plates"], len(group["plates"]) == 1
        which = f"Plate {ids[0]}" if one else f"Plates {some(ids, 5)}"
        words.append(f"{which}: {group['example']}.")
    if len(told) > _GROUPS:
        words.append(f"{len(told) - _GROUPS} more reasons are in plates.parquet.")
    return words


def _alike(told: Iterable[tuple[int, str]]) -> list[dict[str, Any]]:
    """Join what differs in numbers only: the plates, and what was said of the first."""
    groups: dict[str, dict[str, Any]] = {}
    for plate, text in told:
        key = re.sub(r"\d[\d,.]*", "#", text)
        group = groups.setdefault(key, {"example": text, "plates": []})
        if plate not in group["plates"][-1:]:
            group["plates"].append(plate)
    return sorted(groups.values(), key=lambda g: -len(g["plates"]))


__all__ = ["FAILED", "row_of_failure", "row_of_plate", "survey_summary"]
