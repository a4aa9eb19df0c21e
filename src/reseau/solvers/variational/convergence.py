"""Has a stochastic ascent converged? Judged on windows of many steps.

Three signs, all over one window:

- *plateau*: the slope of the ELBO, by least squares over the means of the window's
  chunks, is not more than twice its own standard error above zero;
- *drift*: how far the means moved from the window before, in units of the expected σ
  of each unknown (all others held);
- *pull*: the mean gradient times that σ, where it stands out of its own noise. At an
  optimum it is zero. Drift alone would be passed by any learning rate that is too small
  to move anything; the pull is not.

The distance that is left in a poorly conditioned direction may be many times the pull:
for a direction of eigenvalue λ, in units where single unknowns have curvature 1, a
distance of d posterior σ shows as a pull of d √λ. No first-order method sees more.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

CHUNK = 100
"""Steps that run as one; what is recorded are their means."""

WINDOW = 10
"""Chunks in a window."""

DRIFT = 0.1
"""Largest drift from window to window that counts as rest [σ]."""

PULL = 0.1
"""Largest pull that counts as rest [σ]."""

NOISE = 4.0
"""Standard errors by which a gradient must exceed zero to count."""


class Judgement(NamedTuple):
    """What one window says.

    Attributes
    ----------
    rise, noise
        Change of the ELBO over the window by its slope, and its standard error.
    drift
        Largest move of a mean from the window before [σ]; infinite in the first.
    pull
        Largest gradient that stands out of its noise, times σ.
    moving
        Entry that drifts most.
    """

    rise: float
    noise: float
    drift: float
    pull: float
    moving: int

    @property
    def plateau(self) -> bool:
        """Return whether the ELBO does not rise any more."""
        return bool(self.rise <= 2.0 * self.noise)

    @property
    def resting(self) -> bool:
        """Return whether a stage is done: level, and nothing pulls.

        The drift is not asked: at a high rate means never rest, they jitter.
        """
        return self.plateau and self.pull <= PULL

    @property
    def settled(self) -> bool:
        """Return whether all three signs say so."""
        return self.resting and self.drift <= DRIFT

    def describe(self) -> str:
        """Return the judgement in words."""
        level = "is level" if self.plateau else "still rises"
        return (
            f"the ELBO {level} ({self.rise:+.3g} ± {self.noise:.2g} in the last "
            f"{CHUNK * WINDOW} steps), the means drift by up to {self.drift:.2g} σ and "
            f"are pulled by up to {self.pull:.2g} σ"
        )


def judge(
    elbo: Float[np.ndarray, "w"],
    means: Float[np.ndarray, "w d"],
    gradients: Float[np.ndarray, "w d"],
    before: Float[np.ndarray, "d"] | None,
    width: Float[np.ndarray, "d"],
) -> Judgement:
    """Judge a window.

    Parameters
    ----------
    elbo, means, gradients
        Means over each chunk of the window.
    before
        Mean of the means over the window before, if there was one.
    width
        Expected σ of each entry, all others held.
    """
    rise, noise = _trend(elbo)
    moved = np.full(width.shape, np.inf)
    if before is not None:
        moved = np.abs(np.mean(means, axis=0) - before) / width
    pull = np.abs(np.mean(gradients, axis=0))
    error = np.std(gradients, axis=0, ddof=1) / np.sqrt(elbo.size)
    standing = np.where(pull > NOISE * error, pull * width, 0.0)
    moving = int(np.argmax(moved))
    return Judgement(rise, noise, float(moved[moving]), float(standing.max()), moving)


def _trend(values: Float[np.ndarray, "w"]) -> tuple[float, float]:
    """Return the change along a straight line through values, and its error."""
    n = values.size
    time = (np.arange(n) - 0.5 * (n - 1)) / n
    spread = float(np.sum(time**2))
    slope = float(np.sum(time * values)) / spread
    left = values - np.mean(values) - slope * time
    return slope, float(np.sqrt(np.sum(left**2) / (n - 2) / spread))
