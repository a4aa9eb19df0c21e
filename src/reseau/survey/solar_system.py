"""Solar-system bodies as sources: where an observer sees them, with light time.

A body is seen where it was when its light left: ``r(t - τ)`` with ``c τ`` its distance
from the observer, found by repetition (Explanatory Supplement to the Astronomical
Almanac, 3rd ed., 7.4.1). Deflection and aberration are not in it. States are those of
an ephemeris (`reseau.observers.open_ephemeris`), or of a table.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from reseau.constants import AU_PER_YEAR, SPEED_OF_LIGHT
from reseau.errors import ConfigError, explain, some
from reseau.observers import SOLAR_SYSTEM, Ephemeris, TableObserver, open_ephemeris

LIGHT = SPEED_OF_LIGHT / AU_PER_YEAR
"""Speed of light [au/yr]."""

REPEATS = 4
"""Each makes the light time better by v/c, 1e-4."""


class BodySources(NamedTuple):
    """Solar-system bodies among the sources.

    Attributes
    ----------
    row
        Of the source in its population.
    names
        What they are called in the ephemeris or in `tables`.
    tables
        Barycentric states of those that are not the ephemeris's.
    """

    row: Int[np.ndarray, "k"]
    names: tuple[str, ...]
    tables: Mapping[str, TableObserver]


def check_bodies(names: tuple[str, ...], tables: Mapping[str, TableObserver]) -> None:
    """Refuse bodies that have neither a table nor a place in an ephemeris.

    Parameters
    ----------
    names
        Of bodies.
    tables
        States by name.

    Raises
    ------
    ConfigError
        A name is unknown, or given twice.
    """
    unknown = [n for n in names if n not in tables and n.lower() not in SOLAR_SYSTEM]
    twice = sorted({n for n in names if names.count(n) > 1})
    if not unknown and not twice:
        return
    given = f"bodies given twice: {some(twice)}"
    if unknown:
        given = f"unknown bodies {some(unknown)}"
    raise ConfigError(
        explain(
            given=given,
            wanted=f"some of {some(SOLAR_SYSTEM, 12)}, or names of tables of states",
            where="bodies of the stars of a survey",
            todo="correct the names, or give a table of barycentric states",
        )
    )


def body_directions(
    bodies: BodySources,
    epochs: Float[np.ndarray, "m"],
    observers: Float[np.ndarray, "m 3"],
    *,
    ephemeris: str | Ephemeris = "builtin",
) -> Float[np.ndarray, "k m 3"]:
    """Return unit vectors from observers to bodies, ICRS, before deflection.

    Parameters
    ----------
    bodies
        Which.
    epochs
        At the observers, Julian years of TCB.
    observers
        Barycentric positions, ICRS axes [au].
    ephemeris
        "builtin" (Sun, Earth, Moon), "de440", or one that was opened.

    Raises
    ------
    ConfigError
        The ephemeris does not have a body.
    EphemerisRangeError
        An epoch is outside of the ephemeris or of a table.
    """
    found = np.empty((len(bodies.names), len(epochs), 3))
    for i, name in enumerate(bodies.names):
        delay = np.zeros(len(epochs))
        for _ in range(REPEATS):
            place = _place(name, bodies.tables, epochs - delay, ephemeris)
            delay = np.linalg.norm(place - observers, axis=1) / LIGHT
        towards = place - observers
        found[i] = towards / np.linalg.norm(towards, axis=1, keepdims=True)
    return found


def _place(
    name: str,
    tables: Mapping[str, TableObserver],
    epochs: Float[np.ndarray, "m"],
    ephemeris: str | Ephemeris,
) -> Float[np.ndarray, "m 3"]:
    """Return the barycentric positions of a body [au]."""
    if name in tables:
        return np.asarray(tables[name].states(epochs).position)
    return np.asarray(open_ephemeris(ephemeris).barycentric(name, epochs)[0])


__all__ = ["BodySources", "body_directions", "check_bodies"]
