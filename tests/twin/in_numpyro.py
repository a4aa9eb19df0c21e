"""The same log density as a numpyro model, generated from a problem.

One site a free block, in the units that users see:

============  ==================  ====================================================
site          unit                what
============  ==================  ====================================================
`sources`     mas                 offsets (east, north) of the sources solved for
`attitude`    arcsec              steps (east, north, roll) from the estimated attitude
                                  where it has a prior, else from the start
`scale`       mm                  focal lengths, tied ones once
`distortion`  µm                  coefficients (of their own unit where not lengths)
`skew`        1                   the common skew
`detectors`   µm, deg, µm         x, y, theta, pitches, those that are free in one row
============  ==================  ====================================================

Priors are numpyro's distributions where all is Normal or Gamma; what is flat in some
entries is `PartlyNormal`. The measurements enter as a factor `measurements`, computed
by the one observation equation. In a free network the model is flat along rotations of
the sky, as the data are: fix them by the guide, or hold exposures.
"""

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from jaxtyping import Array, Float
from numpyro.distributions import constraints

from reseau.constants import ARCSECOND, DEGREE, MILLIARCSECOND
from reseau.equations.density_in_tiles import tiled_density
from reseau.equations.ties import tie_columns
from reseau.instrument import attitude_difference, rotate_axes
from reseau.model import (
    PER_DETECTOR,
    PER_EXPOSURE,
    Density,
    Parameters,
    Problem,
    free_columns,
    prior_widths,
)
from reseau.model.density import Loss, solved_sources

MILLIMETRE = 1000.0
UNITS = {
    "sources": MILLIARCSECOND,
    "attitude": ARCSECOND,
    "scale": MILLIMETRE,
    "distortion": 1.0,
    "skew": 1.0,
}


class PartlyNormal(dist.Distribution):
    """Normal of a given precision, flat along what that leaves open; not normalised.

    Parameters
    ----------
    mean
        Vectors of the last axis.
    precision
        Inverse covariances, zero where flat.
    """

    arg_constraints: ClassVar[dict[str, Any]] = {}
    support = constraints.independent(constraints.real, 1)

    def __init__(
        self,
        mean: Float[np.ndarray, "n d"],
        precision: Float[np.ndarray, "n d d"],
        *,
        validate_args: bool | None = None,
    ) -> None:
        self.mean_, self.precision = jnp.asarray(mean), jnp.asarray(precision)
        super().__init__(
            self.mean_.shape[:-1], self.mean_.shape[-1:], validate_args=validate_args
        )

    def log_prob(self, value: Array) -> Array:
        """Return minus half the squared Mahalanobis distance."""
        shift = value - self.mean_
        return -0.5 * jnp.einsum("...i,...ij,...j->...", shift, self.precision, shift)

    def sample(self, key: Array, sample_shape: tuple[int, ...] = ()) -> Array:
        """Return the mean: what is flat cannot be drawn from."""
        del key
        return jnp.broadcast_to(self.mean_, (*sample_shape, *self.mean_.shape))


class Site(NamedTuple):
    """A free block.

    Attributes
    ----------
    prior
        Its distribution, in the site's units.
    values
        The start, in the same.
    """

    prior: Any
    values: np.ndarray


class Sites:
    """The free blocks of a problem and how their values make parameters.

    Parameters
    ----------
    problem
        What is to be solved, as a solution or `find_start` returns it.
    start
        Values of all that is held, and of the attitudes without a prior.
    """

    def __init__(self, problem: Problem, start: Parameters) -> None:
        layout = problem.layout
        free = free_columns(layout, problem.free, prior_widths(problem))
        self.problem, self.layout = problem, layout
        self.start = jax.tree.map(np.array, start)
        self.density: Density = tiled_density(problem)
        self.rows = np.flatnonzero(solved_sources(problem))
        self.basis = tie_columns(problem, free).toarray()
        blocks = layout.blocks()
        first = np.argmax(self.basis != 0, axis=0)
        self.columns = {
            name: np.flatnonzero(blocks[first] == name) for name in np.unique(blocks)
        }
        self.first = first
        self._use_estimates()
        self.sites = {k: v for k, v in self._all().items() if v.values.size}

    def _use_estimates(self) -> None:
        """Take attitudes from the estimates where these have a prior and are free."""
        self.base = np.array(self.start.axes)
        if "attitude" in self.problem.free:
            self.base[self.density.prior.estimated] = self.density.prior.axes

    def _all(self) -> dict[str, Site]:
        calibration = ("distortion", "skew", "detectors")
        return {
            "sources": self._sources(),
            "attitude": self._attitude(),
            "scale": self._scale(),
            **{name: self._calibration(name) for name in calibration},
        }

    def _sources(self) -> Site:
        unit = UNITS["sources"]
        precision = np.asarray(self.density.information)[self.rows] * unit**2
        values = np.asarray(self.start.offset)[self.rows] / unit
        return Site(_normal(np.zeros_like(values), precision), values)

    def _attitude(self) -> Site:
        n = self.layout.n_exposures
        if not self.columns["attitude"].size:
            return Site(None, np.zeros(0))
        rows = np.zeros((n, 3, 3))
        rows[self.density.prior.estimated] = self.density.prior.attitude
        precision = np.einsum("mij,mik->mjk", rows, rows) * UNITS["attitude"] ** 2
        return Site(_normal(np.zeros((n, 3)), precision), self._steps_from_base())

    def _steps_from_base(self) -> np.ndarray:
        found = jax.jit(attitude_difference)(
            jnp.asarray(self.start.axes), jnp.asarray(self.base)
        )
        return np.asarray(found) / UNITS["attitude"]

    def _scale(self) -> Site:
        unit, prior = UNITS["scale"], self.density.prior
        which = self.first[self.columns["scale"]]
        values = self._vector()[which] / unit
        exposure, axis = np.divmod(which, PER_EXPOSURE)
        if self.problem.free_network:
            flat = np.zeros((values.size, 1, 1))
            return Site(PartlyNormal(values[:, None], flat), values[:, None])
        mean = np.asarray(prior.focal)[exposure, axis - 3] / unit
        sigma = np.asarray(prior.focal_sigma)[exposure, axis - 3] / unit
        if prior.gamma:
            return Site(
                dist.Gamma((mean / sigma) ** 2, mean / sigma**2).to_event(1), values
            )
        return Site(dist.Normal(mean, sigma).to_event(1), values)

    def _calibration(self, name: str) -> Site:
        which = self.first[self.columns.get(name, np.zeros(0, dtype=int))]
        unit = self._units(name, which)
        mean = np.asarray(self.density.prior.mean)[which] / unit
        width = np.asarray(self.density.prior.width)[which] / unit
        values = self._vector()[which] / unit
        if np.all(np.isfinite(width)):
            return Site(dist.Normal(mean, width).to_event(1), values)
        precision = np.diag(1.0 / width**2)
        return Site(PartlyNormal(mean, precision), values)

    def _units(self, name: str, which: np.ndarray) -> np.ndarray:
        if name != "detectors":
            return np.full(which.size, UNITS[name])
        entry = (which - self.layout.detectors.start) % PER_DETECTOR
        return np.where(entry == 2, DEGREE, 1.0)

    def _vector(self) -> np.ndarray:
        """Return the start's shared values, attitudes left zero."""
        layout, start = self.layout, self.start
        out = np.zeros(layout.size)
        out[layout.exposures].reshape(-1, PER_EXPOSURE)[:, 3:] = start.focal
        out[layout.distortion] = start.coefficients
        out[layout.skew] = start.skew
        out[layout.detectors] = np.asarray(start.detectors).ravel()
        return out

    def values(self) -> dict[str, np.ndarray]:
        """Return the start, for numpyro's ``init_to_value``."""
        return {name: site.values for name, site in self.sites.items()}

    def parameters(self, values: dict[str, Array]) -> Parameters:
        """Return the parameters that values of the sites stand for."""
        shared = jnp.asarray(self._vector())
        for name in ("scale", "distortion", "skew", "detectors"):
            if name in values:
                columns = self.columns[name]
                unit = (
                    np.full(columns.size, UNITS["scale"])
                    if name == "scale"
                    else self._units(name, self.first[columns])
                )
                given = jnp.reshape(values[name], (-1,)) * unit
                spread = self.basis[:, columns]
                held = jnp.asarray(~np.any(spread != 0, axis=1))
                shared = jnp.where(held, shared, spread @ given)
        return self._assembled(shared, values)

    def _assembled(self, shared: Array, values: dict[str, Array]) -> Parameters:
        layout = self.layout
        offset = jnp.asarray(self.start.offset)
        if "sources" in values:
            offset = offset.at[self.rows].set(values["sources"] * MILLIARCSECOND)
        axes = jnp.asarray(self.start.axes)
        if "attitude" in values:
            steps = values["attitude"] * ARCSECOND
            axes = jnp.asarray(rotate_axes(jnp.asarray(self.base), steps))
        return Parameters(
            offset=offset,
            axes=axes,
            focal=shared[layout.exposures].reshape(-1, PER_EXPOSURE)[:, 3:],
            coefficients=shared[layout.distortion],
            skew=shared[layout.skew],
            detectors=shared[layout.detectors].reshape(-1, PER_DETECTOR),
        )


def _normal(
    mean: Float[np.ndarray, "n d"], precision: Float[np.ndarray, "n d d"]
) -> Any:
    """Return a Normal, or what is Normal in part."""
    determined = np.linalg.det(precision) > 0
    if determined.size and np.all(determined):
        return dist.MultivariateNormal(
            jnp.asarray(mean), precision_matrix=jnp.asarray(precision)
        ).to_event(1)
    return PartlyNormal(mean, precision).to_event(1)


def numpyro_model(
    problem: Problem, start: Parameters, loss: Loss | None = None
) -> tuple[Callable[[], None], Sites]:
    """Return a numpyro model of a plate, and its sites.

    Parameters
    ----------
    problem
        As `Solution.problem` or `find_start` has it.
    start
        Values of what is held, and where samplers may begin.
    loss
        Heavy-tailed likelihood of the measurements, see `model.Density`.
    """
    sites = Sites(problem, start)

    def model() -> None:
        values = {
            name: numpyro.sample(name, site.prior) for name, site in sites.sites.items()
        }
        found = sites.density.log_likelihood(sites.parameters(values), loss)
        numpyro.factor("measurements", found)

    return model, sites


__all__ = ["PartlyNormal", "Sites", "numpyro_model"]
