"""The models, maps and laws that a mock's settings name, made ready to draw from."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from reseau.errors import ConfigError, explain
from reseau.galaxy.extinction.laws import read_law
from reseau.galaxy.extinction.map_files import read_extinction_map
from reseau.galaxy.extinction.maps import ExtinctionMap, FilledMap, Reddening
from reseau.galaxy.extinction.profiles import read_profile
from reseau.galaxy.isochrones import (
    Isochrones,
    luminosity_segments,
    read_isochrones,
    shipped_isochrones,
)
from reseau.galaxy.kinematics import kinematics_of
from reseau.galaxy.model import Galaxy, read_galaxy
from reseau.galaxy.photometry import HW_FORMULAS

from .cells import FARTHEST
from .companions import Companions, brightest_pairs
from .draw import Model
from .limit import MagnitudeLimit
from .obscuration import Obscuration
from .observed import Errors, Widths
from .populations import Populations, brightest_first
from .settings import MockSettings
from .stars import Sky
from .window import Window

SHIPPED = "shipped"


def open_sky(settings: MockSettings, *, widths: Widths | None = None) -> Sky:
    """Read what a mock's settings name.

    Parameters
    ----------
    settings
        Names and numbers.
    widths
        Errors of the astrometry by G; None: all columns are true.

    Raises
    ------
    ReseauError
        A name is unknown, a file damaged, or the window is not on the map.
    """
    galaxy = read_galaxy(settings.galaxy)
    isochrones = (
        shipped_isochrones()
        if settings.isochrones == SHIPPED
        else read_isochrones(settings.isochrones)
    )
    window = settings.rectangle
    dust = Obscuration(
        read_reddening(settings.extinction_map),
        read_profile(settings.dust_profile),
        read_law(settings.extinction_law),
    )
    formula = HW_FORMULAS[settings.hw]
    return Sky(
        model=model_of(
            galaxy,
            isochrones,
            dust,
            settings.brightest,
            settings.binary_fraction,
            window,
        ),
        kinematics=kinematics_of(galaxy),
        window=window,
        seed=settings.seed,
        formula=formula,
        epoch=settings.epoch,
        errors=None if widths is None else Errors(widths, formula),
    )


def model_of(
    galaxy: Galaxy,
    isochrones: Isochrones,
    dust: Obscuration,
    limit: MagnitudeLimit,
    binary_fraction: float,
    window: Window,
) -> Model:
    """Return what stars are drawn from, segments sorted for the limit.

    Parameters
    ----------
    galaxy, isochrones, dust
        Where stars are, what they are, and what is in front of them.
    limit
        Band and magnitude.
    binary_fraction
        Part of the stars with an unresolved companion.
    window
        On the sky, for the greatest reddening in it.
    """
    populations = Populations.joined(
        galaxy.names,
        [
            luminosity_segments(isochrones, name, galaxy.mass_function)
            for name in galaxy.names
        ],
    )
    kinds = [(1.0 - binary_fraction, populations.magnitudes)]
    companions = None
    if binary_fraction > 0.0:
        companions = Companions(binary_fraction, populations)
        kinds.append((binary_fraction, brightest_pairs(populations, limit)))
    bright = brightest_first(populations, limit, kinds, largest_excess(dust, window))
    return Model(galaxy, populations, bright, dust, limit, companions)


def largest_excess(dust: Obscuration, window: Window) -> float:
    """Return about the greatest E(J - H) of a window [mag], behind all dust."""
    half = 0.5 * np.array([window.dl, window.db])
    steps = np.linspace(-1.0, 1.0, 21)
    l = np.repeat((window.l + half[0] * steps) % 360.0, len(steps))  # noqa: E741
    b = np.tile(window.b + half[1] * steps, len(steps))
    found = dust.at(l, b)
    front = np.nan_to_num(found.excess) + 3.0 * np.nan_to_num(found.scatter)
    share = dust.share(l, b, np.full(len(l), FARTHEST))
    extinction = dust.extinction(front * share, l, b)
    return float(np.max(extinction[:, 0] - extinction[:, 1], initial=0.0))


def read_reddening(name: str) -> ExtinctionMap:
    """Return a map of reddening, or one that is the same everywhere.

    Parameters
    ----------
    name
        Of a map or its file; or a number, E(J-Ks) [mag].

    Raises
    ------
    ConfigError
        The number is not a reddening.
    """
    try:
        excess = float(name)
    except ValueError:
        return _map_of(name)
    if not 0.0 <= excess <= 30.0:
        raise ConfigError(
            explain(
                given=f"extinction_map = {name}",
                wanted="a map, or E(J-Ks) from 0 to 30 mag",
                where="--extinction-map",
                todo="correct the number",
            )
        )
    return UniformReddening(excess)


def _map_of(name: str) -> ExtinctionMap:
    """Return a map, with the model of the dust where it has no data."""
    smooth = read_extinction_map("smooth")
    if name == "smooth":
        return smooth
    return FilledMap(read_extinction_map(name), smooth)


@dataclass(frozen=True)
class UniformReddening:
    """Reddening that is the same everywhere at the red clump's distance.

    Attributes
    ----------
    excess
        E(J-Ks) in VVV's bands [mag].
    """

    excess: float

    @property
    def name(self) -> str:
        """What the map is."""
        return f"E(J-Ks) = {self.excess:g} mag everywhere"

    def at(
        self,
        longitude: Float[np.ndarray, "n"],
        latitude: Float[np.ndarray, "n"],
    ) -> Reddening:
        """Return the reddening in directions, Galactic coordinates [deg]."""
        del latitude
        n = len(longitude)
        return Reddening(np.full(n, self.excess), np.zeros(n), np.ones(n, bool))


__all__ = ["SHIPPED", "UniformReddening", "model_of", "open_sky", "read_reddening"]
