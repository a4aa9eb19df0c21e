"""What the arguments of this room are: units, components, and how to get there."""

from reseau._precision import Kind, Record

_PER_LIGHT = "({name} / astropy.constants.c)"

NUMBER = Kind("")
ANY_UNIT = Kind("", plain="{name}.value")
ANGLE = Kind("rad")
LENGTH = Kind("au")
TIME = Kind("yr")
RADIAL_VELOCITY = Kind("km/s")
SPEED = Kind("c", plain=f'{_PER_LIGHT}.to_value("")')

VECTOR = Kind("", (3,), plain="{name}.value")
DIRECTION = Kind("", (3,))
OFFSET = Kind("rad", (2,))
POSITION = LENGTH._replace(shape=(3,))
VELOCITY = SPEED._replace(shape=(3,))
ACCELERATION = Kind("c/yr", (3,), plain=f'{_PER_LIGHT}.to_value("1/yr")')

_BY_COLUMN = "each column with .to_value: rad, rad, rad, rad/yr, rad/yr, km/s"
ASTROMETRY = Kind(
    "rad, rad/yr and km/s",
    (6,),
    _BY_COLUMN,
    "the sixth is the radial velocity [km/s]: append 0 where it is not known",
)
COVARIANCE = Kind(
    "the products of the units of astrometry",
    (6, 6),
    _BY_COLUMN,
    "the sixth row and column are those of the radial velocity [km/s]: append zeros "
    "where it has no error",
)

PRESSURE = Kind("hPa")
TEMPERATURE = Kind(
    "°C",
    plain='{name}.to_value("deg_C", equivalencies=astropy.units.temperature())',
)
WAVELENGTH = Kind("um")
CARBON_DIOXIDE = Kind("ppm", plain='1e6 * {name}.to_value("")')
HEIGHT = Kind("m")
LAPSE = Kind("K/m")
WEATHER = {"pressure": PRESSURE, "temperature": TEMPERATURE, "humidity": NUMBER}
SITE = {"height": HEIGHT, "latitude": ANGLE}

BODIES: Record = {
    "position": POSITION,
    "mass": LENGTH,
    "radius": LENGTH,
    "oblateness": NUMBER,
    "pole": DIRECTION,
}
AIR: Record = {"zenith": DIRECTION, "tangent": ANGLE, "cube": ANGLE}
SURROUNDINGS: Record = {**BODIES, **AIR, "velocity": VELOCITY}
ATMOSPHERE: Record = {
    "radius": HEIGHT,
    "temperature": Kind("K"),
    "lapse": LAPSE,
    "depth": HEIGHT,
    "dry": NUMBER,
    "wet": NUMBER,
    "stiffness": LAPSE,
}
