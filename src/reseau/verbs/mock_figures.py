"""Figures of a mock catalogue, from its columns."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reseau.catalogue import Catalogue
from reseau.constants import DEGREE
from reseau.galaxy.forward.settings import MockSettings
from reseau.reports.mock_figures import MOCK_KINDS, DrawableMock
from reseau.survey.galactic import north_angle
from reseau.tables import is_path
from reseau.tables.owned import MOCK, is_of_kind

NUMBERS = ("l", "b", "distance", "ejks", "phot_j_mag", "phot_ks_mag")
"""Columns that figures need as they stand."""

WRITTEN = ("colour_magnitude", "counts", "motions")
"""Figures that stand in a mock's own directory."""


def mock_figures(catalogue: Catalogue) -> dict[str, Figure | Axes]:
    """Return figures of a mock: colours and magnitudes, counts on the sky, motions.

    Parameters
    ----------
    catalogue
        With the columns that `mock_forward` writes.
    """
    given = drawable_mock(catalogue)
    return {name: MOCK_KINDS[name].draw(given) for name in WRITTEN}


def catalogue_of_mock(given: Any) -> Catalogue | None:
    """Return the stars of a mock; None: what is given is none.

    Parameters
    ----------
    given
        Directory that `mock_forward` wrote, what it returned, or anything else.
    """
    if is_path(given):
        place = Path(given)
        if place.is_dir() and is_of_kind(place, MOCK):
            return Catalogue.read(place / "catalogue.parquet")
        return None
    if not isinstance(getattr(given, "settings", None), MockSettings):
        return None
    stars: Catalogue = given.catalogue
    return stars


def drawable_mock(catalogue: Catalogue) -> DrawableMock:
    """Return a mock as its figures need it.

    Parameters
    ----------
    catalogue
        With the columns that `mock_forward` writes.
    """
    table = catalogue.table

    def plain(name: str) -> np.ndarray:
        column = table[name]
        values = getattr(column, "value", column)
        return np.ma.filled(np.ma.asarray(values, float), np.nan)

    columns = {name: plain(name) for name in NUMBERS}
    angle = north_angle(columns["l"] * DEGREE, columns["b"] * DEGREE)
    cos, sin = np.cos(angle), np.sin(angle)
    east, north = plain("pmra"), plain("pmdec")
    return DrawableMock(
        {
            **columns,
            "component": np.asarray(table["component"]).astype(str),
            "pml_cosb": cos * east - sin * north,
            "pmb": sin * east + cos * north,
        }
    )


__all__ = ["catalogue_of_mock", "drawable_mock", "mock_figures"]
