"""Distortions linear in their coefficients: Legendre polynomials and powers."""

import abc
from typing import ClassVar

from jaxtyping import Array, Float

from reseau.instrument._arrays import Pair, Values

from .newton import Coefficients
from .terms import (
    Polynomial,
    evaluate,
    legendre_functions,
    power_functions,
    stack_basis,
)


class LinearDistortion(Polynomial):
    """Polynomials of the undistorted position, added to it."""

    is_linear: ClassVar[bool] = True

    @abc.abstractmethod
    def functions(self, t: Values) -> list[Values]:
        """Return the one-dimensional functions of degree 0, 1, ... of t."""

    def basis(self, x: Values, y: Values) -> Float[Array, "n_terms ..."]:
        """Return the value of each term, one row a term.

        Parameters
        ----------
        x, y
            Undistorted focal-plane position [um].
        """
        return stack_basis(*self._functions_of(x, y), self.terms)

    def displace(self, x: Values, y: Values, coefficients: Coefficients) -> Pair:
        """Return the measured position of an undistorted one.

        Parameters
        ----------
        x, y
            Undistorted focal-plane position [um].
        coefficients
            Those of x, then those of y [um], in the order of `terms`.
        """
        n = len(self.terms)
        of_x, of_y = self._functions_of(x, y)
        return (
            x + evaluate(of_x, of_y, self.terms, coefficients[:n]),
            y + evaluate(of_x, of_y, self.terms, coefficients[n:]),
        )

    def _functions_of(self, x: Values, y: Values) -> tuple[list[Values], list[Values]]:
        scale = self.normalisation
        return self.functions(x / scale), self.functions(y / scale)


class Legendre(LinearDistortion):
    """Legendre polynomials: X' = X + Σ A_kl P_k(X/s) P_l(Y/s), Y' with B_kl.

    Nearly orthogonal over the plane, so that the coefficients are nearly independent.
    """

    def functions(self, t: Values) -> list[Values]:
        """Return P_0, P_1, ... of t."""
        return legendre_functions(t, self.degree)


class Powers(LinearDistortion):
    """Plain powers: X' = X + Σ A_kl (X/s)^k (Y/s)^l, Y' with B_kl.

    The polynomials of SIP in the opposite sense, from undistorted to measured.
    """

    def functions(self, t: Values) -> list[Values]:
        """Return 1, t, t², ..."""
        return power_functions(t, self.degree)
