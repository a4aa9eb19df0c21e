"""Figures of a mock catalogue, from its columns."""

import numpy as np
from matplotlib.axes import Axes

from reseau.catalogue import Catalogue
from reseau.constants import DEGREE
from reseau.plots.mock_catalogue import (
    colour_magnitude,
    counts_map,
    motions_by_component,
)
from reseau.survey.galactic import north_angle


def mock_figures(catalogue: Catalogue) -> dict[str, Axes]:
    """Return figures of a mock: colours and magnitudes, counts on the sky, motions.

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

    component = np.asarray(table["component"]).astype(str)
    l, b = plain("l"), plain("b")  # noqa: E741
    angle = north_angle(l * DEGREE, b * DEGREE)
    cos, sin = np.cos(angle), np.sin(angle)
    east, north = plain("pmra"), plain("pmdec")
    ks = plain("phot_ks_mag")
    return {
        "colour_magnitude": colour_magnitude(plain("phot_j_mag") - ks, ks, component),
        "counts": counts_map(l, b),
        "motions": motions_by_component(
            cos * east - sin * north, sin * east + cos * north, component
        ),
    }


__all__ = ["mock_figures"]
