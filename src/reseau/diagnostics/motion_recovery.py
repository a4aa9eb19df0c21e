"""Parameters of many stars against truth, where errors of stars are correlated.

Calibrations leave errors that many stars share. The root mean square of n pulls then
scatters more than the 1/√(2n) of n stars that share nothing: like that of ν stars, with
``2/ν`` the variance of the mean square. What a catalogue itself promises is found by
joint draws from its covariance, which are judged by the same statistics.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from scipy import stats

PARAMETERS = ("ra", "dec", "parallax", "pmra", "pmdec")
"""In the order of errors; the first two as offsets ra·cos(dec) and dec."""

INSIDE = tuple(float(x) for x in stats.norm.cdf([1, 2, 3]) * 2 - 1)
"""Part of Normal numbers within 1, 2 and 3 σ."""

CHANCE = 0.0027
"""How often chance alone makes a comparison be called not consistent: that of 3 σ."""


class Judged(NamedTuple):
    """A root mean square that should be 1, with what chance allows.

    Attributes
    ----------
    value
        As found.
    scatter
        1σ of it by chance.
    stars
        How many stars that share nothing would scatter as much.
    """

    value: float
    scatter: float
    stars: float

    def bounds(self, chance: float) -> tuple[float, float]:
        """Return between what it lies, but for a chance: χ² of so many stars."""
        low, high = stats.chi2.ppf([chance / 2, 1 - chance / 2], self.stars)
        return math.sqrt(low / self.stars), math.sqrt(high / self.stars)

    def within(self, chance: float) -> bool:
        """Return whether it lies there."""
        low, high = self.bounds(chance)
        return low <= self.value <= high


class Coverage(NamedTuple):
    """Parts of the errors within 1, 2 and 3 σ, with 1σ of these by chance."""

    value: tuple[float, ...]
    scatter: tuple[float, ...]


@dataclass(frozen=True)
class MotionRecovery:
    """How well a class of stars was recovered.

    Attributes
    ----------
    n
        Number of stars.
    parameters
        Names, of `PARAMETERS`.
    rms
        Root mean square errors [mas, mas/yr].
    ratio
        The same over the root mean formal variances: the Cramér-Rao bound.
    pull
        Standard deviations of the pulls about their expectation, zero.
    coverage
        Of each parameter.
    chi2
        Root of the mean dᵀC⁻¹d over the number of parameters.
    judged
        Whether the class is promised to be recovered: not one that a prior which is
        wrong or only stands in decides.
    """

    n: int
    parameters: tuple[str, ...]
    rms: tuple[float, ...]
    ratio: tuple[Judged, ...]
    pull: tuple[Judged, ...]
    coverage: tuple[Coverage, ...]
    chi2: Judged
    judged: bool = True

    @property
    def statistics(self) -> tuple[Judged, ...]:
        """Return all that should be 1."""
        return (*self.pull, *self.ratio, self.chi2)

    def consistent(self, chance: float) -> bool:
        """Return whether all are within what chance allows; True if not judged.

        Parameters
        ----------
        chance
            Of a false alarm, of each statistic.
        """
        return not self.judged or all(s.within(chance) for s in self.statistics)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        rows = zip(
            self.parameters,
            self.rms,
            self.ratio,
            self.pull,
            self.coverage,
            strict=True,
        )
        return {
            "n": self.n,
            "judged": self.judged,
            "chi2": self.chi2._asdict(),
            "parameters": {
                name: {
                    "rms": rms,
                    "crb_ratio": ratio._asdict(),
                    "pull_std": pull._asdict(),
                    "coverage": coverage._asdict(),
                }
                for name, rms, ratio, pull, coverage in rows
            },
        }


def motion_recovery(
    error: Float[np.ndarray, "n k"],
    covariance: Float[np.ndarray, "n k k"],
    draws: Iterable[Float[np.ndarray, "m n k"]] | None = None,
    *,
    judged: bool = True,
) -> MotionRecovery:
    """Compare errors of stars with what their covariances promise.

    Parameters
    ----------
    error
        Solution minus truth, the first k of `PARAMETERS` [mas, mas/yr].
    covariance
        Of each star.
    draws
        Joint draws of the errors of these stars, in parts; None: as if stars shared
        nothing.
    judged
        Whether the class is promised to be recovered.
    """
    n, k = error.shape
    sigma = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    white = np.linalg.inv(np.linalg.cholesky(covariance))
    found = _statistics(error[None], sigma, white)
    alone = _alone(sigma)
    spread = alone
    if draws is not None:
        parts = [_statistics(part, sigma, white) for part in draws]
        joined = map(np.concatenate, zip(*parts, strict=True))
        spread = _by_chance(_Statistics(*joined), alone)
    inside = tuple(
        Coverage(tuple(map(float, found.inside[0, i])), tuple(spread.inside[i]))
        for i in range(k)
    )
    return MotionRecovery(
        n=n,
        parameters=PARAMETERS[:k],
        rms=tuple(np.sqrt(np.mean(error**2, axis=0)).tolist()),
        ratio=_judged(found.ratio[0], spread.ratio),
        pull=_judged(found.pull[0], spread.pull),
        coverage=inside,
        chi2=_judged(found.chi2, spread.chi2)[0],
        judged=judged,
    )


class _Statistics(NamedTuple):
    """Mean squares, of m draws, and parts inside."""

    ratio: Float[np.ndarray, "m k"]
    pull: Float[np.ndarray, "m k"]
    chi2: Float[np.ndarray, "m"]
    inside: Float[np.ndarray, "m k 3"]


class _Spread(NamedTuple):
    """Numbers of stars that share nothing, and 1σ of the parts inside."""

    ratio: Float[np.ndarray, "k"]
    pull: Float[np.ndarray, "k"]
    chi2: Float[np.ndarray, "1"]
    inside: list[list[float]]


def _statistics(
    error: Float[np.ndarray, "m n k"],
    sigma: Float[np.ndarray, "n k"],
    white: Float[np.ndarray, "n k k"],
) -> _Statistics:
    pulls = np.abs(error / sigma)
    whole = np.einsum("nij,mnj->mni", white, error)
    return _Statistics(
        ratio=np.mean(error**2, axis=1) / np.mean(sigma**2, axis=0),
        pull=np.mean(pulls**2, axis=1),
        chi2=np.mean(whole**2, axis=(1, 2)),
        inside=np.stack([np.mean(pulls < x, axis=1) for x in (1, 2, 3)], axis=-1),
    )


def _alone(sigma: Float[np.ndarray, "n k"]) -> _Spread:
    """Return what chance allows stars that share nothing."""
    n, k = sigma.shape
    variance = sigma**2
    unequal = np.sum(variance, axis=0) ** 2 / np.sum(variance**2, axis=0)
    inside = [[math.sqrt(p * (1 - p) / n) for p in INSIDE]] * k
    return _Spread(unequal, np.full(k, float(n)), np.array([float(n * k)]), inside)


def _by_chance(drawn: _Statistics, alone: _Spread) -> _Spread:
    """Return what chance allows, from draws; no less than to stars alone."""

    def stars(
        mean_square: Float[np.ndarray, "m q"], most: Float[np.ndarray, "q"]
    ) -> Float[np.ndarray, "q"]:
        variance = np.mean((mean_square - 1.0) ** 2, axis=0)
        return np.minimum(2.0 / np.maximum(variance, 1e-300), most)

    off = drawn.inside - np.array(INSIDE)
    inside = np.sqrt(np.mean(off**2, axis=0))
    return _Spread(
        stars(drawn.ratio, alone.ratio),
        stars(drawn.pull, alone.pull),
        stars(drawn.chi2[:, None], alone.chi2),
        inside.tolist(),
    )


def _judged(
    mean_square: Float[np.ndarray, "q"], stars: Float[np.ndarray, "q"]
) -> tuple[Judged, ...]:
    return tuple(
        Judged(math.sqrt(v), 1.0 / math.sqrt(2.0 * m), m)
        for v, m in zip(mean_square.tolist(), stars.tolist(), strict=True)
    )


__all__ = [
    "CHANCE",
    "INSIDE",
    "PARAMETERS",
    "Coverage",
    "Judged",
    "MotionRecovery",
    "motion_recovery",
]
