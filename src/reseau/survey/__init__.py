"""Simulated surveys: pointings, stars, instrument and noise make a plate."""

from .jasmine import jasmine_instrument
from .orbit import SimulatedPlate, simulate_orbit
from .orbit_settings import OrbitSettings
from .starfield import StarField, load_starfield

__all__ = [
    "OrbitSettings",
    "SimulatedPlate",
    "StarField",
    "jasmine_instrument",
    "load_starfield",
    "simulate_orbit",
]
