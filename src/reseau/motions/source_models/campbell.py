"""Thiele-Innes constants and Campbell's elements, with their errors.

``A = a (cos ω cos Ω - sin ω sin Ω cos i)``,
``B = a (cos ω sin Ω + sin ω cos Ω cos i)``,
``F = -a (sin ω cos Ω + cos ω sin Ω cos i)``,
``G = -a (sin ω sin Ω - cos ω cos Ω cos i)``; A and F point North, B and G East (Heintz
1978, Double Stars; Gaia DR3 documentation, section 7.2). Astrometry alone leaves (ω, Ω)
and (ω + 180°, Ω + 180°) alike: Ω is taken from 0 to 180°.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

Four = Float[np.ndarray, "4"]


@dataclass(frozen=True, eq=False)
class CampbellElements:
    """Size and orientation of an orbit.

    Attributes
    ----------
    value
        a, i, ω, Ω: semi-major axis in the unit of the constants; angles [rad].
    covariance
        Of them; NaN where they are singular: face-on orbits have no ω and Ω.
    """

    value: Four
    covariance: Float[np.ndarray, "4 4"]


def thiele_innes(value: Four) -> Four:
    """Return A, B, F, G of a, i, ω, Ω [rad]."""
    size, inclination, periastron, node = value
    cosine = np.cos(inclination)
    c, s = np.cos(periastron), np.sin(periastron)
    cn, sn = np.cos(node), np.sin(node)
    return size * np.array(
        [
            c * cn - s * sn * cosine,
            c * sn + s * cn * cosine,
            -s * cn - c * sn * cosine,
            -s * sn + c * cn * cosine,
        ]
    )


def campbell(
    constants: Four, covariance: Float[np.ndarray, "4 4"] | None = None
) -> CampbellElements:
    """Return Campbell's elements of A, B, F, G.

    Parameters
    ----------
    constants
        A, B, F, G.
    covariance
        Of them; None: zero.

    Notes
    -----
    The elements' covariance is that of the constants through the inverse of their
    derivatives, which are analytic.
    """
    a, b, f, g = constants
    half = 0.5 * (constants @ constants)
    determinant = a * g - b * f
    size = np.sqrt(
        half + np.sqrt(max((half - determinant) * (half + determinant), 0.0))
    )
    cosine = np.clip(determinant / size**2, -1.0, 1.0) if size > 0.0 else 1.0
    plus, minus = np.arctan2(b - f, a + g), np.arctan2(-b - f, a - g)
    node = 0.5 * (plus - minus)
    periastron = 0.5 * (plus + minus)
    turned = np.floor(node / np.pi)
    value = np.array(
        [
            size,
            np.arccos(cosine),
            (periastron - np.pi * turned) % (2.0 * np.pi),
            node - np.pi * turned,
        ]
    )
    return CampbellElements(value, _propagated(value, covariance))


def _propagated(
    value: Four, covariance: Float[np.ndarray, "4 4"] | None
) -> Float[np.ndarray, "4 4"]:
    if covariance is None:
        return np.zeros((4, 4))
    slopes = _derivatives(value)
    if np.linalg.cond(slopes / np.array([1.0, *[max(value[0], 1e-300)] * 3])) > 1e12:
        return np.full((4, 4), np.nan)
    inverse = np.linalg.inv(slopes)
    return inverse @ covariance @ inverse.T


def _derivatives(value: Four) -> Float[np.ndarray, "4 4"]:
    """Return the derivatives of A, B, F, G by a, i, ω, Ω."""
    size, inclination, periastron, node = value
    a, b, f, g = thiele_innes(value)
    sine = size * np.sin(inclination)
    c, s = np.cos(periastron), np.sin(periastron)
    cn, sn = np.cos(node), np.sin(node)
    by_inclination = sine * np.array([s * sn, -s * cn, c * sn, -c * cn])
    return np.stack(
        [
            thiele_innes(np.array([1.0, inclination, periastron, node])),
            by_inclination,
            np.array([f, g, -a, -b]),
            np.array([-b, a, -g, f]),
        ],
        axis=1,
    )


__all__ = ["CampbellElements", "campbell", "thiele_innes"]
