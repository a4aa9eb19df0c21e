"""`reseau.combine`: many plates to positions, proper motions and parallaxes."""

import html
import textwrap
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from astropy.table import QTable

from reseau._compiled import computing
from reseau.catalogue import Catalogue
from reseau.datasets.catalogues import (
    CatalogueTables,
    read_catalogue,
    write_catalogue,
)
from reseau.errors import collected, warn
from reseau.motions.combined import Options, combined
from reseau.motions.overview import number_rows, overview, summary_of
from reseau.motions.reference_floor import ReferenceFloor
from reseau.plates.result import peak_memory, versions
from reseau.tables import SOLUTION_MARKS, check_output, columns_of, table_of
from reseau.tables.astropy_tables import to_astropy
from reseau.tables.catalogue_layouts import (
    COMBINED,
    COMBINED_PLATES,
    DATUM,
    EPOCHS,
)

from .catalogue_figures import CatalogueFigures
from .combine_input import combine_input
from .solution import WIDTH


@dataclass(frozen=True, repr=False, eq=False)
class Motions:
    """The catalogue that many plates give together.

    Attributes
    ----------
    tables
        All tables, of Arrow, and the modes that stars share.
    """

    tables: CatalogueTables

    @cached_property
    def catalogue(self) -> Catalogue:
        """Positions, parallaxes, motions with errors and correlations, Gaia's names."""
        return Catalogue(to_astropy(self.tables.catalogue))

    @cached_property
    def plates(self) -> QTable:
        """One row a plate: how it agrees with all of them."""
        return QTable(to_astropy(self.tables.plates))

    @cached_property
    def epochs(self) -> QTable | None:
        """Positions on plates relative to the model; None: not asked for."""
        table = self.tables.epochs
        return None if table is None else QTable(to_astropy(table))

    @cached_property
    def datum(self) -> QTable | None:
        """What the references alone decide, mode by mode."""
        table = self.tables.datum
        return None if table is None else QTable(to_astropy(table))

    @property
    def plot(self) -> CatalogueFigures:
        """Figures of the catalogue: ``motions.plot.vector_points()``."""
        return CatalogueFigures(self.tables)

    @property
    def summary(self) -> Mapping[str, Any]:
        """What ``summary.json`` holds."""
        return self.tables.summary

    @property
    def verdict(self) -> list[str]:
        """What the catalogue is worth, in sentences."""
        return [str(sentence) for sentence in self.summary["verdict"]]

    @property
    def converged(self) -> bool:
        """Whether the catalogue can be used."""
        return bool(self.summary["converged"])

    @property
    def exit_code(self) -> int:
        """Return 0 where the catalogue can be used, else 3."""
        return 0 if self.converged else 3

    def covariance(self, a: Any, b: Any | None = None) -> np.ndarray:
        """Return the covariance of stars, calibrations' share included.

        Parameters
        ----------
        a, b
            Identifiers, one each or arrays of one length; without `b`: of `a` itself.

        Returns
        -------
        Matrices of ra·cos(dec), dec [mas], parallax [mas], pmra, pmdec [mas/yr] and
        perhaps the radial velocity [km/s]: rows of `a`, columns of `b`.
        """
        return self.tables.modes.covariance(a, b)

    def draws(
        self, n: int, *, seed: int = 0, source_id: Any | None = None
    ) -> np.ndarray:
        """Return joint draws of the errors of stars, (n, stars, parameters).

        Parameters
        ----------
        n, seed
            Number of draws, and seed of the random numbers.
        source_id
            Of which stars; absent: all, in the order of the catalogue.
        """
        return self.tables.modes.draws(n, seed, source_id)

    def write(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write the catalogue's directory, whole or not at all.

        Parameters
        ----------
        path
            Directory to make.
        overwrite
            Whether an earlier output there may be replaced.
        """
        write_catalogue(path, self.tables, overwrite=overwrite)

    def as_dict(self) -> dict[str, Any]:
        """Return the summary, as ``summary.json`` holds it."""
        return dict(self.summary)

    def __str__(self) -> str:
        words = [textwrap.fill(sentence, WIDTH) for sentence in self.verdict]
        rows = number_rows(self.summary)
        widest = max(len(name) for name, _ in rows)
        return "\n".join([*words, "", *(f"{n:<{widest}}  {v}" for n, v in rows)])

    def __repr__(self) -> str:
        found = self.summary
        return (
            f"<{type(self).__name__} of {found['n_sources']:,} sources from "
            f"{found['n_plates']:,} plates; print it for the verdict>"
        )

    def _repr_html_(self) -> str:
        return "".join(f"<p>{html.escape(text)}</p>" for text in self.verdict)


@computing()
def combine(
    source: Any,
    output: str | Path | None = None,
    *,
    reference: Any = None,
    prior: str = "gaia",
    epoch: float | None = None,
    radial: bool = False,
    epochs: bool = False,
    robust: bool = False,
    reference_floor: ReferenceFloor | None = None,
    epsilon: float | None = None,
    overwrite: bool = False,
) -> Motions:
    """Join plates to one catalogue: positions, proper motions, parallaxes.

    Every plate says what it knows of its sources without the references' priors, which
    count once; so errors are what they are said to be, calibrations' share included.

    Parameters
    ----------
    source
        Directory of a survey's solution (`solve_plates`), or of a plate's that was
        solved with its information; what `solve_plates` or `solve` returned; or several
        of these, which may be of different instruments.
    output
        Directory to write; absent: nothing is written.
    reference
        Table of references instead of those that the plates were solved with.
    prior
        What of the references counts: "gaia", all their parameters; "position", at
        their own epoch; "none".
    epoch
        Reference epoch, Julian year TCB; absent: the mean of the plates'.
    radial
        Whether the radial velocity is a sixth parameter.
    epochs
        Whether positions on plates are kept, a row for each source and plate.
    robust
        Whether wrong references, plates that disagree and positions out of place are
        found, count less, and are told.
    reference_floor
        Errors that neighbouring references share and do not state: they stand beside
        the formal errors of the datum, and are in all covariances.
    epsilon
        Share of information below which a mode of the calibrations is left out of the
        covariance; absent: 0.03. The parameters do not depend on it.
    overwrite
        Whether an earlier output may be replaced.

    Returns
    -------
    The catalogue. ``print`` it for the verdict; ``.catalogue`` is a `Catalogue`,
    ``.covariance(a, b)`` the covariance of two stars.

    Raises
    ------
    ReseauError
        Bad input, as one of its children.

    Examples
    --------
    >>> from reseau import combine
    >>> found = combine("solutions", "catalogue")  # doctest: +SKIP
    >>> found.catalogue["parallax"]  # doctest: +SKIP
    """
    if output is not None:
        check_output(
            output, kind="directory", overwrite=overwrite, marks=SOLUTION_MARKS
        )
    began = time.perf_counter()
    chosen = Options(epoch, prior, radial, epochs, robust, reference_floor)
    if epsilon is not None:
        chosen = replace(chosen, epsilon=epsilon)
    with collected() as caught:
        given = combine_input(source, reference)
        read = time.perf_counter()
        known = None if given.reference is None else columns_of(given.reference)
        found = combined(given.plates, known, chosen, given.photometry())
    for warning in caught:
        warn(warning)
    ended = time.perf_counter()
    summary = summary_of(found, chosen)
    summary["verdict"] = overview(found, given.left_out)
    summary |= {
        "input": given.inputs,
        "warnings": [str(w).splitlines()[0] for w in caught],
        "versions": versions(),
        "peak_memory": peak_memory(),
        "seconds": {"read": read - began, "solve": ended - read},
    }
    tables = CatalogueTables(
        catalogue=table_of(found.catalogue, COMBINED, where="catalogue"),
        plates=table_of(found.plates, COMBINED_PLATES, where="plates"),
        modes=found.modes,
        summary=summary,
        epochs=_epochs(found.positions),
        datum=table_of(found.datum.table, DATUM, where="datum"),
    )
    motions = Motions(tables)
    if output is not None:
        motions.write(output, overwrite=overwrite)
    return motions


def _epochs(columns: dict[str, Any] | None) -> pa.Table | None:
    return None if columns is None else table_of(columns, EPOCHS, where="epochs")


def read_motions(path: str | Path) -> Motions:
    """Read a catalogue that `combine` wrote.

    Parameters
    ----------
    path
        Its directory.

    Raises
    ------
    FileFormatError
        It is no such catalogue, or is damaged.
    """
    return Motions(read_catalogue(path))


__all__ = ["Motions", "combine", "read_motions"]
