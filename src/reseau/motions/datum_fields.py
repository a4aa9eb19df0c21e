"""Fields over the sky that references alone can decide, by name.

A calibration takes up what is smooth over the plate: a shift, a turn, a change of
scale, and with them the zero point of parallax and the mean motion, since all stars of
a field have nearly the same parallax factor. So the fields are polynomials of the place
on the sky. Vectors (positions and motions) have the usual parts to first degree: the
mean, rotation, scale and two shears; for motions spin, expansion and rates of shear.

Places are gnomonic, from the mean direction of the stars; vectors have the axes of that
centre, carried along great circles. Of a region of more than some tens of degrees
polynomials are no good description.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from reseau._compiled import quick_jit
from reseau._usual import in_chunks
from reseau.constants import DEGREE, MILLIARCSECOND
from reseau.sky import tangent_basis, tangent_offset

from .stars import POSITIONS, Stars

POSITION, PARALLAX, MOTION = "position", "parallax", "motion"
KINDS = (POSITION, PARALLAX, MOTION)
FIRST = {POSITION: 0, PARALLAX: 2, MOTION: 3}
"""Where each begins among a star's parameters."""

_FIRST_DEGREE = {
    POSITION: ("rotation", "scale", "shear", "diagonal shear"),
    MOTION: ("spin", "expansion", "rate of shear", "rate of diagonal shear"),
}
_MEAN = {POSITION: "mean position", MOTION: "mean motion"}
_AXES = ("east", "north")


_offset = quick_jit(tangent_offset)
_basis = quick_jit(tangent_basis)


class Field(NamedTuple):
    """A field's name, of what it is one, its degree in the place, and its unit."""

    name: str
    kind: str
    degree: int
    unit: str


@dataclass(frozen=True)
class Frame:
    """Where places are from, and polynomials of them that are free of lower ones.

    Attributes
    ----------
    centre
        Unit vector, ICRS.
    epoch
        That motions turn about, Julian year TCB: of the catalogue.
    degree
        Of the polynomials.
    mixing
        Upper triangle with unit diagonal: powers of the place to polynomials whose mean
        over the stars is zero, those of second degree and more free of lower ones. So
        the mean of a field stays what it is whatever the degree.
    """

    centre: Float[np.ndarray, "3"]
    epoch: float
    degree: int
    mixing: Float[np.ndarray, "q q"]

    def place(self, direction: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 2"]:
        """Return places, towards East and North of the centre [deg]."""
        centre = np.broadcast_to(self.centre, direction.shape)
        return np.asarray(in_chunks(_offset, direction, centre)) / DEGREE

    def polynomials(self, place: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n q"]:
        """Return the polynomials at places [deg]."""
        return _powers(place, self.degree) @ self.mixing

    def axes(self, direction: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 2 2"]:
        """Return the centre's East and North, carried to directions.

        Returns
        -------
        Components towards East and North there, one axis a column.
        """
        there = np.stack(in_chunks(_basis, direction), axis=1)
        here = np.stack(in_chunks(_basis, self.centre[None]), axis=1)[0]
        along = direction @ here.T
        between = (self.centre + direction) / (1.0 + direction @ self.centre)[:, None]
        carried = here - along[:, :, None] * between[:, None, :]
        return there @ carried.transpose(0, 2, 1)


def frame_of(stars: Stars, degree: int) -> Frame:
    """Return the frame of some stars.

    Parameters
    ----------
    stars
        All alike count, for the centre and for what is free of what.
    degree
        Of the polynomials.
    """
    centre = np.mean(stars.direction, axis=0)
    centre = centre / np.linalg.norm(centre)
    full = stars.solved_for != POSITIONS
    epoch = float(np.median(stars.epoch[full] if full.any() else stars.epoch))
    plain = Frame(centre, epoch, degree, np.eye(len(_exponents(degree))))
    place = plain.place(stars.direction)
    return Frame(centre, epoch, degree, _mixing(place, degree))


def _exponents(degree: int) -> list[tuple[int, int]]:
    return [(d - j, j) for d in range(degree + 1) for j in range(d + 1)]


def _powers(place: np.ndarray, degree: int) -> Float[np.ndarray, "n q"]:
    x, y = place.T
    return np.stack([x**i * y**j for i, j in _exponents(degree)], axis=1)


def _mixing(place: np.ndarray, degree: int) -> Float[np.ndarray, "q q"]:
    """Return what frees powers of those of lower degree, not of each other."""
    powers = _powers(place, degree)
    total = np.array([i + j for i, j in _exponents(degree)])
    mixing = np.eye(total.size)
    for d in range(1, degree + 1):
        own, lower = np.flatnonzero(total == d), np.flatnonzero(total < d)
        found = np.linalg.lstsq(powers[:, lower], powers[:, own], rcond=None)[0]
        mixing[np.ix_(lower, own)] = -found
    return mixing


def named_fields(degree: int) -> list[Field]:
    """Return the fields to a degree, in the order of `components`.

    Parameters
    ----------
    degree
        Of the polynomials; at least 0.
    """
    return [field for kind in KINDS for field in _of_kind(kind, degree)]


def _of_kind(kind: str, degree: int) -> list[Field]:
    base = "mas/yr" if kind == MOTION else "mas"
    found = []
    for i, j in _exponents(degree):
        d = i + j
        unit = base + ("" if d == 0 else "/deg" if d == 1 else f"/deg^{d}")
        found += [Field(n, kind, d, unit) for n in _names(kind, i, j)]
    return found


def _names(kind: str, i: int, j: int) -> tuple[str, ...]:
    if kind == PARALLAX:
        if i + j == 0:
            return ("parallax zero point",)
        if i + j == 1:
            return (f"parallax gradient {_AXES[j]}",)
        return (f"parallax {_power(i, j)}",)
    if i + j == 0:
        return tuple(f"{_MEAN[kind]} {axis}" for axis in _AXES)
    if i + j == 1:
        return _FIRST_DEGREE[kind][2 * j : 2 * j + 2]
    return tuple(f"{kind} {axis}, {_power(i, j)}" for axis in _AXES)


def _power(i: int, j: int) -> str:
    parts = zip(_AXES, (i, j), strict=True)
    return " ".join(axis + (f"^{n}" if n > 1 else "") for axis, n in parts if n)


def components(
    frame: Frame, place: Float[np.ndarray, "n 2"]
) -> Float[np.ndarray, "n 5 m"]:
    """Return fields of unit amplitude in the axes of the centre.

    Parameters
    ----------
    frame
        Of the stars.
    place
        From its centre [deg].

    Returns
    -------
    Position (east, north), parallax and motion (east, north), for each field.
    """
    values = frame.polynomials(place)
    scalar = values[:, None, :]
    vector = _vectors(values)
    width = vector.shape[2]
    out = np.zeros((len(place), 5, 2 * width + scalar.shape[2]))
    out[:, 0:2, :width] = vector
    out[:, 2:3, width:-width] = scalar
    out[:, 3:5, -width:] = vector
    return out


def _vectors(values: Float[np.ndarray, "n q"]) -> Float[np.ndarray, "n 2 w"]:
    """Return vector fields: the means, those of first degree by name, then the rest."""
    n, q = values.shape
    out = np.zeros((n, 2, q, 2))
    out[:, 0, :, 0] = values
    out[:, 1, :, 1] = values
    if q > 1:
        x, y = values[:, 1], values[:, 2]
        # Rotation is positive from north to east, as position angles are.
        out[:, :, 1, 0] = np.stack([y, -x], axis=1)
        out[:, :, 1, 1] = np.stack([x, y], axis=1)
        out[:, :, 2, 0] = np.stack([x, -y], axis=1)
        out[:, :, 2, 1] = np.stack([y, x], axis=1)
    return out.reshape(n, 2, 2 * q)


def fields_of_stars(stars: Stars, frame: Frame) -> Float[np.ndarray, "n k m"]:
    """Return fields of unit amplitude as changes of the stars' parameters.

    Parameters
    ----------
    stars
        A star whose epoch is another than the frame's is moved by a field of motions
        meanwhile. A radial velocity is in no field.
    frame
        Of the stars.

    Returns
    -------
    Changes in radians and rad/yr, of amplitudes in mas, mas/yr and degrees.
    """
    found = components(frame, frame.place(stars.direction))
    axes = frame.axes(stars.direction)
    out = np.zeros((stars.n, stars.size, found.shape[2]))
    out[:, 0:2] = axes @ found[:, 0:2]
    out[:, 2] = found[:, 2]
    out[:, 3:5] = axes @ found[:, 3:5]
    out[:, 0:2] += (stars.epoch - frame.epoch)[:, None, None] * out[:, 3:5]
    return out * MILLIARCSECOND


__all__ = [
    "FIRST",
    "KINDS",
    "MOTION",
    "PARALLAX",
    "POSITION",
    "Field",
    "Frame",
    "components",
    "fields_of_stars",
    "frame_of",
    "named_fields",
]
