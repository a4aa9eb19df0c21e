"""The Shu distribution function of a disc: where a star's guiding radius lies."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.special import gammaln

from .parameters import DiscConfig
from .rotation import RotationCurve

Array = Float[np.ndarray, "*#batch"]

OLDEST = 10.0
"""Age [Gyr] of the stars whose dispersions the parameters are."""
AGE_OFFSET = 0.01
"""Added to ages [Gyr], so that stars just born have a dispersion."""

DISPERSION_POLYNOMIAL = (
    -0.028476,
    -1.4518,
    12.492,
    -21.842,
    19.130,
    -10.175,
    3.5214,
    -0.81052,
    0.12311,
    -0.011851,
    6.5476e-4,
    -1.5809e-5,
)
"""From the constant upwards: Sharma & Bland-Hawthorn (2013), eq. 39."""


@dataclass(frozen=True)
class ShuDisc:
    """Velocities of a disc of one age.

    Attributes
    ----------
    config
        Dispersions and their scales.
    curve
        The circular speed.
    age
        Of the stars [Gyr].
    scale_length
        Of the exponential surface density [pc].
    r0
        Radius of the Sun, to which the dispersions refer [pc].

    Notes
    -----
    Sharma et al. (2014, ApJ 793, 51), as Koshimoto, Baba & Bennett (2021) use it. At a
    radius R the guiding radius R_g = f R has

        P(R_g | R) ~ Σ(R_g) / g(c) exp(c (2 ln f + 1 - f²)),   c = 1 / (2 a²),

    a the dispersion at R_g over the circular speed there (eq. 14), g(c) the integral of
    the exponential (eq. 16; Schönrich & Binney 2012, eq. 14). Σ and a are corrected so
    that surface density and dispersion come out exponential in R (eqs. 20-21;
    Sharma & Bland-Hawthorn 2013, ApJ 773, 183, eqs. 32 and 39, rising curve). Guiding
    radii with c <= 1/2 hold no stars: their orbits are not bound to a radius. The
    azimuthal velocity is f v_c(R_g), so that the asymmetric drift follows; radial and
    vertical velocities are independent Gaussians about zero.
    """

    config: DiscConfig
    curve: RotationCurve
    age: float
    scale_length: float
    r0: float

    @property
    def local_dispersion(self) -> float:
        """Radial dispersion at the Sun's radius [km/s]."""
        return self.config.radial_dispersion_km_s * self._growth(
            self.config.radial_age_exponent
        )

    def _growth(self, exponent: float) -> float:
        return ((self.age + AGE_OFFSET) / (OLDEST + AGE_OFFSET)) ** exponent

    def radial_dispersion(self, radius: Array) -> Array:
        """Return the radial dispersion [km/s] at a radius [pc]."""
        return self.local_dispersion * np.exp(
            (self.r0 - radius) / self.config.radial_scale_pc
        )

    def vertical_dispersion(self, radius: Array) -> Array:
        """Return the vertical dispersion [km/s] at a radius [pc]."""
        growth = self._growth(self.config.vertical_age_exponent)
        local = self.config.vertical_dispersion_km_s * growth
        return local * np.exp((self.r0 - radius) / self.config.vertical_scale_pc)

    def guiding_density(self, guiding: Array, radius: Array, height: Array) -> Array:
        """Return P(R_g | R), per pc of R_g, up to a factor that depends on R and z.

        Parameters
        ----------
        guiding
            Guiding radius [pc].
        radius, height
            Where the star is [pc].
        """
        logarithm, concentration = self.guiding_weight(guiding, height)
        ratio = guiding / radius
        return np.exp(logarithm + concentration * shape_exponent(ratio))

    def guiding_weight(self, guiding: Array, height: Array) -> tuple[Array, Array]:
        """Return ln(Σ / g(c)) and c of a guiding radius.

        Parameters
        ----------
        guiding
            Guiding radius [pc].
        height
            Above the plane, which the circular speed depends on [pc].

        Returns
        -------
        The first is -inf, and c is 0, where no stars are.
        """
        speed = self.curve.speed(guiding, height)
        scale = self.config.radial_scale_pc
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            central = self.local_dispersion / speed * np.exp(self.r0 / scale)
            factor = self.dispersion_factor(guiding, central)
            a = central * np.exp(-guiding / scale) * factor
            concentration = 0.5 / a**2
            surface = self.surface_density(guiding, central)
        present = (concentration > 0.5) & (surface > 0.0)
        c = np.where(present, concentration, 1.0)
        logarithm = np.log(np.where(present, surface, 1.0)) - log_shape_integral(c)
        return np.where(present, logarithm, -np.inf), np.where(present, c, 0.0)

    def dispersion_factor(self, guiding: Array, central: Array) -> Array:
        """Return what the dispersion at a guiding radius is multiplied by.

        Parameters
        ----------
        guiding
            Guiding radius [pc].
        central
            Dispersion at the centre over the circular speed at the guiding radius.
        """
        scale = self.config.radial_scale_pc
        ratio = self.scale_length / scale
        polynomial = np.polynomial.polynomial.polyval(
            guiding / scale, DISPERSION_POLYNOMIAL
        )
        return 1.0 - 0.25 * central**2.04 / ratio**0.49 * polynomial

    def surface_density(self, guiding: Array, central: Array) -> Array:
        """Return the surface density of guiding radii, times the scale length squared.

        Parameters
        ----------
        guiding
            Guiding radius [pc].
        central
            Dispersion at the centre over the circular speed at the guiding radius.
        """
        ratio = self.scale_length / self.config.radial_scale_pc
        peak = 3.822 * self.scale_length / (1.0 + ratio / 0.524)
        x = guiding / peak
        bump = 31.53 * np.exp(-x / 0.2743) * ((x / 0.6719) ** 2 - 1.0)
        smooth = np.exp(-guiding / self.scale_length) / (2.0 * np.pi)
        return smooth - 0.00567 * central**2.13 * bump


def shape_exponent(ratio: Array) -> Array:
    """Return 2 ln f + 1 - f² of the ratio f of guiding radius to radius."""
    return 2.0 * np.log(ratio) + 1.0 - ratio**2


def log_shape_integral(concentration: Array) -> Array:
    """Return ln g(c), g the integral of exp(c (2 ln f + 1 - f²)) / f² over f.

    Parameters
    ----------
    concentration
        c, greater than 1/2.

    Notes
    -----
    g(c) = e^c Γ(c - 1/2) / (2 c^(c - 1/2)). From c = 10 on
    sqrt(π / (2 (c - 0.913))) is in use elsewhere, which is up to 8e-4 larger.
    """
    c = concentration
    return c + gammaln(c - 0.5) - np.log(2.0) - (c - 0.5) * np.log(c)


__all__ = ["ShuDisc", "log_shape_integral", "shape_exponent"]
