"""Artificial sources: they stand still at infinity, and no catalogue has them."""

import numpy as np
from jaxtyping import Bool, Int

from reseau.constants import ARCSECOND, DEGREE
from reseau.errors import ConfigError, explain

from .selection import blended, unit_vectors
from .star_config import StarsConfig
from .starfield import star_ids
from .stars import ARTIFICIAL_IDS, COPY_DISTANCE, Columns

ROUNDS = 100
"""How often sources that fell on a star are placed anew."""

WHERE = "the artificial sources of a survey"


def artificial_sources(
    rng: np.random.Generator, config: StarsConfig, listed: Columns, stars: Columns
) -> Columns:
    """Return artificial sources, as dense and as bright as the stars are.

    Each is next to a random star, moved as the copies of `stars` are, and anew as long
    as it is blended.

    Parameters
    ----------
    rng
        Random numbers.
    config
        How many, and how far from stars.
    listed
        `ra`, `dec` [deg] and `source_id` of all stars, measured or not.
    stars
        Columns of those that are measured.

    Returns
    -------
    The same columns as `stars`; what `stars` says of motions is of no meaning here.

    Raises
    ------
    ConfigError
        There is no place without a neighbour.
    """
    n = config.artificial
    like = rng.integers(0, len(stars["ra"]), n)
    placed = {name: values[like] for name, values in stars.items()}
    placed["ra"], placed["dec"] = np.zeros(n), np.zeros(n)
    todo = np.arange(n)
    for _ in range(ROUNDS):
        near = rng.integers(0, len(stars["ra"]), len(todo))
        move = rng.normal(0.0, COPY_DISTANCE / DEGREE, (2, len(todo)))
        dec = np.clip(stars["dec"][near] + move[1], -89.9, 89.9)
        placed["dec"][todo] = dec
        placed["ra"][todo] = (
            stars["ra"][near] + move[0] / np.cos(dec * DEGREE)
        ) % 360.0
        todo = np.flatnonzero(_is_blended(config, listed, placed))
        if not len(todo):
            break
    else:
        raise ConfigError(
            explain(
                given=f"{len(todo)} of {n} artificial sources with no free place",
                wanted="places farther from stars than blend_separation_arcsec = "
                f"{config.blend_separation_arcsec:g}",
                where=WHERE,
                todo="lower the separation or the number of artificial sources",
            )
        )
    placed["source_id"] = new_ids(ARTIFICIAL_IDS, n, listed["source_id"])
    placed["artificial"] = np.ones(n, dtype=bool)
    return placed


def _is_blended(
    config: StarsConfig, listed: Columns, placed: Columns
) -> Bool[np.ndarray, "n"]:
    """Return which artificial sources have a neighbour, however faint."""
    n = len(placed["ra"])
    direction = unit_vectors(
        *(np.concatenate([listed[name], placed[name]]) for name in ("ra", "dec"))
    )
    near = blended(
        direction,
        np.zeros(len(direction)),
        separation=config.blend_separation_arcsec * ARCSECOND,
        contrast=0.0,
    )
    return near[len(direction) - n :]


def new_ids(first: int, n: int, taken: np.ndarray) -> Int[np.ndarray, "n"]:
    """Return ids of 19 digits that are not among those taken.

    Parameters
    ----------
    first
        Running number of the first.
    n
        How many.
    taken
        Ids that exist.
    """
    found = star_ids(first, 2 * n)
    free = found[~np.isin(found, taken)]
    while len(free) < n:
        first += 2 * n
        more = star_ids(first, 2 * n)
        free = np.concatenate([free, more[~np.isin(more, taken)]])
    return free[:n]


__all__ = ["artificial_sources", "new_ids"]
