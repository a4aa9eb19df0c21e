"""Numbers of a text table, with the line of what is wrong."""

from collections.abc import Sequence

import numpy as np

from reseau.errors import FileFormatError, explain


def numbers(
    lines: Sequence[tuple[int, str]], names: Sequence[str], where: str
) -> dict[str, np.ndarray]:
    """Return the columns of lines of numbers.

    Parameters
    ----------
    lines
        Number in the file, from 1, and text.
    names
        Of the columns.
    where
        The file.

    Raises
    ------
    FileFormatError
        A line has more or fewer values, or one that is no number.
    """
    rows = [line.split() for _, line in lines]
    for (number, _), row in zip(lines, rows, strict=True):
        if len(row) != len(names):
            raise FileFormatError(
                explain(
                    given=f"line {number} has {len(row)} values",
                    wanted=f"{len(names)} values, as the header names",
                    where=where,
                    todo="download the file again: it was cut, or edited",
                )
            )
    try:
        table = np.array(rows, dtype=np.float64).reshape(len(rows), len(names))
    except ValueError as error:
        raise _no_number(lines, rows, where) from error
    return {name: table[:, index] for index, name in enumerate(names)}


def _no_number(
    lines: Sequence[tuple[int, str]], rows: Sequence[list[str]], where: str
) -> FileFormatError:
    for (number, _), row in zip(lines, rows, strict=True):
        for value in row:
            try:
                float(value)
            except ValueError:
                return FileFormatError(
                    explain(
                        given=f"{value!r} in line {number}",
                        wanted="a number",
                        where=where,
                        todo="download the file again: it was cut, or edited",
                    )
                )
    return FileFormatError(
        explain(
            given="rows that are no numbers",
            wanted="a table of numbers",
            where=where,
            todo="download the file again",
        )
    )


__all__ = ["numbers"]
