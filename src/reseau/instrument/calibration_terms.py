"""Declared calibration terms: shifts linear in coefficients, of more than the place.

The measured position of measurement i is shifted, along each of a term's axes, by ::

    u_i Σ_j c_j P_k(X/s) P_l(Y/s)

with u the *covariate* of the measurement less its zero (the colour of the star, say),
X, Y the undistorted position as a distortion takes it, and c the coefficients. A shift
of the frame "plane" is of the focal-plane position [um], one of the frame "pixel"
along the detector's own axes [pixel]. Where u comes from is not asked here.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float
from numpy import ndarray

from reseau.errors import ConfigError, ShapeError, explain, some, unknown_name

from ._arrays import Pair, Values
from .distortion.terms import (
    coefficient_name,
    legendre_functions,
    polynomial_terms,
    power_functions,
)

AnyArray = Array | ndarray

TIMES = ("time", "time_2", "time_3", "time_4")
"""Legendre polynomials of degree 1, 2, ... of the time within the plate."""

COVARIATES = ("one", "colour", "magnitude", *TIMES, "row", "column")
"""What a term may depend on; products of different ones are written ``a*b``."""

WITH_ZERO = ("colour", "magnitude")
"""Covariates whose zero may be chosen; the others have a fixed one."""

FRAMES = {"plane": "um", "pixel": "pixel"}
"""What a term shifts, and the unit of its coefficients."""

AXES = ("xy", "x", "y")
GRANULARITIES = ("plate", "detector", "exposure")
BASES = ("legendre", "power")

HIGHEST_DEGREE = 12

DEFAULT_TERM_SIGMA = 1.0
"""Prior width of a coefficient where none is given [um or pixel]."""


class CalibrationTerm(eqx.Module):
    """One declared term: what it depends on, its values and their prior width.

    Attributes
    ----------
    name
        What it is called; no other term of the instrument is.
    covariate
        One of `COVARIATES`, or a product of them, ``magnitude*row``.
    zero
        Value of a colour or a magnitude at which the term vanishes [mag].
    frame
        "plane": shifts the focal-plane position [um]; "pixel": shifts along the
        detector's axes [pixel].
    axes
        Along which it shifts: "xy", "x" or "y".
    basis
        "legendre" or "power".
    minimum_degree, degree
        Lowest and highest total degree in the place.
    granularity
        What has coefficients of its own: "plate" (one set), each "detector", each
        "exposure".
    normalisation
        Length s that positions are divided by [um].
    values
        Coefficients, prior means: those of x, then those of y, by total degree; of each
        detector in turn where each has its own; of an exposure where each has its own.
    sigma
        Prior width of each [um or pixel].
    """

    name: str = eqx.field(static=True)
    covariate: str = eqx.field(static=True)
    zero: float = eqx.field(static=True, converter=float)
    frame: str = eqx.field(static=True)
    axes: str = eqx.field(static=True)
    basis: str = eqx.field(static=True)
    minimum_degree: int = eqx.field(static=True)
    degree: int = eqx.field(static=True)
    granularity: str = eqx.field(static=True)
    normalisation: float = eqx.field(static=True, converter=float)
    values: Float[AnyArray, "n"]
    sigma: Float[AnyArray, ""]

    def __check_init__(self) -> None:
        for factor in self.factors:
            self._check_choice("covariate", factor, COVARIATES)
        self._check_choice("frame", self.frame, tuple(FRAMES))
        self._check_choice("axes", self.axes, AXES)
        self._check_choice("basis", self.basis, BASES)
        self._check_choice("granularity", self.granularity, GRANULARITIES)
        self._check_covariate()
        if not 0 <= self.minimum_degree <= self.degree <= HIGHEST_DEGREE:
            raise self._complaint(
                f"degrees {self.minimum_degree} to {self.degree}",
                f"whole numbers from 0 to {HIGHEST_DEGREE}, the minimum not above the "
                "degree",
            )
        if not (np.isfinite(self.normalisation) and self.normalisation > 0):
            raise self._complaint(
                f"normalisation is {self.normalisation}", "a positive length in um"
            )
        if not (np.isfinite(self.sigma) and self.sigma > 0):
            raise self._complaint(
                f"sigma is {float(self.sigma)}",
                f"a prior width > 0, in {self.unit}",
                "give the expected size of the coefficients; to hold the term at its "
                "values, fix the block terms",
            )
        self._check_values()

    def _check_choice(self, name: str, value: str, choices: tuple[str, ...]) -> None:
        if value not in choices:
            raise unknown_name(name, value, choices, where=f"term {self.name!r}")

    def _check_covariate(self) -> None:
        factors = self.factors
        if len(factors) > 1 and ("one" in factors or len(set(factors)) < len(factors)):
            raise self._complaint(
                f"covariate is {self.covariate!r}",
                "different covariates, none of them 'one', in a product",
                "remove the factor",
            )
        free = [f for f in factors if f in WITH_ZERO]
        if len(free) > 1:
            raise self._complaint(
                f"covariate is {self.covariate!r}",
                "one of colour and magnitude at most, for both have a zero",
                "declare a term for each",
            )
        if self.zero != 0 and not free:
            raise self._complaint(
                f"zero is {self.zero:g}, of the covariate {self.covariate!r}",
                "a zero for colour and magnitude only: the others have a fixed one",
                "remove zero",
            )

    def _check_values(self) -> None:
        n, own = np.shape(self.values)[0], len(self.own_names)
        fits = n % own == 0 if self.granularity == "detector" else n == own
        if n and fits:
            return
        raise ShapeError(
            explain(
                given=f"{n} values",
                wanted=f"{own}: {some(self.own_names, 12)}",
                where=f"term {self.name!r}",
                todo="give one value for each coefficient",
            )
        )

    def _complaint(
        self, given: str, wanted: str, todo: str = "correct the value"
    ) -> ConfigError:
        where = f"term {self.name!r}"
        return ConfigError(explain(given=given, wanted=wanted, where=where, todo=todo))

    @property
    def factors(self) -> tuple[str, ...]:
        """Covariates that are multiplied, mostly one."""
        return tuple(part.strip() for part in self.covariate.split("*"))

    @property
    def functions(self) -> tuple[tuple[int, int], ...]:
        """Degrees (k, l) in x and y, by total degree, k descending."""
        return polynomial_terms(self.degree, "total", self.minimum_degree)

    @property
    def own_names(self) -> tuple[str, ...]:
        """Names of the coefficients that act on one measurement: of x, then of y."""
        letters = [{"x": "A", "y": "B"}[axis] for axis in self.axes]
        return tuple(
            f"{self.name}_{coefficient_name(letter, f)}"
            for letter in letters
            for f in self.functions
        )

    @property
    def unit(self) -> str:
        """Unit of the coefficients, per unit of the covariate: "um" or "pixel"."""
        return FRAMES[self.frame]

    def basis_values(self, x: Values, y: Values) -> list[Values]:
        """Return the value of each function at a place.

        Parameters
        ----------
        x, y
            Undistorted focal-plane position [um].
        """
        of = legendre_functions if self.basis == "legendre" else power_functions
        of_x = of(x / self.normalisation, self.degree)
        of_y = of(y / self.normalisation, self.degree)
        return [of_x[k] * of_y[m] for k, m in self.functions]

    def shift(
        self, x: Values, y: Values, covariate: Values, own: Sequence[Any]
    ) -> Pair:
        """Return the shift along both axes [um or pixel].

        Parameters
        ----------
        x, y
            Undistorted focal-plane position [um].
        covariate
            u, the covariate less its zero.
        own
            Coefficients of these measurements, in the order of `own_names`.
        """
        basis = self.basis_values(x, y)
        zero = 0.0 * basis[0]
        both: dict[str, Values] = {"x": zero, "y": zero}
        for i, axis in enumerate(self.axes):
            some_own = own[i * len(basis) : (i + 1) * len(basis)]
            sums = sum((c * p for c, p in zip(some_own, basis, strict=True)), zero)
            both[axis] = covariate * sums
        return both["x"], both["y"]


def make_term(
    covariate: str,
    *,
    normalisation: float,
    name: str | None = None,
    zero: float = 0.0,
    frame: str = "plane",
    axes: str = "xy",
    basis: str = "legendre",
    minimum_degree: int = 0,
    degree: int = 1,
    granularity: str = "plate",
    sigma: float = DEFAULT_TERM_SIGMA,
    values: Sequence[float] | ndarray | None = None,
) -> CalibrationTerm:
    """Return a term with what is usual where nothing is said.

    Parameters
    ----------
    covariate, normalisation, name, zero, frame, axes, basis, minimum_degree, degree
        As in `CalibrationTerm`; the name is made of the covariate.
    granularity, sigma, values
        The same; values absent: zero, of one detector.

    Returns
    -------
    The term.
    """
    plain = covariate.replace(" ", "")
    own = len(polynomial_terms(degree, "total", minimum_degree)) * len(axes)
    given = np.zeros(own) if values is None else np.asarray(values, dtype=float)
    return CalibrationTerm(
        name=name or plain.replace("*", "_"),
        covariate=plain,
        zero=zero,
        frame=frame,
        axes=axes,
        basis=basis,
        minimum_degree=minimum_degree,
        degree=degree,
        granularity=granularity,
        normalisation=normalisation,
        values=given,
        sigma=np.asarray(float(sigma)),
    )


def for_detectors(term: CalibrationTerm, detectors: int) -> CalibrationTerm:
    """Return a term whose one set of values serves all detectors, if it has one each.

    Parameters
    ----------
    term
        Of any granularity.
    detectors
        How many there are.
    """
    single = np.shape(term.values) == (len(term.own_names),)
    if term.granularity != "detector" or not single:
        return term
    return replace(term, values=np.tile(np.asarray(term.values), detectors))


def check_terms(
    terms: tuple[CalibrationTerm, ...], detectors: int, *, where: str
) -> None:
    """Raise `ConfigError` where two terms have one name, or a detector no values.

    Parameters
    ----------
    terms
        Of one instrument.
    detectors
        How many it has.
    where
        The instrument, for the message.
    """
    names = [term.name for term in terms]
    for term in terms:
        if names.count(term.name) > 1:
            raise ConfigError(
                explain(
                    given=f"{names.count(term.name)} terms are called {term.name!r}",
                    wanted="a name of its own for each term",
                    where=where,
                    todo="give each a name",
                )
            )
        each = detectors if term.granularity == "detector" else 1
        wanted = each * len(term.own_names)
        if np.shape(term.values) != (wanted,):
            raise ShapeError(
                explain(
                    given=f"{np.shape(term.values)[0]} values of term {term.name!r}",
                    wanted=f"{wanted}, for {detectors} detectors",
                    where=where,
                    todo="give one value for each coefficient",
                )
            )


__all__ = [
    "AXES",
    "BASES",
    "COVARIATES",
    "DEFAULT_TERM_SIGMA",
    "FRAMES",
    "GRANULARITIES",
    "WITH_ZERO",
    "CalibrationTerm",
    "check_terms",
    "for_detectors",
    "make_term",
]
