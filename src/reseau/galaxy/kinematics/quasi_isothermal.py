"""The self-consistent model of the nuclear stellar disc.

A quasi-isothermal distribution function of the actions (Binney & McMillan 2011, MNRAS
413, 1889) in the potential of itself and of the nuclear star cluster, with the
parameters of Sormani et al. (2022, MNRAS 512, 1857). The shipped table of moments is
made of it by ``examples/make_nuclear_moments.py``. It differs from the table that the
authors made with AGAMA by 0.2 to 0.5 km/s (rms by mass) in the rotation and the three
dispersions, by 4.2 km/s at most (within 25 pc of the centre), and by a tenth or less in
density over nine tenths of R < 600, z < 200 pc.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float
from scipy.interpolate import CubicSpline

from .multipole import Multipole
from .staeckel import Place

Numbers = Float[np.ndarray, "n"]

CIRCLES = np.geomspace(1e-2, 5e3, 500)
"""Radii of the circular orbits that actions are compared with [pc]."""
SPEEDS, DIRECTIONS, AZIMUTHS = 16, 8, 32
"""Nodes of the integral over velocities: meridional speed, its direction, azimuth."""
SMALL = 1e-3
"""Relative step of derivatives of the potential."""


@dataclass(frozen=True)
class QuasiIsothermal:
    """A disc's distribution function of the actions, up to its normalisation.

    Attributes
    ----------
    scale_length
        Of the surface density [pc].
    scale_height
        From which the vertical dispersion follows, sqrt(2) ν times it [pc].
    dispersion, dispersion_scale
        Radial dispersion at the centre [km/s], and the length it falls over [pc].
    least_dispersion
        Added in quadrature [km/s].
    least_action
        Added in quadrature to the action that frequencies are taken at [pc km/s].

    Notes
    -----
    f(J) ~ ν Ω / κ exp(-R/R_d) / (σ_r² σ_z²) exp(-κ J_r/σ_r² - ν J_z/σ_z²), times
    exp(2 Ω J_φ/σ_r²) where J_φ < 0. R is the radius of the circular orbit of angular
    momentum sqrt((|J_φ| + J_r + J_z/4)² + J_min²) and κ, ν, Ω are its frequencies, as
    in the library AGAMA (Vasiliev 2019, MNRAS 482, 1525), which that paper used.
    """

    scale_length: float = 75.0
    scale_height: float = 25.0
    dispersion: float = 75.0
    dispersion_scale: float = 1000.0
    least_dispersion: float = 2.0
    least_action: float = 10_000.0

    def value(
        self,
        circles: "Circles",
        radial: Numbers,
        vertical: Numbers,
        azimuthal: Numbers,
    ) -> Numbers:
        """Return f of actions [pc km/s], up to a factor."""
        mixed = np.abs(azimuthal) + radial + 0.25 * vertical
        radius, kappa, nu, omega = circles.of(np.hypot(mixed, self.least_action))
        falling = np.exp(-2.0 * radius / self.dispersion_scale)
        floor = self.least_dispersion**2
        sigma_r = self.dispersion**2 * falling + floor
        sigma_z = 2.0 * (nu * self.scale_height) ** 2 + floor
        exponent = radius / self.scale_length
        exponent += kappa * radial / sigma_r + nu * vertical / sigma_z
        exponent -= np.where(azimuthal < 0.0, 2.0 * omega * azimuthal / sigma_r, 0.0)
        return nu * omega / (kappa * sigma_r * sigma_z) * np.exp(-exponent)


@dataclass(frozen=True)
class Circles:
    """Circular orbits of a potential.

    Attributes
    ----------
    potential
        Whose.
    """

    potential: Multipole

    @cached_property
    def _table(self) -> CubicSpline:
        """Logarithms of radius, κ, ν and Ω against that of the angular momentum."""
        flat, up = np.zeros_like(CIRCLES), CIRCLES * SMALL
        outwards, _ = self.potential.gradient(CIRCLES, flat)
        curve = CubicSpline(np.log(CIRCLES), outwards)
        _, upwards = self.potential.gradient(CIRCLES, up)
        omega = np.sqrt(outwards / CIRCLES)
        slope = curve(np.log(CIRCLES), 1) / CIRCLES
        kappa = np.sqrt(slope + 3.0 * omega**2)
        nu = np.sqrt(upwards / up)
        rows = np.log(np.stack([CIRCLES, kappa, nu, omega], axis=1))
        return CubicSpline(np.log(omega * CIRCLES**2), rows, axis=0)

    def of(self, momentum: Numbers) -> tuple[Numbers, ...]:
        """Return radius [pc], κ, ν and Ω [km/s/pc] of angular momenta [pc km/s]."""
        knots = self._table.x
        rows = self._table(np.clip(np.log(momentum), knots[0], knots[-1]))
        radius, kappa, nu, omega = np.exp(rows).T
        return radius, kappa, nu, omega


@dataclass(frozen=True)
class LocalMoments:
    """Moments of a distribution function at one place.

    Attributes
    ----------
    density
        Up to the function's factor.
    rotation
        Mean azimuthal velocity [km/s].
    sigma_r, sigma_phi, sigma_z
        Dispersions [km/s].
    correlation
        Of the velocities outwards and upwards.
    """

    density: float
    rotation: float
    sigma_r: float
    sigma_phi: float
    sigma_z: float
    correlation: float


def local_moments(
    function: QuasiIsothermal, circles: Circles, place: Place
) -> LocalMoments:
    """Integrate a distribution function over the velocities at a place.

    Parameters
    ----------
    function
        Of the actions.
    circles
        Circular orbits of the potential that `place` is in.
    place
        Where.
    """
    u, v = place.coordinates
    escape = np.sqrt(-2.0 * place.at(np.array([u]), np.array([v]))[0])
    along, across, azimuthal, weight = _velocities(0.999 * escape)
    radial, vertical = place.actions(along, across, azimuthal)
    value = function.value(circles, radial, vertical, place.radius * azimuthal)
    weight = weight * value
    density = weight.sum()
    share = weight / density
    rotation = share @ azimuthal
    diagonal = np.diag([share @ along**2, share @ across**2])
    tensor = place.directions.T @ diagonal @ place.directions
    sigma_r, sigma_z = np.sqrt(np.diag(tensor))
    return LocalMoments(
        float(density),
        float(rotation),
        float(sigma_r),
        float(np.sqrt(share @ azimuthal**2 - rotation**2)),
        float(sigma_z),
        float(tensor[0, 1] / (sigma_r * sigma_z)),
    )


def _velocities(escape: float) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Return nodes along u (>= 0), v (>= 0) and the azimuth, and weights."""
    x, wx = np.polynomial.legendre.leggauss(SPEEDS)
    a, wa = np.polynomial.legendre.leggauss(DIRECTIONS)
    p, wp = np.polynomial.legendre.leggauss(AZIMUTHS)
    x, wx = 0.5 * (x + 1.0), 0.5 * wx
    angle, wa = 0.25 * np.pi * (a + 1.0), 0.25 * np.pi * wa
    azimuthal = escape * p[:, None, None]
    largest = escape * np.sqrt(1.0 - p**2)[:, None, None]
    speed = largest * x[None, :, None]
    weight = escape * wp[:, None, None] * largest * wx[:, None] * wa * speed
    along, across = speed * np.cos(angle), speed * np.sin(angle)
    parts = np.broadcast_arrays(along, across, azimuthal, 4.0 * weight)
    return tuple(part.reshape(-1) for part in parts)  # type: ignore[return-value]


__all__ = [
    "Circles",
    "LocalMoments",
    "QuasiIsothermal",
    "local_moments",
]
