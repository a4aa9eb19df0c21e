"""`reseau compare A --truth DIR` as a function: a solution against a simulation."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray

from reseau.constants import DEGREE, MILLIARCSECOND
from reseau.datasets import Truth, read_truth
from reseau.diagnostics.recovery import (
    Recovery,
    decorrelated_pulls,
    recovery_by_class,
    recovery_dict,
    recovery_table,
)
from reseau.errors import CatalogueError, FileFormatError, explain, some
from reseau.tables import columns_of
from reseau.tables.ids import ABSENT, Index

from .calibration import Calibration, compare_calibration
from .solution import Columns, Compared, compared_solution

UNMATCHED_SHOWN = 10


@dataclass(frozen=True)
class Comparison:
    """How far a solution is from truth, and how far it says it may be.

    Attributes
    ----------
    recoveries
        Statistics by class of sources: "reference" (good ones only), "target" (all
        others that are not wrong), "artificial", "wrong_prior".
    pulls
        Decorrelated errors of the positions over their formal errors, by class.
    errors, covariances
        Solution minus truth towards East and North [mas], and formal covariances
        [mas²], by class.
    unmatched
        Sources of the solution that the truth does not hold.
    fixed
        Number of sources that were held fixed, which have no errors to compare.
    datum
        In words, what was removed from the errors before.
    calibration
        Attitudes, focal lengths, distortion and detectors, where the truth has them.
    """

    recoveries: dict[str, Recovery]
    pulls: dict[str, Float[ndarray, "n 2"]]
    errors: dict[str, Float[ndarray, "n 2"]] = field(default_factory=dict)
    covariances: dict[str, Float[ndarray, "n 2 2"]] = field(default_factory=dict)
    unmatched: list[int] = field(default_factory=list)
    fixed: int = 0
    datum: str = ""
    calibration: Calibration | None = None

    @property
    def consistent(self) -> bool:
        """Return whether good references and artificial sources are as promised."""
        judged = [r for n, r in self.recoveries.items() if n != "wrong_prior"]
        return bool(judged) and all(r.consistent for r in judged)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for a JSON file."""
        shown = self.unmatched[:UNMATCHED_SHOWN]
        return {
            **recovery_dict(self.recoveries),
            "unmatched": {"count": len(self.unmatched), "first": shown},
            "fixed": self.fixed,
            "datum": self.datum,
            "calibration": self.calibration.as_dict() if self.calibration else None,
        }

    def lines(self) -> list[str]:
        """Return the comparison as lines for a terminal."""
        found = recovery_table(self.recoveries)
        if self.unmatched:
            names = some(self.unmatched)
            found.append(f"not in the truth: {len(self.unmatched)} sources ({names})")
        if self.fixed:
            found.append(f"held fixed, not compared: {self.fixed} sources")
        if self.datum:
            found.append(f"before that: {self.datum}")
        if self.calibration is not None:
            found += ["", *self.calibration.lines()]
        return found


def compare_with_truth(solution: Any, truth: str | Path | Truth) -> Comparison:
    """Compare a solution with the truth of the simulation it was made from.

    Parameters
    ----------
    solution
        Directory of a solution, or what `solve` returned.
    truth
        Folder of the truth, dataset that has one, or a truth in memory.

    Raises
    ------
    ReseauError
        One is not what it should be, or they have no source in common.

    Examples
    --------
    >>> from reseau import simulate, solve
    >>> from reseau.diagnostics import compare_with_truth
    >>> plate = simulate(small=True, seed=1)
    >>> found = compare_with_truth(solve(plate.dataset), plate.truth)
    >>> found.recoveries["reference"].consistent
    True
    """
    known = truth if isinstance(truth, Truth) else _read_truth(truth)
    found = compared_solution(solution)
    sources, true, unmatched = _matched(found.sources, columns_of(known.sources))
    error = position_errors(sources, true)
    covariance = formal_covariances(sources)
    free = np.all(np.isfinite(covariance), axis=(1, 2)) & (sources["ra_error"] > 0)
    error, removed = without_datum(found, sources, error)
    classes = {name: m[free] for name, m in _classes(sources, true).items()}
    error, covariance = error[free], covariance[free]
    return Comparison(
        recoveries=recovery_by_class(error, covariance, classes),
        pulls={
            name: decorrelated_pulls(error[mask], covariance[mask])
            for name, mask in classes.items()
            if mask.any()
        },
        errors={name: error[mask] for name, mask in classes.items()},
        covariances={name: covariance[mask] for name, mask in classes.items()},
        unmatched=unmatched,
        fixed=int(np.count_nonzero(~free)),
        datum=removed,
        calibration=compare_calibration(found, known, free_network=bool(removed)),
    )


def _read_truth(path: str | Path) -> Truth:
    """Return the truth at a path; a solution has the same columns but is none."""
    if (Path(path) / "summary.json").exists():
        raise FileFormatError(
            explain(
                given=f"{path} is a solution",
                wanted="the truth of a simulation, or the dataset that has it",
                where=str(path),
                todo="name the dataset that the simulator wrote; two solutions are "
                "compared by compare A B",
            )
        )
    return read_truth(path)


def _matched(sources: Columns, truth: Columns) -> tuple[Columns, Columns, list[int]]:
    """Return the rows of both that belong together, and ids that the truth lacks."""
    plate = np.isin(truth["plate_id"], np.unique(sources["plate_id"]))
    truth = _rows(truth, np.flatnonzero(plate))
    row = Index(truth["source_id"], "source").rows_of(sources["source_id"])
    known = row != ABSENT
    if not known.any():
        raise CatalogueError(
            explain(
                given=f"none of the {known.size} sources is in the truth",
                wanted="the truth of the dataset that was solved",
                where="column source_id of the solution and of the truth",
                todo="name the truth that belongs to this solution",
            )
        )
    unmatched = [int(i) for i in sources["source_id"][~known]]
    return (
        _rows(sources, np.flatnonzero(known)),
        _rows(truth, row[known]),
        unmatched,
    )


def _rows(columns: Columns, rows: ndarray) -> Columns:
    return {name: values[rows] for name, values in columns.items()}


def _unit_vectors(columns: Columns) -> Float[ndarray, "n 3"]:
    ra, dec = columns["ra"] * DEGREE, columns["dec"] * DEGREE
    x, y = np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra)
    return np.stack([x, y, np.sin(dec)], axis=-1)


def _east_north(columns: Columns) -> tuple[ndarray, ndarray]:
    ra, dec = columns["ra"] * DEGREE, columns["dec"] * DEGREE
    east = np.stack([-np.sin(ra), np.cos(ra), np.zeros_like(ra)], axis=-1)
    north = np.stack(
        [-np.sin(dec) * np.cos(ra), -np.sin(dec) * np.sin(ra), np.cos(dec)], axis=-1
    )
    return east, north


def position_errors(sources: Columns, truth: Columns) -> Float[ndarray, "n 2"]:
    """Return solution minus truth towards East and North [mas].

    Parameters
    ----------
    sources, truth
        Columns `ra`, `dec` [deg], row by row the same source.
    """
    shift = _unit_vectors(sources) - _unit_vectors(truth)
    east, north = _east_north(truth)
    both = [np.sum(shift * axis, axis=-1) for axis in (east, north)]
    return np.stack(both, axis=-1) / MILLIARCSECOND


def formal_covariances(sources: Columns) -> Float[ndarray, "n 2 2"]:
    """Return the formal covariances, East and North [mas²].

    Parameters
    ----------
    sources
        Columns `ra_error`, `dec_error` [mas] and `ra_dec_corr`.
    """
    ra, dec = sources["ra_error"], sources["dec_error"]
    cross = np.where(ra > 0, sources["ra_dec_corr"], 0.0) * ra * dec
    return np.stack([np.stack([ra**2, cross], 1), np.stack([cross, dec**2], 1)], 1)


def _classes(sources: Columns, truth: Columns) -> dict[str, Bool[ndarray, "n"]]:
    n = sources["source_id"].size
    none = np.zeros(n, dtype=bool)
    reference = np.asarray(sources["is_reference"], dtype=bool)
    artificial = _flag(truth, "artificial", none)
    wrong = _flag(truth, "wrong_prior", none)
    return {
        "reference": reference & ~wrong,
        "target": ~reference & ~wrong,
        "artificial": artificial,
        "wrong_prior": wrong,
    }


def _flag(columns: Columns, name: str, default: ndarray) -> Bool[ndarray, "n"]:
    values = columns.get(name, default)
    # A missing flag is None in a column of objects.
    return np.array([bool(v) for v in values]) if values.dtype == object else values


def without_datum(
    found: Compared, sources: Columns, error: Float[ndarray, "n 2"]
) -> tuple[Float[ndarray, "n 2"], str]:
    """Remove from the errors of a free network what its datum leaves open.

    Parameters
    ----------
    found
        The solution; if it is no free network, nothing is removed.
    sources
        Columns `ra`, `dec` [deg].
    error
        Errors of these sources, East and North [mas].

    Returns
    -------
    What is left of the errors, and in words what was removed.
    """
    if not found.free_network:
        return error, ""
    direction = _unit_vectors(sources)
    moves = [np.cross(axis, direction) for axis in np.eye(3)]
    what = "rotation"
    if found.scale_is_open:
        moves += _stretches(direction)
        what += " and linear stretch"
    words = (
        f"the best {what} was removed from the errors, as of a free network, but not "
        "from the formal errors"
    )
    axes = _east_north(sources)
    columns = np.stack(
        [np.concatenate([np.sum(m * a, axis=-1) for a in axes]) for m in moves], axis=-1
    )
    flat = error.T.ravel()
    columns /= np.linalg.norm(columns, axis=0)
    rest = flat - columns @ np.linalg.lstsq(columns, flat, rcond=None)[0]
    return rest.reshape(2, -1).T, words


def _stretches(direction: Float[ndarray, "n 3"]) -> list[ndarray]:
    """Return the moves by which a field grows, and is stretched in two ways."""
    centre = direction.mean(axis=0)
    centre /= np.linalg.norm(centre)
    x, y = np.linalg.svd(centre[None])[2][1:]
    u, v = (direction @ a for a in (x, y))
    return [
        u[:, None] * x + v[:, None] * y,
        u[:, None] * x - v[:, None] * y,
        v[:, None] * x + u[:, None] * y,
    ]


__all__ = [
    "Comparison",
    "compare_with_truth",
    "formal_covariances",
    "position_errors",
    "without_datum",
]
