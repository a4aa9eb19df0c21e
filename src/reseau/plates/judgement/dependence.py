"""Whether residuals depend on what the model lacks: colour, magnitude, time, row.

Whitened residuals r are compared with a few regressors G of each covariate: what a
declared term of low degree would do. Under noise alone r is what a fit has left,
``(1 − H)ε``, so that ``rᵀG (GᵀG)⁻¹ Gᵀr`` is at most χ² of as many degrees of freedom as
G has columns, whatever the fit took of them. It is taken in units of the residuals' own
mean square, so that errors stated too small are no dependence; and once more with the
scatter of the sums from star to star (White's covariance, by stars), so that wrong
positions of a few stars are none either. The larger of the two probabilities counts.

References
----------
White 1980, Econometrica 48, 817; Liang & Zeger 1986, Biometrika 73, 13 (by groups).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy import special, stats

ALARM = 0.004
"""Probability of a false alarm of all covariates together."""

FEWEST = 100
"""Degrees of freedom, and stars, below which nothing is said."""

MOST = 3
"""Dependences that are told, the strongest first."""


class Left(NamedTuple):
    """What a fit has left of the measurements, and how shifts would show in it.

    Attributes
    ----------
    along
        Whitened residual times the whitened effect of a shift along X and along Y, in
        the plane [1/um] and along the detector's axes [1/pixel].
    weight
        Of these effects xx, xy and yy: their products.
    place
        X/s, Y/s in the plane.
    source
        Row of the star.
    square, dof
        Sum of the squared residuals, and its degrees of freedom.
    """

    along: Mapping[str, Float[np.ndarray, "2 m"]]
    weight: Mapping[str, Float[np.ndarray, "3 m"]]
    place: Float[np.ndarray, "2 m"]
    source: Int[np.ndarray, "m"]
    square: float
    dof: float


@dataclass(frozen=True)
class Dependence:
    """Residuals that depend on a covariate.

    Attributes
    ----------
    covariate
        As a declared term calls it.
    frame
        "plane" or "pixel".
    log_probability
        Natural logarithm of the probability that noise does as much, of one trial.
    size
        Root mean square shift by a unit of the covariate [um or pixel].
    """

    covariate: str
    frame: str
    log_probability: float
    size: float

    @property
    def sigmas(self) -> float:
        """Deviation of a Normal variable that is as rare."""
        return float(-special.ndtri_exp(self.log_probability - np.log(2.0)))


def effects_in(
    residual: Float[np.ndarray, "m 2"],
    whitening: Float[np.ndarray, "3 m"],
    matrix: Float[np.ndarray, "m 2 2"],
) -> tuple[Float[np.ndarray, "2 m"], Float[np.ndarray, "3 m"]]:
    """Return what `Left` holds of one frame.

    Parameters
    ----------
    residual
        Whitened.
    whitening
        Entries 11, 21, 22 of the factor that whitens pixels.
    matrix
        Derivatives of pixels by shifts.
    """
    first = whitening[0] * matrix[:, 0].T
    second = whitening[1] * matrix[:, 0].T + whitening[2] * matrix[:, 1].T
    along = first * residual[:, 0] + second * residual[:, 1]
    x, y = np.stack([first[0], second[0]]), np.stack([first[1], second[1]])
    return along, np.stack([np.sum(p, axis=0) for p in (x * x, x * y, y * y)])


TRIED = {
    "colour": ("plane", 0, 1),
    "magnitude": ("plane", 0, 1),
    "time": ("plane", 2, 2),
    "row": ("pixel", 0, 0),
    "column": ("pixel", 0, 0),
    "magnitude*row": ("pixel", 0, 0),
    "magnitude*column": ("pixel", 0, 0),
}
"""Frame, lowest and highest degree in which each covariate is tried.

What attitudes, scales and detectors take up is left out.
"""

LIMIT = float(np.log(ALARM / len(TRIED)))
"""Logarithm of the probability of chance at which a dependence is told."""

BENT = ("row", "column")
"""Covariates that are tried with their square too: detectors take up what is linear."""


def find_dependences(
    left: Left, covariates: Mapping[str, Float[np.ndarray, "m"]]
) -> list[Dependence]:
    """Return on what residuals depend, the strongest first.

    Each is taken out before the next is looked for: colour and magnitude go together.
    Of covariates with a common factor only the strongest is told.

    Parameters
    ----------
    left
        Of a fit.
    covariates
        Known ones, zero mean, zero where they are not known.
    """
    tried = {name: u for name, u in covariates.items() if name in TRIED and np.any(u)}
    if not (left.dof >= FEWEST and tried):
        return []
    found: list[Dependence] = []
    taken: dict[str, list[np.ndarray]] = {"plane": [], "pixel": []}
    while len(found) < MOST:
        best, columns = _strongest(left, tried, taken)
        if best is None or best.log_probability > LIMIT:
            break
        found.append(best)
        taken[best.frame] += columns
        # What a fit has spread of one effect looks like others of the same kind.
        mine = {*best.covariate.split("*")}
        tried = {n: u for n, u in tried.items() if not mine & {*n.split("*")}}
    return found


def _columns(left: Left, name: str, u: np.ndarray) -> list[np.ndarray]:
    """Return the covariate times the functions of the place that are tried."""
    _, lowest, highest = TRIED[name]
    x, y = left.place
    powers = [
        x ** (total - m) * y**m
        for total in range(lowest, highest + 1)
        for m in range(total + 1)
    ]
    columns = [u * p for p in powers]
    if name in BENT:
        columns.append(1.5 * u**2 - 0.5)
    return columns


def _strongest(
    left: Left,
    tried: Mapping[str, np.ndarray],
    taken: Mapping[str, list[np.ndarray]],
) -> tuple[Dependence | None, list[np.ndarray]]:
    best: Dependence | None = None
    of_best: list[np.ndarray] = []
    for name, u in tried.items():
        frame, columns = TRIED[name][0], _columns(left, name, u)
        judged = _judged(left, frame, columns, taken[frame])
        if judged is None:
            continue
        log_p, size = judged
        if best is None or log_p < best.log_probability:
            spread = float(np.sqrt(np.mean(np.square(u))))
            best = Dependence(name, frame, log_p, size / spread)
            of_best = columns
    return best, of_best


def _judged(
    left: Left, frame: str, columns: list[np.ndarray], before: list[np.ndarray]
) -> tuple[float, float] | None:
    """Return the log probability of chance, and the size of the shift.

    Parameters
    ----------
    before
        Columns that were found already, and are fitted together with these.
    """
    both = np.stack([*before, *columns])
    along, (xx, xy, yy) = left.along[frame], left.weight[frame]
    matrix = np.block(
        [
            [(both * xx) @ both.T, (both * xy) @ both.T],
            [(both * xy) @ both.T, (both * yy) @ both.T],
        ]
    )
    right = np.concatenate([both @ along[0], both @ along[1]])
    f, n = len(both), len(before)
    new = np.concatenate([np.arange(n, f), f + np.arange(n, f)])
    old = np.concatenate([np.arange(n), f + np.arange(n)])
    # What is new, with what was found before eliminated.
    gain = _solved(matrix[np.ix_(old, old)], matrix[np.ix_(old, new)])
    own = matrix[np.ix_(new, new)] - matrix[np.ix_(new, old)] @ gain
    score = right[new] - gain.T @ right[old]
    shift = _solved(own, score)
    k, chi2 = len(new), float(score @ shift)
    scale = (left.square - chi2) / max(left.dof - k, 1.0)
    if not (np.isfinite(chi2) and chi2 > 0 and scale > 0):
        return None
    log_p = float(stats.f.logsf(chi2 / k / scale, k, max(left.dof - k, 1.0)))
    if log_p <= LIMIT:  # else it is chance however stars scatter
        log_p = max(log_p, _by_stars(left, along, both, (new, old, gain), score))
    x, y = shift[: f - n] @ both[n:], shift[f - n :] @ both[n:]
    return log_p, float(np.sqrt(np.mean(x**2 + y**2)))


def _by_stars(
    left: Left,
    along: np.ndarray,
    columns: np.ndarray,
    parts: tuple[np.ndarray, np.ndarray, np.ndarray],
    score: np.ndarray,
) -> float:
    """Return the log probability by the scatter of the stars' sums."""
    new, old, gain = parts
    n = int(left.source.max()) + 1
    sums = np.stack(
        [
            np.bincount(left.source, weights=c * a, minlength=n)
            for a in along
            for c in columns
        ]
    )
    of_stars = sums[new] - gain.T @ sums[old]
    stars = int(np.count_nonzero(np.any(of_stars != 0, axis=0)))
    k = len(new)
    if stars < FEWEST:
        return 0.0
    scatter = of_stars @ of_stars.T
    chi2 = float(score @ _solved(scatter, score))
    # Hotelling's T²: the scatter is estimated, of as many stars, about their mean.
    most = chi2 / max(1.0 - chi2 / stars, 1e-3)
    ratio = most * (stars - k) / (k * (stars - 1.0))
    return float(stats.f.logsf(ratio, k, stars - k))


def _solved(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve a small symmetric system; along what nothing tells of, zero."""
    if not matrix.size:
        return np.zeros((0, *right.shape[1:]))
    size = np.sqrt(np.diag(matrix))
    size = np.where(size > 0, size, 1.0)
    scaled = matrix / np.outer(size, size)
    unscaled = (right.T / size).T
    found = np.linalg.pinv(scaled, rcond=1e-10, hermitian=True) @ unscaled
    return np.asarray((found.T / size).T)


__all__ = [
    "ALARM",
    "TRIED",
    "Dependence",
    "Left",
    "effects_in",
    "find_dependences",
]
