"""Where an observer is and how it moves: from an epoch to position and velocity.

Also which bodies it has around it (`deflecting_bodies`). Epochs are given as astropy's
`Time` or as Julian years of TCB (`tcb_years`), angles in degrees, every number in the
unit that its docstring names or as a `Quantity`. What is returned has one row an epoch:
positions au, velocities units of c, ICRS axes, from the solar system's barycentre.
"""

from .bodies import BODIES, Body, deflecting_bodies
from .ephemeris import EPHEMERIDES, SOLAR_SYSTEM, Ephemeris, open_ephemeris
from .epochs import AnyEpochs, one_tcb_year, tcb_years
from .geocentre import geocentre
from .given import names_of, plain_number
from .named import (
    CHOICES,
    AnyObserver,
    FileChoice,
    Geocentre,
    ObserverChoice,
    Orbit,
    chosen_observer,
    parse_observer,
    states_of,
)
from .rotation import Rotation, delta_t, earth_rotation
from .satellite import (
    circular_orbit,
    orbit_altitude,
    orbit_directions,
    orbit_inclination,
)
from .site import Site, site_states
from .states import Observer
from .surroundings import DEFLECTORS, EFFECTS, surroundings
from .table import TableObserver
from .times import EphemerisRangeError, barycentric_dynamical_time, terrestrial_time
from .weather import Weather, air_above

__all__ = [
    "BODIES",
    "CHOICES",
    "DEFLECTORS",
    "EFFECTS",
    "EPHEMERIDES",
    "SOLAR_SYSTEM",
    "AnyEpochs",
    "AnyObserver",
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
    "air_above",
    "barycentric_dynamical_time",
    "chosen_observer",
    "circular_orbit",
    "deflecting_bodies",
    "delta_t",
    "earth_rotation",
    "geocentre",
    "names_of",
    "one_tcb_year",
    "open_ephemeris",
    "orbit_altitude",
    "orbit_directions",
    "orbit_inclination",
    "parse_observer",
    "plain_number",
    "site_states",
    "states_of",
    "surroundings",
    "tcb_years",
    "terrestrial_time",
]
