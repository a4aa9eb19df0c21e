"""SIP in its own sense: the undistorted position as a polynomial of the measured one.

Shupe et al. 2005, ASPC 347, 491, in um and about a given centre.
"""

import equinox as eqx

from reseau.instrument._arrays import Pair, Values

from .newton import Coefficients, invert
from .terms import Polynomial, evaluate, power_functions


def _pair(values: tuple[float, float]) -> tuple[float, float]:
    x, y = values
    return float(x), float(y)


class InverseSIP(Polynomial):
    """X = c + u + Σ A_kl (u/s)^k (v/s)^l with (u, v) = (X', Y') - c, Y with B_kl.

    `restore` is direct; `displace` inverts the polynomial by Newton's method.

    Attributes
    ----------
    centre
        The point c that the polynomial is about, fixed [um].
    """

    centre: tuple[float, float] = eqx.field(
        static=True, converter=_pair, default=(0.0, 0.0)
    )

    def displace(self, x: Values, y: Values, coefficients: Coefficients) -> Pair:
        """Return the measured position of an undistorted one.

        Parameters
        ----------
        x, y
            Undistorted focal-plane position [um].
        coefficients
            Those of x, then those of y [um], in the order of `terms`.
        """
        return invert(self.restore, x, y, coefficients, length=self.normalisation)

    def restore(self, x: Values, y: Values, coefficients: Coefficients) -> Pair:
        """Return the undistorted position of a measured one.

        Parameters
        ----------
        x, y
            Measured focal-plane position [um].
        coefficients
            Those of x, then those of y [um], in the order of `terms`.
        """
        n, terms = len(self.terms), self.terms
        of_x = power_functions((x - self.centre[0]) / self.normalisation, self.degree)
        of_y = power_functions((y - self.centre[1]) / self.normalisation, self.degree)
        return (
            x + evaluate(of_x, of_y, terms, coefficients[:n]),
            y + evaluate(of_x, of_y, terms, coefficients[n:]),
        )
