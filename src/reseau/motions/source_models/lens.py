"""What a dark lens does to the place of a source behind it.

The centroid of the two images is moved away from the lens by ``θ_E u / (u² + 2)``, with
u the place of the source as seen from the lens in Einstein radii (Hog, Novikov and
Polnarev 1995; Dominik and Sahu 2000, ApJ 534, 213). The lens moves uniformly:
``u = (τ, u₀)`` along and across the relative motion, ``τ = (t - t₀) / t_E``; that it
has a parallax of its own is left out. For given t₀, t_E and u₀ the shift is linear in
θ_E (sin φ, cos φ), with φ the position angle in which the source passes the lens.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.optimize import least_squares

from .goodness import goodness_of_fit
from .orbit import DAYS_PER_YEAR, inverse_normal
from .single_source import SingleSource

LENS = (
    "einstein_radius",
    "direction",
    "t_closest",
    "einstein_time",
    "impact_parameter",
)
LENS_UNITS = {
    "einstein_radius": "mas",
    "direction": "deg",
    "t_closest": "d",
    "einstein_time": "d",
    "impact_parameter": "",
}

IMPACTS = (0.1, 0.4, 1.0, 2.0, 4.0)
TIMES = 12
STARTS = 6
BATCH = 200

Trials = Float[np.ndarray, "c"]


@dataclass(frozen=True, eq=False)
class LensFit:
    """Straight motion and the shift by a lens, fitted together.

    Attributes
    ----------
    names
        Of the linear model's parameters, then `LENS`.
    value, covariance
        In the units of `LENS_UNITS`; t_closest counts from the reference epoch. The
        impact parameter is positive where the lens lies to the right of the source's
        way, looking along it with East to the left.
    chi2, degrees
        Of all rows.
    gain
        By how much χ² falls below that of the linear model.
    residual
        Of the rows [mas].
    """

    names: tuple[str, ...]
    value: Float[np.ndarray, "p"]
    covariance: Float[np.ndarray, "p p"]
    chi2: float
    degrees: int
    gain: float
    residual: Float[np.ndarray, "n"]

    @property
    def goodness(self) -> float:
        """Return F2."""
        return float(goodness_of_fit(np.array(self.chi2), np.array(self.degrees)))

    @property
    def error(self) -> Float[np.ndarray, "p"]:
        """Return 1σ of the parameters."""
        return np.sqrt(np.diagonal(self.covariance))


def lens_columns(
    source: SingleSource, closest: Trials, einstein_time: Trials, impact: Trials
) -> Float[np.ndarray, "n c 2"]:
    """Return the derivatives of the rows by θ_E sin φ and θ_E cos φ.

    Parameters
    ----------
    source
        Epochs and directions.
    closest
        t₀, from the reference epoch [Julian year].
    einstein_time
        t_E [Julian year].
    impact
        u₀, of either sign.
    """
    along = (source.astrometry.epoch[:, None] - closest) / einstein_time
    depth = along**2 + impact**2 + 2.0
    along, across = along / depth, impact / depth
    east, north = source.astrometry.direction.T[:, :, None]
    return np.stack([east * along - north * across, east * across + north * along], -1)


def fit_lens(source: SingleSource) -> LensFit:
    """Find the lens that explains the rows best.

    Parameters
    ----------
    source
        One source.
    """
    found = [_refine(source, start) for start in _starts(source)]
    return _result(source, min(found, key=lambda f: f[1])[0])


def _starts(source: SingleSource) -> list[Float[np.ndarray, "3"]]:
    epoch = source.astrometry.epoch[source.astrometry.is_used]
    span = max(source.span, 1e-6)
    durations = span * np.geomspace(0.03, 1.0, TIMES)
    trials = [
        (t, duration, sign * impact)
        for duration in durations
        for t in np.arange(epoch.min(), epoch.max(), 0.5 * duration)
        for impact in IMPACTS
        for sign in (1.0, -1.0)
    ]
    grid = np.array(trials)
    gains = [
        source.eliminated.gain(source.white.apply(lens_columns(source, *part.T)))
        for part in np.array_split(grid, max(len(grid) // BATCH, 1))
    ]
    best = np.argsort(np.concatenate(gains))[::-1]
    # One start for each duration: its neighbours lead to the same answer.
    _, first = np.unique(grid[best, 1], return_index=True)
    return [grid[best[i]] for i in np.sort(first)[:STARTS]]


def _refine(
    source: SingleSource, start: Float[np.ndarray, "3"]
) -> tuple[Float[np.ndarray, "3"], float]:
    def left(steps: Float[np.ndarray, "3"]) -> Float[np.ndarray, "n"]:
        closest, logarithm, impact = steps
        one = np.array([closest]), np.array([np.exp(logarithm)]), np.array([impact])
        columns = source.white.apply(lens_columns(source, *one)[:, 0])
        return source.eliminated.left(columns)

    begin = np.array([start[0], np.log(start[1]), start[2]])
    scale = [0.3 * start[1], 0.3, 0.3]
    found = least_squares(left, begin, x_scale=scale, max_nfev=100, xtol=1e-12)
    closest, logarithm, impact = found.x
    return np.array([closest, np.exp(logarithm), impact]), 2.0 * float(found.cost)


def _result(source: SingleSource, shape: Float[np.ndarray, "3"]) -> LensFit:
    linear = len(source.names)

    def model(steps: Float[np.ndarray, "q"]) -> Float[np.ndarray, "n"]:
        radius, angle, closest, duration, impact = steps[linear:]
        at = np.array([closest / DAYS_PER_YEAR]), np.array([duration / DAYS_PER_YEAR])
        columns = lens_columns(source, *at, np.array([impact]))[:, 0]
        turn = np.deg2rad(angle)
        towards = radius * np.array([np.sin(turn), np.cos(turn)])
        return source.columns @ steps[:linear] + columns @ towards

    columns = lens_columns(source, *(np.array([s]) for s in shape))[:, 0]
    design = source.white.apply(np.concatenate([source.columns, columns], axis=1))
    target = source.white.apply(source.astrometry.value)
    solution = np.linalg.lstsq(design, target, rcond=1e-12)[0]
    sine, cosine = solution[-2:]
    value = np.array(
        [
            *solution[:-2],
            np.hypot(sine, cosine),
            np.rad2deg(np.arctan2(sine, cosine)) % 360.0,
            shape[0] * DAYS_PER_YEAR,
            shape[1] * DAYS_PER_YEAR,
            shape[2],
        ]
    )
    width = 1e-5 * np.maximum(np.abs(value), 1e-2)
    slopes = [
        (model(value + step) - model(value - step)) / (2.0 * h)
        for step, h in zip(np.diag(width), width, strict=True)
    ]
    white = source.white.apply(np.stack(slopes, axis=1))
    residual = source.astrometry.value - model(value)
    chi2 = float(np.sum(source.white.apply(residual) ** 2))
    return LensFit(
        names=(*source.names, *LENS),
        value=value,
        covariance=inverse_normal(white),
        chi2=chi2,
        degrees=int(source.astrometry.n_used[0])
        - source.eliminated.basis.shape[1]
        - len(LENS),
        gain=source.eliminated.chi2 - chi2,
        residual=residual,
    )


__all__ = ["LENS", "LENS_UNITS", "LensFit", "fit_lens", "lens_columns"]
