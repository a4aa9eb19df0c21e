"""An astrometric orbit with all its parameters, errors and significance."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.stats import chi2 as chi2_distribution

from reseau.motions.epoch_astrometry import EpochAstrometry

from .basis import UNITS
from .campbell import CampbellElements, campbell
from .goodness import goodness_of_fit
from .kepler import orbit_position, position_and_slopes
from .orbit_refinement import OrbitShape, refine
from .orbit_search import best_orbit
from .orbit_trials import Periodogram, periodogram
from .single_source import SingleSource

CONSTANTS = ("a_thiele_innes", "b_thiele_innes", "f_thiele_innes", "g_thiele_innes")
SHAPE = ("period", "eccentricity", "t_periastron")
ORBIT = (*CONSTANTS, *SHAPE)
"""Parameters of an orbit, by Gaia's names."""

DAYS_PER_YEAR = 365.25

ORBIT_UNITS = {
    **UNITS,
    **dict.fromkeys(CONSTANTS, "mas"),
    "period": "d",
    "eccentricity": "",
    "t_periastron": "d",
    "center_of_mass_velocity": "km / s",
    "semi_amplitude_primary": "km / s",
}


@dataclass(frozen=True, eq=False)
class OrbitFit:
    """Straight motion and an orbit, fitted together.

    Attributes
    ----------
    names
        Of the linear model's parameters, then `ORBIT`, then of velocities.
    value, covariance
        In the units of `ORBIT_UNITS`; t_periastron counts from the reference epoch.
    chi2, degrees
        Of all rows and velocities.
    gain
        By how much χ² falls below that of the linear model.
    false_alarm
        Chance that a source without an orbit gains as much at any of the periods that
        were tried; never more than this.
    residual
        Of the rows [mas].
    elements
        Campbell's: size [mas], inclination, periastron and node [rad].
    shape
        Period and phase as they were found.
    grid
        What circular orbits gain.
    """

    names: tuple[str, ...]
    value: Float[np.ndarray, "p"]
    covariance: Float[np.ndarray, "p p"]
    chi2: float
    degrees: int
    gain: float
    false_alarm: float
    residual: Float[np.ndarray, "n"]
    elements: CampbellElements
    shape: OrbitShape
    grid: Periodogram

    @property
    def goodness(self) -> float:
        """Return F2."""
        return float(goodness_of_fit(np.array(self.chi2), np.array(self.degrees)))

    @property
    def error(self) -> Float[np.ndarray, "p"]:
        """Return 1σ of the parameters."""
        return np.sqrt(np.diagonal(self.covariance))

    def __getitem__(self, name: str) -> float:
        """Return the value of a parameter."""
        return float(self.value[self.names.index(name)])


def fit_orbit(
    source: SingleSource,
    *,
    shortest: float | None = None,
    before: "OrbitFit | None" = None,
) -> OrbitFit:
    """Find the orbit of a source.

    Parameters
    ----------
    source
        One source; with velocities, its orbit is searched for in both.
    shortest
        Shortest period of the search [Julian year].
    before
        A fit with nearly the same errors, from which to begin; None: search.
    """
    if before is None:
        grid = periodogram(source if source.coarse is None else source.coarse, shortest)
        shape = best_orbit(source, grid)
    else:
        grid, shape = before.grid, refine(source, before.shape)
    columns, value = solved_orbit(source, shape)
    white = source.white.apply(columns)
    covariance = inverse_normal(white)
    residual = (
        source.astrometry.value - columns[:, : -len(SHAPE)] @ value[: -len(SHAPE)]
    )
    chi2 = float(np.sum(source.white.apply(residual) ** 2))
    at = len(source.names)
    block = slice(at, at + 4)
    gain = source.eliminated.chi2 - chi2
    return OrbitFit(
        names=(*source.names, *ORBIT),
        value=value,
        covariance=covariance,
        chi2=chi2,
        degrees=int(source.astrometry.n_used[0])
        - source.eliminated.basis.shape[1]
        - len(ORBIT),
        gain=gain,
        false_alarm=false_alarm(max(shape.gain, gain), len(grid.frequency), 7),
        residual=residual,
        elements=campbell(value[block], covariance[block, block]),
        shape=shape,
        grid=grid,
    )


def false_alarm(gain: float, trials: int, parameters: int) -> float:
    """Return a bound of the chance of a gain at any of several trials.

    Parameters
    ----------
    gain
        By how much χ² falls.
    trials
        How many were made; each is taken as if it were independent.
    parameters
        That an orbit adds.
    """
    return float(min(trials * chi2_distribution.sf(gain, parameters), 1.0))


def solved_orbit(
    source: SingleSource,
    shape: OrbitShape,
) -> tuple[Float[np.ndarray, "n q"], Float[np.ndarray, "q"]]:
    """Return derivatives of the rows by all parameters, and the parameters.

    Parameters
    ----------
    source
        One source.
    shape
        For which the linear parameters are solved; derivatives are analytic.
    """
    astrometry = source.astrometry
    rate = 2.0 * np.pi / shape.period
    anomaly = rate * (astrometry.epoch - source.middle) + shape.phase
    place, by_mean, by_eccentricity = position_and_slopes(
        anomaly, np.array(shape.eccentricity)
    )
    columns = np.concatenate([source.columns, _along(astrometry, place)], axis=1)
    white = source.white.apply(columns)
    scale = np.linalg.norm(white, axis=0)
    scale = np.where(scale > 0.0, scale, 1.0)
    target = source.white.apply(astrometry.value)
    solution = np.linalg.lstsq(white / scale, target, rcond=1e-12)[0] / scale
    constants = solution[-4:]
    # Periastron nearest to the middle of the data.
    turn = (shape.phase + np.pi) % (2.0 * np.pi) - np.pi
    periastron = source.middle - turn / rate
    mean = _along(astrometry, by_mean) @ constants
    elapsed = astrometry.epoch - periastron
    by_period = -mean * rate * elapsed / shape.period / DAYS_PER_YEAR
    by_periastron = -mean * rate / DAYS_PER_YEAR
    flattened = _along(astrometry, by_eccentricity) @ constants
    more = np.stack([by_period, flattened, by_periastron], axis=-1)
    days = DAYS_PER_YEAR
    tail = [shape.period * days, shape.eccentricity, periastron * days]
    return np.concatenate([columns, more], axis=1), np.append(solution, tail)


def _along(
    astrometry: EpochAstrometry, pair: tuple[np.ndarray, np.ndarray]
) -> Float[np.ndarray, "n 4"]:
    """Return the parts of A, B, F and G in the rows, for a pair like X and Y."""
    east, north = astrometry.direction.T
    x, y = pair
    return np.stack([north * x, east * x, north * y, east * y], axis=-1)


def orbit_design(source: SingleSource, shape: OrbitShape) -> Float[np.ndarray, "n q"]:
    """Return the derivatives of the rows by the linear model and A, B, F and G.

    Parameters
    ----------
    source
        One source.
    shape
        Of the orbit.
    """
    time = source.astrometry.epoch - source.middle
    anomaly = 2.0 * np.pi * time / shape.period + shape.phase
    place = orbit_position(anomaly, np.array(shape.eccentricity))
    return np.concatenate([source.columns, _along(source.astrometry, place)], axis=1)


def inverse_normal(white: Float[np.ndarray, "n q"]) -> Float[np.ndarray, "q q"]:
    """Return the inverse of the normal matrix, zero where a column is zero.

    Parameters
    ----------
    white
        Derivatives of whitened rows. Combinations that they do not determine are left
        out, as if they were known.
    """
    there = np.linalg.norm(white, axis=0) > 0.0
    size = np.linalg.norm(white, axis=0)
    scale = np.where(size > 0.0, size, 1.0)
    _, singular, right = np.linalg.svd(white / scale, full_matrices=False)
    keep = singular > 1e-10 * singular[0]
    root = right[keep].T / singular[keep]
    found = root @ root.T / scale[:, None] / scale
    return np.where(there[:, None] & there, found, 0.0)


__all__ = [
    "CONSTANTS",
    "ORBIT",
    "ORBIT_UNITS",
    "SHAPE",
    "OrbitFit",
    "false_alarm",
    "fit_orbit",
    "inverse_normal",
    "orbit_design",
    "solved_orbit",
]
