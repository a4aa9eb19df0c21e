# The calls in the class bodies declare fields, as dataclasses.field does.
"""Keys of a survey's file about when and where it points.

Each key has its unit in its name, and numbers are kept in that unit.
"""

from dataclasses import dataclass

from reseau.config import Checked, entry

ORBITS = ("geocentre", "sun-synchronous")
FRAMES = ("galactic", "icrs")
PATTERNS = ("square", "pairs")
ROLLS = ("north", "sun", "fixed")


@dataclass(frozen=True)
class OrbitConfig(Checked):
    """Keys of ``[orbit]``.

    Attributes
    ----------
    kind
        Where the telescope is: "geocentre", whose orbits are but a rhythm, or on a
        circular "sun-synchronous" orbit.
    period
        Of one revolution [min]; 96.7 is a height of 600 km.
    node_time
        Local mean solar time of the ascending node [h]; 6 and 18 are the boundary of
        day and night.
    phase
        Argument of latitude at J2000 [deg].
    observing
        Part of each revolution in which exposures are taken: its middle is where the
        Earth is farthest from the line of sight.
    earth_limb
        Least angle between the line of sight and the Earth's limb, as seen from a
        satellite [deg].
    """

    kind: str = entry("kind", str, default="geocentre", choices=ORBITS)
    period: float = entry("period_min", float, default=100.0, positive=True)
    node_time: float = entry("node_time_h", float, default=6.0, minimum=0, largest=24.0)
    phase: float = entry("phase_deg", float, default=0.0, largest=720.0)
    observing: float = entry(
        "observing_fraction", float, default=0.5, positive=True, largest=1.0
    )
    earth_limb: float = entry(
        "earth_limb_min_deg", float, default=0.0, minimum=0, largest=180.0
    )


@dataclass(frozen=True)
class RegionConfig(Checked):
    """Keys of ``[region]``: a rectangle of longitude and latitude [deg]."""

    frame: str = entry("frame", str, default="galactic", choices=FRAMES)
    west: float = entry("longitude_min_deg", float, default=-0.678, largest=720.0)
    east: float = entry("longitude_max_deg", float, default=0.078, largest=720.0)
    south: float = entry("latitude_min_deg", float, default=-0.278, largest=90.0)
    north: float = entry("latitude_max_deg", float, default=0.478, largest=90.0)


@dataclass(frozen=True)
class ScheduleConfig(Checked):
    """Keys of ``[schedule]``.

    Attributes
    ----------
    begin, years
        First epoch (Julian year, TCB) and how long it goes on.
    orbits
        How many of those in season are used, spread evenly; 0: all.
    fields, exposures
        Fields an orbit, and exposures a field; 0: as many as there is time for.
    pattern
        "square": the same four fields about the region's middle, a field's side times
        `step` apart. "pairs": a new cell, the one that has been observed least, then a
        step of half a field in latitude; another new cell, then one in longitude.
    dither, roll_jitter
        1σ of each exposure's offset, in each of two directions, and of its angle [deg].
    jitter
        1σ of what the control of the attitude adds to either, each exposure anew [mas].
    drift
        Rate at which the attitude drifts during a field, in a direction drawn for each
        [mas/s].
    roll, roll_angle
        What +Y of the focal plane points to: "north" of the frame, the "sun", or
        "fixed" to a position angle [deg]; the angle is added to either.
    sun_min, sun_max
        The Sun's angle from the target that is allowed [deg].
    gap_fraction, gap_orbits
        Part of the orbits in season that are lost, in stretches of this mean length.
    exposure, readout
        Times of an exposure and of its read [s].
    slew
        Time to the next field [s].
    pointing_error, angle_error
        1σ of the reported pointings, in each of two directions, and of the reported
        position angles [arcsec].
    """

    begin: float = entry("begin", float, default=2028.0, minimum=1900, largest=2100.0)
    years: float = entry("years", float, default=3.0, positive=True, largest=100.0)
    orbits: int = entry("orbits", int, default=100, minimum=0, largest=10_000_000)
    fields: int = entry("fields", int, default=4, minimum=1, largest=1000)
    exposures: int = entry("exposures", int, default=24, minimum=0, largest=10_000)
    pattern: str = entry("pattern", str, default="square", choices=PATTERNS)
    step: float = entry("step_fraction", float, default=0.55, positive=True, largest=10)
    dither: float = entry("dither_deg", float, default=0.02, minimum=0, largest=10.0)
    roll: str = entry("roll", str, default="north", choices=ROLLS)
    roll_angle: float = entry("roll_angle_deg", float, default=0.0, largest=720.0)
    roll_jitter: float = entry(
        "roll_jitter_deg", float, default=0.2, minimum=0, largest=90.0
    )
    jitter: float = entry(
        "attitude_jitter_mas", float, default=0.0, minimum=0, largest=1e6
    )
    drift: float = entry(
        "attitude_drift_mas_per_s", float, default=0.0, minimum=0, largest=1e5
    )
    sun_min: float = entry("sun_min_deg", float, default=0.0, minimum=0, largest=180.0)
    sun_max: float = entry(
        "sun_max_deg", float, default=180.0, minimum=0, largest=180.0
    )
    gap_fraction: float = entry(
        "gap_fraction", float, default=0.0, minimum=0, largest=0.99
    )
    gap_orbits: float = entry(
        "gap_mean_orbits", float, default=15.0, positive=True, largest=1e6
    )
    exposure: float = entry("exposure_s", float, default=12.5, positive=True)
    readout: float = entry("readout_s", float, default=1.21, minimum=0)
    slew: float = entry("slew_s", float, default=115.0, minimum=0)
    pointing_error: float = entry(
        "pointing_error_arcsec", float, default=10.0, minimum=0, largest=3600.0
    )
    angle_error: float = entry(
        "angle_error_arcsec", float, default=30.0, minimum=0, largest=36_000.0
    )

    @property
    def each(self) -> float:
        """Return the time from exposure to exposure [s]."""
        return self.exposure + self.readout


__all__ = ["OrbitConfig", "RegionConfig", "ScheduleConfig"]
