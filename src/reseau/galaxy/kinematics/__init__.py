"""Velocities of the Galaxy's stars: rotation curve, discs, bar, nuclear disc, cluster."""

from .model import Kinematics
from .moments import Moments
from .parameters import KinematicsConfig

__all__ = ["Kinematics", "KinematicsConfig", "Moments"]
