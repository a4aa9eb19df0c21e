"""`reseau.compare`: a solution or a catalogue against truth, or two solutions."""

from pathlib import Path
from typing import overload

from reseau.datasets import Truth
from reseau.datasets.catalogues import is_catalogue
from reseau.diagnostics import (
    Comparison,
    SolutionComparison,
    compare_solutions,
    compare_with_truth,
)
from reseau.diagnostics.comparison.catalogue import (
    CatalogueComparison,
    compare_catalogue,
)
from reseau.errors import FileFormatError, explain
from reseau.tables.incomplete import refuse_incomplete

from .combine import Motions
from .solve import Solved


@overload
def compare(solution: Motions, other: str | Path) -> CatalogueComparison: ...


@overload
def compare(solution: str | Path | Solved, other: Truth) -> Comparison: ...


@overload
def compare(solution: str | Path | Solved, other: Solved) -> SolutionComparison: ...


@overload
def compare(
    solution: str | Path | Solved, other: str | Path
) -> Comparison | SolutionComparison | CatalogueComparison: ...


def compare(
    solution: str | Path | Solved | Motions, other: str | Path | Solved | Truth
) -> Comparison | SolutionComparison | CatalogueComparison:
    """Compare a solution with the truth of a simulation, or with another solution.

    Parameters
    ----------
    solution
        Directory of a solution, or what `solve` returned. Or the catalogue of many
        plates, what `combine` wrote or returned.
    other
        The truth: that of `simulate`, its folder, or the dataset that has one; of a
        catalogue the survey that was simulated. Or another solution of the same plate,
        as `solution`.

    Returns
    -------
    What `compare_with_truth` returns, or what `compare_solutions` does; of a catalogue
    what `compare_catalogue` does.

    Raises
    ------
    ReseauError
        One is neither, or they have no source in common.

    Examples
    --------
    >>> from reseau import compare, simulate, solve
    >>> plate = simulate(small=True, seed=1)
    >>> solved = solve(plate.dataset)
    >>> compare(solved, plate.truth).recoveries["reference"].consistent
    True
    >>> compare(solved, solved).sources["all"].rms
    0.0
    """
    if isinstance(solution, Motions) or _is_catalogue(solution):
        return _catalogue(solution, other)
    _check_type("the first argument", solution, (str, Path, Solved))
    _check_type("the second argument", other, (str, Path, Solved, Truth))
    if isinstance(other, Truth):
        return compare_with_truth(solution, other)
    if isinstance(other, Solved) or (Path(other) / "summary.json").exists():
        return compare_solutions(solution, other)
    _check_holds_truth(Path(other))
    return compare_with_truth(solution, other)


def against_truth(
    solution: str | Path, truth: str | Path
) -> Comparison | CatalogueComparison:
    """Compare a solution, or a catalogue of many plates, with the truth.

    Parameters
    ----------
    solution
        Directory of either.
    truth
        Folder of the truth, or the dataset that has one.
    """
    if _is_catalogue(solution):
        return _catalogue(solution, truth)
    return compare_with_truth(solution, truth)


def _is_catalogue(value: object) -> bool:
    is_directory = isinstance(value, (str, Path)) and Path(value).is_dir()
    return is_directory and is_catalogue(str(value))


def _catalogue(
    catalogue: str | Path | Motions | Solved, truth: object
) -> CatalogueComparison:
    if not isinstance(truth, (str, Path)) or (Path(truth) / "summary.json").exists():
        shown = truth if isinstance(truth, (str, Path)) else type(truth).__name__
        raise FileFormatError(
            explain(
                given=f"a catalogue of many plates, and {shown} to compare it with",
                wanted="the survey that was simulated, which holds the truth",
                where="compare",
                todo="name its directory",
            )
        )
    tables = catalogue.tables if isinstance(catalogue, Motions) else catalogue
    return compare_catalogue(tables, truth)  # type: ignore[arg-type]


def _check_type(what: str, value: object, types: tuple[type, ...]) -> None:
    if isinstance(value, types):
        return
    truth = ", or a truth" if Truth in types else ""
    raise FileFormatError(
        explain(
            given=f"{what} is of type {type(value).__name__}",
            wanted=f"the directory of a solution, or what solve returned{truth}",
            where="compare",
            todo="name one of these; what solve returned is more than its .solution",
        )
    )


def _check_holds_truth(path: Path) -> None:
    """Refuse a directory that is neither a solution nor has a truth."""
    refuse_incomplete(path)
    places = (path / "truth" / "sources.parquet", path / "sources.parquet")
    if not path.is_dir() or any(place.exists() for place in places):
        return
    raise FileFormatError(
        explain(
            given=f"{path} is no solution and holds no truth",
            wanted="another solution of the same plate, the truth of a simulation, or "
            "the dataset that has one",
            where=str(path),
            todo="name one of these",
        )
    )


__all__ = ["against_truth", "compare"]
