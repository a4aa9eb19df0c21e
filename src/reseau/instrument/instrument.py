"""The instrument: unit vectors in the camera's frame to pixels, and back.

    direction -> projection -> parity, focal lengths -> skew, distortion -> detector

It knows no star, no time and no catalogue. What differs between exposures (focal
lengths) or is changed by a solver is an argument of the small functions; the record
`Instrument` holds the nominal values.
"""

from dataclasses import replace
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int
from numpy import ndarray

from reseau._precision import Kind, border
from reseau.errors import ConfigError, ShapeError, explain, some, unknown_name

from ._arrays import Pair, Stack, Triple, Values, Vectors
from .attitude import ATTITUDE, camera_axes
from .calibration_terms import CalibrationTerm, check_terms, for_detectors, make_term
from .detector import Detectors, from_pixel, to_pixel
from .distortion import (
    Distortion,
    InverseSIP,
    NoDistortion,
    basis_name,
    make_distortion,
)
from .projection import check_projection, deproject, project

AnyArray = Array | ndarray
Rows = Int[Array | ndarray, "..."] | int
Pixels = Float[Array | ndarray, "... 2"]

DEFAULT_NORMALISATION = 21_000.0
"""Normalisation where nothing says how large the plane is [um]: JASMINE's half."""

DEFAULT_SIGMA = 1_000.0
"""Prior width of a distortion where the instrument has none [um] (Plate Analysis)."""

SCALES = ("exposure-axis", "exposure", "plate-axis", "plate")
"""What shares one focal length: each exposure and axis, each exposure, ..."""

FOCAL_PRIORS = ("gamma", "normal")


class Instrument(eqx.Module):
    """Nominal values and prior widths of everything between the sky and the pixels.

    Attributes
    ----------
    name
        What it is called.
    projection
        One of `PROJECTIONS`.
    parity
        +1, or -1 where X is mirrored.
    focal
        Focal lengths F_x and F_y [um].
    focal_sigma
        Their prior width [um]; 0: held fixed.
    focal_prior
        Shape of that prior, "gamma" or "normal".
    scale
        What shares one focal length, one of `SCALES`.
    distortion
        The model.
    coefficients, coefficient_sigma
        Values of its coefficients and their prior widths, in the units it names.
    skew, skew_sigma
        The common skew κ of ``X += κ Y``, before the distortion, and its prior width.
    detectors
        The detectors.
    terms
        Declared shifts that depend on more than the place; see `CalibrationTerm`.
    """

    name: str = eqx.field(static=True)
    projection: str = eqx.field(static=True)
    parity: int = eqx.field(static=True)
    focal: Float[AnyArray, "2"]
    focal_sigma: Float[AnyArray, ""]
    focal_prior: str = eqx.field(static=True)
    scale: str = eqx.field(static=True)
    distortion: Distortion
    coefficients: Float[AnyArray, "n_coef"]
    coefficient_sigma: Float[AnyArray, "n_coef"]
    skew: Float[AnyArray, ""]
    skew_sigma: Float[AnyArray, ""]
    detectors: Detectors
    terms: tuple[CalibrationTerm, ...] = ()

    def __check_init__(self) -> None:
        check_projection(self.projection, where=f"instrument {self.name!r}")
        self._check_choice("focal_prior", FOCAL_PRIORS)
        self._check_choice("scale", SCALES)
        if self.parity not in (1, -1):
            raise self._complaint(f"parity is {self.parity}", "1 or -1")
        n = self.distortion.n_coefficients
        shapes = {"focal": (2,), "coefficients": (n,), "coefficient_sigma": (n,)}
        for name in ("focal", "focal_sigma", "coefficients", "coefficient_sigma"):
            self._check_shape(name, shapes.get(name, ()))
        for name in ("skew", "skew_sigma"):
            self._check_shape(name, ())
        where = f"instrument {self.name!r}"
        check_terms(self.terms, len(self.detectors.ids), where=where)

    def _check_choice(self, name: str, choices: tuple[str, ...]) -> None:
        value = getattr(self, name)
        if value not in choices:
            where = f"instrument {self.name!r}"
            raise unknown_name(name, value, choices, where=where)

    def _check_shape(self, name: str, wanted: tuple[int, ...]) -> None:
        found = np.shape(getattr(self, name))
        if found != wanted:
            raise ShapeError(
                explain(
                    given=f"{name} has shape {found}",
                    wanted=f"shape {wanted}",
                    where=f"instrument {self.name!r}",
                    todo="give one value for each of "
                    + (some(self.distortion.names) or "none")
                    if name.startswith("coefficient")
                    else "correct the array",
                )
            )

    def with_distortion(
        self,
        basis: str | None = None,
        *,
        degree: int | None = None,
        degree_kind: str | None = None,
        minimum_degree: int | None = None,
    ) -> "Instrument":
        """Return the instrument with another distortion, from its default start.

        Parameters
        ----------
        basis
            Name of the model: "legendre", "power", "sip", "brown-conrady", "radial" or
            "none"; absent: the instrument's own.
        degree, degree_kind, minimum_degree
            Of a polynomial; absent: those of the basis.

        Returns
        -------
        Coefficients begin at the model's default, with the prior width of the
        instrument's own where that is linear, else 1 mm (Plate Analysis); the
        normalisation stays, or is half the side of the focal plane.

        Raises
        ------
        ConfigError
            The basis is unknown, or has no such choice.

        Examples
        --------
        >>> from reseau import read_instrument
        >>> camera = read_instrument("jasmine").with_distortion("power", degree=2)
        >>> camera.distortion.names
        ('A_20', 'A_11', 'A_02', 'B_20', 'B_11', 'B_02')
        """
        old = self.distortion
        name = basis or basis_name(old)
        given = {
            "degree": degree,
            "degree_kind": degree_kind,
            "minimum_degree": minimum_degree,
        }
        chosen: dict[str, Any] = {k: v for k, v in given.items() if v is not None}
        if name == "sip" and isinstance(old, InverseSIP):
            chosen["centre"] = old.centre
        if name != "none":
            chosen["normalisation"] = usual_normalisation(self)
        distortion = make_distortion(name, **chosen)
        sigma = np.max(np.asarray(self.coefficient_sigma), initial=0.0)
        width = float(sigma) if old.is_linear and sigma > 0 else DEFAULT_SIGMA
        return replace(
            self,
            distortion=distortion,
            coefficients=distortion.default(),
            coefficient_sigma=distortion.widths(width),
        )

    def with_term(self, covariate: str, **options: Any) -> "Instrument":
        """Return the instrument with one more declared calibration term.

        Parameters
        ----------
        covariate
            What it depends on: "one", "colour", "magnitude", "time", "row", "column",
            or a product, "magnitude*row".
        options
            Others of `make_term`; the normalisation is that of the distortion, or half
            the side of the focal plane.

        Raises
        ------
        ConfigError
            An option is unknown or out of range, or the name is taken.

        Examples
        --------
        >>> from reseau import read_instrument
        >>> camera = read_instrument("jasmine").with_term("colour", zero=1.0, degree=0)
        >>> camera.terms[0].own_names
        ('colour_A_00', 'colour_B_00')
        """
        chosen = {"normalisation": usual_normalisation(self), **options}
        term = for_detectors(make_term(covariate, **chosen), len(self.detectors.ids))
        return replace(self, terms=(*self.terms, term))

    def _complaint(
        self, given: str, wanted: str, todo: str = "correct the value"
    ) -> ConfigError:
        where = f"instrument {self.name!r}"
        return ConfigError(explain(given=given, wanted=wanted, where=where, todo=todo))


def usual_normalisation(instrument: Instrument) -> float:
    """Return the normalisation of a distortion that the instrument gets [um].

    That of the distortion it has; else half the side of its focal plane.
    """
    old = instrument.distortion
    if not isinstance(old, NoDistortion):
        return old.normalisation
    return instrument.detectors.half_side or DEFAULT_NORMALISATION


def undistorted(
    projection: str,
    parity: int,
    x: Values,
    y: Values,
    z: Values,
    focal_x: Values,
    focal_y: Values,
) -> Pair:
    """Return where directions would fall in the focal plane without distortion.

    Parameters
    ----------
    projection, parity
        As in `Instrument`.
    x, y, z
        Components of unit vectors in the camera's frame.
    focal_x, focal_y
        Focal lengths [um].

    Returns
    -------
    X and Y [um]; NaN behind the projection's horizon.
    """
    p, q = project(projection, x, y, z)
    return parity * focal_x * p, focal_y * q


def measured(
    distortion: Distortion, x: Values, y: Values, coefficients: AnyArray, skew: Values
) -> Pair:
    """Return the measured position of an undistorted one: skew, then distortion.

    Parameters
    ----------
    distortion, coefficients
        The model and its coefficients.
    x, y
        Undistorted focal-plane position [um].
    skew
        The common skew.
    """
    return distortion.displace(x + skew * y, y, coefficients)


def restored(
    distortion: Distortion, x: Values, y: Values, coefficients: AnyArray, skew: Values
) -> Pair:
    """Return the undistorted position of a measured one, the inverse of `measured`.

    Parameters
    ----------
    distortion, coefficients
        The model and its coefficients.
    x, y
        Measured focal-plane position [um].
    skew
        The common skew.
    """
    x, y = distortion.restore(x, y, coefficients)
    return x - skew * y, y


def pixel_from_camera(
    instrument: Instrument,
    x: Values,
    y: Values,
    z: Values,
    detector: Rows,
    focal_x: Values,
    focal_y: Values,
) -> Pair:
    """Return the pixels on which directions in the camera's frame fall.

    Parameters
    ----------
    instrument
        The instrument; its focal lengths are not used, nor its declared terms, which
        depend on more than the direction.
    x, y, z
        Components of unit vectors in the camera's frame.
    detector
        Row of the detector of each; whether they fall inside it is not asked.
    focal_x, focal_y
        Focal lengths [um].

    Returns
    -------
    Position x and y [pixel]; NaN behind the projection's horizon.
    """
    plane = undistorted(
        instrument.projection, instrument.parity, x, y, z, focal_x, focal_y
    )
    plane = measured(
        instrument.distortion, *plane, instrument.coefficients, instrument.skew
    )
    return to_pixel(*plane, **_detector_values(instrument.detectors, detector))


def plane_from_pixel(
    detectors: Detectors, pixel_x: Values, pixel_y: Values, detector: Rows
) -> Pair:
    """Return where pixels lie in the focal plane, distortion included.

    Parameters
    ----------
    detectors
        Of the instrument.
    pixel_x, pixel_y
        Position [pixel].
    detector
        Row of the detector of each.

    Returns
    -------
    Position x and y [um].
    """
    return from_pixel(pixel_x, pixel_y, **_detector_values(detectors, detector))


def camera_from_pixel(
    instrument: Instrument,
    pixel_x: Values,
    pixel_y: Values,
    detector: Rows,
    focal_x: Values,
    focal_y: Values,
) -> Triple:
    """Return the directions that fall on pixels, the inverse of `pixel_from_camera`.

    Parameters
    ----------
    instrument
        The instrument; its focal lengths are not used.
    pixel_x, pixel_y
        Position [pixel].
    detector
        Row of the detector of each.
    focal_x, focal_y
        Focal lengths [um].

    Returns
    -------
    Components x, y, z of unit vectors in the camera's frame.
    """
    plane = plane_from_pixel(instrument.detectors, pixel_x, pixel_y, detector)
    u, v = restored(
        instrument.distortion, *plane, instrument.coefficients, instrument.skew
    )
    p = u / (instrument.parity * focal_x)
    return deproject(instrument.projection, p, v / focal_y)


@border(attitude=ATTITUDE, direction=Kind("", (3,)))
def direction_to_pixel(
    instrument: Instrument, attitude: Vectors, direction: Vectors, detector: Rows
) -> Pixels:
    """Return the pixels on which directions fall, at the nominal focal lengths.

    Parameters
    ----------
    instrument
        The instrument.
    attitude
        Right ascension, declination and position angle of the exposure [rad].
    direction
        Unit vectors as the observer sees them, aberration included, ICRS.
    detector
        Row of the detector of each.

    Returns
    -------
    Position (x, y) [pixel].
    """
    rows = camera_axes(attitude)
    seen = jnp.sum(rows * jnp.asarray(direction)[..., None, :], axis=-1)
    camera = (seen[..., 0], seen[..., 1], seen[..., 2])
    focal = (instrument.focal[0], instrument.focal[1])
    return _stack(*pixel_from_camera(instrument, *camera, detector, *focal))


@border(attitude=ATTITUDE, pixel=Kind("pix", (2,)))
def pixel_to_direction(
    instrument: Instrument, attitude: Vectors, pixel: Pixels, detector: Rows
) -> Vectors:
    """Return the directions that fall on pixels, at the nominal focal lengths.

    Parameters
    ----------
    instrument
        The instrument.
    attitude
        Right ascension, declination and position angle of the exposure [rad].
    pixel
        Position (x, y) [pixel].
    detector
        Row of the detector of each.

    Returns
    -------
    Unit vectors as the observer sees them, aberration included, ICRS.
    """
    rows = camera_axes(attitude)
    focal = (instrument.focal[0], instrument.focal[1])
    camera = camera_from_pixel(
        instrument, pixel[..., 0], pixel[..., 1], detector, *focal
    )
    return jnp.sum(rows * _stack(*camera)[..., None], axis=-2)


def _detector_values(detectors: Detectors, row: Rows) -> dict[str, Values]:
    centre, pitch, origin = (
        jnp.asarray(a)[row]
        for a in (detectors.centre, detectors.pitch, detectors.origin)
    )
    return {
        "centre_x": centre[..., 0],
        "centre_y": centre[..., 1],
        "theta": jnp.asarray(detectors.theta)[row],
        "pitch_x": pitch[..., 0],
        "pitch_y": pitch[..., 1],
        "origin_x": origin[..., 0],
        "origin_y": origin[..., 1],
    }


def _stack(*components: Values) -> Stack:
    return jnp.stack(jnp.broadcast_arrays(*components), axis=-1)
