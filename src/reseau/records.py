"""The pytrees that travel between the rooms: fields and shapes, no computing.

Ids never enter a pytree: tables keep `source_id` and `exposure_id`, records
keep row indices. Angles are radians, positions au, velocities units of c,
pixels 0-based at the centre of the first pixel, order (x, y).
"""

import equinox as eqx
from jaxtyping import Array, Bool, Float, Int
from numpy import ndarray

from .errors import ShapeError

AnyArray = Array | ndarray


def _check_length(name: str, found: int, wanted: int) -> None:
    if found != wanted:
        raise ShapeError(f"{name} has {found} rows where {wanted} were wanted")


class Exposures(eqx.Module):
    """Times, observer and estimated attitudes of a plate's exposures.

    Attributes
    ----------
    epoch
        Mid-exposure, Julian year TCB.
    attitude
        Estimated right ascension, declination and position angle of the optical
        axis, as the observer sees the sky [rad].
    attitude_sigma
        Prior widths of those (of ra·cos dec, dec, pa) [rad]; infinite: no prior.
    position
        Observer, barycentric, ICRS axes [au].
    velocity
        Observer, barycentric, ICRS axes [c]. Zero: no aberration.
    """

    epoch: Float[AnyArray, "n_exp"]
    attitude: Float[AnyArray, "n_exp 3"]
    attitude_sigma: Float[AnyArray, "n_exp 3"]
    position: Float[AnyArray, "n_exp 3"]
    velocity: Float[AnyArray, "n_exp 3"]

    def __check_init__(self) -> None:
        n = self.epoch.shape[0]
        for name in ("attitude", "attitude_sigma", "position", "velocity"):
            _check_length(f"exposures.{name}", getattr(self, name).shape[0], n)


class Measurements(eqx.Module):
    """Detections of sources on exposures.

    Attributes
    ----------
    pixel
        Position (x, y) [pixel].
    covariance
        Covariance of (x, y) [pixel²].
    source, exposure, detector
        Row indices into the source prior, the exposures and the detectors.
    """

    pixel: Float[AnyArray, "n_meas 2"]
    covariance: Float[AnyArray, "n_meas 2 2"]
    source: Int[AnyArray, "n_meas"]
    exposure: Int[AnyArray, "n_meas"]
    detector: Int[AnyArray, "n_meas"]

    def __check_init__(self) -> None:
        n = self.pixel.shape[0]
        for name in ("covariance", "source", "exposure", "detector"):
            _check_length(f"measurements.{name}", getattr(self, name).shape[0], n)


class SourcePrior(eqx.Module):
    """What is known of the sources' directions before the plate is solved.

    Attributes
    ----------
    direction
        Mean direction from the observer at the plate's epoch, ICRS unit vectors;
        the start where there is no prior.
    information
        Inverse covariance in the tangent plane (east, north) of `direction`
        [rad⁻²]; zero: flat prior.
    fixed
        True where the direction is known exactly and not solved for.
    """

    direction: Float[AnyArray, "n_src 3"]
    information: Float[AnyArray, "n_src 2 2"]
    fixed: Bool[AnyArray, "n_src"]

    def __check_init__(self) -> None:
        n = self.direction.shape[0]
        for name in ("information", "fixed"):
            _check_length(f"prior.{name}", getattr(self, name).shape[0], n)
