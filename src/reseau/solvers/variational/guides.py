"""Families of distributions that are fitted: the guides.

A guide holds its parameters and draws a vector of unknowns (see `unknowns`) by a
differentiable function of standard normal numbers, with the log density of what it
drew, so that the gradient of the evidence lower bound

    ELBO = E_q[log p(x) − log q(x)]

passes through the draw (reparametrisation).

References
----------
Kingma & Welling 2014, Auto-Encoding Variational Bayes (reparametrisation);
Ong, Nott & Smith 2018, J. Comput. Graph. Stat. 27, 465 (covariance D + W Wᵀ).
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

LOG_TWO_PI = float(np.log(2.0 * np.pi))


class Drawn(NamedTuple):
    """A draw.

    Attributes
    ----------
    vector
        The unknowns.
    log_density
        Log density of the guide there; of its random entries only.
    """

    vector: Array
    log_density: Array


class Factorised(eqx.Module):
    """Independent Normals for the first entries, points (Deltas) for the others.

    With as many Normals as there are source coordinates it is the Plate Analysis'
    guide, with as many as there are unknowns the mean field.

    Attributes
    ----------
    mean
        Of all entries.
    log_width
        Logarithm of the standard deviations, of the first entries.
    """

    mean: Float[Array | np.ndarray, "d"]
    log_width: Float[Array | np.ndarray, "k"]

    def draw(self, key: Array) -> Drawn:
        """Return a draw of the unknowns."""
        k = self.log_width.shape[0]
        unit = jax.random.normal(key, (k,))
        mean = jnp.asarray(self.mean)
        normal = mean[:k] + jnp.exp(self.log_width) * unit
        log_q = -0.5 * jnp.sum(unit**2 + LOG_TWO_PI) - jnp.sum(self.log_width)
        return Drawn(jnp.concatenate([normal, mean[k:]]), log_q)

    def variance(self) -> np.ndarray:
        """Return the variances of all entries; NaN of points."""
        out = np.full(self.mean.shape[0], np.nan)
        out[: self.log_width.shape[0]] = np.exp(2.0 * np.asarray(self.log_width))
        return out

    def covariance(self, part: slice) -> np.ndarray:
        """Return the covariance of some entries; NaN where they are points."""
        variance = self.variance()[part]
        points = np.isnan(variance)
        out = np.diag(variance)
        out[points] = np.nan
        out[:, points] = np.nan
        return out

    def pairs(self, n: int) -> np.ndarray:
        """Return the covariances of the first n pairs of entries, (n, 2, 2)."""
        out = np.zeros((n, 2, 2))
        out[:, [0, 1], [0, 1]] = self.variance()[: 2 * n].reshape(-1, 2)
        return out


class LowRank(eqx.Module):
    """A Normal with covariance D + W Wᵀ, D diagonal and W of few columns.

    Attributes
    ----------
    mean
        Of all entries.
    log_width
        Half the logarithm of D.
    factor
        W.
    """

    mean: Float[Array | np.ndarray, "d"]
    log_width: Float[Array | np.ndarray, "d"]
    factor: Float[Array | np.ndarray, "d r"]

    def draw(self, key: Array) -> Drawn:
        """Return a draw of the unknowns."""
        one, other = jax.random.split(key)
        d, r = self.factor.shape
        width = jnp.exp(self.log_width)
        own = jax.random.normal(one, (d,))
        common = jax.random.normal(other, (r,))
        moved = width * own + self.factor @ common
        return Drawn(
            jnp.asarray(self.mean) + moved, self._log_density(moved / width, width)
        )

    def _log_density(self, scaled: Array, width: Array) -> Array:
        """Return the log density of deviations over the widths (Woodbury)."""
        whitened = self.factor / width[:, None]
        root = jnp.linalg.cholesky(jnp.eye(whitened.shape[1]) + whitened.T @ whitened)
        crossed = jax.scipy.linalg.solve_triangular(
            root, whitened.T @ scaled, lower=True
        )
        distance = jnp.sum(scaled**2) - jnp.sum(crossed**2)
        half_log = jnp.sum(self.log_width) + jnp.sum(jnp.log(jnp.diagonal(root)))
        return -0.5 * (distance + scaled.size * LOG_TWO_PI) - half_log

    def variance(self) -> np.ndarray:
        """Return the variances of all entries."""
        factor = np.asarray(self.factor)
        return np.exp(2.0 * np.asarray(self.log_width)) + np.sum(factor**2, axis=1)

    def covariance(self, part: slice) -> np.ndarray:
        """Return the covariance of some entries."""
        factor = np.asarray(self.factor)[part]
        own = np.exp(2.0 * np.asarray(self.log_width)[part])
        return np.diag(own) + factor @ factor.T

    def pairs(self, n: int) -> np.ndarray:
        """Return the covariances of the first n pairs of entries, (n, 2, 2)."""
        factor = np.asarray(self.factor)[: 2 * n].reshape(n, 2, -1)
        out = np.einsum("nir,njr->nij", factor, factor)
        own = np.exp(2.0 * np.asarray(self.log_width)[: 2 * n]).reshape(n, 2)
        out[:, [0, 1], [0, 1]] += own
        return out


Guide = Factorised | LowRank


def initial_factor(d: int, rank: int, scale: float) -> np.ndarray:
    """Return a small random W to begin with; its seed does not vary.

    At zero the gradient by W vanishes, so it may not begin there.
    """
    return scale * np.random.default_rng(0).normal(size=(d, rank)) / np.sqrt(rank)
