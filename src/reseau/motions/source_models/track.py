"""Where a model has a source on the sky, at any time."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from reseau.motions.epoch_positions import factors_at

from .basis import acceleration_basis
from .kepler import orbit_position
from .orbit import CONSTANTS, DAYS_PER_YEAR
from .solution import SourceSolution

Places = Float[np.ndarray, "k 2"]


@dataclass(frozen=True, eq=False)
class Track:
    """Displacements towards East and North at some times.

    Attributes
    ----------
    epoch
        From the reference epoch [Julian year].
    straight
        Position and motion [mas].
    parallactic
        Parallax; None: where the source is, and with it the factors, is not known.
    beyond
        What is not in five parameters.
    """

    epoch: Float[np.ndarray, "k"]
    straight: Places
    parallactic: Places | None
    beyond: Places


def track_of(
    solution: SourceSolution,
    epoch: Float[np.ndarray, "k"],
    observer: str = "geocentre",
) -> Track:
    """Return where a model has its source.

    Parameters
    ----------
    solution
        Of the source.
    epoch
        From the reference epoch [Julian year].
    observer
        Who sees it.
    """
    straight = np.stack(
        [
            solution["ra"] + solution["pmra"] * epoch,
            solution["dec"] + solution["pmdec"] * epoch,
        ],
        axis=1,
    )
    place = solution.astrometry.position[0]
    parallactic = None
    if np.isfinite(place).all():
        times = epoch + solution.astrometry.reference_epoch
        parallactic = solution["parallax"] * factors_at(times, place, observer)
    return Track(epoch, straight, parallactic, beyond_five(solution, epoch))


def beyond_five(solution: SourceSolution, epoch: Float[np.ndarray, "k"]) -> Places:
    """Return the displacement by what is not in five parameters [mas].

    Parameters
    ----------
    solution
        Of a source.
    epoch
        From the reference epoch [Julian year].
    """
    found = np.zeros((len(epoch), 2))
    names = solution.names
    basis = acceleration_basis(solution.astrometry)
    if "accel_ra" in names:
        half = 0.5 * (epoch**2 - basis.quadratic[0])
        pair = np.array([solution["accel_ra"], solution["accel_dec"]])
        found = found + half[:, None] * pair
    if "deriv_accel_ra" in names:
        sixth = (epoch**2 - basis.cubic[0]) * epoch / 6.0
        pair = np.array([solution["deriv_accel_ra"], solution["deriv_accel_dec"]])
        found = found + sixth[:, None] * pair
    if "period" in names:
        found = found + _orbit(solution, epoch)
    if "einstein_time" in names:
        found = found + _lens(solution, epoch)
    return found


def _orbit(solution: SourceSolution, epoch: Float[np.ndarray, "k"]) -> Places:
    since = epoch * DAYS_PER_YEAR - solution["t_periastron"]
    anomaly = 2.0 * np.pi * since / solution["period"]
    x, y = orbit_position(anomaly, np.array(solution["eccentricity"]))
    a, b, f, g = (solution[name] for name in CONSTANTS)
    return np.stack([b * x + g * y, a * x + f * y], axis=1)


def _lens(solution: SourceSolution, epoch: Float[np.ndarray, "k"]) -> Places:
    since = epoch * DAYS_PER_YEAR - solution["t_closest"]
    along = since / solution["einstein_time"]
    across = solution["impact_parameter"]
    depth = along**2 + across**2 + 2.0
    turn = np.deg2rad(solution["direction"])
    east = along * np.sin(turn) + across * np.cos(turn)
    north = along * np.cos(turn) - across * np.sin(turn)
    return (
        solution["einstein_radius"] * np.stack([east, north], axis=1) / depth[:, None]
    )


__all__ = ["Track", "beyond_five", "track_of"]
