"""The solution of a survey in files: a directory of the solutions of its plates.

``plates/plate_id=N`` is the solution of a plate, as of any; ``plates.parquet`` has a
row for each, and ``summary.json`` says what they are worth together.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from reseau.errors import FileFormatError, explain
from reseau.tables import piece_file, read_table, table_of, validate
from reseau.tables.damage import damage_told
from reseau.tables.files import write_parquet
from reseau.tables.solution_layouts import PLATES

from .measurements import no_such_plate
from .solutions import PlateTables, has_format, read_solution, summary_in, write_summary

FORMAT = "reseau-survey-solution/1"
_TABLE = "plates.parquet"


def plate_piece(plate: int) -> str:
    """Return the name of a plate's directory, relative to that of the survey.

    Parameters
    ----------
    plate
        Its id.
    """
    return f"plates/plate_id={plate}"


@dataclass(frozen=True)
class SurveyTables:
    """What the directory of a survey's solution holds, but for its plates.

    Attributes
    ----------
    plates
        Table `PLATES`, in the order of their ids.
    summary
        Content of ``summary.json``.
    source
        The directory.
    """

    plates: pa.Table
    summary: Mapping[str, Any]
    source: Path

    def solution(self, plate: int) -> PlateTables:
        """Read the solution of a plate.

        Parameters
        ----------
        plate
            Its id.

        Raises
        ------
        ConfigError
            There is no such plate.
        FileFormatError
            It failed, or what is there is damaged.
        """
        folder = self.folder_of(plate)
        try:
            return read_solution(folder)
        except FileFormatError as error:
            raise FileFormatError(
                explain(
                    given=f"the solution of plate {plate} cannot be read: "
                    f"{str(error).splitlines()[0]}",
                    wanted="a solution as solve writes it",
                    where=str(folder),
                    todo=solve_again(folder),
                )
            ) from error

    def folder_of(self, plate: int) -> Path:
        """Return the directory of a plate's solution, as `solution` reads it.

        Parameters
        ----------
        plate
            Its id.
        """
        ids = self.plates["plate_id"].to_pylist()
        if plate not in ids:
            raise no_such_plate(plate, ids, self.source)
        folder = self.source / plate_piece(plate)
        why = self.plates["message"][ids.index(plate)].as_py()
        if not folder.is_dir():
            raise FileFormatError(
                explain(
                    given=f"plate {plate} has no solution: "
                    f"{why or 'its directory has been removed'}",
                    wanted="a plate that was solved",
                    where=str(folder),
                    todo="see what is wrong with the plate, and solve it again: "
                    f"{solve_again(folder)}",
                )
            )
        return folder


def solve_again(folder: Path) -> str:
    """Return how a plate's directory is made anew."""
    plate = folder.name.partition("=")[2]
    return f"remove {folder}, and solve DATASET --plate {plate} -o {folder}"


_ENDS = {".parquet": b"PAR1", ".json": b"}\n"}
"""How files end that are whole."""


def check_plate_piece(folder: Path) -> None:
    """Raise `FileFormatError` where a crash of the machine has cut files of a plate.

    Parameters
    ----------
    folder
        Directory of a plate's solution.
    """
    files = {"summary.json", *(p.name for p in folder.iterdir() if p.is_file())}
    for name in sorted(files):
        end = _ENDS.get(Path(name).suffix, b"")
        try:
            with (folder / name).open("rb") as content:
                content.seek(-len(end), os.SEEK_END)
                whole = content.tell() > 0 and content.read() == end
        except OSError:
            whole = False
        if not whole:
            raise FileFormatError(
                explain(
                    given=f"{name} of {folder.name} is damaged: its end is missing",
                    wanted="a solution as solve writes it",
                    where=str(folder),
                    todo=f"remove {folder} and run the same command again: that plate "
                    "is solved anew",
                )
            )


def make_table(rows: Sequence[Mapping[str, Any]], unit: str, where: Path) -> pa.Table:
    """Return the table of the plates, in the order of their ids.

    Parameters
    ----------
    rows
        Columns of `PLATES`; missing: NaN or None.
    unit
        Of the residuals: "pixel" or "um".
    where
        For messages.
    """
    ordered = sorted(rows, key=lambda row: row["plate_id"])
    columns = {c.name: [row.get(c.name) for row in ordered] for c in PLATES.columns}
    arrays = {
        name: pa.array(values, pa.string())
        if PLATES[name].dtype == "string"
        else values
        for name, values in columns.items()
    }
    return table_of(arrays, PLATES, where=where, targets={"residual_rms": unit})


def write_survey_tables(
    folder: Path, plates: pa.Table, summary: Mapping[str, Any]
) -> None:
    """Write what stands above the plates, the summary last.

    Parameters
    ----------
    folder
        Of the survey's solution, with its plates.
    plates
        As `make_table` returns it.
    summary
        What ``summary.json`` is to hold.
    """
    with piece_file(folder / _TABLE) as file:
        write_parquet(plates, file)
    with piece_file(folder / "summary.json") as file:
        write_summary(file, FORMAT, summary)


def is_survey_solution(path: str | Path) -> bool:
    """Return whether a directory holds the solution of a survey."""
    return has_format(path, FORMAT)


def read_survey_tables(path: str | Path) -> SurveyTables:
    """Read the solution of a survey, but for those of its plates.

    Parameters
    ----------
    path
        Its directory.

    Raises
    ------
    FileFormatError
        It is no solution of a survey, or is damaged.
    """
    summary, file = summary_in(path)
    if summary["format"] != FORMAT:
        raise FileFormatError(
            explain(
                given=f"the format is {summary['format']!r}",
                wanted=f"the solution of a survey, of format {FORMAT}",
                where=str(file),
                todo="give a directory that solve wrote with --plates",
            )
        )
    folder = file.parent
    with damage_told(folder / _TABLE, "table of the plates", "solve again"):
        table = read_table(folder / _TABLE)
        unit = (table.schema.field("residual_rms").metadata or {}).get(
            b"unit", b"pixel"
        )
        targets = {"residual_rms": unit.decode()}
        table = validate(table, PLATES, where=folder / _TABLE, targets=targets)
    return SurveyTables(table, summary, folder)


__all__ = [
    "FORMAT",
    "SurveyTables",
    "check_plate_piece",
    "is_survey_solution",
    "make_table",
    "plate_piece",
    "read_survey_tables",
    "solve_again",
    "write_survey_tables",
]
