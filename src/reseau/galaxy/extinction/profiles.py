"""How extinction grows with distance, as a share of what a map gives.

A map of the bulge tells the reddening of its red clump; the share is 1 at the red
clump's mean distance in that direction and says what of it lies before a star, or how
much more behind. Profiles by name:

================  ==============================================================
exponential       ``1 - exp(-D / h)``, h = 164 pc / (abs(sin b) + 0.0001), as in
                  Koshimoto et al.'s genstars after Nataf et al. 2013: it knows
                  no Galactic radius and goes on growing, in the plane to 4.3 at
                  35 kpc
disc              an exponential disc in R and z, which ends behind the centre
central-zone      the same with a screen 100 to 200 pc from the centre
================  ==============================================================

All grow with distance everywhere.
"""

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from reseau.config import read_toml, tables
from reseau.errors import unknown_name

from . import columns
from .clump import clump_distance
from .dust import DustModel

Numbers = Float[np.ndarray, "n"]

DUST_HEIGHT = 164.0
"""Of the exponential profile [pc]: Nataf et al. 2013, ApJ 769, 88."""


@runtime_checkable
class DistanceProfile(Protocol):
    """How much of a map's reddening lies before a distance."""

    @property
    def name(self) -> str:
        """By which it is chosen."""
        ...

    def share(
        self, longitude: Numbers, latitude: Numbers, distance: Numbers
    ) -> Numbers:
        """Return A(D) over the map's A; 1 at the red clump's mean distance.

        Parameters
        ----------
        longitude, latitude
            Galactic coordinates [deg]; any longitude.
        distance
            From the Sun [pc].
        """
        ...


@dataclass(frozen=True)
class ExponentialProfile:
    """Dust that thins out with height alone: ``1 - exp(-D / h)``.

    Attributes
    ----------
    height
        Scale height of the dust [pc].
    name
        By which it is chosen.
    """

    height: float = DUST_HEIGHT
    name: str = "exponential"

    def share(
        self, longitude: Numbers, latitude: Numbers, distance: Numbers
    ) -> Numbers:
        """Return A(D) over the map's A; see `DistanceProfile`."""
        length = self.height / (np.abs(np.sin(np.radians(latitude))) + 1e-4)
        clump = clump_distance(longitude, latitude)
        share: np.ndarray = np.expm1(-distance / length) / np.expm1(-clump / length)
        return share


@dataclass(frozen=True)
class DustProfile:
    """Dust as a model of its density in the Galaxy has it.

    Attributes
    ----------
    dust
        The model.
    """

    dust: DustModel

    @property
    def name(self) -> str:
        """By which it is chosen."""
        return self.dust.name

    def share(
        self, longitude: Numbers, latitude: Numbers, distance: Numbers
    ) -> Numbers:
        """Return A(D) over the map's A; see `DistanceProfile`."""
        return columns.share(self.dust, longitude, latitude, distance)


@dataclass(frozen=True, kw_only=True)
class DustConfig:
    """A file of models of the dust.

    Attributes
    ----------
    models
        Tables ``[[dust]]``.
    """

    models: tuple[DustModel, ...] = tables("dust", DustModel)


@lru_cache(maxsize=1)
def dust_models() -> dict[str, DustModel]:
    """Return the models of the dust that are built in, by name."""
    path = resources.files("reseau.galaxy").joinpath("data", "dust.toml")
    with resources.as_file(path) as file:
        config, _ = read_toml(file, DustConfig)
    return {model.name: model for model in config.models}


def read_dust(name: str | Path = "central-zone") -> DustModel:
    """Return a model of the dust that is built in, or the first of a TOML file.

    Parameters
    ----------
    name
        "central-zone" or "disc", or a path that ends in .toml, see `DustModel`.

    Raises
    ------
    ConfigError
        The name is unknown, or the file holds no model, or an impossible one.
    """
    if isinstance(name, str) and not name.endswith(".toml"):
        known = dust_models()
        if name not in known:
            raise unknown_name("model of the dust", name, list(known), where="dust")
        return known[name]
    config, source = read_toml(name, DustConfig)
    if not config.models:
        raise source.complain(
            None, "the file holds no model of the dust", "[[dust]]", "add the table"
        )
    return config.models[0]


def read_profile(name: str | Path = "central-zone") -> DistanceProfile:
    """Return a distance profile that is built in, or that of a TOML file's dust.

    Parameters
    ----------
    name
        "exponential", "disc", "central-zone", or a path that ends in .toml.

    Raises
    ------
    ConfigError
        The name is unknown, or the file is not as `DustModel` says.
    """
    if name == "exponential":
        return ExponentialProfile()
    if isinstance(name, str) and not name.endswith(".toml"):
        known = ["exponential", *dust_models()]
        if name not in known:
            raise unknown_name("distance profile", name, known, where="profile")
    return DustProfile(read_dust(name))


__all__ = [
    "DistanceProfile",
    "DustConfig",
    "DustProfile",
    "ExponentialProfile",
    "dust_models",
    "read_dust",
    "read_profile",
]
