"""Radial distortion about a centre that is itself unknown: a division model.

Fitzgibbon 2001, Proc. CVPR, 1, 125, with coefficients for x and y apart.
"""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from reseau.instrument._arrays import Pair, Values

from .abstract import Distortion, check_count
from .newton import Coefficients

STARTS = (-1.5, -0.75, 0.0, 0.75, 1.5)
"""Where a fit may start: coordinates of the centre, in widths of their prior."""


class Radial(Distortion):
    """x' = x_c + (x - x_c) / (1 - Σ K_xn ρ^n), ρ = (r_c / s)², y' with K_yn.

    r_c is the distance from the centre (x_c, y_c). NaN where the denominator is not
    positive: such a star would have been thrown through infinity.

    Attributes
    ----------
    n_radial
        How many K there are for each coordinate, n = 1, 2, ...
    """

    n_radial: int = eqx.field(static=True, default=3)

    def __check_init__(self) -> None:
        check_count(self, "n_radial", 1)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coefficients: K_x1, K_y1, K_x2, ..., x_c, y_c."""
        orders = range(1, self.n_radial + 1)
        return (*(f"K_{axis}{n}" for n in orders for axis in "xy"), "x_c", "y_c")

    @property
    def units(self) -> tuple[str, ...]:
        """Units of the coefficients: numbers, but for the centre in um."""
        return ("",) * (2 * self.n_radial) + ("um", "um")

    def widths(self, sigma: float) -> np.ndarray:
        """Return prior widths: σ/s for each K, s for the centre.

        Parameters
        ----------
        sigma
            Expected size of the distortion at the normalisation [um].
        """
        relative = float(sigma) / self.normalisation
        return np.concatenate(
            [np.full(2 * self.n_radial, relative), np.full(2, self.normalisation)]
        )

    def starts(
        self,
        nominal: Float[np.ndarray, "n_coef"],
        sigma: Float[np.ndarray, "n_coef"],
    ) -> Float[np.ndarray, "n_starts n_coef"]:
        """Return where a fit may start: centres all over their prior.

        Nothing is known of the centre of no distortion.

        Parameters
        ----------
        nominal, sigma
            Means and widths of the prior, in each coefficient's unit.
        """
        aside = np.zeros((len(STARTS) ** 2, len(nominal)))
        aside[:, -2:] = np.stack(np.meshgrid(STARTS, STARTS), axis=-1).reshape(-1, 2)
        width = np.where(np.isfinite(sigma), sigma, self.normalisation)
        values: np.ndarray = np.asarray(nominal) + width * aside
        return values

    def displace(self, x: Values, y: Values, coefficients: Coefficients) -> Pair:
        """Return the measured position of an undistorted one.

        Parameters
        ----------
        x, y
            Undistorted focal-plane position [um].
        coefficients
            In the order of `names`.
        """
        k = 2 * self.n_radial
        x_c, y_c = coefficients[k], coefficients[k + 1]
        dx, dy = x - x_c, y - y_c
        rho = (dx * dx + dy * dy) / self.normalisation**2
        return (
            x + dx * _stretch(rho, coefficients[0:k:2], self.n_radial),
            y + dy * _stretch(rho, coefficients[1:k:2], self.n_radial),
        )


def _stretch(rho: Values, coefficients: Coefficients, n: int) -> Values:
    """Return 1 / (1 - Σ K_n rho^n) - 1, exactly zero without distortion."""
    value = 0.0 * rho
    for i in range(n - 1, -1, -1):
        value = (value + coefficients[i]) * rho
    return value / jnp.where(value < 1.0, 1.0 - value, jnp.nan)
