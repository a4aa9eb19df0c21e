"""The pytrees that travel between the rooms: fields and shapes, no computing.

Ids never enter a pytree: tables keep `source_id` and `exposure_id`, records
keep row indices. Angles are radians, positions au, velocities units of c,
pixels 0-based at the centre of the first pixel, order (x, y).
"""

import equinox as eqx
import jax
from jaxtyping import Array, Bool, Float, Int
from numpy import ndarray

from reseau.errors import ShapeError

AnyArray = Array | ndarray


def _check_length(name: str, found: int, wanted: int) -> None:
    if found != wanted:
        raise ShapeError(f"{name} has {found} rows where {wanted} were wanted")


class Bodies(eqx.Module):
    """Masses that bend light, as one observer has them around him, for each exposure.

    All leaves begin with the same axes, so that rows can be taken of all at once.

    Attributes
    ----------
    position
        From the observer to each body, at the time when light passed it, ICRS axes
        [au].
    mass
        GM/c² [au].
    radius
        Equatorial radius [au]; behind the disc nothing is seen, and there the
        deflection falls linearly to zero at its centre.
    oblateness
        J₂; zero: a sphere.
    pole
        Unit vector along the axis of rotation, ICRS; any where there is no oblateness.
    """

    position: Float[AnyArray, "*batch k 3"]
    mass: Float[AnyArray, "*batch k"]
    radius: Float[AnyArray, "*batch k"]
    oblateness: Float[AnyArray, "*batch k"]
    pole: Float[AnyArray, "*batch k 3"]


class Air(eqx.Module):
    """The atmosphere above a site, for each exposure.

    Attributes
    ----------
    zenith
        Unit vector towards the zenith, ICRS axes.
    tangent, cube
        Laplace's constants A and B of ``R = A tan z₀ - B tan³ z₀``, with z₀ the
        observed zenith distance [rad].
    """

    zenith: Float[AnyArray, "*batch 3"]
    tangent: Float[AnyArray, "*batch"]
    cube: Float[AnyArray, "*batch"]


class Surroundings(eqx.Module):
    """What turns a geometric direction into the one that an observer sees.

    What is None does not act; what is there has the exposures along its first axes.

    Attributes
    ----------
    bodies
        For light deflection.
    velocity
        Of the observer, barycentric, ICRS axes [c], for aberration.
    air
        For refraction.
    """

    bodies: Bodies | None = None
    velocity: Float[AnyArray, "*batch 3"] | None = None
    air: Air | None = None


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
    surroundings
        What displaces directions as each exposure sees them; see `Surroundings`.
    """

    epoch: Float[AnyArray, "n_exp"]
    attitude: Float[AnyArray, "n_exp 3"]
    attitude_sigma: Float[AnyArray, "n_exp 3"]
    position: Float[AnyArray, "n_exp 3"]
    surroundings: Surroundings = Surroundings()

    def __check_init__(self) -> None:
        n = self.epoch.shape[0]
        for name in ("attitude", "attitude_sigma", "position"):
            _check_length(f"exposures.{name}", getattr(self, name).shape[0], n)
        for leaf in jax.tree.leaves(self.surroundings):
            _check_length("exposures.surroundings", leaf.shape[0], n)


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
    covariates
        What the instrument's declared terms multiply, less their zeros, a row a term;
        None: there are no terms.
    """

    pixel: Float[AnyArray, "n_meas 2"]
    covariance: Float[AnyArray, "n_meas 2 2"]
    source: Int[AnyArray, "n_meas"]
    exposure: Int[AnyArray, "n_meas"]
    detector: Int[AnyArray, "n_meas"]
    covariates: Float[AnyArray, "n_terms n_meas"] | None = None

    def __check_init__(self) -> None:
        n = self.pixel.shape[0]
        for name in ("covariance", "source", "exposure", "detector"):
            _check_length(f"measurements.{name}", getattr(self, name).shape[0], n)
        if self.covariates is not None:
            _check_length("measurements.covariates, along", self.covariates.shape[1], n)


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
