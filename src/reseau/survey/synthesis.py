"""Make the embedded star field: a disc and a bulge behind patchy dust.

Nothing is fitted to any catalogue; the numbers are round ones that give counts,
colours and motions of about the right size:

- dust: the exponential of a random field with a power spectrum falling as k^-3, thicker
  towards the Galactic plane; a disc star has its share up to its distance;
- disc (in front): distances of 0.3 to 7 kpc, moving with the Sun but for a dispersion;
- bulge: 8.2 ± 0.8 kpc, reflex of the Sun's motion (-6.4 mas/yr in longitude, as Sgr A*)
  and a dispersion of 2.8 mas/yr; giants with the red clump at an absolute Hw of -1.5;
- kept: Hw of 8 to 14.5 mag and G < 20.7, so that dense dust shows as holes.
"""

from typing import NamedTuple

import numpy as np

from reseau.constants import AU_PER_YEAR, DEGREE

from .galactic import CENTRE
from .starfield import HALF_SIDE, QUANTA, SIDE

STARS = 27_000
GRID = 256

BRIGHTEST, FAINTEST = 8.0, 14.5  # Hw
GAIA_LIMIT = 20.7  # G

CENTRE_DISTANCE = 8.2  # kpc
CLUMP = -1.5  # absolute Hw
G_PER_HW, COLOUR_PER_HW = 4.2, 2.2
"""Extinction in G and reddening of BP - RP, per magnitude of extinction in Hw."""


class _Stars(NamedTuple):
    """Positions from the centre [rad], distance [kpc], dust to the bulge [mag]."""

    longitude: np.ndarray
    latitude: np.ndarray
    distance: np.ndarray
    in_bulge: np.ndarray
    dust: np.ndarray


def make_starfield(*, seed: int = 2031, stars: int = STARS) -> dict[str, np.ndarray]:
    """Return the columns that the star field's file holds.

    Parameters
    ----------
    seed
        Of the random numbers; the file's is the default.
    stars
        How many are kept.

    Returns
    -------
    Integers, as described at `QUANTA`.
    """
    rng = np.random.default_rng(seed)
    drawn = _draw_stars(rng, 8 * stars)
    columns = _photometry(rng, drawn) | _motion(rng, drawn)
    columns |= {"l": drawn.longitude, "b": drawn.latitude}
    kept = np.flatnonzero(_is_seen(columns))[:stars]
    rounded = {
        name: np.rint(columns[name][kept] / step).astype(np.int64)
        for name, (_, step) in QUANTA.items()
    }
    order = np.lexsort((rounded["b"], rounded["l"]))
    whole = {name: values[order] for name, values in rounded.items()}
    whole["l"] = np.diff(whole["l"], prepend=-HALF_SIDE)
    whole["b"] += HALF_SIDE
    return {name: whole[name].astype(kind) for name, (kind, _) in QUANTA.items()}


def draw_sample(rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    """Draw stars of the module's disc and bulge, however bright they are.

    Parameters
    ----------
    rng
        Random numbers.
    n
        How many.

    Returns
    -------
    Columns `phot_hw_mag`, `phot_g_mean_mag`, `bp_rp` [mag], `parallax` [mas], and
    `pm_l`, `pm_b` [mas/yr], proper motions in Galactic longitude and latitude.
    """
    drawn = _draw_stars(rng, n)
    return _photometry(rng, drawn) | _motion(rng, drawn)


def _draw_stars(rng: np.random.Generator, n: int) -> _Stars:
    dust = _dust_map(rng)
    longitude, latitude = (rng.random(n) - 0.5) * SIDE, (rng.random(n) - 0.5) * SIDE
    cell = [
        np.floor((v / SIDE + 0.5) * GRID).astype(int) for v in (latitude, longitude)
    ]
    in_bulge = rng.random(n) < 0.55
    disc = np.clip(rng.gamma(3.0, 1.3, n), 0.3, 7.0)
    bulge = rng.normal(CENTRE_DISTANCE, 0.8, n)
    return _Stars(
        longitude,
        latitude,
        np.where(in_bulge, bulge, disc),
        in_bulge,
        dust[tuple(cell)],
    )


def _dust_map(rng: np.random.Generator) -> np.ndarray:
    """Return the extinction to the bulge in Hw [mag] on a grid, rows in latitude."""
    frequency = np.fft.fftfreq(GRID)
    k = np.hypot(frequency[:, None], frequency[None, :])
    k[0, 0] = np.inf
    waves = np.fft.fft2(rng.standard_normal((GRID, GRID))) * k**-1.5
    field = np.fft.ifft2(waves).real
    latitude = CENTRE[1] + (np.arange(GRID) / GRID - 0.5) * SIDE
    plane = np.exp(-np.abs(latitude) / (0.6 * DEGREE))[:, None]
    return (0.35 + 0.6 * plane) * np.exp(0.6 * field / field.std())


def _photometry(rng: np.random.Generator, stars: _Stars) -> dict[str, np.ndarray]:
    n = len(stars.distance)
    in_front = np.clip(stars.distance / CENTRE_DISTANCE, 0.0, 1.0) ** 1.5
    extinction = stars.dust * np.where(stars.in_bulge, 1.0, in_front)
    modulus = 5.0 * np.log10(stars.distance * 100.0)
    giant = _slope(rng, n, 0.28, -6.0, 1.0)
    clump = rng.normal(CLUMP, 0.2, n)
    bulge = np.where(rng.random(n) < 0.25, clump, giant)
    absolute = np.where(stars.in_bulge, bulge, _slope(rng, n, 0.22, -5.0, 4.0))
    # Dwarfs are bluer than giants: colours before the dust from 0.7 to 1.7.
    colour = 1.2 - 0.12 * absolute.clip(-4.0, 4.0) + rng.normal(0.0, 0.12, n)
    hw = absolute + modulus + extinction
    return {
        "phot_hw_mag": hw,
        "phot_g_mean_mag": hw + 1.6 * colour - 0.3 + (G_PER_HW - 1.0) * extinction,
        "bp_rp": colour + COLOUR_PER_HW * extinction,
    }


def _slope(
    rng: np.random.Generator, n: int, slope: float, low: float, high: float
) -> np.ndarray:
    """Draw magnitudes whose counts grow as 10^(slope · magnitude)."""
    growth = 10.0 ** (slope * (high - low)) - 1.0
    return low + np.log10(1.0 + growth * rng.random(n)) / slope


def _motion(rng: np.random.Generator, stars: _Stars) -> dict[str, np.ndarray]:
    n, bulge = len(stars.distance), stars.in_bulge
    # Velocities relative to the Sun [km/s], in longitude and in latitude.
    along = rng.normal(np.where(bulge, -248.0, -15.0), np.where(bulge, 110.0, 35.0), n)
    across = rng.normal(-7.5, np.where(bulge, 110.0, 22.0), n)
    parallax = 1.0 / stars.distance
    return {
        "parallax": parallax,
        "pm_l": along * parallax / AU_PER_YEAR,
        "pm_b": across * parallax / AU_PER_YEAR,
    }


def _is_seen(columns: dict[str, np.ndarray]) -> np.ndarray:
    hw, g = columns["phot_hw_mag"], columns["phot_g_mean_mag"]
    return (hw >= BRIGHTEST) & (hw <= FAINTEST) & (g < GAIA_LIMIT)


__all__ = ["draw_sample", "make_starfield"]
