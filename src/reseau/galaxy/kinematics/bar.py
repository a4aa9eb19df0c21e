"""Velocities of the bar: pattern rotation, streaming, and a tensor along its axes."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from .moments import Moments
from .parameters import BarConfig
from .rotation import KPC

Numbers = Float[np.ndarray, "n"]
Vectors = Float[np.ndarray, "n 3"]


@dataclass(frozen=True)
class BarKinematics:
    """Velocity moments of the bar.

    Attributes
    ----------
    config
        Speeds, dispersions and their lengths.
    angle
        Between the bar's major axis and the line from the centre to the Sun, the near
        end at l > 0 [rad].

    Notes
    -----
    Koshimoto, Baba & Bennett (2021), "E+E_X". The mean is the rigid rotation of the
    pattern plus a stream along the bar, -sign(y_b) v (1 - exp(-(y_b / y_s)²)): stars on
    either side of the major axis move along it, in the sense of rotation. The
    covariance is diagonal in the bar's own axes. Turned to the Galaxy's it has
    C_XY = -(σ_x² - σ_y²) sin α cos α, from which the vertex deviation comes.
    """

    config: BarConfig
    angle: float

    def moments(self, position: Vectors) -> Moments:
        """Return the moments of the velocity at places.

        Parameters
        ----------
        position
            Galactocentric [pc], right-handed, (n, 3).
        """
        axes = self.axes()
        along = position @ axes.T
        variances = self.dispersions(along) ** 2
        covariance = np.einsum("ki,nk,kj->nij", axes, variances, axes)
        return Moments(self.mean(position), covariance)

    def axes(self) -> Float[np.ndarray, "3 3"]:
        """Return the unit vectors of the bar's axes, as rows.

        The first points to the near end (X < 0, Y > 0), the second across the bar, to
        X > 0 and Y > 0, the third to the North: they are left-handed, as published.
        """
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        return np.array([[-cos, sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])

    def mean(self, position: Vectors) -> Vectors:
        """Return the mean velocity [km/s] at galactocentric positions [pc]."""
        axes, config = self.axes(), self.config
        across = position @ axes[1]
        stream = -np.sign(across) * config.streaming_km_s
        stream *= -np.expm1(-((across / config.streaming_scale_pc) ** 2))
        mean = stream[:, None] * axes[0]
        rate = config.pattern_speed_km_s_kpc / KPC
        mean[:, 0] += rate * position[:, 1]
        mean[:, 1] -= rate * position[:, 0]
        return mean

    def dispersions(self, along: Vectors) -> Vectors:
        """Return the dispersions along the bar's axes [km/s].

        Parameters
        ----------
        along
            Positions along the bar's axes [pc], (n, 3).
        """
        config = self.config
        planar, vertical = (
            boxy(along, tuple(scale), tuple(exponents))
            for scale, exponents in (
                (config.planar_scale_pc, config.planar_exponents),
                (config.vertical_scale_pc, config.vertical_exponents),
            )
        )
        rise = np.exp(-np.stack([planar, planar, vertical], axis=1))
        base = np.asarray(config.dispersion_base_km_s)
        return base + np.asarray(config.dispersion_rise_km_s) * rise


def boxy(
    along: Vectors, scale: tuple[float, ...], exponents: tuple[float, ...]
) -> Numbers:
    """Return the boxy radius ((|x/a|^C + |y/b|^C)^(D/C) + |z/c|^D)^(1/D).

    Parameters
    ----------
    along
        Positions along the axes, (n, 3).
    scale
        a, b, c, in the same unit.
    exponents
        C and D.
    """
    x, y, z = (np.abs(along) / np.asarray(scale)).T
    planar, vertical = exponents
    flat = (x**planar + y**planar) ** (vertical / planar)
    return (flat + z**vertical) ** (1.0 / vertical)


__all__ = ["BarKinematics", "boxy"]
