"""The catalogue of many plates in files: Parquet tables, modes and ``summary.json``."""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Float, Int

from reseau.errors import CatalogueError, FileFormatError, explain, some
from reseau.tables import SOLUTION_MARKS, Index, new_directory, read_table, validate
from reseau.tables.catalogue_layouts import (
    COMBINED,
    COMBINED_PLATES,
    DATUM,
    EPOCHS,
)
from reseau.tables.damage import damage_told
from reseau.tables.files import write_parquet

from .solutions import has_format, summary_in, write_summary

FORMAT = "reseau-catalogue/1"
_MODES = "shared_modes.npz"
_TABLES = {
    "catalogue": COMBINED,
    "plates": COMBINED_PLATES,
    "epochs": EPOCHS,
    "datum": DATUM,
}


@dataclass(frozen=True)
class SharedModes:
    """The covariance of all stars: what each has alone, and what all share.

    ``Cov(a, b) = δ_ab L_a⁻ᵀL_a⁻¹ + T_a T_bᵀ`` in units of the catalogue: mas, mas/yr
    and km/s, positions as offsets ra·cos(dec) and dec.

    Attributes
    ----------
    source_id
        Of the stars, ascending.
    own
        L, lower Cholesky factors of what is known of each star with nothing shared.
    shared
        T, a column for each shared mode: calibrations, and floors of the references.
    """

    source_id: Int[np.ndarray, "n"]
    own: Float[np.ndarray, "n k k"]
    shared: Float[np.ndarray, "n k r"]

    def rows(self, source_id: Any) -> Int[np.ndarray, "m"]:
        """Return the rows of sources.

        Parameters
        ----------
        source_id
            One, or several.

        Raises
        ------
        CatalogueError
            The catalogue lacks one.
        """
        wanted = np.atleast_1d(np.asarray(source_id, dtype=np.int64))
        row = Index(self.source_id, "source").rows_of(wanted)
        if np.any(row < 0):
            raise CatalogueError(
                explain(
                    given=f"source_id {some(wanted[row < 0])}",
                    wanted="sources of the catalogue",
                    where="covariance",
                    todo="take identifiers from its column source_id",
                )
            )
        return row

    def covariance(self, a: Any, b: Any | None = None) -> Float[np.ndarray, "..."]:
        """Return the covariance of the parameters of stars.

        Parameters
        ----------
        a, b
            Identifiers, one each or arrays of one length; without `b`: of `a` itself.

        Returns
        -------
        A k × k matrix, or one for each pair: rows are the parameters of `a` (ra·cos
        dec, dec, parallax, pmra, pmdec and perhaps the radial velocity), columns those
        of `b`, in products of mas, mas/yr and km/s.
        """
        first = self.rows(a)
        second = first if b is None else self.rows(b)
        left, right = (
            self.shared[first].astype(float),
            self.shared[second].astype(float),
        )
        found = left @ right.transpose(0, 2, 1)
        same = np.flatnonzero(first == second)
        inverse = np.linalg.inv(self.own[first[same]])
        found[same] += inverse.transpose(0, 2, 1) @ inverse
        single = np.ndim(a) == 0 and (b is None or np.ndim(b) == 0)
        return found[0] if single else found

    def draws(
        self, n: int, seed: int = 0, source_id: Any | None = None
    ) -> Float[np.ndarray, "n m k"]:
        """Return joint draws of the errors of stars.

        Parameters
        ----------
        n
            Number of draws.
        seed
            Of the random numbers.
        source_id
            Of which stars; absent: all.

        Returns
        -------
        Errors, to be added to the catalogue's values, in the units of `covariance`.
        """
        row = slice(None) if source_id is None else self.rows(source_id)
        shared, own = self.shared[row], self.own[row]
        rng = np.random.default_rng(seed)
        common = rng.standard_normal((shared.shape[2], n))
        alone = rng.standard_normal((*own.shape[:2], n))
        # All stars draw the same shared numbers, so that subsets agree with the whole.
        apart = np.linalg.solve(own.transpose(0, 2, 1), alone)
        flat = shared.reshape(-1, shared.shape[2]).astype(float) @ common
        return np.moveaxis(apart + flat.reshape(apart.shape), -1, 0)


@dataclass(frozen=True)
class CatalogueTables:
    """What the directory of a catalogue holds.

    Attributes
    ----------
    catalogue
        Table `COMBINED`.
    plates
        Table `COMBINED_PLATES`.
    modes
        The covariance of all stars.
    summary
        Content of ``summary.json``.
    epochs
        Table `EPOCHS`; None: not asked for.
    datum
        What the references alone decide, a row a mode; None: not computed.
    source
        The directory; None: made in memory.
    """

    catalogue: pa.Table
    plates: pa.Table
    modes: SharedModes
    summary: Mapping[str, Any]
    epochs: pa.Table | None = None
    datum: pa.Table | None = None
    source: Path | None = None


def write_catalogue(
    path: str | Path, tables: CatalogueTables, *, overwrite: bool = False
) -> None:
    """Write a catalogue, whole or not at all.

    Parameters
    ----------
    path
        Directory to make.
    tables
        What it is to hold.
    overwrite
        Whether an earlier output there may be replaced.

    Raises
    ------
    OutputExistsError
        Something is there that may not be replaced.
    """
    with new_directory(path, overwrite=overwrite, marks=SOLUTION_MARKS) as folder:
        for name in _TABLES:
            table = getattr(tables, name)
            if table is not None:
                write_parquet(table, folder / f"{name}.parquet")
        with (folder / _MODES).open("wb") as stream:
            np.savez(
                stream,
                format=FORMAT,
                source_id=tables.modes.source_id,
                own=tables.modes.own,
                shared=tables.modes.shared.astype(np.float32),
            )
        write_summary(folder / "summary.json", FORMAT, tables.summary)


def is_catalogue(path: str | Path) -> bool:
    """Return whether a directory holds the catalogue of many plates."""
    return has_format(path, FORMAT)


def read_catalogue(path: str | Path) -> CatalogueTables:
    """Read a catalogue that was made of many plates.

    Parameters
    ----------
    path
        Its directory.

    Raises
    ------
    FileFormatError
        It is no such catalogue, or is damaged.
    """
    summary, file = summary_in(path)
    if summary["format"] != FORMAT:
        raise FileFormatError(
            explain(
                given=f"the format is {summary['format']!r}",
                wanted=f"a catalogue of many plates, of format {FORMAT}",
                where=str(file),
                todo="give a directory that combine wrote",
            )
        )
    folder = file.parent
    found: dict[str, pa.Table | None] = {}
    for name in _TABLES:
        table = folder / f"{name}.parquet"
        optional = name in ("epochs", "datum")
        if optional and not table.exists():
            found[name] = None
            continue
        with damage_told(table, f"table of the {name}", "combine again"):
            found[name] = validate(read_table(table), _TABLES[name], where=table)
    with damage_told(folder / _MODES, "modes that stars share", "combine again"):
        modes = _modes(folder / _MODES)
    return CatalogueTables(
        catalogue=found["catalogue"],
        plates=found["plates"],
        modes=modes,
        summary=summary,
        epochs=found["epochs"],
        datum=found["datum"],
        source=folder,
    )


def _modes(file: Path) -> SharedModes:
    try:
        with np.load(file, allow_pickle=False) as arrays:
            return SharedModes(arrays["source_id"], arrays["own"], arrays["shared"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise FileFormatError(
            explain(
                given=f"{file.name} is damaged ({error})",
                wanted="the modes that stars share, as combine writes them",
                where=str(file),
                todo="combine again",
            )
        ) from error


__all__ = [
    "FORMAT",
    "CatalogueTables",
    "SharedModes",
    "is_catalogue",
    "read_catalogue",
    "write_catalogue",
]
