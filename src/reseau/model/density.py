"""The log density of a plate: measurements and priors, for any method of inference.

What Gauss-Newton minimises is minus twice this, up to a constant: the same
observation equation (`observation.predict`), the same priors. It is a pure function
of `Parameters`, to be compiled and differentiated, in reverse mode too.

`Density` holds what does not change between evaluations; it is a pytree, so that a
compiled function takes it as an argument instead of having its arrays written into
the program.
"""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from reseau._compiled import quick_jit
from reseau.instrument import Instrument, attitude_difference, camera_axes
from reseau.records import Surroundings
from reseau.sky import displaced

from .arrangement import Arrangement, in_rows
from .observation import exposure_frame, predict
from .parameters import PER_EXPOSURE, Parameters, layout_of
from .priors import (
    attitude_rows,
    gamma_terms,
    nominal_vector,
    normal_terms,
    prior_widths,
    tied_focal_weight,
)
from .problem import Problem

Loss = Callable[[Array], Array]
"""Minus twice the log density of a measurement, of its squared Mahalanobis distance."""


class SharedPrior(eqx.Module):
    """The priors of the shared parameters, as arrays.

    Attributes
    ----------
    mean, width
        Of distortion, skew, detectors and declared terms, in the order of `Layout`;
        attitudes and focal lengths have no prior here. Infinite: no prior, zero: held.
    focal, focal_sigma, focal_weight
        Mean and standard deviation of each focal length, and how much it counts: 0
        without a prior, less than 1 where it is tied to others.
    gamma
        Whether the focal lengths' prior is a Gamma; else Normal.
    estimated
        Rows of the exposures whose attitudes have a prior.
    axes
        Their camera axes at the estimated attitudes.
    attitude
        Rows that turn a step from there into pulls.
    """

    mean: Float[Array | np.ndarray, "p"]
    width: Float[Array | np.ndarray, "p"]
    focal: Float[Array | np.ndarray, "n_exp 2"]
    focal_sigma: Float[Array | np.ndarray, "n_exp 2"]
    focal_weight: Float[Array | np.ndarray, "n_exp 2"]
    gamma: bool = eqx.field(static=True)
    estimated: Int[Array | np.ndarray, "k"]
    axes: Float[Array | np.ndarray, "k 3 3"]
    attitude: Float[Array | np.ndarray, "k 3 3"]


class Density(eqx.Module):
    """Log density of a problem's parameters, up to a constant.

    Attributes
    ----------
    instrument
        The nominal instrument.
    surroundings
        What displaces directions on each exposure.
    direction
        Directions of the sources at an offset of zero.
    information
        Prior information of the sources [rad⁻²]; zero for those that have none, are
        held fixed or were not measured.
    prior
        Of the shared parameters.
    measured
        The measurements.
    """

    instrument: Instrument
    surroundings: Surroundings
    direction: Float[Array | np.ndarray, "n_src 3"]
    information: Float[Array | np.ndarray, "n_src 2 2"]
    prior: SharedPrior
    measured: Arrangement

    def __call__(
        self,
        parameters: Parameters,
        loss: Loss | None = None,
        reference_loss: Loss | None = None,
    ) -> Array:
        """Return log likelihood plus log prior.

        Parameters
        ----------
        loss, reference_loss
            See `log_likelihood` and `log_prior`.
        """
        of_measurements = self.log_likelihood(parameters, loss)
        return of_measurements + self.log_prior(parameters, reference_loss)

    def log_likelihood(self, parameters: Parameters, loss: Loss | None = None) -> Array:
        """Return the log likelihood of the measurements, up to a constant.

        Parameters
        ----------
        loss
            Minus twice the log density of a residual, as a function of its squared
            Mahalanobis distance; by default the distance itself, a Normal.
        """
        distance = self.distances(parameters)
        if loss is None:
            return -0.5 * jnp.sum(distance)
        met = self.measured.whitening[0] > 0
        return -0.5 * jnp.sum(jnp.where(met, loss(distance), 0.0))

    def distances(self, parameters: Parameters) -> Array:
        """Return the squared Mahalanobis distances of the residuals.

        In the shape of the arrangement; zero at places without a measurement.
        """
        at, w = self.measured, self.measured.whitening
        x, y = self._predicted(parameters)
        dx, dy = at.pixel_x - x, at.pixel_y - y
        return (w[0] * dx) ** 2 + (w[1] * dx + w[2] * dy) ** 2

    def _predicted(self, parameters: Parameters) -> tuple[Array, Array]:
        at = self.measured
        moved = displaced(jnp.asarray(self.direction), jnp.asarray(parameters.offset))
        exposures = exposure_frame(
            jnp.asarray(parameters.axes),
            jnp.asarray(parameters.focal),
            self.surroundings,
            parameters.exposure_terms,
        )
        frame = jax.tree.map(lambda leaf: leaf[at.exposure], exposures)
        met = at.whitening[0] > 0
        # At an empty place the axis is the source, so that nothing becomes infinite.
        direction = tuple(
            jnp.where(met, moved[:, i][at.source], frame.axes[..., 2, i])
            for i in range(3)
        )
        x, y = predict(
            self.instrument,
            direction,
            frame,
            jnp.asarray(parameters.coefficients),
            jnp.asarray(parameters.skew),
            jnp.asarray(parameters.detectors),
            jnp.asarray(at.detector),
            jnp.asarray(parameters.terms),
            None if at.covariates is None else jnp.asarray(at.covariates),
        )
        return x, y

    def log_prior(
        self, parameters: Parameters, reference_loss: Loss | None = None
    ) -> Array:
        """Return the log density of all priors, up to a constant.

        Parameters
        ----------
        reference_loss
            As the loss of measurements, for the shift of a source from its prior.
        """
        shared = (
            self._calibration(parameters)
            + self._focal(parameters)
            + self._attitude(parameters)
        )
        distance = self.prior_distances(parameters)
        if reference_loss is not None:
            distance = reference_loss(distance)
        return -0.5 * (shared + jnp.sum(distance))

    def prior_distances(self, parameters: Parameters) -> Array:
        """Return the squared Mahalanobis distances of the sources from their priors."""
        offset = jnp.asarray(parameters.offset)
        pulled = jnp.einsum("nij,nj->ni", self.information, offset)
        return jnp.sum(pulled * offset, axis=1)

    def _calibration(self, parameters: Parameters) -> Array:
        value = calibration_vector(parameters)
        mean, width = jnp.asarray(self.prior.mean), jnp.asarray(self.prior.width)
        return jnp.sum(normal_terms(value, mean, width)[0])

    def _focal(self, parameters: Parameters) -> Array:
        prior = self.prior
        terms = gamma_terms if prior.gamma else normal_terms
        chi2, _, _ = terms(
            jnp.asarray(parameters.focal),
            jnp.asarray(prior.focal),
            jnp.asarray(prior.focal_sigma),
        )
        return jnp.sum(prior.focal_weight * chi2)

    def _attitude(self, parameters: Parameters) -> Array:
        prior = self.prior
        axes = jnp.asarray(parameters.axes)[prior.estimated]
        step = attitude_difference(axes, prior.axes)
        return jnp.sum(jnp.einsum("mij,mj->mi", prior.attitude, step) ** 2)


def calibration_vector(parameters: Parameters) -> Array:
    """Return all shared parameters but attitudes and scales, which are left zero."""
    layout = layout_of(parameters)
    of_exposures = jnp.zeros(layout.exposures.stop)
    if layout.n_exposure_terms:
        own = jnp.asarray(parameters.exposure_terms)
        rows = jnp.zeros((layout.n_exposures, layout.per_exposure))
        of_exposures = jnp.ravel(rows.at[:, PER_EXPOSURE:].set(own))
    return jnp.concatenate(
        [
            of_exposures,
            jnp.asarray(parameters.coefficients),
            jnp.reshape(jnp.asarray(parameters.skew), (1,)),
            jnp.reshape(jnp.asarray(parameters.detectors), (-1,)),
            jnp.asarray(parameters.terms),
        ]
    )


def make_density(problem: Problem, measured: Arrangement | None = None) -> Density:
    """Return the log density of a problem.

    Parameters
    ----------
    measured
        Its measurements, in whatever arrangement is fastest; in rows by default.
    """
    return Density(
        instrument=problem.instrument,
        surroundings=problem.exposures.surroundings,
        direction=np.asarray(problem.prior.direction),
        information=source_information(problem),
        prior=shared_prior(problem),
        measured=in_rows(problem) if measured is None else measured,
    )


def solved_sources(problem: Problem) -> np.ndarray:
    """Return which sources are solved for: free, measured and not held fixed."""
    n = problem.prior.direction.shape[0]
    seen = np.bincount(np.asarray(problem.measurements.source), minlength=n) > 0
    return seen & ~np.asarray(problem.prior.fixed) & ("sources" in problem.free)


def source_information(problem: Problem) -> Float[np.ndarray, "n_src 2 2"]:
    """Return the prior information that counts [rad⁻²]: of sources solved for."""
    counts = solved_sources(problem) & (not problem.free_network)
    return np.asarray(problem.prior.information) * counts[:, None, None]


def shared_prior(problem: Problem) -> SharedPrior:
    """Return the priors of the shared parameters as arrays."""
    layout, instrument = problem.layout, problem.instrument
    width = prior_widths(problem)
    layout.by_exposure(width)[:, :PER_EXPOSURE] = np.inf
    shape = (layout.n_exposures, 2)
    counts = not problem.free_network and bool(instrument.focal_sigma > 0)
    sigma = instrument.focal_sigma if counts else 1.0
    rows = attitude_rows(problem)
    estimated = np.flatnonzero(np.any(rows != 0, axis=(1, 2)))
    attitude = np.asarray(problem.exposures.attitude)[estimated]
    return SharedPrior(
        mean=nominal_vector(problem),
        width=width,
        focal=np.broadcast_to(np.asarray(instrument.focal), shape),
        focal_sigma=np.full(shape, np.asarray(sigma)),
        focal_weight=tied_focal_weight(problem) * counts,
        gamma=instrument.focal_prior == "gamma",
        estimated=estimated,
        axes=np.asarray(_camera_axes(jnp.asarray(attitude))),
        attitude=rows[estimated],
    )


_camera_axes = quick_jit(camera_axes)


def log_likelihood(
    problem: Problem, parameters: Parameters, loss: Loss | None = None
) -> Array:
    """Return the log likelihood of `parameters`, up to a constant.

    Parameters
    ----------
    loss
        See `Density.log_likelihood`.
    """
    return make_density(problem).log_likelihood(parameters, loss)


def log_prior(problem: Problem, parameters: Parameters) -> Array:
    """Return the log density of all priors at `parameters`, up to a constant."""
    return make_density(problem).log_prior(parameters)


def log_density(
    problem: Problem, parameters: Parameters, loss: Loss | None = None
) -> Array:
    """Return log likelihood plus log prior, up to a constant.

    Where it is called often, `make_density` is to be called once, outside.
    """
    return make_density(problem)(parameters, loss)
