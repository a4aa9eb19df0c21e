"""Where the observer of a dataset was, and what displaced the directions."""

from dataclasses import dataclass

import numpy as np

from reseau.constants import DEGREE, SPEED_OF_LIGHT
from reseau.datasets import Dataset
from reseau.errors import (
    CatalogueError,
    ConfigError,
    UnusedEffectWarning,
    explain,
    some,
    warn,
)
from reseau.observers import (
    Observer,
    Site,
    TableObserver,
    Weather,
    chosen_observer,
    names_of,
    states_of,
    surroundings,
)
from reseau.records import Surroundings
from reseau.tables import columns_of

from .observer_bounds import check_positions, check_speeds

Columns = dict[str, np.ndarray]

POSITION = ("obs_x", "obs_y", "obs_z")
VELOCITY = ("obs_vx", "obs_vy", "obs_vz")


@dataclass(frozen=True)
class Seen:
    """How each exposure saw the sky.

    Attributes
    ----------
    known
        Whether the observer's position is known; if not, directions are taken as given.
    position
        Of the observer on each exposure [au]; zeros where it is not known.
    surroundings
        What displaces directions.
    """

    known: bool
    position: np.ndarray
    surroundings: Surroundings


def seen_from(dataset: Dataset, exposures: Columns) -> Seen:
    """Return where the observer was, from columns or from the dataset's observer.

    Parameters
    ----------
    dataset
        Its observer, effects, deflectors, ephemeris and weather count.
    exposures
        Columns of the exposures of one plate.

    Raises
    ------
    ConfigError
        An effect needs what is not known of the observer.
    CatalogueError
        Positions or velocities are impossible.

    Warns
    -----
    UnusedEffectWarning
        Velocities are known but aberration is not among the effects.
    StrangeObserverWarning
        The observer is where few have been.
    """
    observer, known, moving = _observer(dataset, exposures)
    effects = names_of(dataset.effects, what="effects")
    _check_effects(effects, dataset.name, known, moving)
    if known:
        check_positions(observer.position, exposures["exposure_id"])
    if moving:
        check_speeds(observer.velocity, exposures["exposure_id"])
    if moving and "aberration" not in effects:
        warn(
            "the observer's velocities are known but the effects do not name "
            "aberration: pointings take it up (up to 20.6 arcsec), and focal lengths "
            "(1e-4); where these are to be true, say --effects aberration (effects in "
            "dataset.toml)",
            UnusedEffectWarning,
        )
    around = surroundings(
        effects,
        observer,
        exposures["epoch"],
        deflectors=dataset.deflectors,
        ephemeris=dataset.ephemeris,
        weather=_at_site(dataset),
    )
    _check_zenith(around, exposures)
    return Seen(known, observer.position, around)


def _observer(dataset: Dataset, exposures: Columns) -> tuple[Observer, bool, bool]:
    """Return the observer, and whether his positions and velocities are known."""
    epoch = exposures["epoch"]
    nowhere = np.zeros((epoch.size, 3))
    found = Observer(nowhere, nowhere)
    if dataset.states is not None:
        found = table_observer(dataset.states).states(epoch)
    elif dataset.observer is not None:
        found = states_of(dataset.observer, epoch, ephemeris=dataset.ephemeris)
    computed = dataset.states is not None or dataset.observer is not None
    position, velocity = _vectors(exposures, POSITION), _vectors(exposures, VELOCITY)
    if velocity is not None:
        velocity = velocity / SPEED_OF_LIGHT
    observer = Observer(
        position=found.position if position is None else position,
        velocity=found.velocity if velocity is None else velocity,
        zenith=found.zenith,
    )
    return observer, computed or position is not None, computed or velocity is not None


def _at_site(dataset: Dataset) -> Weather | None:
    """Return the weather with the site's height and latitude."""
    site = None if dataset.observer is None else chosen_observer(dataset.observer)
    if dataset.weather is None or not isinstance(site, Site):
        return dataset.weather
    return dataset.weather.at(site)


def table_observer(table: object) -> TableObserver:
    """Return the observer whose states a validated table lists.

    Parameters
    ----------
    table
        Columns epoch, obs_x … obs_z [au], obs_vx … obs_vz [km/s].
    """
    columns = columns_of(table)
    return TableObserver(
        epoch=columns["epoch"],
        position=np.stack([columns[name] for name in POSITION], axis=1),
        velocity=np.stack([columns[name] for name in VELOCITY], axis=1)
        / SPEED_OF_LIGHT,
    )


def _vectors(columns: Columns, names: tuple[str, ...]) -> np.ndarray | None:
    """Return three columns as vectors, or None where they are not all there."""
    if not all(name in columns for name in names):
        return None
    return np.stack([columns[name] for name in names], axis=1)


def _check_effects(
    effects: tuple[str, ...], name: str, known: bool, moving: bool
) -> None:
    lacking = {"aberration": not moving, "deflection": not known}
    for effect, lacks in lacking.items():
        if effect in effects and lacks:
            what = "velocity" if effect == "aberration" else "position"
            names = VELOCITY if effect == "aberration" else POSITION
            raise ConfigError(
                explain(
                    given=f'effects contain "{effect}" but no {what} is known',
                    wanted=f'columns {", ".join(names)}, or observer = "geocentre"',
                    where=f"dataset {name}",
                    todo="say where the observer was, as --observer geocentre, or "
                    f"leave {effect} out",
                )
            )


def _check_zenith(around: Surroundings, exposures: Columns) -> None:
    """Refuse exposures that point to or below the horizon."""
    if around.air is None:
        return
    ra, dec = exposures["ra"] * DEGREE, exposures["dec"] * DEGREE
    axis = [np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)]
    height = np.sum(np.stack(axis, axis=1) * np.asarray(around.air.zenith), axis=1)
    bad = height <= 0.0
    if bad.any():
        distance = np.degrees(np.arccos(np.clip(height[bad], -1.0, 1.0)))
        raise CatalogueError(
            explain(
                given=f"{int(bad.sum())} exposures at zenith distances of 90° or more "
                f"({some(f'{d:.1f}°' for d in distance)})",
                wanted="pointings above the horizon",
                where=f"exposures, exposure_id {some(exposures['exposure_id'][bad])}",
                todo="check the epochs, and that the site's longitude is to the East",
            )
        )


__all__ = ["Seen", "seen_from", "table_observer"]
