"""Terms of polynomials in two variables: which, in what order, under what names."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from reseau.errors import ConfigError, explain, some
from reseau.instrument._arrays import Values

from .abstract import Distortion, check_count
from .newton import Coefficients

DEGREE_KINDS = ("total", "per-axis")

Term = tuple[int, int]


def polynomial_terms(degree: int, kind: str, minimum: int) -> tuple[Term, ...]:
    """List (k, l) by total degree, then by k descending.

    Parameters
    ----------
    degree
        Highest degree: of k + l if kind is "total", of k and of l if "per-axis".
    kind
        One of `DEGREE_KINDS`.
    minimum
        Lowest k + l; below 2 the terms trade with attitude, scale and detectors.
    """
    highest = degree if kind == "total" else 2 * degree
    return tuple(
        (k, total - k)
        for total in range(minimum, highest + 1)
        for k in range(total, -1, -1)
        if max(k, total - k) <= degree
    )


def coefficient_name(letter: str, term: Term) -> str:
    """Return "A_21", or "A_10_2" where a degree has two digits."""
    k, m = term
    return f"{letter}_{k}_{m}" if max(term) > 9 else f"{letter}_{k}{m}"


class Polynomial(Distortion):
    """A model with one polynomial for each coordinate, coefficients in um.

    Attributes
    ----------
    degree
        Highest degree.
    degree_kind
        Whether that is the "total" degree or "per-axis".
    minimum_degree
        Lowest total degree. Degrees 0 and 1 belong to attitude, scale and detectors.
    """

    degree: int = eqx.field(static=True, default=5)
    degree_kind: str = eqx.field(static=True, default="total")
    minimum_degree: int = eqx.field(static=True, default=2)

    def __check_init__(self) -> None:
        if self.degree_kind not in DEGREE_KINDS:
            raise ConfigError(
                explain(
                    given=f"degree_kind is {self.degree_kind!r}",
                    wanted=f"one of {some(DEGREE_KINDS)}",
                    where=type(self).__name__,
                    todo="correct the option",
                )
            )
        check_count(self, "minimum_degree", 0)
        check_count(self, "degree", self.minimum_degree)

    @property
    def terms(self) -> tuple[Term, ...]:
        """Degrees (k, l) in x and y of each term, by total degree, k descending."""
        return polynomial_terms(self.degree, self.degree_kind, self.minimum_degree)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coefficients: "A_20", ... of x, then "B_20", ... of y."""
        return tuple(coefficient_name(letter, t) for letter in "AB" for t in self.terms)

    @property
    def units(self) -> tuple[str, ...]:
        """Units of the coefficients: all "um"."""
        return ("um",) * self.n_coefficients

    def widths(self, sigma: float) -> np.ndarray:
        """Return prior widths: `sigma` [um] for each, the size of its term at the edge.

        Parameters
        ----------
        sigma
            Expected size of the distortion at the normalisation [um].
        """
        return np.full(self.n_coefficients, float(sigma))


def evaluate(
    powers_x: list[Values],
    powers_y: list[Values],
    terms: tuple[Term, ...],
    coefficients: Coefficients,
) -> Values:
    """Sum the terms, given the functions of each degree in x and in y."""
    by_degree_y: dict[int, Values] = {}
    for row, (k, m) in enumerate(terms):
        part = coefficients[row] * powers_x[k]
        by_degree_y[m] = by_degree_y[m] + part if m in by_degree_y else part
    parts = [part * powers_y[m] for m, part in by_degree_y.items()]
    return sum(parts[1:], start=parts[0])


def stack_basis(
    powers_x: list[Values], powers_y: list[Values], terms: tuple[Term, ...]
) -> Float[Array, "n_terms ..."]:
    """Return the terms' values, one row a term."""
    return jnp.stack([powers_x[k] * powers_y[m] for k, m in terms])


def legendre_functions(t: Values, degree: int) -> list[Values]:
    """Return P_0 ... P_degree by n P_n = (2n - 1) t P_(n-1) - (n - 1) P_(n-2)."""
    values: list[Values] = [jnp.ones_like(t), t]
    for n in range(2, degree + 1):
        values.append(((2 * n - 1) * t * values[-1] - (n - 1) * values[-2]) / n)
    return values[: degree + 1]


def power_functions(t: Values, degree: int) -> list[Values]:
    """Return t^0 ... t^degree."""
    values: list[Values] = [jnp.ones_like(t)]
    for _ in range(degree):
        values.append(values[-1] * t)
    return values


__all__ = [
    "DEGREE_KINDS",
    "Polynomial",
    "coefficient_name",
    "evaluate",
    "legendre_functions",
    "polynomial_terms",
    "power_functions",
    "stack_basis",
]
