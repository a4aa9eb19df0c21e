"""Which stars a simulated orbit sees, and where they truly are.

Stars are taken from the embedded field as far as it reaches; more are copies of its
stars, moved by half an arcminute or so and changed a little, so that a denser field
keeps the look of the first. Artificial sources neither move nor have a parallax.
"""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Array, Float

from reseau._compiled import quick_jit
from reseau.constants import ARCSECOND, DEGREE, MILLIARCSECOND
from reseau.sky import direction_at, direction_from_angles, roemer_delay

from .galactic import CENTRE, equatorial, galactic
from .pointings import HALF_SIDE
from .starfield import StarField, load_starfield, star_ids

REFERENCE_EPOCH = 2016.0
ARTIFICIAL_IDS = 2**40
"""Running number of the first artificial source."""

COPY_DISTANCE = 30.0 * ARCSECOND
RADIAL_VELOCITY = 80.0  # km/s

Columns = dict[str, np.ndarray]


def draw_stars(rng: np.random.Generator, n: int, artificial: int) -> Columns:
    """Return the true stars in the square that the exposures cover.

    Parameters
    ----------
    rng
        Random numbers.
    n
        How many stars that a reference catalogue holds.
    artificial
        How many besides that it does not hold.

    Returns
    -------
    Columns of the star field with `radial_velocity` [km/s] and `artificial`, sorted by
    `source_id`; positions are barycentric at 2016.0.
    """
    stars = _from_field(rng, n)
    stars["radial_velocity"] = rng.normal(0.0, RADIAL_VELOCITY, n)
    stars["artificial"] = np.zeros(n, dtype=bool)
    added = _artificial(rng, artificial)
    columns = {name: np.concatenate([v, added[name]]) for name, v in stars.items()}
    order = np.argsort(columns["source_id"])
    return {name: values[order] for name, values in columns.items()}


def astrometry(columns: Mapping[str, np.ndarray]) -> Float[np.ndarray, "n 6"]:
    """Return offsets of zero, parallax, motion [rad, yr] and radial velocity [km/s]."""
    zero = np.zeros(len(columns["ra"]))
    small = [columns[name] * MILLIARCSECOND for name in ("parallax", "pmra", "pmdec")]
    return np.stack([zero, zero, *small, columns["radial_velocity"]], axis=-1)


def directions_at(
    columns: Mapping[str, np.ndarray], epoch: float, observer: Float[np.ndarray, "3"]
) -> Float[np.ndarray, "n 3"]:
    """Return unit vectors from an observer to stars.

    Parameters
    ----------
    columns
        Stars as `draw_stars` returns them.
    epoch
        Julian year, TCB.
    observer
        Barycentric position [au].
    """
    n = len(columns["ra"])
    elapsed, place = np.full(n, epoch - REFERENCE_EPOCH), np.tile(observer, (n, 1))
    ra, dec = columns["ra"] * DEGREE, columns["dec"] * DEGREE
    return np.asarray(_moved(ra, dec, astrometry(columns), elapsed, place))


@quick_jit
def _moved(ra: Array, dec: Array, six: Array, elapsed: Array, observer: Array) -> Array:
    direction = direction_from_angles(ra, dec)
    elapsed = elapsed + roemer_delay(direction, observer)
    return direction_at(direction, six, elapsed, observer)


def _from_field(rng: np.random.Generator, n: int) -> Columns:
    field = load_starfield()
    inside = rng.permutation(_covered(field))
    stars = {name: values[inside[:n]] for name, values in field.items()}
    more = n - len(inside)
    if more <= 0:
        return stars
    copies = _copies(rng, field, rng.choice(inside, more))
    return {name: np.concatenate([v, copies[name]]) for name, v in stars.items()}


def _covered(field: StarField) -> np.ndarray:
    """Return the rows of stars in the square that the exposures cover."""
    longitude, latitude = galactic(field["ra"] * DEGREE, field["dec"] * DEGREE)
    across = np.abs(longitude - CENTRE[0]) < HALF_SIDE
    return np.flatnonzero(across & (np.abs(latitude - CENTRE[1]) < HALF_SIDE))


def _copies(rng: np.random.Generator, field: StarField, rows: np.ndarray) -> Columns:
    n = len(rows)
    stars = {name: values[rows] for name, values in field.items()}
    stars["source_id"] = star_ids(len(field["source_id"]), n)
    move = rng.normal(0.0, COPY_DISTANCE / DEGREE, (2, n))
    stars["ra"] = stars["ra"] + move[0] / np.cos(stars["dec"] * DEGREE)
    stars["dec"] = stars["dec"] + move[1]
    stars["parallax"] = stars["parallax"] * np.exp(rng.normal(0.0, 0.1, n))
    for name, width in (("pmra", 1.0), ("pmdec", 1.0), ("phot_hw_mag", 0.1)):
        stars[name] = stars[name] + rng.normal(0.0, width, n)
    return stars


def _artificial(rng: np.random.Generator, n: int) -> Columns:
    offset = rng.uniform(-HALF_SIDE, HALF_SIDE, (2, n))
    ra, dec = equatorial(CENTRE[0] + offset[0], CENTRE[1] + offset[1])
    zero = np.zeros(n)
    missing = np.full(n, np.nan)
    return {
        "source_id": star_ids(ARTIFICIAL_IDS, n),
        "ra": ra / DEGREE,
        "dec": dec / DEGREE,
        "parallax": zero,
        "pmra": zero,
        "pmdec": zero,
        "radial_velocity": zero,
        "phot_hw_mag": rng.uniform(12.0, 14.5, n),
        "phot_g_mean_mag": missing,
        "bp_rp": missing,
        "artificial": np.ones(n, dtype=bool),
    }


__all__ = ["REFERENCE_EPOCH", "astrometry", "directions_at", "draw_stars"]
