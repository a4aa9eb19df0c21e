"""The datum as fields on the sky: what is fitted, how well it is known, and its floor.

A map is the sum of all named fields of a parameter at places of a grid, with the error
that their amplitudes have together.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.spatial import cKDTree

from reseau.constants import DEGREE

from .datum_amplitudes import Amplitudes
from .datum_fields import Frame, components
from .stars import Stars

POINTS = 41
"""Places along the longer side."""
REACH = 2.0
"""Places farther than this from all stars, in steps of the grid, are not shown."""

PARAMETERS = ("ra", "dec", "parallax", "pmra", "pmdec")


@dataclass(frozen=True)
class DatumMaps:
    """Smooth fields on a grid; NaN where there are no stars.

    Attributes
    ----------
    centre
        Right ascension and declination of the centre [deg].
    east, north
        Places of the grid from there, gnomonic [deg].
    parameters
        In the order of the first axis of what follows: offsets towards East (ra, with
        cos dec) and North, parallax [mas], and motions [mas/yr], in the axes of the
        centre carried along.
    value
        Catalogue minus reference.
    formal_error
        1σ of the field, by the errors that references and plates state.
    floor
        1σ of what references share beyond that; zero where none is stated.
    """

    centre: tuple[float, float]
    east: Float[np.ndarray, "g h"]
    north: Float[np.ndarray, "g h"]
    parameters: tuple[str, ...]
    value: Float[np.ndarray, "5 g h"]
    formal_error: Float[np.ndarray, "5 g h"]
    floor: Float[np.ndarray, "5 g h"]

    @property
    def error(self) -> Float[np.ndarray, "5 g h"]:
        """Return both errors together."""
        return np.hypot(self.formal_error, self.floor)


def datum_maps(frame: Frame, stars: Stars, found: Amplitudes) -> DatumMaps:
    """Return maps of the named fields.

    Parameters
    ----------
    frame
        Of the fields.
    stars
        Where maps are shown.
    found
        Amplitudes of the named fields, all of them.
    """
    place = frame.place(stars.direction)
    east, north = _grid(place)
    points = np.stack([east.ravel(), north.ravel()], axis=1)
    fields = components(frame, points)
    shown = _near(points, place, step=_step(place))

    def drawn(values: np.ndarray) -> Float[np.ndarray, "5 g h"]:
        values = np.where(shown[:, None], values, np.nan)
        return np.ascontiguousarray(values.T).reshape(5, *east.shape)

    value = np.stack([_sum(fields[:, k], found.value) for k in range(5)], axis=1)
    floor = np.sqrt(np.sum((fields @ found.response) ** 2, axis=2))
    x, y, z = frame.centre
    return DatumMaps(
        centre=(
            float(np.arctan2(y, x)) / DEGREE % 360.0,
            float(np.arcsin(z)) / DEGREE,
        ),
        east=east,
        north=north,
        parameters=PARAMETERS,
        value=drawn(value),
        formal_error=drawn(np.sqrt(_variance(fields, found.covariance))),
        floor=drawn(floor),
    )


def _step(place: Float[np.ndarray, "n 2"]) -> float:
    longest = float(np.max(np.ptp(place, axis=0)))
    return (longest or 1.0) / (POINTS - 1)


def _grid(
    place: Float[np.ndarray, "n 2"],
) -> tuple[Float[np.ndarray, "g h"], Float[np.ndarray, "g h"]]:
    sides = []
    for values in place.T:
        middle = 0.5 * (values.min() + values.max())
        half = max(int(np.ceil(0.5 * np.ptp(values) / _step(place))), 1)
        sides.append(middle + _step(place) * np.arange(-half, half + 1))
    east, north = np.meshgrid(*sides)
    return east, north


def _near(
    points: Float[np.ndarray, "g 2"], place: Float[np.ndarray, "n 2"], step: float
) -> Bool[np.ndarray, "g"]:
    distance, _ = cKDTree(place).query(points)
    return np.asarray(distance <= REACH * step)


def _sum(field: Float[np.ndarray, "g m"], value: Float[np.ndarray, "m"]) -> np.ndarray:
    """Return the sum of fields, NaN if one that takes part has no amplitude."""
    part = np.any(field != 0.0, axis=0)
    return np.asarray(field[:, part] @ value[part])


def _variance(
    fields: Float[np.ndarray, "g 5 m"], covariance: Float[np.ndarray, "m m"]
) -> Float[np.ndarray, "g 5"]:
    """Return variances of sums of fields, infinite if one that takes part has one."""
    open_ = np.isinf(np.diag(covariance))
    known = np.where(open_[:, None] | open_, 0.0, covariance)
    found = np.einsum("gkm,gkm->gk", fields @ known, fields)
    unknown = np.any(fields[:, :, open_] != 0.0, axis=2)
    return np.where(unknown, np.inf, np.maximum(found, 0.0))


__all__ = ["DatumMaps", "datum_maps"]
