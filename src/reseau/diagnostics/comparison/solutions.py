"""`reseau compare A B` as a function: two solutions of one plate, side by side.

Differences are B minus A, in units of A's errors. Two solutions of the same data have
correlated errors: if A uses the data fully, B's differences from it scatter by
√(σ_B² − σ_A²) (Hausman 1978, Econometrica 46, 1251), which is nothing where both use
them alike, and never by √2 σ, as those of independent solutions would.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from reseau.datasets import read_summary
from reseau.diagnostics.recovery import decorrelated_pulls
from reseau.errors import CatalogueError, FileFormatError, explain, some
from reseau.plates.solved import SolvedPlate
from reseau.tables.damage import damage_told
from reseau.tables.ids import common

from .differences import (
    Difference,
    Matched,
    exposure_differences,
    parameter_differences,
    statistics,
)
from .solution import Columns, Compared, compared_solution
from .truth import formal_covariances, position_errors, without_datum

SHOWN = 10
"""How many of the largest differences are listed."""


@dataclass(frozen=True)
class Largest:
    """A source whose positions differ much.

    Attributes
    ----------
    source_id
        Its id.
    east_mas, north_mas
        B minus A [mas].
    sigma
        The same in units of A's error ellipse, √(dᵀ C_A⁻¹ d).
    ratio
        Error of B over that of A, root mean square of both coordinates.
    """

    source_id: int
    east_mas: float
    north_mas: float
    sigma: float
    ratio: float


@dataclass(frozen=True)
class SolutionComparison:
    """Two solutions of one plate.

    Attributes
    ----------
    names
        What A and B are called.
    datums
        What positions and calibration of each are relative to.
    counts
        Rows of sources, exposures and calibration in both, only in A, only in B.
    sources
        Differences of positions by class: all, reference, target.
    largest
        The largest of them.
    fixed
        Sources in both that have no errors in one of them, and were left out.
    parameters
        Differences of attitudes, focal lengths and calibration by kind.
    notes
        In words, what must be known to read the figures.
    """

    names: tuple[str, str]
    datums: tuple[str, str]
    counts: dict[str, Matched]
    sources: dict[str, Difference]
    largest: list[Largest]
    fixed: int = 0
    parameters: dict[str, Difference] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for a JSON file."""
        return {
            "a": {"name": self.names[0], "datum": self.datums[0]},
            "b": {"name": self.names[1], "datum": self.datums[1]},
            "counts": {name: c._asdict() for name, c in self.counts.items()},
            "sources": {name: vars(d) for name, d in self.sources.items()},
            "fixed": self.fixed,
            "largest": [vars(item) for item in self.largest],
            "parameters": {name: vars(d) for name, d in self.parameters.items()},
            "notes": list(self.notes),
        }

    def lines(self) -> list[str]:
        """Return the comparison as lines for a terminal."""
        found = [f"{n}: {name}" for n, name in zip("AB", self.names, strict=True)]
        if self.datums[0] == self.datums[1]:
            found.append(f"datum of both: {self.datums[0]}")
        else:
            pairs = zip("AB", self.datums, strict=True)
            found += [f"datum of {n}: {datum}" for n, datum in pairs]
        found += [f"{name}: {c.told()}" for name, c in self.counts.items()]
        if self.fixed:
            found.append(f"held fixed in A or B, not compared: {self.fixed} sources")
        found += ["", _HEADER.format("B minus A")]
        found += [d.line(name) for name, d in self.sources.items()]
        if self.parameters:
            found += ["", _HEADER.format("calibration")]
            found += [d.line(name) for name, d in self.parameters.items()]
        if self.largest:
            found += ["", "largest differences of positions"]
            found.append(
                f"{'source_id':>20}{'east [mas]':>13}{'north [mas]':>13}"
                f"{'σ of A':>10}{'σ_B/σ_A':>10}"
            )
            found += [
                f"{item.source_id:>20d}{item.east_mas:>13.4f}{item.north_mas:>13.4f}"
                f"{item.sigma:>10.3f}{item.ratio:>10.3f}"
                for item in self.largest
            ]
        return [*found, "", *self.notes]


_HEADER = (
    f"{{:<20}}{'n':>8}{'rms':>12}{'':7}{'σ of A':>10}{'largest':>10}"
    f"{'σ_B/σ_A':>10}{'16 % to 84 %':>20}"
)


def compare_solutions(
    a: str | Path | SolvedPlate, b: str | Path | SolvedPlate
) -> SolutionComparison:
    """Compare two solutions of one plate.

    Parameters
    ----------
    a, b
        Directories of solutions, or what `solve` returned. Errors of `a` are the unit.

    Raises
    ------
    FileFormatError
        One of them is no solution.
    CatalogueError
        They are of different plates, or have no source in common.

    Examples
    --------
    >>> from reseau import simulate, solve
    >>> from reseau.diagnostics import compare_solutions
    >>> plate = simulate(small=True, seed=1).dataset
    >>> found = compare_solutions(solve(plate), solve(plate))
    >>> found.sources["all"].ratio
    1.0
    """
    with damage_told(
        ", ".join(_name(x, i) for i, x in enumerate((a, b))), "solution", "solve again"
    ):
        return _compared(a, b)


def _compared(
    a: str | Path | SolvedPlate, b: str | Path | SolvedPlate
) -> SolutionComparison:
    """Do what `compare_solutions` says."""
    one, other = (_read(x) for x in (a, b))
    names = tuple(_name(x, i) for i, x in enumerate((a, b)))
    _check_plates(one.columns.sources, other.columns.sources, names)
    rows, counts = _matched_sources(one.columns, other.columns, names)
    first, second = (
        {name: values[r] for name, values in x.columns.sources.items()}
        for x, r in zip((one, other), rows, strict=True)
    )
    both = _has_errors(first) & _has_errors(second)
    if not both.any():
        raise _nothing_to_compare(names)
    difference, removed = _differences(one, other, first, second)
    difference, first, second = (
        difference[both],
        {k: v[both] for k, v in first.items()},
        {k: v[both] for k, v in second.items()},
    )
    pulls = decorrelated_pulls(difference, formal_covariances(first))
    exposures, kinds = exposure_differences(
        one.columns, other.columns, attitudes=not removed
    )
    calibration, more = parameter_differences(one.columns, other.columns)
    return SolutionComparison(
        names=(names[0], names[1]),
        datums=(str(one.summary.get("datum", "")), str(other.summary.get("datum", ""))),
        counts={"sources": counts, "exposures": exposures, "calibration": calibration},
        sources=_by_class(difference, pulls, first, second),
        largest=_largest(difference, pulls, first, second),
        fixed=int(np.count_nonzero(~both)),
        parameters={**kinds, **more},
        notes=_notes(one, other, removed),
    )


@dataclass(frozen=True)
class _Read:
    columns: Compared
    summary: Mapping[str, Any]


def _read(solution: str | Path | SolvedPlate) -> _Read:
    if isinstance(solution, SolvedPlate):
        return _Read(compared_solution(solution), solution.summary)
    if (Path(solution) / "dataset.toml").exists():
        raise FileFormatError(
            explain(
                given=f"{solution} is a dataset",
                wanted="two solutions, or a solution and --truth",
                where=str(solution),
                todo="solve it and name the solution; or, if it has a truth: "
                f"compare SOLUTION --truth {solution}",
            )
        )
    return _Read(compared_solution(solution), read_summary(solution))


def _name(solution: str | Path | SolvedPlate, number: int) -> str:
    if isinstance(solution, SolvedPlate):
        return f"solution {'AB'[number]} in memory"
    return str(solution)


def _check_plates(a: Columns, b: Columns, names: tuple[str, ...]) -> None:
    """Refuse solutions of different plates, between which stars move."""
    plates = [np.unique(c["plate_id"]) for c in (a, b)]
    if np.array_equal(plates[0], plates[1]):
        return
    raise CatalogueError(
        explain(
            given=f"plate {some(plates[0])} in A, plate {some(plates[1])} in B",
            wanted="two solutions of one plate: stars move between plates",
            where=f"column plate_id of {names[0]} and {names[1]}",
            todo="name two solutions of the same plate",
        )
    )


def _matched_sources(
    a: Compared, b: Compared, names: tuple[str, ...]
) -> tuple[tuple[ndarray, ndarray], Matched]:
    """Return the rows of A and of B that are the same sources."""
    ids = a.sources["source_id"], b.sources["source_id"]
    shared, *rows = common(*ids)
    if not shared.size:
        raise CatalogueError(
            explain(
                given=f"none of the {ids[0].size} sources of A is among the "
                f"{ids[1].size} of B",
                wanted="two solutions with sources in common",
                where=f"column source_id of {names[0]} and {names[1]}",
                todo="name two solutions of the same stars",
            )
        )
    counts = Matched(shared.size, ids[0].size - shared.size, ids[1].size - shared.size)
    return (rows[0], rows[1]), counts


def _has_errors(sources: Columns) -> ndarray:
    covariance = formal_covariances(sources)
    finite = np.all(np.isfinite(covariance), axis=(1, 2))
    return np.asarray(finite & (np.linalg.det(np.nan_to_num(covariance)) > 0))


def _nothing_to_compare(names: tuple[str, ...]) -> CatalogueError:
    return CatalogueError(
        explain(
            given="no common source has errors in both solutions",
            wanted="sources that were solved for, not held fixed",
            where=f"columns ra_error, dec_error of {names[0]} and {names[1]}",
            todo="compare solutions in which sources are free",
        )
    )


def _differences(
    a: _Read, b: _Read, first: Columns, second: Columns
) -> tuple[Float[ndarray, "n 2"], str]:
    """Return B minus A [mas], without what only one of the datums leaves open."""
    difference = position_errors(second, first)
    if a.columns.free_network == b.columns.free_network:
        return difference, ""
    network = a if a.columns.free_network else b
    return without_datum(network.columns, first, difference)


def _by_class(
    difference: ndarray, pulls: ndarray, first: Columns, second: Columns
) -> dict[str, Difference]:
    """Return the statistics of all sources, of references and of the others."""
    reference = np.asarray(first["is_reference"], dtype=bool)
    every = np.ones(reference.size, dtype=bool)
    ratio = _ratios(first, second)
    return {
        name: statistics(difference[mask], pulls[mask], ratio[mask], "mas")
        for name, mask in (
            ("all", every),
            ("reference", reference),
            ("target", ~reference),
        )
        if mask.any()
    }


def _ratios(first: Columns, second: Columns) -> Float[ndarray, "n 2"]:
    pairs = [second[n] / first[n] for n in ("ra_error", "dec_error")]
    return np.stack(pairs, axis=1)


def _largest(
    difference: ndarray, pulls: ndarray, first: Columns, second: Columns
) -> list[Largest]:
    size = np.hypot(*pulls.T)
    ratio = np.sqrt(np.mean(_ratios(first, second) ** 2, axis=1))
    order = np.argsort(-size, kind="stable")[:SHOWN]
    return [
        Largest(
            int(first["source_id"][i]),
            float(difference[i, 0]),
            float(difference[i, 1]),
            float(size[i]),
            float(ratio[i]),
        )
        for i in order
        if size[i] > 0
    ]


def _notes(a: _Read, b: _Read, removed: str) -> tuple[str, ...]:
    """Return what must be known to read the figures."""
    notes = []
    if removed:
        notes.append(
            "one is a free network: the best rotation (and stretch, where its scale "
            "is open) was taken out of the differences; attitudes are not compared"
        )
    same = _same_input(a.summary, b.summary)
    if same is not False:
        told = "the same input" if same else "if both are from the same input"
        notes.append(
            f"{told}: errors of A and B are correlated, so differences are smaller "
            "than √2 σ; where A uses the data fully they scatter by √(σ_B² - σ_A²)"
        )
    else:
        notes.append(
            "different input: as far as the measurements differ, errors of A and B are "
            "independent, and differences scatter by up to √(σ_A² + σ_B²)"
        )
    epochs = [float(np.mean(x.columns.sources["epoch"])) for x in (a, b)]
    if not math.isclose(*epochs, abs_tol=1e-6):
        notes.append(
            f"epochs differ by {epochs[1] - epochs[0]:+.4f} yr: the motion of the "
            "stars is in the differences"
        )
    return tuple(notes)


def _same_input(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool | None:
    """Return whether the measurements were the same files; None where unknown."""
    found = [
        {k: v for k, v in dict(s.get("digests") or {}).items() if "measurements" in k}
        for s in (a, b)
    ]
    return found[0] == found[1] if all(found) else None


__all__ = ["Largest", "SolutionComparison", "compare_solutions"]
