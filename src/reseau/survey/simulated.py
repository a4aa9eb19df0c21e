"""A simulated plate in memory, and the columns of its tables."""

from collections.abc import Mapping
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from reseau._compiled import quick_jit
from reseau._usual import in_chunks
from reseau.constants import DEGREE, SPEED_OF_LIGHT
from reseau.instrument import Instrument, camera_axes
from reseau.model import ExposureFrame, exposure_frame
from reseau.observers import Observer
from reseau.records import Surroundings
from reseau.sky import angles_from_direction

from .pointings import Pointings
from .stars import Columns


@dataclass(frozen=True)
class SimulatedPlate:
    """A dataset in memory, with what no solver may read.

    Attributes
    ----------
    name
        What it is called.
    exposures, measurements, reference
        Columns of the tables of a dataset, under the names and in the units of files.
    truth_sources, truth_exposures
        Columns of the tables of truth; `ra`, `dec` of sources are the geometric
        direction from the observer at the plate's epoch.
    instrument
        As drawn, with prior widths.
    truth_instrument
        As it was.
    effects
        What displaces the directions besides motion and parallax.
    deflectors
        Names of the bodies that deflect light.
    ephemeris
        Where these, and the Earth, were taken from.
    """

    name: str
    exposures: Mapping[str, np.ndarray]
    measurements: Mapping[str, np.ndarray]
    reference: Mapping[str, np.ndarray]
    truth_sources: Mapping[str, np.ndarray]
    truth_exposures: Mapping[str, np.ndarray]
    instrument: Instrument
    truth_instrument: Instrument
    effects: tuple[str, ...]
    deflectors: tuple[str, ...]
    ephemeris: str


def exposure_columns(
    pointings: Pointings,
    observer: Observer,
    plate: int = 0,
    first: int = 0,
    *,
    moving: bool,
) -> Columns:
    """Return the table of exposures, as the telescope reports them.

    Parameters
    ----------
    pointings, observer
        Of the exposures.
    plate
        Number of the plate.
    first
        Identifier of its first exposure.
    moving
        Whether the observer's velocity is told.
    """
    table = _identified(len(pointings.epoch), plate, first)
    table["field_id"] = pointings.field.astype(np.int32)
    table["epoch"] = pointings.epoch
    table |= _angles(pointings.estimate)
    for i, axis in enumerate("xyz"):
        table[f"obs_{axis}"] = observer.position[:, i]
    if moving:
        for i, axis in enumerate("xyz"):
            table[f"obs_v{axis}"] = observer.velocity[:, i] * SPEED_OF_LIGHT
    return table


def exposure_truth(
    pointings: Pointings,
    focal: Float[np.ndarray, "m 2"],
    plate: int = 0,
    first: int = 0,
) -> Columns:
    """Return the table of exposures as they were, with focal lengths [um] as mm."""
    table = _identified(len(pointings.epoch), plate, first)
    table |= _angles(pointings.attitude)
    table["focal_x_mm"], table["focal_y_mm"] = focal.T / 1000.0
    return table


def source_truth(
    stars: Mapping[str, np.ndarray],
    direction: Float[np.ndarray, "n 3"],
    wrong: Bool[np.ndarray, "n"],
    plate: int,
    ref_epoch: float,
) -> Columns:
    """Return the table of sources as they were.

    Parameters
    ----------
    stars
        Their barycentric parameters.
    direction
        From the observer at the plate's epoch.
    wrong
        Whose reference is wrong.
    plate
        Number of the plate.
    ref_epoch
        Of the parameters, Julian year, TCB.
    """
    ra, dec = in_chunks(_angles_of, direction)
    n = len(wrong)
    return {
        "source_id": stars["source_id"],
        "plate_id": np.full(n, plate, dtype=np.int32),
        "ra": ra / DEGREE,
        "dec": dec / DEGREE,
        "artificial": stars["artificial"],
        "wrong_prior": wrong,
        "phot_hw_mag": stars["phot_hw_mag"],
        "ref_epoch": np.full(n, ref_epoch),
        "barycentric_ra": stars["ra"],
        "barycentric_dec": stars["dec"],
        **{p: stars[p] for p in ("parallax", "pmra", "pmdec", "radial_velocity")},
    }


_angles_of = quick_jit(angles_from_direction)


@jax.jit
def true_frames(attitude: Array, focal: Array, around: Surroundings) -> ExposureFrame:
    """Return the frames of exposures as they were."""
    return exposure_frame(jnp.asarray(camera_axes(attitude)), focal, around)


def _identified(n: int, plate: int, first: int) -> Columns:
    return {
        "exposure_id": np.arange(first, first + n, dtype=np.int64),
        "plate_id": np.full(n, plate, dtype=np.int32),
    }


def _angles(attitude: np.ndarray) -> Columns:
    ra, dec, pa = attitude.T / DEGREE
    return {"ra": ra % 360.0, "dec": dec, "pa": pa % 360.0}


__all__ = [
    "SimulatedPlate",
    "exposure_columns",
    "exposure_truth",
    "source_truth",
    "true_frames",
]
