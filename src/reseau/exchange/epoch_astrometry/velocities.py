"""Radial velocities of one star: time, velocity [km/s], error [km/s] in a line.

The time is a Julian year, an MJD or a Julian date, TCB, told apart by its size. With
four columns, as CDS J/A+A/686/L2 table b2 has them, the first is the transit.
"""

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from reseau.errors import CatalogueError, explain, missing_columns_error
from reseau.motions.source_models.velocities import RadialVelocities
from reseau.tables import columns_of, is_path, table_from
from reseau.tables.files import require_file

from .text import are_numbers, read_text

NAMES = {
    "epoch": ("epoch", "t", "year", "mjd", "jd", "obs_time", "time"),
    "radial_velocity": ("radial_velocity", "velocity", "rv", "vz"),
    "radial_velocity_error": (
        "radial_velocity_error",
        "velocity_error",
        "rv_error",
        "rv_err",
        "vz_err",
    ),
}


def read_velocities(source: Any) -> RadialVelocities:
    """Read the radial velocities of one star.

    Parameters
    ----------
    source
        A file, or a table in memory.

    Raises
    ------
    CatalogueError
        Columns are missing, or a time or an error is none.
    """
    where = str(source) if is_path(source) else "the table in memory"
    if is_path(source):
        text = read_text(require_file(Path(source)))
        words = text.lines[0].split() if text is not None and text.lines else []
        if text is not None and len(words) in (3, 4) and are_numbers(words[:3]):
            width = 4 if len(words) == 4 and are_numbers(words) else 3
            rows = text.table(0, width, "time, velocity [km/s], error [km/s]")
            return _checked(rows[:, -3:], where)
    table = table_from(source, what="radial velocities")
    lower = {name.lower(): name for name in table.column_names}
    found = {
        name: next((lower[s] for s in spelt if s in lower), None)
        for name, spelt in NAMES.items()
    }
    missing = [name for name, column in found.items() if column is None]
    if missing:
        raise missing_columns_error(missing, table.column_names, "the table", where)
    columns = columns_of(table)
    rows = np.stack([columns[str(found[name])].astype(float) for name in NAMES], axis=1)
    return _checked(rows, where)


def _checked(rows: Float[np.ndarray, "m 3"], where: str) -> RadialVelocities:
    epoch, value, error = rows.T
    bad = ~np.isfinite(rows).all(axis=1) | ~(error > 0.0)
    if bad.any() or len(rows) < 3:
        raise CatalogueError(
            explain(
                given=f"{len(rows)} velocities, {int(bad.sum())} of them without a "
                "number or an error greater than zero",
                wanted="three or more, each with its error [km/s]",
                where=where,
                todo="leave out rows that are not complete",
            )
        )
    years = np.where(epoch > 1e6, 2000.0 + (epoch - 2_451_545.0) / 365.25, epoch)
    mjd = (years > 1e4) & (years < 1e6)
    years = np.where(mjd, 2000.0 + (years - 51_544.5) / 365.25, years)
    return RadialVelocities(years, value, error)


__all__ = ["read_velocities"]
