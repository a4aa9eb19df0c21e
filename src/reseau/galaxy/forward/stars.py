"""Stars as the Sun sees them: velocities, astrometry and the columns of a catalogue."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from reseau.galaxy.photometry import HwFormula
from reseau.tables.mock_layouts import MOCK

from .draw import CHUNK, Drawn, Model, draw_tile, tile_seed
from .observed import Columns, Errors, observed
from .window import Tile, Window

SHIFT = 32
"""Bits of an identifier below the tile's number: 4 thousand million stars a tile."""

REFERENCE_EPOCH = 2016.0
"""Of positions, Julian year, as Gaia's."""


@dataclass(frozen=True, eq=False)
class Sky:
    """Everything that stars of a mock are drawn from.

    Attributes
    ----------
    model
        Densities, isochrones, reddening and limit.
    kinematics
        Velocities, a `Kinematics`.
    window
        What part of the sky.
    seed
        Of all random numbers.
    formula
        Of Hw.
    epoch
        Of positions, Julian year.
    errors
        How well stars are measured; None: all columns are true.
    """

    model: Model
    kinematics: Any
    window: Window
    seed: int
    formula: HwFormula
    epoch: float = REFERENCE_EPOCH
    errors: Errors | None = None


def tile_columns(sky: Sky, tile: Tile, *, chunk: int = CHUNK) -> Iterator[Columns]:
    """Give the stars of a tile that are in the window, as columns, some at a time.

    Parameters
    ----------
    sky
        What is drawn from.
    tile
        One of the window's.
    chunk
        See `draw_tile`.

    Yields
    ------
    Columns of `tables.mock_layouts.MOCK`, with the number of the component as
    `component`. Identifiers are the tile's number and a counter: a star has the same
    in every window.
    """
    rng = np.random.default_rng(tile_seed(sky.seed, tile))
    counted = 0
    for drawn in draw_tile(sky.model, tile, rng, chunk=chunk):
        velocity = velocities(sky, drawn, rng)
        order = rng.permutation(len(drawn.l))
        number = (tile.number << SHIFT) + counted + np.arange(len(order))
        counted += len(order)
        columns = columns_of_stars(sky, drawn.taken(order), velocity[order], number)
        if sky.errors is not None:
            columns = observed(sky.errors, columns, rng)
        inside = sky.window.contains(drawn.l[order], drawn.b[order])
        if not inside.all():
            columns = {name: values[inside] for name, values in columns.items()}
        yield columns


def column_names(sky: Sky) -> list[str]:
    """Return the names of a mock's columns, in the order of the schema.

    Parameters
    ----------
    sky
        What stars are drawn from.
    """
    none, numbers = np.zeros(0), np.zeros(0, np.int64)
    empty = Drawn(
        component=numbers,
        segment=numbers,
        fraction=none,
        l=none,
        b=none,
        distance=none,
        excess=none,
        a_ks=none,
        magnitudes=np.zeros((0, 4)),
        on_map=np.zeros(0, bool),
        companion=none,
    )
    columns = columns_of_stars(sky, empty, np.zeros((0, 3)), np.zeros(0, np.int64))
    if sky.errors is not None:
        columns = observed(sky.errors, columns, np.random.default_rng(0))
    return [name for name in MOCK.names if name in columns]


def velocities(sky: Sky, drawn: Drawn, rng: np.random.Generator) -> np.ndarray:
    """Return galactocentric velocities of stars, drawn for each component [km/s].

    Parameters
    ----------
    sky
        What is drawn from.
    drawn
        Stars, sorted by component.
    rng
        Random numbers.
    """
    position = sky.model.galaxy.frame.galactocentric(drawn.l, drawn.b, drawn.distance)
    velocity = np.empty_like(position)
    names = sky.model.populations.names
    ends = np.searchsorted(drawn.component, np.arange(len(names) + 1))
    for name, first, last in zip(names, ends[:-1], ends[1:], strict=True):
        if first < last:
            rows = slice(first, last)
            velocity[rows] = sky.kinematics.draw(name, position[rows], rng)
    return velocity


def columns_of_stars(
    sky: Sky, drawn: Drawn, velocity: np.ndarray, source_id: np.ndarray
) -> Columns:
    """Return the columns of stars, all of them true.

    Parameters
    ----------
    sky
        What they were drawn from.
    drawn, velocity
        The stars, and how they move [km/s].
    source_id
        Their identifiers.
    """
    frame, populations = sky.model.galaxy.frame, sky.model.populations
    l, b = drawn.l, drawn.b  # noqa: E741
    along, up, radial = frame.proper_motions(l, b, drawn.distance, velocity)
    ra, dec, pmra, pmdec = frame.equatorial(l, b, along, up)
    g, j, h, ks = (drawn.magnitudes[:, i] for i in (3, 0, 1, 2))
    ends = populations.mass[drawn.segment]
    paired = sky.model.companions is not None
    return {
        "source_id": source_id,
        "ref_epoch": np.full(len(l), sky.epoch),
        "ra": ra,
        "dec": dec,
        "parallax": 1000.0 / drawn.distance,
        "pmra": pmra,
        "pmdec": pmdec,
        "radial_velocity": radial,
        "phot_g_mean_mag": g,
        "phot_j_mag": j,
        "phot_h_mag": h,
        "phot_ks_mag": ks,
        "phot_hw_mag": sky.formula.magnitude(j, h),
        "l": l,
        "b": b,
        "component": drawn.component,
        "age": populations.age[drawn.segment],
        "mass": ends[:, 0] + drawn.fraction * (ends[:, 1] - ends[:, 0]),
        "metallicity": populations.metallicity[drawn.segment],
        "distance": drawn.distance,
        "ejks": drawn.excess,
        "a_ks": drawn.a_ks,
        "on_map": drawn.on_map,
        **({"companion_mass": drawn.companion} if paired else {}),
    }


def joined(parts: list[Columns]) -> Mapping[str, np.ndarray]:
    """Return columns of several parts as one."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


__all__ = [
    "REFERENCE_EPOCH",
    "SHIFT",
    "Columns",
    "Sky",
    "column_names",
    "columns_of_stars",
    "joined",
    "tile_columns",
    "velocities",
]
