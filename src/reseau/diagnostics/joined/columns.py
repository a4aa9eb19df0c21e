"""The catalogue of many plates as columns of NumPy, with what its stars share."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from reseau.datasets.catalogues import CatalogueTables, SharedModes
from reseau.errors import CatalogueError, explain
from reseau.motions.overview import BAD
from reseau.motions.stars import FIVE
from reseau.tables import columns_of

Columns = Mapping[str, np.ndarray]

PARAMETERS = ("ra", "dec", "parallax", "pmra", "pmdec")
"""In the order of covariances; mas and mas/yr."""


@dataclass(frozen=True)
class JoinedColumns:
    """What the directory of a catalogue holds, as columns.

    Attributes
    ----------
    catalogue
        A row for each source, ascending identifiers.
    plates
        A row for each plate.
    epochs
        A row for each source and plate; None: not kept.
    modes
        The covariance of all sources, in the catalogue's order.
    summary
        Content of ``summary.json``.
    """

    catalogue: Columns
    plates: Columns
    epochs: Columns | None
    modes: SharedModes
    summary: Mapping[str, Any]

    @property
    def moving(self) -> Bool[np.ndarray, "n"]:
        """Return which sources have parallax and motion, not positions alone."""
        return np.asarray(self.catalogue["astrometric_params_solved"] >= FIVE)

    @property
    def is_reference(self) -> Bool[np.ndarray, "n"]:
        """Return which sources have a prior from the references."""
        return np.asarray(self.catalogue["is_reference"], dtype=bool)

    def own(self) -> Float[np.ndarray, "n k k"]:
        """Return covariances of sources with all calibration held."""
        inverse = np.linalg.inv(self.modes.own)
        return np.asarray(inverse.transpose(0, 2, 1) @ inverse)

    def row(self, source_id: int) -> int:
        """Return the row of a source.

        Parameters
        ----------
        source_id
            Its identifier.

        Raises
        ------
        CatalogueError
            The catalogue lacks it.
        """
        ids = self.catalogue["source_id"]
        found = np.flatnonzero(ids == source_id)
        if found.size:
            return int(found[0])
        raise CatalogueError(
            explain(
                given=f"source_id {source_id}",
                wanted=f"one of the {ids.size:,} sources of the catalogue",
                where="--source",
                todo="take an identifier from its column source_id",
            )
        )


def joined_columns(tables: CatalogueTables) -> JoinedColumns:
    """Return the columns of a catalogue.

    Parameters
    ----------
    tables
        As `reseau.datasets.catalogues.read_catalogue` returns them.
    """
    epochs = tables.epochs
    return JoinedColumns(
        catalogue=columns_of(tables.catalogue),
        plates=columns_of(tables.plates),
        epochs=None if epochs is None else columns_of(epochs),
        modes=tables.modes,
        summary=tables.summary,
    )


__all__ = ["BAD", "PARAMETERS", "Columns", "JoinedColumns", "joined_columns"]
