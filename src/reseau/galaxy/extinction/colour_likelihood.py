"""Likelihood of a cell's reddening, of the colours of its stars at their brightness.

Stars are counted in bins of the magnitude that they would have without extinction and
of the colour excess that they show. At a given magnitude of the first kind a survey's
limits are limits of the excess: so reddened is a star, and no more, that is still seen.
The likelihood is that of the excess at the brightness, within those limits, and so it
does not matter how many stars the limits have taken away.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import sparse
from scipy.interpolate import CubicSpline
from scipy.special import ndtr

from .giants import GiantTemplate

EXCESS_STEP = 0.05
LOWEST = -0.6
NEARER = 0.6
"""Greatest share of the reddening that is before a star of the foreground."""

NEGLIGIBLE = 2e-6
"""Share of the stars of a brightness below which a bin of a template is left out."""

OUTLIERS = 0.01
"""Share of stars whose colour may be anything."""

REFINED = 8
"""Points between those of the grid at which a posterior is integrated."""

AT_ONCE = 2000


@dataclass(frozen=True)
class ColourScale:
    """How reddening, colour excess and extinction go together.

    Attributes
    ----------
    reddening
        E(J-Ks) of VVV's bands, from 0, rising [mag].
    excess
        Of the colour that is used [mag].
    extinction
        Of the redder and of the bluer band [mag].
    reference
        Colour that stars are taken to have [mag].
    """

    reddening: Float[np.ndarray, "r"]
    excess: Float[np.ndarray, "r"]
    extinction: Float[np.ndarray, "2 r"]
    reference: float

    def of_red(self, excess: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
        """Return the redder band's extinction, negative for a negative excess [mag]."""
        slope = self.extinction[0, 1] / self.excess[1]
        inside = np.interp(excess, self.excess, self.extinction[0])
        return np.where(excess < 0.0, slope * excess, inside)


@dataclass(frozen=True)
class Limits:
    """Magnitudes between which a survey has all stars.

    Attributes
    ----------
    blue, red
        Brightest and faintest in the bluer and in the redder band [mag].
    """

    blue: tuple[float, float]
    red: tuple[float, float]

    def allowed(
        self,
        scale: ColourScale,
        brightness: Float[np.ndarray, "edges"],
        excess: Float[np.ndarray, "bins"],
    ) -> Bool[np.ndarray, "n m"]:
        """Return which bins of brightness and excess are wholly inside.

        Parameters
        ----------
        scale
            Of the colour.
        brightness, excess
            Edges of bins [mag].
        """
        red = brightness[:, None] + scale.of_red(excess)
        blue = red + scale.reference + excess
        inside = np.ones((len(brightness) - 1, len(excess) - 1), bool)
        for value, (low, high) in ((blue, self.blue), (red, self.red)):
            inside &= (value[:-1, :-1] >= low) & (value[1:, 1:] <= high)
        return inside


@dataclass(frozen=True)
class ColourModel:
    """Distribution of the excess by brightness, for each reddening of a grid.

    Attributes
    ----------
    template
        Of the stars.
    scale
        Of the colour.
    limits
        Of the survey.
    noise
        1σ of colours for magnitudes in the redder and the bluer band [mag].
    largest
        Greatest reddening that is thought possible [mag].
    step
        Of the grid of reddenings [mag].
    """

    template: GiantTemplate
    scale: ColourScale
    limits: Limits
    noise: Callable[[np.ndarray, np.ndarray], np.ndarray]
    largest: float
    step: float = 0.05

    @property
    def edges(self) -> Float[np.ndarray, "bins"]:
        """Edges of bins of the excess [mag]."""
        top = np.interp(1.3 * self.largest, self.scale.reddening, self.scale.excess)
        return np.arange(LOWEST, max(top, 1.0) + 1.0, EXCESS_STEP)

    @property
    def grid(self) -> Float[np.ndarray, "g"]:
        """Reddenings [mag]."""
        return np.arange(0.0, self.largest + 0.5 * self.step, self.step)

    def allowed(self) -> Bool[np.ndarray, "n m"]:
        """Return which bins of brightness and excess are used."""
        return self.limits.allowed(self.scale, self.template.brightness, self.edges)

    def log_shares(
        self, scatter: float, foreground: float
    ) -> Float[np.ndarray, "bins_2d g"]:
        """Return the logarithm of the share of stars in each bin, for each reddening.

        Parameters
        ----------
        scatter
            1σ of the reddening of stars in a cell, as a share of it.
        foreground
            Share of stars that the template lacks, of any excess from 0 to `NEARER` of
            the cell's.

        Returns
        -------
        Of bins of brightness and excess, flattened; 0 in those that are not used.
        """
        edges, allowed = self.edges, self.allowed()
        flat = self._foreground(edges)
        out = np.zeros((*allowed.shape, len(self.grid)))
        for row, intrinsic in self._noiseless.items():
            share = intrinsic @ self._smoothing(row, edges, scatter)
            share = share / np.maximum(share.sum(axis=1, keepdims=True), 1e-300)
            share = (1.0 - foreground - OUTLIERS) * share + foreground * flat
            share = (share + OUTLIERS / share.shape[1]) * allowed[row]
            share = share / share.sum(axis=1, keepdims=True)
            out[row] = np.log(np.where(allowed[row], share, 1.0)).T
        return out.reshape(-1, len(self.grid))

    def _foreground(self, edges: np.ndarray) -> np.ndarray:
        top = NEARER * np.interp(self.grid, self.scale.reddening, self.scale.excess)
        length = np.clip(top[:, None] - edges[:-1], 0.0, EXCESS_STEP)
        length = length * (edges[1:] > 0.0)
        total = length.sum(axis=1, keepdims=True)
        return np.where(total > 0.0, length / np.maximum(total, 1e-300), 0.0)

    def _fine(self) -> np.ndarray:
        edges = self.edges
        return np.arange(edges[0], edges[-1] + 3.0, 0.5 * EXCESS_STEP)

    @cached_property
    def _noiseless(self) -> dict[int, np.ndarray]:
        """Stars of each brightness at fine excesses, for each reddening."""
        used = self.allowed().any(axis=1) & (self.template.weight.sum(axis=(1, 2)) > 0)
        return {
            int(row): self._without_noise(self.template.weight[row])
            for row in np.flatnonzero(used)
        }

    def _without_noise(self, weight: np.ndarray) -> np.ndarray:
        """Return stars of one brightness at fine excesses, for each reddening."""
        fine, size = self._fine(), len(self.grid)
        k, m = np.nonzero(weight > NEGLIGIBLE * weight.sum())
        used = np.broadcast_to(weight[k, m], (size, len(k)))
        at = self.grid[:, None] * self.template.share[k]
        dust = np.interp(at, self.scale.reddening, self.scale.excess)
        off = self.template.colour[m] - self.scale.reference - fine[0]
        place = np.clip((dust + off) / (fine[1] - fine[0]), 0.0, len(fine) - 1.001)
        cell = place.astype(np.int64)
        part = place - cell
        cell += np.arange(size)[:, None] * len(fine)
        total = sum(
            np.bincount((cell + one).ravel(), share.ravel(), minlength=size * len(fine))
            for one, share in ((0, (1.0 - part) * used), (1, part * used))
        )
        return np.asarray(total).reshape(size, len(fine))

    def _smoothing(self, row: int, edges: np.ndarray, scatter: float) -> np.ndarray:
        """Return how stars of a fine excess are spread over the bins."""
        fine = self._fine()
        bright = 0.5 * (
            self.template.brightness[row] + self.template.brightness[row + 1]
        )
        red = bright + self.scale.of_red(fine)
        noise = self.noise(red, red + self.scale.reference + fine)
        rounding = (fine[1] - fine[0]) ** 2 / 6.0
        sigma = np.sqrt(noise**2 + (scatter * np.maximum(fine, 0.0)) ** 2 + rounding)
        below = ndtr((edges - fine[:, None]) / sigma[:, None])
        return np.diff(below, axis=1)


@dataclass(frozen=True)
class Posterior:
    """Reddening of blocks of cells.

    Attributes
    ----------
    mean, sigma
        Of the reddening [mag].
    bounded
        Whether it is well below the greatest that was thought possible.
    evidence
        Sum of the logarithms of the blocks' mean likelihoods.
    """

    mean: Float[np.ndarray, "n"]
    sigma: Float[np.ndarray, "n"]
    bounded: Bool[np.ndarray, "n"]
    evidence: float


def posterior_of(
    parts: Sequence[tuple[sparse.csr_matrix, Float[np.ndarray, "bins_2d g"]]],
    grid: Float[np.ndarray, "g"],
) -> Posterior:
    """Return reddenings of blocks, of a flat prior over the grid.

    Parameters
    ----------
    parts
        Stars of each block in each bin, and what `ColourModel.log_shares` says of the
        bins; several where a star counts in part by one template, in part by another.
    grid
        Reddenings [mag], of equal steps.
    """
    fine = np.linspace(grid[0], grid[-1], (len(grid) - 1) * REFINED + 1)
    means, sigmas, bounded, evidence = [], [], [], 0.0
    for begin in range(0, parts[0][0].shape[0], AT_ONCE):
        at = slice(begin, begin + AT_ONCE)
        like = np.sum([counts[at] @ shares for counts, shares in parts], axis=0)
        curve = CubicSpline(grid, like, axis=1)(fine)
        top = curve.max(axis=1, keepdims=True)
        weight = np.exp(curve - top)
        total = weight.sum(axis=1)
        mean = (weight @ fine) / total
        square = (weight @ fine**2) / total - mean**2
        evidence += float(np.sum(top[:, 0] + np.log(total / len(fine))))
        means.append(mean)
        sigmas.append(np.sqrt(np.maximum(square, 0.0)))
        # A likelihood that does not fall before the end says "at least so much".
        bounded.append(weight[:, -1] < 0.01)
    return Posterior(
        np.concatenate(means), np.concatenate(sigmas), np.concatenate(bounded), evidence
    )


def bin_of(
    model: ColourModel,
    brightness: Float[np.ndarray, "n"],
    excess: Float[np.ndarray, "n"],
) -> Int[np.ndarray, "n"]:
    """Return the flat bin that stars are in; -1: none that is used.

    Parameters
    ----------
    model
        Of the likelihood.
    brightness, excess
        Without extinction, and of the colour [mag].
    """
    edges, allowed = model.edges, model.allowed()
    row = np.searchsorted(model.template.brightness, brightness, side="right") - 1
    column = np.floor((excess - edges[0]) / EXCESS_STEP)
    inside = (row >= 0) & (row < allowed.shape[0])
    inside &= (column >= 0) & (column < allowed.shape[1])
    row = np.where(inside, row, 0)
    column = np.where(inside, column, 0).astype(np.int64)
    used = inside & allowed[row, column]
    return np.where(used, row * allowed.shape[1] + column, -1)


__all__ = [
    "ColourModel",
    "ColourScale",
    "Limits",
    "Posterior",
    "bin_of",
    "posterior_of",
]
