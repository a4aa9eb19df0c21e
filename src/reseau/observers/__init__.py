"""Where an observer is and how it moves: from an epoch to position and velocity.

Also which bodies it has around it (`deflecting_bodies`). Epochs are Julian years of
TCB; positions au, velocities units of c, ICRS axes, from the solar system's barycentre.
"""

from .bodies import BODIES, Body, deflecting_bodies
from .ephemeris import EPHEMERIDES, SOLAR_SYSTEM, Ephemeris, open_ephemeris
from .geocentre import geocentre
from .named import (
    CHOICES,
    FileChoice,
    Geocentre,
    ObserverChoice,
    Orbit,
    parse_observer,
    states_of,
)
from .rotation import Rotation, delta_t, earth_rotation
from .satellite import circular_orbit, orbit_altitude, orbit_inclination
from .site import Site, site_states
from .states import Observer
from .surroundings import DEFLECTORS, EFFECTS, Weather, surroundings
from .table import TableObserver
from .times import (
    EphemerisRangeError,
    barycentric_dynamical_time,
    terrestrial_time,
)

__all__ = [
    "BODIES",
    "CHOICES",
    "DEFLECTORS",
    "EFFECTS",
    "EPHEMERIDES",
    "SOLAR_SYSTEM",
    "Body",
    "Ephemeris",
    "EphemerisRangeError",
    "FileChoice",
    "Geocentre",
    "Observer",
    "ObserverChoice",
    "Orbit",
    "Rotation",
    "Site",
    "TableObserver",
    "Weather",
    "barycentric_dynamical_time",
    "circular_orbit",
    "deflecting_bodies",
    "delta_t",
    "earth_rotation",
    "geocentre",
    "open_ephemeris",
    "orbit_altitude",
    "orbit_inclination",
    "parse_observer",
    "site_states",
    "states_of",
    "surroundings",
    "terrestrial_time",
]
