"""What a list of stars does not say: colours, motions, parallaxes, drawn for it.

A list may hold positions and magnitudes only. Each of its stars is given the missing
values of a star of about its Hw out of a sample of the synthetic disc and bulge
(`synthesis`): so they have that sample's distributions at this magnitude, and belong
together. They suit the Galactic centre. A star whose parallax is known keeps it, and
moves with the speed in km/s of its model. Radial velocities are Normal with 80 km/s.

Where Hw is missing and G and BP - RP are known, Hw = G - 1.5 (BP - RP) + 0.2, which is
right to some 0.3 mag for the synthetic stars. The camera's colour, if it is not given,
is like J - H: 0.1 + 0.35 (BP - RP), ± 0.05 mag.
"""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from reseau.constants import DEGREE

from .galactic import equatorial_motion, galactic
from .stars import RADIAL_VELOCITY, Columns
from .synthesis import draw_sample

SAMPLE = 200_000
"""Stars that values are taken from."""

NEIGHBOURS = 100
"""Of the sample, next to a star in magnitude, that one is taken from."""

COLOUR = (0.1, 0.35, 0.05)
"""J - H at BP - RP = 0, its change with BP - RP, and its scatter [mag]."""

OPTIONAL = (
    "parallax",
    "pmra",
    "pmdec",
    "radial_velocity",
    "phot_g_mean_mag",
    "bp_rp",
    "colour",
)
"""Columns that are drawn where they are missing."""


def with_magnitude(columns: Mapping[str, np.ndarray]) -> Columns:
    """Return a list of stars with Hw, of G and the colour where it is missing.

    Parameters
    ----------
    columns
        `phot_hw_mag`, or `phot_g_mean_mag` and `bp_rp`, or both.
    """
    stars = dict(columns)
    known = stars.get("phot_hw_mag")
    if "phot_g_mean_mag" in stars and "bp_rp" in stars:
        guess = stars["phot_g_mean_mag"] - 1.5 * stars["bp_rp"] + 0.2
        known = guess if known is None else np.where(np.isfinite(known), known, guess)
    if known is not None:
        stars["phot_hw_mag"] = known
    return stars


def filled(rng: np.random.Generator, columns: Mapping[str, np.ndarray]) -> Columns:
    """Return stars with every column of `OPTIONAL`, drawn where it was missing.

    Parameters
    ----------
    rng
        Random numbers; as many are drawn whatever is missing.
    columns
        `ra`, `dec` [deg], `phot_hw_mag`, and some of `OPTIONAL` in Gaia's units; NaN is
        missing.
    """
    stars = dict(columns)
    n = len(stars["ra"])
    model = _models(rng, stars["phot_hw_mag"])
    given = stars.get("parallax", np.full(n, np.nan))
    nearer = np.where(given > 0.0, given, model["parallax"]) / model["parallax"]
    ra, dec = stars["ra"] * DEGREE, stars["dec"] * DEGREE
    pmra, pmdec = equatorial_motion(
        *galactic(ra, dec),
        along=model["pm_l"] * nearer,
        across=model["pm_b"] * nearer,
    )
    reddening = model["phot_g_mean_mag"] - model["phot_hw_mag"]
    drawn = {
        "parallax": model["parallax"],
        "pmra": pmra,
        "pmdec": pmdec,
        "radial_velocity": rng.normal(0.0, RADIAL_VELOCITY, n),
        "phot_g_mean_mag": stars["phot_hw_mag"] + reddening,
        "bp_rp": model["bp_rp"],
    }
    _fill(stars, drawn)
    zero, slope, scatter = COLOUR
    colour = zero + slope * stars["bp_rp"] + rng.normal(0.0, scatter, n)
    _fill(stars, {"colour": colour})
    return stars


def _fill(stars: Columns, drawn: Mapping[str, np.ndarray]) -> None:
    for name, values in drawn.items():
        known = stars.get(name)
        stars[name] = (
            values if known is None else np.where(np.isfinite(known), known, values)
        )


def _models(rng: np.random.Generator, magnitude: Float[np.ndarray, "n"]) -> Columns:
    """Return stars of the sample, one of about the magnitude of each."""
    sample = draw_sample(rng, SAMPLE)
    order = np.argsort(sample["phot_hw_mag"])
    place = np.searchsorted(sample["phot_hw_mag"][order], magnitude)
    half = NEIGHBOURS // 2
    place = np.clip(place, half, SAMPLE - half)
    taken = order[place + rng.integers(-half, half, len(magnitude))]
    return {name: values[taken] for name, values in sample.items()}


__all__ = ["OPTIONAL", "filled", "with_magnitude"]
