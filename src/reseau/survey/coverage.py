"""How often each place of the sky is exposed: visits, exposures, and their map.

A star is seen on an exposure if it falls on a detector. Exposures of a field are
dithered, so its *share* is the part of them that see it: the integral of the dither's
normal distribution over the detectors, as they stand around the field's middle. Means
are exact that way, without drawing millions of exposures. Left out are the jitter of
the roll, and what distortion moves the edges of detectors by.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.special import ndtr

from reseau.constants import DEGREE, MILLIARCSECOND
from reseau.instrument import Instrument

from .schedule import SurveyPlan, in_icrs, intended_angles
from .selection import unit_vectors

PAIRS = 2_000_000
"""Pairs of a place and a pointing that are looked at together."""

TAILS = 5.0
"""How many σ of the dither are followed."""

HIDDEN = 0.25
"""How many σ of the dither a rounded roll may move a corner of the field by."""

FINEST = 0.01
"""Least step of a map [deg]."""

MOST_STEPS = 300
"""Steps of a map along an axis."""


class Footprints(NamedTuple):
    """The distinct pointings of a survey's fields.

    Attributes
    ----------
    axes
        Unit vectors that X, Y and the axis of the camera point to, ICRS; a row each.
    which
        Row of each field, of each plate.
    """

    axes: Float[np.ndarray, "u 3 3"]
    which: Int[np.ndarray, "p f"]

    @property
    def fields(self) -> Int[np.ndarray, "u"]:
        """Return how many fields have each pointing."""
        return np.bincount(self.which.ravel(), minlength=len(self.axes))


class Coverage(NamedTuple):
    """How often places are exposed in a survey.

    Attributes
    ----------
    exposures
        Mean number of exposures that see each.
    visits
        Number of fields half of whose exposures, or more, see it.
    """

    exposures: Float[np.ndarray, "n"]
    visits: Int[np.ndarray, "n"]


class ExposureMap(NamedTuple):
    """Exposures and visits on a grid in the region's frame, around all fields.

    Attributes
    ----------
    longitude, latitude
        Middles of the grid's cells [deg].
    exposures, visits
        As in `Coverage`.
    area
        Of the cells [deg²].
    inside
        Which cells have their middle in the region.
    """

    longitude: Float[np.ndarray, "x"]
    latitude: Float[np.ndarray, "y"]
    exposures: Float[np.ndarray, "x y"]
    visits: Int[np.ndarray, "x y"]
    area: Float[np.ndarray, "x y"]
    inside: Bool[np.ndarray, "x y"]


def places(
    frame: str, longitude: Float[np.ndarray, "n"], latitude: Float[np.ndarray, "n"]
) -> Float[np.ndarray, "n 3"]:
    """Return unit vectors, ICRS, of places in a region's frame [rad]."""
    ra, dec = in_icrs(frame, longitude, latitude)
    return unit_vectors(ra / DEGREE, dec / DEGREE)


def footprints(plan: SurveyPlan, instrument: Instrument) -> Footprints:
    """Return the distinct pointings of a survey's fields.

    Parameters
    ----------
    plan
        Of the survey.
    instrument
        Whose axes.
    """
    longitude, latitude = plan.field[..., 0].ravel(), plan.field[..., 1].ravel()
    epoch = np.repeat(plan.middle, plan.field.shape[1])
    angle = intended_angles(plan, epoch, longitude, latitude)
    # Angles that the dither hides are one, and what is meant to be the same place is.
    steps = np.array([1e-9, 1e-9, max(1e-9, HIDDEN * _blur(plan) / _reach(instrument))])
    rows = np.round(np.stack([longitude, latitude, angle], axis=-1) / steps)
    distinct, which = np.unique(rows, axis=0, return_inverse=True)
    distinct = distinct * steps
    ra, dec = in_icrs(plan.region.frame, distinct[:, 0], distinct[:, 1])
    axis = unit_vectors(ra / DEGREE, dec / DEGREE)
    east = np.stack([-np.sin(ra), np.cos(ra), np.zeros_like(ra)], axis=-1)
    north = np.cross(axis, east)
    cos, sin = np.cos(distinct[:, 2, None]), np.sin(distinct[:, 2, None])
    axes = np.stack(
        [
            instrument.parity * (cos * east - sin * north),
            sin * east + cos * north,
            axis,
        ],
        axis=1,
    )
    return Footprints(axes, which.reshape(plan.field.shape[:2]))


def coverage(
    plan: SurveyPlan, instrument: Instrument, direction: Float[np.ndarray, "n 3"]
) -> Coverage:
    """Return how often places are exposed.

    Parameters
    ----------
    plan
        Of the survey.
    instrument
        With whose detectors.
    direction
        Unit vectors, ICRS; of stars, at the survey's epoch.
    """
    prints = footprints(plan, instrument)
    count, n = prints.fields, len(direction)
    seen, visits = np.zeros(n), np.zeros(n)
    for place, pointing, share in _shares(plan, instrument, direction, prints):
        seen += np.bincount(place, share * count[pointing], n)
        visits += np.bincount(place, (share >= 0.5) * count[pointing], n)
    return Coverage(plan.exposures * seen, visits.astype(int))


def shares_of(
    plan: SurveyPlan, instrument: Instrument, direction: Float[np.ndarray, "3"]
) -> Float[np.ndarray, "p f"]:
    """Return which part of the exposures of each field sees a place.

    Parameters
    ----------
    plan
        Of the survey.
    instrument
        With whose detectors.
    direction
        Of the place, a unit vector, ICRS.
    """
    prints = footprints(plan, instrument)
    found = np.zeros(len(prints.axes))
    for _, pointing, share in _shares(plan, instrument, direction[None], prints):
        found[pointing] = share
    return found[prints.which]


def _shares(
    plan: SurveyPlan,
    instrument: Instrument,
    direction: np.ndarray,
    prints: Footprints,
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield rows of places and of pointings near to each other, and their shares."""
    blur = _blur(plan)
    far = np.cos(min(_reach(instrument) + TAILS * blur, 0.5 * np.pi))
    step = max(PAIRS // len(prints.axes), 1)
    for first in range(0, len(direction), step):
        part = direction[first : first + step]
        place, pointing = np.nonzero(part @ prints.axes[:, 2].T > far)
        inside = np.einsum("kij,kj->ki", prints.axes[pointing], part[place])
        plane = inside[:, :2] / inside[:, 2:] * np.asarray(instrument.focal)
        share = _on_detectors(
            plane, instrument, blur * float(np.mean(instrument.focal))
        )
        yield place + first, pointing, share


def _reach(instrument: Instrument) -> float:
    """Return the angle from the axis to a corner of the field [rad]."""
    half = instrument.detectors.half_side / np.min(np.asarray(instrument.focal))
    return float(np.arctan(np.sqrt(2.0) * half))


def _blur(plan: SurveyPlan) -> float:
    """Return 1σ of exposures' offsets from their field's middle, a direction [rad]."""
    schedule = plan.schedule
    return float(np.hypot(schedule.dither * DEGREE, schedule.jitter * MILLIARCSECOND))


def _on_detectors(
    plane: Float[np.ndarray, "k 2"], instrument: Instrument, sigma: float
) -> Float[np.ndarray, "k"]:
    """Return the probability that a place in the focal plane is on a detector.

    `plane` is where it is in the mean, and `sigma` how far it scatters [um].
    """
    detectors = instrument.detectors
    half = 0.5 * np.asarray(detectors.naxis) * np.asarray(detectors.pitch)
    total = np.zeros(len(plane))
    for centre, theta, size in zip(
        np.asarray(detectors.centre), np.asarray(detectors.theta), half, strict=True
    ):
        off = plane - centre
        cos, sin = np.cos(theta), np.sin(theta)
        turned = np.stack(
            [cos * off[:, 0] + sin * off[:, 1], cos * off[:, 1] - sin * off[:, 0]],
            axis=-1,
        )
        # The least width makes a step of the limit without dither.
        width = max(sigma, 1e-6)
        part = ndtr((size - turned) / width) - ndtr((-size - turned) / width)
        total += part[:, 0] * part[:, 1]
    return total


def exposure_map(plan: SurveyPlan, instrument: Instrument) -> ExposureMap:
    """Return the exposures on a grid around all fields of a survey.

    Over the map, the sum of exposures times area is the number of all exposures times
    the area of the detectors.

    Parameters
    ----------
    plan
        Of the survey.
    instrument
        With whose detectors.
    """
    margin = _reach(instrument) + TAILS * _blur(plan)
    latitude, height = _axis(plan.field[..., 1], margin)
    narrow = np.cos(np.max(np.abs(plan.field[..., 1])))
    longitude, width = _axis(plan.field[..., 0], margin / narrow)
    x, y = np.meshgrid(longitude, latitude, indexing="ij")
    direction = places(plan.region.frame, x.ravel(), y.ravel())
    found = coverage(plan, instrument, direction)
    region = plan.region
    inside = (x >= region.west * DEGREE) & (x <= region.east * DEGREE)
    inside &= (y >= region.south * DEGREE) & (y <= region.north * DEGREE)
    return ExposureMap(
        longitude=longitude / DEGREE,
        latitude=latitude / DEGREE,
        exposures=found.exposures.reshape(x.shape),
        visits=found.visits.reshape(x.shape),
        area=np.cos(y) * width * height / DEGREE**2,
        inside=inside,
    )


def _axis(middle: np.ndarray, margin: float) -> tuple[np.ndarray, float]:
    """Return the middles of cells along an axis, and their width [rad]."""
    low, high = float(middle.min()) - margin, float(middle.max()) + margin
    n = int(np.clip(np.ceil((high - low) / (FINEST * DEGREE)), 1, MOST_STEPS))
    width = (high - low) / n
    return low + (np.arange(n) + 0.5) * width, width


def detector_area(instrument: Instrument) -> float:
    """Return the solid angle of all detectors together, at the axis' scale [deg²]."""
    size = np.asarray(instrument.detectors.naxis) * np.asarray(
        instrument.detectors.pitch
    )
    return float(
        np.sum(np.prod(size / np.asarray(instrument.focal), axis=-1)) / DEGREE**2
    )


__all__ = [
    "Coverage",
    "ExposureMap",
    "Footprints",
    "coverage",
    "detector_area",
    "exposure_map",
    "footprints",
    "places",
    "shares_of",
]
