"""The way of one source over the sky, by its five parameters, and where plates saw it.

Offsets are from the source's place at the reference epoch. Between epochs the parallax
factors are those of the geocentre, where these agree with the plates' own.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from reseau._precision import in_double
from reseau.constants import DEGREE
from reseau.errors import CatalogueError, explain
from reseau.observers import states_of
from reseau.sky import direction_from_angles, parallax_factors

from .columns import JoinedColumns
from .epoch_residuals import (
    derivatives,
    position_covariance,
    rows_of_epochs,
    usable,
)

ALIKE = 0.02
"""Parallax factors this near to the geocentre's are drawn as the geocentre's [au]."""

CURVE = 1500
"""Times of the curve."""

MARGIN = 0.02
"""Of the span, by which the curve reaches beyond the epochs."""


@dataclass(frozen=True)
class SourcePath:
    """One source over time, in offsets (east, north) from its place at `ref_epoch`.

    Attributes
    ----------
    source_id
        Whose.
    ref_epoch
        [Julian year TCB]
    parallax, motion
        With their errors, each a pair or pairs: (ϖ, σ) [mas], ((μ, σ), (μ, σ))
        [mas/yr].
    epoch
        Of the plates [Julian year TCB].
    model, residual
        The catalogue's place of the source, and the plate's minus it [mas].
    covariance
        Of the plates' positions, calibration held [mas²].
    curve_epoch
        Times at which the way is known, empty where the observer is not.
    curve
        The way [mas].
    """

    source_id: int
    ref_epoch: float
    parallax: tuple[float, float]
    motion: tuple[tuple[float, float], tuple[float, float]]
    epoch: Float[np.ndarray, "m"]
    model: Float[np.ndarray, "m 2"]
    residual: Float[np.ndarray, "m 2"]
    covariance: Float[np.ndarray, "m 2 2"]
    curve_epoch: Float[np.ndarray, "c"]
    curve: Float[np.ndarray, "c 2"]

    def less_motion(
        self, epoch: Float[np.ndarray, "c"], place: Float[np.ndarray, "c 2"]
    ) -> Float[np.ndarray, "c 2"]:
        """Return places without the proper motion: what parallax does, and errors.

        Parameters
        ----------
        epoch, place
            Times, and offsets then [mas].
        """
        rate = np.array([self.motion[0][0], self.motion[1][0]])
        return place - (epoch - self.ref_epoch)[:, None] * rate


def clearest_source(given: JoinedColumns) -> int:
    """Return the source whose parallax is clearest of those on most plates.

    Parameters
    ----------
    given
        With epochs.
    """
    row, used = rows_of_epochs(given), usable(given)
    number = np.bincount(row[used], minlength=given.catalogue["source_id"].size)
    ratio = given.catalogue["parallax"] / given.catalogue["parallax_error"]
    often = number >= 0.8 * number.max()
    best = np.argmax(np.where(often & np.isfinite(ratio), ratio, -np.inf))
    return int(given.catalogue["source_id"][best])


@in_double
def source_path(given: JoinedColumns, source_id: int) -> SourcePath:
    """Return the way of one source, and where plates saw it.

    Parameters
    ----------
    given
        With epochs.
    source_id
        Of the source.

    Raises
    ------
    CatalogueError
        The catalogue lacks it, or has no more than its position.
    """
    row = given.row(source_id)
    columns = {name: values[row] for name, values in given.catalogue.items()}
    here = np.flatnonzero((rows_of_epochs(given) == row) & usable(given))
    if not here.size:
        raise _without_motion(source_id)
    epochs = {name: values[here] for name, values in (given.epochs or {}).items()}
    start = float(columns["ref_epoch"])
    five = np.array([0.0, 0.0, *(columns[n] for n in ("parallax", "pmra", "pmdec"))])
    time = np.asarray(epochs["epoch"], dtype=float)
    along = derivatives(epochs, time - start)
    place = np.array([columns["ra"], columns["dec"]], dtype=float)
    curve_epoch, curve = _curve(time, start, five, place, along)
    return SourcePath(
        source_id=source_id,
        ref_epoch=start,
        parallax=(float(five[2]), float(columns["parallax_error"])),
        motion=(
            (float(five[3]), float(columns["pmra_error"])),
            (float(five[4]), float(columns["pmdec_error"])),
        ),
        epoch=time,
        model=along @ five,
        residual=np.stack([epochs["dra"], epochs["ddec"]], axis=1),
        covariance=position_covariance(epochs),
        curve_epoch=curve_epoch,
        curve=curve,
    )


def _without_motion(source_id: int) -> CatalogueError:
    return CatalogueError(
        explain(
            given=f"source_id {source_id}, of which only a position is known",
            wanted="a source with parallax and motion, and plates that count",
            where="--source",
            todo="choose one with astrometric_params_solved of 31 or more",
        )
    )


def _curve(
    time: Float[np.ndarray, "m"],
    start: float,
    five: Float[np.ndarray, "5"],
    place: Float[np.ndarray, "2"],
    along: Float[np.ndarray, "m 2 5"],
) -> tuple[Float[np.ndarray, "c"], Float[np.ndarray, "c 2"]]:
    """Return the way between epochs; empty where factors are not the geocentre's."""
    if np.max(np.abs(_factors(time, place) - along[:, :, 2])) > ALIKE:
        return np.zeros(0), np.zeros((0, 2))
    margin = MARGIN * (np.ptp(time) or 1.0)
    many = np.linspace(time.min() - margin, time.max() + margin, CURVE)
    factors = _factors(many, place)
    return many, five[2] * factors + (many - start)[:, None] * five[3:]


def _factors(
    time: Float[np.ndarray, "m"], place: Float[np.ndarray, "2"]
) -> Float[np.ndarray, "m 2"]:
    direction = direction_from_angles(*(place * DEGREE))
    observer = states_of("geocentre", time).position
    return np.stack(
        [np.asarray(f) for f in parallax_factors(direction, observer)], axis=-1
    )


__all__ = ["SourcePath", "clearest_source", "source_path"]
