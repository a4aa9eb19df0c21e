"""Accelerated stars: companions so far out that only the path's curvature is seen.

A companion of mass M at the distance r accelerates the star by ``4 π² M / r²`` [au/yr²,
solar masses, au]; on the sky that is multiplied by the parallax and foreshortened. The
offset is half of it times the square of the time since the population's epoch.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

NEAREST, FARTHEST = 15.0, 150.0  # au
LIGHTEST, HEAVIEST = 0.2, 1.5  # solar masses


class Accelerations(NamedTuple):
    """Constant accelerations on the sky, one for each accelerated star.

    Attributes
    ----------
    row
        Of the star in its population.
    epoch
        When the six parameters are its position and motion, Julian year of TCB.
    size
        Towards East and North [mas/yr²].
    """

    row: Int[np.ndarray, "k"]
    epoch: Float[np.ndarray, "k"]
    size: Float[np.ndarray, "k 2"]


def draw_accelerations(
    rng: np.random.Generator,
    row: Int[np.ndarray, "k"],
    parallax: Float[np.ndarray, "k"],
    epoch: float,
) -> Accelerations:
    """Draw an acceleration for each of some stars.

    Masses are uniform, distances uniform in their logarithm, directions isotropic.

    Parameters
    ----------
    rng
        Random numbers.
    row
        Rows of the stars.
    parallax
        Of the stars [mas].
    epoch
        When the six parameters hold, Julian year of TCB.
    """
    n = len(row)
    mass = rng.uniform(LIGHTEST, HEAVIEST, n)
    distance = np.exp(rng.uniform(np.log(NEAREST), np.log(FARTHEST), n))
    towards = rng.standard_normal((n, 3))
    towards /= np.linalg.norm(towards, axis=1, keepdims=True)
    strength = 4.0 * np.pi**2 * mass / distance**2 * np.abs(parallax)
    return Accelerations(row, np.full(n, epoch), strength[:, None] * towards[:, :2])


def accelerated_offset(
    accelerations: Accelerations, time: Float[np.ndarray, "k t"]
) -> Float[np.ndarray, "k t 2"]:
    """Return how far stars are from their uniform motion, East and North [mas].

    Parameters
    ----------
    accelerations
        Of k stars.
    time
        Of each, Julian years of TCB when the light reaches the barycentre.
    """
    elapsed = time - accelerations.epoch[:, None]
    return 0.5 * elapsed[:, :, None] ** 2 * accelerations.size[:, None, :]


__all__ = ["Accelerations", "accelerated_offset", "draw_accelerations"]
