"""What `combine` reads: information of plates, their references, and photometry."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from reseau._threads import cores
from reseau._words import counted
from reseau.catalogue.parameters import plain_column
from reseau.datasets import open_plates, read_summary
from reseau.datasets.dataset import check_reference
from reseau.datasets.information import Information, content_digest, read_information
from reseau.datasets.solutions import summary_in
from reseau.datasets.survey_solutions import is_survey_solution, plate_piece
from reseau.errors import (
    CatalogueError,
    ConfigError,
    FileFormatError,
    ReseauWarning,
    explain,
    some,
    warn,
)
from reseau.plates.information import reference_digests
from reseau.tables import Index, columns_of, is_path, place_of, table_from
from reseau.tables.damage import damage_told
from reseau.tables.incomplete import refuse_incomplete

from .solution import Solution
from .survey_solution import SurveySolution, read_survey_solution

MAGNITUDES = ("phot_hw_mag", "phot_g_mean_mag", "bp_rp")
"""Photometry that a catalogue gets from plates and references."""


@dataclass(frozen=True)
class CombineInput:
    """What plates say, and of which references.

    Attributes
    ----------
    plates
        Each once.
    reference
        Table of the references; None: there is none.
    folders
        Of the plates' solutions, those that were read.
    inputs
        What was given, in words.
    left_out
        Why plates were left out, in sentences.
    """

    plates: list[Information]
    reference: pa.Table | None
    folders: list[Path] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def photometry(self) -> dict[str, np.ndarray]:
        """Return magnitudes of all sources, of references where these have them."""
        ids = np.unique(np.concatenate([p.source_id for p in self.plates]))
        found = {name: np.full(ids.size, np.nan) for name in MAGNITUDES}
        for folder in self.folders:
            _add(found, ids, _own_photometry(folder))
        if self.reference is not None:
            _add(found, ids, columns_of(self.reference))
        return {n: v for n, v in found.items() if np.isfinite(v).any()}


def _add(found: dict[str, np.ndarray], ids: np.ndarray, columns: Any) -> None:
    row = np.searchsorted(ids, columns["source_id"])
    inside = np.minimum(row, ids.size - 1)
    known = ids[inside] == columns["source_id"]
    for name, values in found.items():
        if name in columns:
            own = plain_column(columns, name, row.size)
            use = known & np.isfinite(own)
            values[inside[use]] = own[use]


def _own_photometry(folder: Path) -> dict[str, np.ndarray]:
    file = folder / "sources.parquet"
    with damage_told(file, "solution", "solve the plate again"):
        names = pq.read_schema(file).names
        kept = [n for n in ("source_id", *MAGNITUDES) if n in names]
        return columns_of(pq.read_table(file, columns=kept))


def combine_input(source: Any, reference: Any = None) -> CombineInput:
    """Read what is to be joined.

    Parameters
    ----------
    source
        Directory of a survey's solution or of a plate's, what `solve_plates` or `solve`
        returned, what a plate says, or several of these.
    reference
        Table of references instead of the plates' own.

    Raises
    ------
    ReseauError
        One of its children: no information, plates of different references, none at
        all.
    """
    given = _several(source)
    plates: list[Information] = []
    folders: list[Path] = []
    left_out: list[str] = []
    own: list[Path] = []
    for item in given:
        if isinstance(item, Information):
            plates.append(item)
            continue
        if isinstance(item, Solution) and item.tables.source is None:
            plates.append(_said(item))
            continue
        found = list(_folders(item, left_out))
        folders += found
        own += [path for path in (_input_of(item),) if path is not None]
    plates += _read(folders)
    if not plates:
        raise ConfigError(
            explain(
                given="no plate that can be used"
                + (f": {left_out[0]}" if left_out else ""),
                wanted="solved plates with what they say about their sources",
                where="combine",
                todo="solve them: reseau solve DATASET -o SOLUTION --plates all",
            )
        )
    plates, twice = _once(plates)
    left_out += twice
    for sentence in left_out:
        warn(sentence, ReseauWarning)
    table = _reference(plates, reference, own)
    return CombineInput(
        plates, table, folders, [str(place_of(item)) for item in given], left_out
    )


def _several(source: Any) -> list[Any]:
    alone = (str, Path, Information, Solution, SurveySolution)
    if isinstance(source, alone):
        return [source]
    if isinstance(source, Sequence) and source:
        return list(source)
    raise ConfigError(
        explain(
            given=f"a {type(source).__name__}",
            wanted="directories of solutions, or what solve_plates or solve returned",
            where="combine",
            todo="give the directory that solve wrote with --plates all",
        )
    )


def _said(solution: Solution) -> Information:
    said = solution.said
    if said is None:
        raise ConfigError(
            explain(
                given="a solution without what the plate says of its sources",
                wanted="one that was solved with it",
                where="combine",
                todo="solve again with method=GaussNewton(information=True)",
            )
        )
    return said


def _folders(item: Any, left_out: list[str]) -> Iterator[Path]:
    """Yield the directories of plates, and say which plates cannot be used."""
    if isinstance(item, Solution):
        yield Path(item.tables.source or ".")
        return
    if is_path(item):
        refuse_incomplete(Path(item))
        if not is_survey_solution(item):
            read_summary(item)
            yield Path(item)
            return
        item = read_survey_solution(item)
    if not isinstance(item, SurveySolution):
        _several(None if not isinstance(item, Sequence) else item)
        raise _no_solution(item)
    rows = item.tables.plates.to_pylist()
    bad = [row["plate_id"] for row in rows if not row["converged"]]
    if bad:
        left_out.append(
            f"{len(bad)} plates of {item.source} have no solution that can be used and "
            f"are left out: {some(bad)}"
        )
    for plate in item.solved:
        yield item.source / plate_piece(plate)


def _no_solution(item: Any) -> ConfigError:
    return ConfigError(
        explain(
            given=f"a {type(item).__name__}",
            wanted="a solution of plates",
            where="combine",
            todo="give the directory that solve wrote, or what solve_plates returned",
        )
    )


def _read(folders: Sequence[Path]) -> list[Information]:
    with ThreadPoolExecutor(cores()) as pool:
        return list(pool.map(_of_folder, folders))


def _of_folder(folder: Path) -> Information:
    found = read_information(folder)
    summary = read_summary(folder)
    noted = summary.get("information") or {}
    wanted = noted.get("digest"), summary["plate_id"]
    if (content_digest(found), found.plate_id) == wanted:
        return found
    raise FileFormatError(
        explain(
            given=f"information of plate {found.plate_id} with the digest "
            f"{content_digest(found)}, where the summary names plate {wanted[1]} with "
            f"{wanted[0] or 'none'}",
            wanted="the information that was written with the solution",
            where=str(folder),
            todo="solve the plate again",
        )
    )


def _once(plates: list[Information]) -> tuple[list[Information], list[str]]:
    """Return plates that were solved twice only once."""
    seen: dict[str, Information] = {}
    twice = []
    for plate in plates:
        if plate.digest in seen:
            twice.append(plate.plate_id)
        else:
            seen[plate.digest] = plate
    if not twice:
        return plates, []
    words = (
        f"{len(twice)} plates were given twice, of the same measurements, and count "
        f"once: {some(twice)}"
    )
    return list(seen.values()), [words]


def _input_of(item: Any) -> Path | None:
    """Return the dataset that a solution is of, where it is a directory."""
    if isinstance(item, (Solution, SurveySolution)):
        summary = item.as_dict()
    else:
        summary, _ = summary_in(item)
    found = summary.get("input")
    path = None if found is None else Path(str(found))
    return path if path is not None and path.is_dir() else None


def _reference(
    plates: Sequence[Information], given: Any, inputs: Sequence[Path]
) -> pa.Table | None:
    """Return the references: those given, or those that the plates were solved with."""
    if given is not None:
        table = check_reference(
            table_from(given, what="the table of references"), where=place_of(given)
        )
        differ = _other_rows(plates, table)
        if differ:
            warn(
                f"{counted(differ, 'references')} of the plates are others than those "
                "given, or have other values: what plates say holds no prior, so that "
                "only those given count; identifiers must mean the same stars",
                ReseauWarning,
            )
        return table
    if not any(np.any(plate.reference) for plate in plates):
        return None
    for folder in inputs:
        table = open_plates(folder).shared.reference
        if table is not None and not _other_rows(plates, table):
            return table
    told = f"those of {inputs[0]} are not those" if inputs else "no dataset has those"
    raise CatalogueError(
        explain(
            given=f"{told} that all plates were solved with: references of plates "
            "differ, or have been changed or moved since",
            wanted="one catalogue of references, whose priors count once",
            where="combine",
            todo="name the one that is to count: --reference TABLE",
        )
    )


def _other_rows(plates: Sequence[Information], reference: pa.Table) -> int:
    """Return how many sources were solved with other rows than a catalogue's."""
    index = Index(reference["source_id"].to_numpy(), "source")
    digests = reference_digests(reference)
    other: set[int] = set()
    for plate in plates:
        row = index.rows_of(plate.source_id)
        own = np.where(row >= 0, digests[row], 0)
        differ = (own != plate.reference) & (plate.reference != 0)
        other.update(int(i) for i in plate.source_id[differ])
    return len(other)


__all__ = ["MAGNITUDES", "CombineInput", "combine_input"]
