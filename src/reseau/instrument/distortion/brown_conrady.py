"""Radial, decentring and tilt terms of a lens, with a scale of their own.

Brown 1966, Photogrammetric Engineering 32, 444.
"""

from typing import ClassVar

import equinox as eqx
import numpy as np

from reseau.instrument._arrays import Pair, Values

from .abstract import Distortion, check_count
from .newton import Coefficients


class BrownConrady(Distortion):
    """x' = scale [x (1 + Σ K_n ρ^n) + P_x (1 + Σ T_n ρ^n)], ρ = (x² + y²) / s².

    P_x = [S_x (r² + 2x²) + 2 S_y x y] / s, and y likewise with x and y exchanged.

    Attributes
    ----------
    n_radial, n_tilt
        How many K and how many T there are, n = 1, 2, ...
    """

    n_radial: int = eqx.field(static=True, default=1)
    n_tilt: int = eqx.field(static=True, default=1)

    carries_scale: ClassVar[bool] = True

    def __check_init__(self) -> None:
        check_count(self, "n_radial", 0)
        check_count(self, "n_tilt", 0)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coefficients: K_1 ..., S_x, S_y, T_1 ..., scale."""
        radial = tuple(f"K_{n}" for n in range(1, self.n_radial + 1))
        tilt = tuple(f"T_{n}" for n in range(1, self.n_tilt + 1))
        return (*radial, "S_x", "S_y", *tilt, "scale")

    @property
    def units(self) -> tuple[str, ...]:
        """Units of the coefficients: all numbers."""
        return ("",) * self.n_coefficients

    def default(self) -> np.ndarray:
        """Return start values: a scale of 1 and no distortion."""
        return np.append(np.zeros(self.n_coefficients - 1), 1.0)

    def widths(self, sigma: float) -> np.ndarray:
        """Return prior widths: σ/s for K and scale, σ/3s for S, 1 for T.

        Parameters
        ----------
        sigma
            Expected size of the distortion at the normalisation [um].

        Notes
        -----
        S displaces the farthest-moved source on the circle by 3 s S. T only modulates
        S, so that its size says nothing of the displacement: its width is 1.
        """
        relative = float(sigma) / self.normalisation
        return np.concatenate(
            [
                np.full(self.n_radial, relative),
                np.full(2, relative / 3.0),
                np.ones(self.n_tilt),
                [relative],
            ]
        )

    def displace(self, x: Values, y: Values, coefficients: Coefficients) -> Pair:
        """Return the measured position of an undistorted one.

        Parameters
        ----------
        x, y
            Undistorted focal-plane position [um].
        coefficients
            In the order of `names`.
        """
        k, s = self.n_radial, self.normalisation
        rest = coefficients[k:]
        s_x, s_y, scale = rest[0], rest[1], rest[-1]
        square = x * x + y * y
        rho = square / (s * s)
        radial = 1.0 + _series(rho, coefficients, k)
        tilt = 1.0 + _series(rho, rest[2:], self.n_tilt)
        decentring_x = (s_x * (square + 2.0 * x * x) + 2.0 * s_y * x * y) / s
        decentring_y = (s_y * (square + 2.0 * y * y) + 2.0 * s_x * x * y) / s
        return (
            scale * (x * radial + decentring_x * tilt),
            scale * (y * radial + decentring_y * tilt),
        )


def _series(rho: Values, coefficients: Coefficients, n: int) -> Values:
    """Return Σ c_n rho^n for n = 1, 2, ..., n."""
    value = 0.0 * rho
    for i in range(n - 1, -1, -1):
        value = (value + coefficients[i]) * rho
    return value
