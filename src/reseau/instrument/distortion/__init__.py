"""Distortion models: interchangeable maps from undistorted to measured position."""

from .abstract import Distortion, NoDistortion
from .brown_conrady import BrownConrady
from .inverse_sip import InverseSIP
from .polynomial import Legendre, LinearDistortion, Powers
from .radial import Radial
from .registry import DISTORTIONS, basis_name, make_distortion
from .terms import DEGREE_KINDS, Polynomial

__all__ = [
    "DEGREE_KINDS",
    "DISTORTIONS",
    "BrownConrady",
    "Distortion",
    "InverseSIP",
    "Legendre",
    "LinearDistortion",
    "NoDistortion",
    "Polynomial",
    "Powers",
    "Radial",
    "basis_name",
    "make_distortion",
]
