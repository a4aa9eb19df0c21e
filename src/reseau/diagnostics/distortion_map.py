"""A distortion, or the difference of two, on a grid over the focal plane.

The displacement is measured minus undistorted position, as a function of the
undistorted one. Its uncertainty follows from the covariance of the coefficients.
"""

from dataclasses import dataclass, replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpy import ndarray

from reseau._precision import in_double
from reseau.constants import MILLIARCSECOND
from reseau.errors import ShapeError, explain
from reseau.instrument import Distortion, measured

Grid = Float[ndarray, "n_y n_x"]
AnyArray = Array | ndarray


@dataclass(frozen=True)
class DistortionMap:
    """Displacements on a grid over the focal plane.

    Attributes
    ----------
    x, y
        Undistorted focal-plane position [um].
    dx, dy
        Displacement, in `unit`.
    sigma_x, sigma_y
        Its standard deviation, in `unit`; None where no covariance was given.
    unit
        "um" in the focal plane, or "mas" on the sky.
    """

    x: Grid
    y: Grid
    dx: Grid
    dy: Grid
    sigma_x: Grid | None = None
    sigma_y: Grid | None = None
    unit: str = "um"

    @property
    def size(self) -> Grid:
        """Length of the displacement."""
        return np.hypot(self.dx, self.dy)

    @property
    def sigma(self) -> Grid | None:
        """Standard deviation of a component, both pooled."""
        if self.sigma_x is None or self.sigma_y is None:
            return None
        return np.sqrt(0.5 * (self.sigma_x**2 + self.sigma_y**2))

    @property
    def rms(self) -> float:
        """Root mean square of the length of the displacement over the grid."""
        return float(np.sqrt(np.nanmean(self.dx**2 + self.dy**2)))


def focal_plane_grid(
    half_x: float, half_y: float | None = None, *, n: int = 41
) -> tuple[Grid, Grid]:
    """Return positions on a regular grid about the axis.

    Parameters
    ----------
    half_x, half_y
        Half the sides of the grid [um]; a square if only one is given.
    n
        Number of points along each side.
    """
    half_y = half_x if half_y is None else half_y
    x, y = np.linspace(-half_x, half_x, n), np.linspace(-half_y, half_y, n)
    grid = np.meshgrid(x, y)
    return grid[0], grid[1]


@in_double
def evaluate_distortion(
    distortion: Distortion,
    coefficients: Float[ndarray, "n_coef"],
    *,
    x: Grid,
    y: Grid,
    skew: float = 0.0,
    covariance: Float[ndarray, "n_par n_par"] | None = None,
) -> DistortionMap:
    """Return the displacement by a distortion, and its uncertainty.

    Parameters
    ----------
    distortion
        The model.
    coefficients
        Its coefficients, in its order and units.
    x, y
        Undistorted focal-plane position [um].
    skew
        The common skew.
    covariance
        Covariance of the coefficients, in their order; with one more row and column
        also that of the skew, which comes last.
    """
    parameters = np.append(np.asarray(coefficients, dtype=float), skew)
    dx, dy = np.asarray(_displacement(distortion, parameters, x, y))
    if covariance is None:
        return DistortionMap(x, y, dx, dy)
    _check_size(covariance, distortion.n_coefficients)
    jacobian = np.asarray(_sensitivity(distortion, parameters, x, y))
    jacobian = jacobian[..., : len(covariance)]
    variance = np.einsum("...i,ij,...j->...", jacobian, covariance, jacobian)
    # Rounding may leave a variance of zero a little below it.
    sigma_x, sigma_y = np.sqrt(np.maximum(variance, 0.0))
    return DistortionMap(x, y, dx, dy, sigma_x, sigma_y)


@eqx.filter_jit
def _displacement(
    distortion: Distortion, parameters: AnyArray, x: AnyArray, y: AnyArray
) -> Array:
    there = measured(distortion, x, y, parameters[:-1], parameters[-1])
    return jnp.stack([there[0] - x, there[1] - y])


@eqx.filter_jit
def _sensitivity(
    distortion: Distortion, parameters: AnyArray, x: AnyArray, y: AnyArray
) -> Array:
    return jax.jacfwd(lambda p: _displacement(distortion, p, x, y))(parameters)


def _check_size(covariance: ndarray, n_coefficients: int) -> None:
    n = len(covariance)
    if n not in (n_coefficients, n_coefficients + 1):
        raise ShapeError(
            explain(
                given=f"the covariance has {n} rows",
                wanted=f"{n_coefficients}, or one more for the skew",
                where="the map of a distortion",
                todo="give the rows of the distortion's coefficients, in their order",
            )
        )


def difference(field: DistortionMap, reference: DistortionMap) -> DistortionMap:
    """Return one map minus another on the same grid.

    Parameters
    ----------
    field, reference
        The maps; where both have uncertainties they are taken as independent.
    """
    if field.unit != reference.unit or field.x.shape != reference.x.shape:
        raise ShapeError(
            explain(
                given=f"maps in {field.unit} and {reference.unit} on grids of "
                f"{field.x.shape} and {reference.x.shape}",
                wanted="the same unit and the same grid",
                where="the difference of two distortions",
                todo="evaluate both on one grid",
            )
        )
    return replace(
        field,
        dx=field.dx - reference.dx,
        dy=field.dy - reference.dy,
        sigma_x=_joint(field.sigma_x, reference.sigma_x),
        sigma_y=_joint(field.sigma_y, reference.sigma_y),
    )


def _joint(first: Grid | None, second: Grid | None) -> Grid | None:
    if first is None or second is None:
        return second if first is None else first
    return np.hypot(first, second)


def without_affine(field: DistortionMap) -> DistortionMap:
    """Return a map without its best affine part.

    Shift, rotation, scales and skew are traded with attitude, focal lengths and
    detectors; two calibrations are compared without them. The uncertainties stay.

    Parameters
    ----------
    field
        The map.
    """
    length = np.max(np.hypot(field.x, field.y)) or 1.0
    columns = np.stack([np.ones(field.x.size), field.x.ravel(), field.y.ravel()], 1)
    columns[:, 1:] /= length
    both = np.stack([field.dx.ravel(), field.dy.ravel()], axis=1)
    rest = both - columns @ np.linalg.lstsq(columns, both, rcond=None)[0]
    dx, dy = (rest[:, i].reshape(field.x.shape) for i in range(2))
    return replace(field, dx=dx, dy=dy)


def in_mas(field: DistortionMap, focal_x: float, focal_y: float) -> DistortionMap:
    """Return a map in um as displacements on the sky near the axis [mas].

    Parameters
    ----------
    field
        The map in um.
    focal_x, focal_y
        Focal lengths [um].
    """
    of_x, of_y = (1.0 / (f * MILLIARCSECOND) for f in (focal_x, focal_y))
    return replace(
        field,
        dx=field.dx * of_x,
        dy=field.dy * of_y,
        sigma_x=None if field.sigma_x is None else field.sigma_x * of_x,
        sigma_y=None if field.sigma_y is None else field.sigma_y * of_y,
        unit="mas",
    )


__all__ = [
    "DistortionMap",
    "difference",
    "evaluate_distortion",
    "focal_plane_grid",
    "in_mas",
    "without_affine",
]
