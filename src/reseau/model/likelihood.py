"""Heavy-tailed densities of a residual in the plane, for data that are not all good.

A likelihood is a density of a residual r of two coordinates, whitened by its stated
covariance, that depends on the squared length s = rᵀr alone::

    loss        ρ(s) = −2 log p(r) + 2 log p_Normal(0)
    weight      ρ'(s)
    curvature   ρ''(s)

so that the Normal density has ρ = s, weight 1, curvature 0. The gradient of ½ρ is
ρ' r, its second derivative ρ' I + 2ρ'' r rᵀ: across the residual ρ', along it
ρ' + 2sρ'', negative in the redescending part. Every ρ here is concave in s, so the
parabola with weight ρ' lies above ρ and touches it: a step with these weights (IRLS,
or EM of the scale mixture) never raises the sum of ρ.

The same densities serve measurements (whitened pixels) and reference priors (whitened
offsets from the catalogue).

References
----------
Lange, Little & Taylor 1989, JASA 84, 881 (Student); Box & Tiao 1968, Biometrika 55,
119 and Press 1997, astro-ph/9604126 (good and bad measurements).
"""

from abc import abstractmethod
from functools import lru_cache

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from scipy.optimize import brentq

from reseau.errors import ConfigError, explain, unknown_name

Squares = Float[Array | np.ndarray, "*n"] | float

LIKELIHOODS = ("normal", "student", "mixture")

DEGREES_OF_FREEDOM = 8.0
"""Student's ν: with `information_scale` it keeps 95 per cent of what Normal data tell,
the customary price of insurance; the 4 of Lange et al. keeps 90. A residual of 10σ
keeps 7 per cent of the weight of a small one, the pull of one of 100σ is 0.1σ."""

PRIOR_DEGREES_OF_FREEDOM = 4.0
"""Student's ν of a reference's prior: one that is 10σ off keeps 6 per cent of its
weight; ν = 8 would leave it 9."""

OUTLIER_FRACTION = 0.01
OUTLIER_WIDTH = 30.0
"""Broad component where nothing is known of the outliers, in units of the stated σ."""

WRONG_FRACTION = 0.01
WRONG_WIDTH = 20.0
"""The same for references, where nothing is known of the wrong ones."""


class Likelihood(eqx.Module):
    """A density of whitened residuals in the plane; see the module's text."""

    @abstractmethod
    def loss(self, square: Squares) -> Array:
        """Return ρ(s), −2 log density relative to the Normal density's peak."""

    @abstractmethod
    def weight(self, square: Squares) -> Array:
        """Return ρ'(s), by which the residual's inverse covariance counts."""

    @abstractmethod
    def curvature(self, square: Squares) -> Array:
        """Return ρ''(s)."""


class Normal(Likelihood):
    """The Normal density; the solver treats it apart, without weights."""

    def loss(self, square: Squares) -> Array:
        """Return s."""
        return jnp.asarray(square)

    def weight(self, square: Squares) -> Array:
        """Return 1."""
        return jnp.ones_like(square)

    def curvature(self, square: Squares) -> Array:
        """Return 0."""
        return jnp.zeros_like(square)


class Student(Likelihood):
    """Student's t in the plane, (1 + s/ντ²)^(−(ν+2)/2) / 2πτ².

    Attributes
    ----------
    nu
        Degrees of freedom ν.
    scale
        τ, the width of the core in units of the stated σ; see `student`.
    """

    nu: Float[Array | np.ndarray, ""]
    scale: Float[Array | np.ndarray, ""]

    def loss(self, square: Squares) -> Array:
        """Return (ν+2) log(1 + s/ντ²) + 4 log τ."""
        tail = jnp.log1p(square / (self.nu * self.scale**2))
        return jnp.asarray((self.nu + 2.0) * tail + 4.0 * jnp.log(self.scale))

    def weight(self, square: Squares) -> Array:
        """Return (ν+2) / (ντ² + s)."""
        return jnp.asarray((self.nu + 2.0) / (self.nu * self.scale**2 + square))

    def curvature(self, square: Squares) -> Array:
        """Return −(ν+2) / (ντ² + s)²."""
        bent = (self.nu * self.scale**2 + square) ** 2
        return jnp.asarray(-(self.nu + 2.0) / bent)


class Mixture(Likelihood):
    """Good residuals of the stated σ, and a fraction of a k times broader Normal.

    Attributes
    ----------
    fraction
        ε, the part that is broad.
    width
        k, the broad component's σ in units of the stated one.
    """

    fraction: Float[Array | np.ndarray, ""]
    width: Float[Array | np.ndarray, ""]

    def _excess(self) -> Array:
        """Return 1 − 1/k², what the narrow inverse variance has over the broad one."""
        return jnp.asarray(1.0 - 1.0 / self.width**2)

    def log_odds(self, square: Squares) -> Array:
        """Return the logarithm of the odds that a residual is of the broad part."""
        prior = jnp.log(self.fraction) - jnp.log1p(-self.fraction)
        return prior - 2.0 * jnp.log(self.width) + 0.5 * self._excess() * square

    def broad(self, square: Squares) -> Array:
        """Return the probability that a residual is of the broad component."""
        return jnp.asarray(1.0 / (1.0 + jnp.exp(-self.log_odds(square))))

    def loss(self, square: Squares) -> Array:
        """Return −2 log((1−ε) e^(−s/2) + ε/k² e^(−s/2k²))."""
        good = square - 2.0 * jnp.log1p(-self.fraction)
        return jnp.asarray(good - 2.0 * jnp.logaddexp(0.0, self.log_odds(square)))

    def weight(self, square: Squares) -> Array:
        """Return g + (1−g)/k², g the probability to be good."""
        return 1.0 - self._excess() * self.broad(square)

    def curvature(self, square: Squares) -> Array:
        """Return −½ (1−1/k²)² g (1−g)."""
        broad = self.broad(square)
        return -0.5 * self._excess() ** 2 * broad * (1.0 - broad)


def student(nu: float = DEGREES_OF_FREEDOM) -> Student:
    """Return Student's density whose posterior is calibrated on Normal data.

    Parameters
    ----------
    nu
        Degrees of freedom, 1 or more.

    Notes
    -----
    See `information_scale` for the width of its core.
    """
    if not (np.isfinite(nu) and nu >= 1.0):
        raise _out_of_range("degrees of freedom", nu, "1 or more")
    return Student(np.asarray(float(nu)), np.asarray(information_scale(float(nu))))


def student_prior(nu: float = PRIOR_DEGREES_OF_FREEDOM) -> Student:
    """Return Student's density for priors: its peak has the curvature of a Normal.

    Parameters
    ----------
    nu
        Degrees of freedom, 1 or more.

    Notes
    -----
    A source that its prior alone determines sits at the peak, so it is the curvature
    there that must promise the stated error, not the mean over many residuals.
    """
    if not (np.isfinite(nu) and nu >= 1.0):
        raise _out_of_range("degrees of freedom", nu, "1 or more")
    return Student(np.asarray(float(nu)), np.asarray(np.sqrt((nu + 2.0) / nu)))


@lru_cache(maxsize=64)
def information_scale(nu: float) -> float:
    """Return the τ for which Student's errors are right when the data are Normal.

    Notes
    -----
    An estimate from ψ = ρ'r scatters by E[ψ²]/E[ψ']² where the curvature promises
    1/E[ψ']. Both agree (information equality) for one τ; with χ²₂ = s and the
    divergence of ψ in the plane, E[ρ'² s] = E[2ρ' + 2sρ'']. By Gauss-Laguerre.
    """
    node, mass = np.polynomial.laguerre.laggauss(100)
    s = 2.0 * node

    def excess(log_scale: float) -> float:
        weight = (nu + 2.0) / (nu * np.exp(2.0 * log_scale) + s)
        slope = -(weight**2) / (nu + 2.0)
        score, bend = weight**2 * s, 2.0 * weight + 2.0 * s * slope
        return float(np.sum(mass * score) / np.sum(mass * bend)) - 1.0

    return float(np.exp(brentq(excess, -4.0, 4.0, xtol=1e-14)))


def mixture(
    fraction: float = OUTLIER_FRACTION, width: float = OUTLIER_WIDTH
) -> Mixture:
    """Return a mixture of a good and a broad Normal density.

    Parameters
    ----------
    fraction
        Part that is broad, between 0 and 1.
    width
        The broad σ in units of the stated one, above 1.
    """
    if not 0.0 < fraction < 1.0:
        raise _out_of_range("outlier fraction", fraction, "between 0 and 1")
    if not (np.isfinite(width) and width > 1.0):
        raise _out_of_range("outlier width", width, "more than 1")
    return Mixture(np.asarray(float(fraction)), np.asarray(float(width)))


def _out_of_range(name: str, value: float, wanted: str) -> ConfigError:
    return ConfigError(
        explain(
            given=f"{name} = {value}",
            wanted=wanted,
            where="likelihood",
            todo="correct the value",
        )
    )


def likelihood_named(name: str, *, where: str = "--likelihood") -> Likelihood | None:
    """Return a likelihood of measurements by its name; None for "normal".

    Parameters
    ----------
    name
        One of `LIKELIHOODS`.
    where
        Option or key, for the message.
    """
    _check_name(name, where)
    return {"normal": None, "student": student(), "mixture": mixture()}[name]


def prior_named(name: str, *, where: str = "--reference-prior") -> Likelihood | None:
    """Return a density of reference positions by its name; None for "normal".

    Parameters
    ----------
    name
        One of `LIKELIHOODS`.
    where
        Option or key, for the message.
    """
    _check_name(name, where)
    broad = mixture(WRONG_FRACTION, WRONG_WIDTH)
    return {"normal": None, "student": student_prior(), "mixture": broad}[name]


def _check_name(name: str, where: str) -> None:
    if name not in LIKELIHOODS:
        raise unknown_name("likelihood", name, LIKELIHOODS, where=where)


__all__ = [
    "LIKELIHOODS",
    "Likelihood",
    "Mixture",
    "Normal",
    "Student",
    "information_scale",
    "likelihood_named",
    "mixture",
    "prior_named",
    "student",
    "student_prior",
]
