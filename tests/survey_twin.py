"""The pixels of a simulated plate, written out with NumPy, SciPy and ERFA alone.

From the tables of a plate, as a user reads them: stars' barycentric parameters, the
exposures' epochs and observers, their true pointings and focal lengths, and the camera
as built. Formulas are those of the files' conventions, none is the package's code.
"""

from typing import Any, NamedTuple

import erfa
import numpy as np
from scipy.special import eval_legendre

MAS = np.radians(1e-3 / 3600.0)
AU_PER_YEAR = 149_597_870.7 / (365.25 * 86_400.0)
"""One au per Julian year [km/s]."""

LIGHT_YEAR = 299_792.458 / AU_PER_YEAR
"""In au."""


class Pairs(NamedTuple):
    """Rows of the measurements' stars, exposures and detectors in their tables."""

    star: np.ndarray
    exposure: np.ndarray
    detector: np.ndarray


def pairs_of(plate: Any) -> Pairs:
    """Return what each measurement of a plate is of."""
    table = plate.measurements
    ids = np.array(plate.instrument.detectors.ids)
    return Pairs(
        np.searchsorted(plate.truth_sources["source_id"], table["source_id"]),
        np.searchsorted(plate.exposures["exposure_id"], table["exposure_id"]),
        np.searchsorted(ids, table["detector_id"]),
    )


def vectors(ra: np.ndarray, dec: np.ndarray) -> np.ndarray:
    """Return unit vectors of angles in degrees."""
    return erfa.s2c(np.radians(ra), np.radians(dec))


def unit(vector: np.ndarray) -> np.ndarray:
    """Return vectors of length one."""
    return vector / np.linalg.norm(vector, axis=-1, keepdims=True)


def columns(table: Any, names: str) -> np.ndarray:
    """Return some columns side by side."""
    return np.stack([np.asarray(table[name]) for name in names.split()], axis=-1)


def geometric(plate: Any, pairs: Pairs, *, held: bool) -> np.ndarray:
    """Return directions from the observer: space motion, Roemer's delay, parallax."""
    truth = {name: v[pairs.star] for name, v in plate.truth_sources.items()}
    epoch, place = (
        plate.exposures["epoch"],
        columns(plate.exposures, "obs_x obs_y obs_z"),
    )
    if held:
        epoch = np.full_like(epoch, epoch.mean())
        place = np.tile(place.mean(axis=0), (len(epoch), 1))
    epoch, place = epoch[pairs.exposure], place[pairs.exposure]
    start = vectors(truth["barycentric_ra"], truth["barycentric_dec"])
    ra = np.radians(truth["barycentric_ra"])
    zero = np.zeros_like(ra)
    east = np.stack([-np.sin(ra), np.cos(ra), zero], axis=-1)
    north = np.cross(start, east)
    motion = MAS * (truth["pmra"][:, None] * east + truth["pmdec"][:, None] * north)
    parallax = MAS * truth["parallax"]
    away = truth["radial_velocity"] * parallax / AU_PER_YEAR
    delay = np.sum(start * place, axis=-1) / LIGHT_YEAR
    time = (epoch - truth["ref_epoch"] + delay)[:, None]
    star = start * (1.0 + away[:, None] * time) + motion * time
    return unit(star - parallax[:, None] * place)


def from_sun(plate: Any) -> np.ndarray:
    """Return vectors from the Sun to each observer [au], of ERFA's series."""
    epoch = plate.exposures["epoch"]
    days = (epoch - 2000.0) * 365.25
    tdb = erfa.tcbtdb(2_451_545.0, days)
    helio, bary = erfa.epv00(*tdb)
    sun = bary["p"] - helio["p"]
    return columns(plate.exposures, "obs_x obs_y obs_z") - sun


def apparent(plate: Any, direction: np.ndarray, exposure: np.ndarray) -> np.ndarray:
    """Return directions bent by the Sun and aberrated, as far as the plate has it."""
    away = from_sun(plate)
    distance = np.linalg.norm(away, axis=-1)
    if "deflection" in plate.effects:
        direction = erfa.ldsun(direction, unit(away)[exposure], distance[exposure])
    if "aberration" in plate.effects:
        velocity = columns(plate.exposures, "obs_vx obs_vy obs_vz") / 299_792.458
        root = np.sqrt(1.0 - np.sum(velocity**2, axis=-1))
        direction = erfa.ab(
            direction, velocity[exposure], distance[exposure], root[exposure]
        )
    return direction


def undistorted(plate: Any, seen: np.ndarray, exposure: np.ndarray) -> np.ndarray:
    """Return positions in the plane without distortion [um]: gnomonic, mirrored."""
    truth = {name: v[exposure] for name, v in plate.truth_exposures.items()}
    ra, dec, pa = (np.radians(truth[name]) for name in ("ra", "dec", "pa"))
    axis = erfa.s2c(ra, dec)
    east = np.stack([-np.sin(ra), np.cos(ra), np.zeros_like(ra)], axis=-1)
    north = np.cross(axis, east)
    depth = np.sum(seen * axis, axis=-1)
    xi, eta = (
        np.sum(seen * east, axis=-1) / depth,
        np.sum(seen * north, axis=-1) / depth,
    )
    x = 1e3 * truth["focal_x_mm"] * (xi * np.cos(pa) - eta * np.sin(pa))
    y = 1e3 * truth["focal_y_mm"] * (xi * np.sin(pa) + eta * np.cos(pa))
    return np.stack([plate.instrument.parity * x, y], axis=-1)


def legendre(terms: Any, coefficients: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Return sums of P_k(x) P_l(y), x and y in units of the normalisation.

    Parameters
    ----------
    terms
        Pairs (k, l).
    coefficients
        Of x and of y, last axes (2, terms); of each place, or of all.
    place
        Where, last axis x and y.
    """
    x, y = place.T
    basis = np.stack([eval_legendre(k, x) * eval_legendre(m, y) for k, m in terms], -1)
    return np.sum(coefficients * basis[:, None, :], axis=-1)


def distorted(
    plate: Any, plane: np.ndarray, coefficients: np.ndarray | None = None
) -> np.ndarray:
    """Return positions after skew and distortion [um].

    Parameters
    ----------
    plate, plane
        The plate, and positions without distortion [um].
    coefficients
        As of `legendre`; None: those of the true instrument.
    """
    camera = plate.truth_instrument
    model = camera.distortion
    if coefficients is None:
        coefficients = np.asarray(camera.coefficients).reshape(2, -1)
    skewed = plane + np.stack(
        [float(camera.skew) * plane[:, 1], np.zeros(len(plane))], axis=-1
    )
    return skewed + legendre(
        model.terms, coefficients, skewed / float(model.normalisation)
    )


def detected(
    plate: Any,
    plane: np.ndarray,
    detector: np.ndarray,
    shift: np.ndarray | float = 0.0,
) -> np.ndarray:
    """Return pixels of positions in the plane [um].

    Parameters
    ----------
    plate, plane, detector
        The plate, positions, and rows of the detectors that they fall on.
    shift
        What detectors have moved: x, y [um] and angle [rad] of each position.
    """
    there = plate.truth_instrument.detectors
    moved = np.zeros((len(plane), 3)) + shift
    dx, dy = (plane - there.centre[detector] - moved[:, :2]).T
    angle = there.theta[detector] + moved[:, 2]
    cos, sin = np.cos(angle), np.sin(angle)
    turned = np.stack([cos * dx + sin * dy, cos * dy - sin * dx], axis=-1)
    middle = 0.5 * (np.asarray(there.naxis)[detector] - 1.0)
    return turned / np.asarray(there.pitch)[detector] + middle


def measured(plate: Any) -> np.ndarray:
    """Return the measured pixels."""
    return columns(plate.measurements, "x y")


def plane_of(plate: Any, *, held: bool = True) -> tuple[np.ndarray, Pairs]:
    """Return where measured stars fall in the plane without distortion [um]."""
    pairs = pairs_of(plate)
    seen = apparent(plate, geometric(plate, pairs, held=held), pairs.exposure)
    return undistorted(plate, seen, pairs.exposure), pairs


def pixels_of(plate: Any, *, held: bool = True) -> np.ndarray:
    """Return the pixels on which the measured stars fall, of a steady camera."""
    plane, pairs = plane_of(plate, held=held)
    return detected(plate, distorted(plate, plane), pairs.detector)


__all__ = [
    "MAS",
    "Pairs",
    "apparent",
    "columns",
    "detected",
    "distorted",
    "geometric",
    "legendre",
    "measured",
    "pairs_of",
    "pixels_of",
    "plane_of",
    "undistorted",
    "unit",
    "vectors",
]
