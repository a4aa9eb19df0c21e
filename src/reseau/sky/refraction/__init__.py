"""Refraction: what the air above a site does to directions.

From the refractivity of moist air (`air`) to the formulae in tan z₀ (`laplace`) and
the integral over a layered atmosphere that judges them (`layers`), to directions
(`vector`) and colours (`colour`).
"""

from .air import refractivity
from .check import check_air, check_zenith_distance
from .colour import (
    average_refraction,
    differential_colour_refraction,
    effective_wavelength,
)
from .laplace import (
    fitted_constants,
    laplace_constants,
    refraction_laplace,
    refraction_tangent,
)
from .layers import Atmosphere, atmosphere, refraction_integral, refraction_through
from .vector import refract, unrefract, zenith_distance

__all__ = [
    "Atmosphere",
    "atmosphere",
    "average_refraction",
    "check_air",
    "check_zenith_distance",
    "differential_colour_refraction",
    "effective_wavelength",
    "fitted_constants",
    "laplace_constants",
    "refract",
    "refraction_integral",
    "refraction_laplace",
    "refraction_tangent",
    "refraction_through",
    "refractivity",
    "unrefract",
    "zenith_distance",
]
