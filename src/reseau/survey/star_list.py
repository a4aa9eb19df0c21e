"""A list of stars that somebody else made: its columns, and whether they can be.

Numbers are taken as they are; what is missing is drawn elsewhere (`filling`).
"""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Int

from reseau.errors import CatalogueError, ConfigError, explain, missing_columns_error

from .filling import OPTIONAL, with_magnitude
from .star_config import EMBEDDED, StarsConfig
from .starfield import load_starfield
from .stars import REFERENCE_EPOCH, Columns

REQUIRED = ("source_id", "ra", "dec", "phot_hw_mag")
NUMBERS = ("ra", "dec", "phot_hw_mag", *OPTIONAL)
WHERE = "the stars of a survey"


def star_list(
    config: StarsConfig, columns: Mapping[str, np.ndarray] | None
) -> tuple[Columns, float]:
    """Return the checked columns of the list of stars, and its epoch.

    Parameters
    ----------
    config
        Where the stars come from.
    columns
        As in `population.population`; None: the embedded field.

    Returns
    -------
    Columns, numbers as doubles, with `phot_hw_mag`; and their epoch [Julian year].

    Raises
    ------
    CatalogueError
        A column is missing, an id is there twice, a position is not finite.
    ConfigError
        The columns of a file are not given.
    """
    if columns is None:
        if config.source != EMBEDDED:
            raise ConfigError(
                explain(
                    given=f"source = {config.source!r} without its columns",
                    wanted="the columns of that table",
                    where=WHERE,
                    todo=f'read the table first, or choose source = "{EMBEDDED}"',
                )
            )
        columns = load_starfield()
    given = {
        name: np.asarray(columns[name], dtype=float)
        for name in NUMBERS
        if name in columns
    }
    listed = with_magnitude(given)
    if "source_id" in columns:
        listed["source_id"] = np.asarray(columns["source_id"])
    missing = [name for name in REQUIRED if name not in listed]
    if missing:
        raise missing_columns_error(missing, list(columns), "the list of stars", WHERE)
    _check_list(listed)
    listed["source_id"] = listed["source_id"].astype(np.int64)
    epoch = np.unique(np.asarray(columns.get("ref_epoch", REFERENCE_EPOCH), float))
    if len(epoch) != 1 or not np.isfinite(epoch[0]):
        raise _refused(
            f"ref_epoch from {epoch.min():g} to {epoch.max():g}",
            "one epoch for all stars",
            "move the stars to one epoch before",
        )
    return listed, float(epoch[0])


def _check_list(listed: Columns) -> None:
    ids = listed["source_id"]
    if not np.issubdtype(ids.dtype, np.integer):
        raise _refused(
            f"source_id of type {ids.dtype}",
            "whole numbers of 64 bits, which a float does not hold",
            "write the ids as integers",
        )
    if len(np.unique(ids)) < len(ids):
        raise _refused(
            f"{len(ids) - len(np.unique(ids))} ids of {len(ids)} that are there before",
            "each source_id once",
            "leave out the repeated rows",
        )
    lost = ~(np.isfinite(listed["ra"]) & (np.abs(listed["dec"]) <= 90.0))
    if lost.any() or not len(ids):
        raise _refused(
            f"{int(lost.sum())} of {len(ids)} stars without a position",
            "stars with ra and dec, dec from -90 to 90 degrees",
            "leave out or repair these rows",
        )


def _refused(given: str, wanted: str, todo: str) -> CatalogueError:
    return CatalogueError(explain(given=given, wanted=wanted, where=WHERE, todo=todo))


def counted(
    rng: np.random.Generator, rows: Int[np.ndarray, "n"], count: int
) -> Int[np.ndarray, "k"]:
    """Return so many of some rows, drawn at random, in their order; 0: all.

    Parameters
    ----------
    rng
        Random numbers.
    rows
        Of the stars that are measured.
    count
        How many are wanted.

    Raises
    ------
    ConfigError
        There are fewer, or none.
    """
    if count > len(rows) or not len(rows):
        raise ConfigError(
            explain(
                given=f"count = {count}",
                wanted=f"at most {len(rows)}, the stars within the limits",
                where=WHERE,
                todo="lower the count (0 takes all), give more stars, or widen the "
                "limits of magnitude and separation",
            )
        )
    return np.sort(rng.permutation(rows)[: count or None])


__all__ = ["REQUIRED", "counted", "star_list"]
