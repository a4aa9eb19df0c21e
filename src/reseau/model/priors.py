"""Priors of the shared parameters: their density, gradient and curvature.

The table of the Plate Analysis: Normal for pointing (1° on the sky), distortion,
detectors and, here, the roll where it is known; none for a position angle that is
uniform; Gamma for each focal length, with the mean and the standard deviation given.
All are independent but for the three angles of an attitude, which are coupled since the
coordinates' errors are given for ra·cos dec, dec and pa while the unknowns are
rotations about the camera's axes.
"""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from reseau._compiled import quick_jit
from reseau.instrument import attitude_difference, camera_axes

from .parameters import PER_EXPOSURE, Layout, Parameters, layout_of
from .problem import Problem, detector_parameters, nominal_own_terms
from .terms import exposure_term_widths, nominal_terms, term_widths

FOCAL = slice(3, PER_EXPOSURE)
"""Columns of an exposure that are its focal lengths."""


class PriorTerms(NamedTuple):
    """Minus twice the log density of the shared priors, to second order.

    Attributes
    ----------
    objective
        −2 log p up to a constant: zero at the priors' means (Normal) or modes.
    gradient
        Half the gradient, with the sign of a normal equation's right-hand side.
    information
        Half the second derivatives, (p, p).
    """

    objective: float
    gradient: Float[np.ndarray, "p"]
    information: Float[np.ndarray, "p p"]


def gamma_terms(
    value: Array | np.ndarray | float,
    mean: Array | np.ndarray | float,
    sigma: Array | np.ndarray | float,
) -> tuple[Any, Any, Any]:
    """Return −2 log density, half its gradient and half its curvature, of a Gamma.

    Parameters
    ----------
    value, mean, sigma
        Point, mean and standard deviation, in one unit.

    Notes
    -----
    Shape (mean/σ)², rate mean/σ². The density is taken relative to its mode, and
    written with log1p so that no digits are lost where mean/σ is large.
    """
    shape = (mean / sigma) ** 2
    rate = mean / sigma**2
    mode = (shape - 1.0) / rate
    relative = (value - mode) / mode
    objective = 2.0 * (shape - 1.0) * (relative - jnp.log1p(relative))
    gradient = rate - (shape - 1.0) / value
    return objective, gradient, (shape - 1.0) / value**2


def normal_terms(value: Array, mean: Array, sigma: Array) -> tuple[Array, Array, Array]:
    """Return −2 log density, half its gradient and half its curvature, of a Normal.

    Infinite `sigma` means no prior; zero (a held parameter) counts as none.
    """
    held = sigma <= 0
    weight = jnp.where(held, 0.0, 1.0 / jnp.where(held, 1.0, sigma) ** 2)
    pull = value - mean
    return weight * pull**2, weight * pull, weight


def prior_widths(problem: Problem) -> Float[np.ndarray, "p"]:
    """Return the prior's standard deviation of each shared parameter.

    Infinite where there is no prior, zero where the parameter is held.
    """
    layout, instrument = problem.layout, problem.instrument
    detectors = instrument.detectors
    width = np.zeros(layout.size)
    exposure = np.empty((layout.n_exposures, layout.per_exposure))
    exposure[:, :3] = problem.exposures.attitude_sigma
    exposure[:, FOCAL] = instrument.focal_sigma
    if problem.free_network:
        exposure[:, :3] = np.inf
        exposure[:, FOCAL] = np.where(exposure[:, FOCAL] > 0, np.inf, 0.0)
    exposure[:, PER_EXPOSURE:] = exposure_term_widths(instrument)
    width[layout.exposures] = exposure.ravel()
    width[layout.distortion] = instrument.coefficient_sigma
    width[layout.skew] = instrument.skew_sigma
    relative = np.asarray(detectors.sigma_pitch)[:, None]
    rows = [
        np.repeat(np.asarray(detectors.sigma_centre)[:, None], 2, axis=1),
        np.asarray(detectors.sigma_theta)[:, None],
        relative * np.asarray(detectors.pitch),
    ]
    width[layout.detectors] = np.concatenate(rows, axis=1).ravel()
    width[layout.terms] = term_widths(instrument)
    return width


def tied_focal_weight(problem: Problem) -> Float[np.ndarray, "n_exp 2"]:
    """Return how much each focal length counts in the prior: tied ones count once."""
    n = problem.layout.n_exposures
    shared = {
        "exposure-axis": 1.0,
        "exposure": 2.0,
        "plate-axis": float(n),
        "plate": 2.0 * n,
    }
    return np.full((n, 2), 1.0 / shared[problem.instrument.scale])


def prior_terms(problem: Problem, parameters: Parameters) -> PriorTerms:
    """Return the priors of the shared parameters, expanded at `parameters`."""
    layout = problem.layout
    width = prior_widths(problem)
    objective, gradient, information = _diagonal_terms(problem, parameters, width)
    values, slopes, blocks = _attitude_terms(problem, parameters)
    objective += values
    layout.by_exposure(gradient)[:, :3] += slopes
    matrix = np.diag(information)
    for i in range(3):
        for j in range(3):
            rows = np.arange(layout.n_exposures) * layout.per_exposure
            matrix[rows + i, rows + j] += blocks[:, i, j]
    return PriorTerms(objective, gradient, matrix)


def _diagonal_terms(
    problem: Problem, parameters: Parameters, width: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """Return the terms of all parameters but the attitudes."""
    layout, instrument = problem.layout, problem.instrument
    value, mean = shared_vector(parameters), nominal_vector(problem)
    chi2, slope, curvature = (
        np.array(t) for t in _normal(value, mean, _without_exposures(layout, width))
    )
    if problem.free_network or not instrument.focal_sigma > 0:
        return float(chi2.sum()), -slope, curvature
    weight = tied_focal_weight(problem)
    focal = np.asarray(parameters.focal)
    nominal = np.broadcast_to(instrument.focal, focal.shape)
    sigma = np.full_like(focal, instrument.focal_sigma)
    terms = _gamma if instrument.focal_prior == "gamma" else _normal
    of_focal = terms(focal, nominal, sigma)
    for vector, part in zip((chi2, slope, curvature), of_focal, strict=True):
        layout.by_exposure(vector)[:, FOCAL] = weight * np.asarray(part)
    return float(chi2.sum()), -slope, curvature


def shared_vector(parameters: Parameters) -> Float[np.ndarray, "p"]:
    """Return the shared parameters in one vector; attitudes and scales are left zero.

    Parameters
    ----------
    parameters
        Of a plate.
    """
    layout = layout_of(parameters)
    vector = np.zeros(layout.size)
    if layout.n_exposure_terms:
        layout.by_exposure(vector)[:, PER_EXPOSURE:] = parameters.exposure_terms
    vector[layout.distortion] = parameters.coefficients
    vector[layout.skew] = parameters.skew
    vector[layout.detectors] = np.asarray(parameters.detectors).ravel()
    vector[layout.terms] = parameters.terms
    return vector


def nominal_vector(problem: Problem) -> Float[np.ndarray, "p"]:
    """Return the prior means of `shared_vector`.

    Parameters
    ----------
    problem
        Of a plate.
    """
    layout, instrument = problem.layout, problem.instrument
    vector = np.zeros(layout.size)
    if layout.n_exposure_terms:
        layout.by_exposure(vector)[:, PER_EXPOSURE:] = nominal_own_terms(problem)
    vector[layout.distortion] = instrument.coefficients
    vector[layout.skew] = instrument.skew
    vector[layout.detectors] = detector_parameters(instrument).ravel()
    vector[layout.terms] = nominal_terms(instrument)
    return vector


_gamma = quick_jit(gamma_terms)
_normal = quick_jit(normal_terms)


def _without_exposures(layout: Layout, width: np.ndarray) -> np.ndarray:
    out = width.copy()
    layout.by_exposure(out)[:, :PER_EXPOSURE] = np.inf
    return out


def attitude_steps(
    problem: Problem, parameters: Parameters
) -> Float[np.ndarray, "n_exp 3"]:
    """Return the steps from the estimated attitudes to those of `parameters` [rad]."""
    axes, attitude = jnp.asarray(parameters.axes), problem.exposures.attitude
    return np.asarray(_steps_from(axes, jnp.asarray(attitude)))


@quick_jit
def _steps_from(axes: Array, attitude: Array) -> Array:
    return jnp.asarray(attitude_difference(axes, camera_axes(attitude)))


def attitude_rows(problem: Problem) -> Float[np.ndarray, "n_exp 3 3"]:
    """Return the rows that turn steps (east, north, roll) into pulls of the attitudes.

    Zero where there is no prior.
    """
    exposures = problem.exposures
    n = problem.layout.n_exposures
    sigma = np.asarray(exposures.attitude_sigma)
    weight = np.where(np.isfinite(sigma) & (sigma > 0), 1.0, 0.0) / np.where(
        sigma > 0, sigma, 1.0
    )
    weight[~np.isfinite(sigma)] = 0.0
    if problem.free_network:
        weight[:] = 0.0
    # From steps (east, north, roll) to coordinates: moving east by s turns the
    # direction of north by s·tan dec, which the position angle shares.
    lever = np.zeros((n, 3, 3))
    lever[:, [0, 1, 2], [0, 1, 2]] = 1.0
    tilt = np.tan(np.asarray(exposures.attitude)[:, 1])
    lever[:, 2, 0] = np.where(weight[:, 2] > 0, tilt, 0.0)
    return weight[:, :, None] * lever


def _attitude_terms(
    problem: Problem, parameters: Parameters
) -> tuple[float, np.ndarray, np.ndarray]:
    """Return objective, slopes (m, 3) and information (m, 3, 3) of the attitudes."""
    n = problem.layout.n_exposures
    rows = attitude_rows(problem)
    if not np.any(rows):
        return 0.0, np.zeros((n, 3)), np.zeros((n, 3, 3))
    residual = np.einsum("mij,mj->mi", rows, attitude_steps(problem, parameters))
    slopes = -np.einsum("mij,mi->mj", rows, residual)
    return (
        float(np.sum(residual**2)),
        slopes,
        np.einsum("mij,mik->mjk", rows, rows),
    )


__all__ = [
    "PriorTerms",
    "attitude_rows",
    "gamma_terms",
    "nominal_vector",
    "normal_terms",
    "prior_terms",
    "prior_widths",
    "shared_vector",
    "tied_focal_weight",
]
