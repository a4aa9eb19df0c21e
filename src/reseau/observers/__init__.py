"""Where an observer is and how it moves: from an epoch to position and velocity."""

from .geocentre import Observer, geocentre
from .satellite import circular_orbit, orbit_altitude, orbit_inclination

__all__ = [
    "Observer",
    "circular_orbit",
    "geocentre",
    "orbit_altitude",
    "orbit_inclination",
]
