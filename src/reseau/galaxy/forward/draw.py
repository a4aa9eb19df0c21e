"""Stars of a tile: numbers from the model, then each star's place, segment and dust.

Proposals come from a bound on the density, thinned to it: a block of cells, a step in
distance, a component and a stratum of the dust have at most ``n V w`` stars within the
limit, where n is the greatest density at their corners and w the share of the
component's stars that are not too faint at the near side behind the least dust. Of the
Poisson number of proposals those are kept that the density at their place and the limit
at their distance and dust admit, so that what is left is a Poisson process with the
model's density, and nothing is lost at edges.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from .cells import Cells, cells_of
from .companions import Companions, added
from .dust import PATCHES, Dust, dust_of
from .limit import COLUMNS, MagnitudeLimit
from .populations import Bright, BrightestFirst, Populations
from .window import Tile

CHUNK = 250_000
"""Proposals that are in memory at once."""

STREAM = 12
"""First part of the key of a tile's random numbers, apart from those of other uses."""


@dataclass(frozen=True, eq=False)
class Model:
    """What stars are drawn from.

    Attributes
    ----------
    galaxy
        Densities and frame, a `Galaxy`.
    populations
        Segments of the isochrones of its components.
    bright
        The same, sorted for the limit.
    dust
        Map of reddening, law and distance profile, see `Obscuration`.
    companions
        Of some of the stars; None: all are single. Their share is in `bright`.
    limit
        Band and magnitude.
    """

    galaxy: Any
    populations: Populations
    bright: BrightestFirst
    dust: Any
    limit: MagnitudeLimit
    companions: Companions | None = None


class Drawn(NamedTuple):
    """Stars as they are drawn, in front of no observer yet.

    Attributes
    ----------
    component, segment
        Numbers of the component and of the segment of its isochrones.
    fraction
        Where on the segment, from its first end to its second.
    l, b, distance
        [deg], [deg], [pc].
    excess
        E(J-Ks) in front of the star [mag].
    a_ks
        Extinction in Ks [mag].
    magnitudes
        Apparent J, H, Ks, G [mag].
    on_map
        Whether the map of reddening has a value there.
    companion
        Initial mass of an unresolved companion [solar masses]; NaN: there is none.
    """

    component: Int[np.ndarray, "n"]
    segment: Int[np.ndarray, "n"]
    fraction: Float[np.ndarray, "n"]
    l: Float[np.ndarray, "n"]  # noqa: E741
    b: Float[np.ndarray, "n"]
    distance: Float[np.ndarray, "n"]
    excess: Float[np.ndarray, "n"]
    a_ks: Float[np.ndarray, "n"]
    magnitudes: Float[np.ndarray, "n 4"]
    on_map: Bool[np.ndarray, "n"]
    companion: Float[np.ndarray, "n"]

    def taken(self, rows: np.ndarray) -> "Drawn":
        """Return some of the stars."""
        return Drawn(*(values[rows] for values in self))


@dataclass(frozen=True, eq=False)
class Proposals:
    """Expected numbers of proposals in the boxes of a tile.

    Attributes
    ----------
    cells, dust
        Of the tile.
    box
        Component, block of cells, step in distance, stratum and kind of each group.
    sums
        Sums of expected numbers up to each group.
    bright
        Segments that are left, of each group.
    """

    cells: Cells
    dust: Dust
    box: tuple[Int[np.ndarray, "g"], ...]
    sums: Float[np.ndarray, "g"]
    bright: Bright

    @property
    def total(self) -> float:
        """Expected number of all proposals."""
        return float(self.sums[-1]) if len(self.sums) else 0.0


def tile_seed(seed: int, tile: Tile) -> np.random.SeedSequence:
    """Return the seed of a tile's random numbers, whatever the window."""
    return np.random.SeedSequence(seed, spawn_key=(STREAM, tile.number))


def proposals(model: Model, tile: Tile) -> Proposals:
    """Return how many proposals are expected where, in a tile.

    Parameters
    ----------
    model
        What is drawn from.
    tile
        The tile.
    """
    cells = cells_of(model.galaxy, tile)
    dust = dust_of(model.dust, cells.edges, cells.blocks)
    extinction = _least_extinction(model, cells, dust)
    west, east, south, north = cells.edges.T
    area = ((east - west) * (north - south))[cells.blocks].sum(axis=1)
    volume = area[:, None] * np.diff(cells.distance) / dust.strata
    most = cells.largest * volume
    component, block, step = np.nonzero(most > 0.0)
    rows = tuple(np.repeat(v, dust.strata) for v in (component, block, step))
    rows = (*rows, np.tile(np.arange(dust.strata), len(component)))
    modulus = distance_modulus(cells.distance[:-1])[rows[2]]
    box, expected, bright = [], [], []
    for kind, part in enumerate(model.bright.kinds):
        found = model.bright.cut(kind, rows[0], modulus, extinction[rows[1:]])
        number = part * most[rows[:3]] * found.share
        kept = np.flatnonzero(number > 0.0)
        box.append([*(v[kept] for v in rows), np.full(len(kept), kind)])
        expected.append(number[kept])
        bright.append([v[kept] for v in found])
    # Stars are sorted by component, as velocities are drawn.
    whole = [np.concatenate(parts) for parts in zip(*box, strict=True)]
    order = np.argsort(whole[0], kind="stable")
    return Proposals(
        cells=cells,
        dust=dust,
        box=tuple(v[order] for v in whole),
        sums=np.cumsum(np.concatenate(expected)[order]),
        bright=Bright(*(np.concatenate(v)[order] for v in zip(*bright, strict=True))),
    )


def _least_extinction(model: Model, cells: Cells, dust: Dust) -> np.ndarray:
    """Return the least extinction of blocks, distances and strata, in each band."""
    near = cells.distance[:-1]
    l, b = (np.repeat(v, len(near)) for v in cells.middles)  # noqa: E741
    share = model.dust.share(l, b, np.tile(near, len(cells.edges)))
    share = share.reshape(-1, len(near))[cells.blocks].min(axis=1)
    least = dust.least[:, None, :] * share[:, :, None]
    # Within a block the law is the same: no tile reaches over l = 0 or b = 0.
    first = cells.blocks[:, 0]
    repeats = len(near) * dust.strata
    l, b = (np.repeat(v[first], repeats) for v in cells.middles)  # noqa: E741
    extinction = model.dust.extinction(least.ravel(), l, b)
    return extinction.reshape(*least.shape, -1)


def distance_modulus(distance: Float[np.ndarray, "*n"]) -> Float[np.ndarray, "*n"]:
    """Return 5 log10(D / 10 pc) [mag]."""
    found: np.ndarray = 5.0 * np.log10(0.1 * distance)
    return found


def draw_tile(
    model: Model, tile: Tile, rng: np.random.Generator, *, chunk: int = CHUNK
) -> Iterator[Drawn]:
    """Give the stars of a whole tile, some at a time, in random order of nothing.

    Parameters
    ----------
    model
        What is drawn from.
    tile
        The tile.
    rng
        Random numbers, of the tile's own seed.
    chunk
        About how many proposals are in memory at once. What is drawn depends on it.
    """
    planned = proposals(model, tile)
    parts = max(1, int(np.ceil(planned.total / chunk)))
    for _ in range(parts):
        yield _draw(model, planned, rng, rng.poisson(planned.total / parts))


def _draw(
    model: Model, planned: Proposals, rng: np.random.Generator, count: int
) -> Drawn:
    """Return those of so many proposals that are stars within the limit."""
    total = planned.total
    group = np.searchsorted(planned.sums, total * np.sort(rng.random(count)), "right")
    group = np.minimum(group, max(len(planned.sums) - 1, 0))
    share = rng.random((9, count))
    component, block, step, stratum, kind = (v[group] for v in planned.box)
    column, patch, excess = planned.dust.drawn(block, stratum, share[:2].T)
    place = np.stack(
        [
            (patch % PATCHES + share[2]) / PATCHES,
            (patch // PATCHES + share[3]) / PATCHES,
            share[4],
        ],
        axis=-1,
    )
    cells = planned.cells
    density = cells.density((component, column, step), place)
    most = cells.largest[component, block, step]
    kept = np.flatnonzero(share[5] * most < density)
    segment = model.bright.chosen(planned.bright, group[kept], share[6, kept])
    found = _placed(
        model,
        planned,
        component[kept],
        segment,
        column[kept],
        step[kept],
        place[kept],
        (patch[kept], excess[kept], share[7, kept]),
        np.where(kind[kept], share[8, kept], np.nan),
    )
    within = model.limit.value(found.magnitudes) <= model.limit.magnitude
    return found.taken(np.flatnonzero(within))


def _placed(
    model: Model,
    planned: Proposals,
    component: np.ndarray,
    segment: np.ndarray,
    column: np.ndarray,
    step: np.ndarray,
    place: np.ndarray,
    own: tuple[np.ndarray, np.ndarray, np.ndarray],
    ratio: np.ndarray,
) -> Drawn:
    """Return stars at their places, with dust in front of them.

    `ratio` is the mass of a companion over that of the star; NaN: there is none.
    """
    patch, front, fraction = own
    cells, dust = planned.cells, planned.dust
    west, east, south, north = cells.edges[column].T
    near, far = cells.distance[step], cells.distance[step + 1]
    distance = near + place[:, 2] * (far - near)
    l, b = cells.middles  # noqa: E741
    l, b = l[column], b[column]  # noqa: E741
    excess = front * model.dust.share(l, b, distance)
    extinction = model.dust.extinction(excess, l, b)
    absolute, companion = _light(model, segment, fraction, ratio)
    modulus = distance_modulus(distance)[:, None]
    return Drawn(
        component=component,
        segment=segment,
        fraction=fraction,
        l=west + place[:, 0] * (east - west),
        b=south + place[:, 1] * (north - south),
        distance=distance,
        excess=excess,
        a_ks=extinction[:, COLUMNS.index("Ks")],
        magnitudes=absolute + modulus + extinction,
        on_map=dust.inside[column, patch],
        companion=companion,
    )


def _light(
    model: Model, segment: np.ndarray, fraction: np.ndarray, ratio: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return absolute magnitudes, companions' light included, and their masses."""
    ends = model.populations.magnitudes[segment]
    absolute = ends[:, 0] + fraction[:, None] * (ends[:, 1] - ends[:, 0])
    if model.companions is None:
        return absolute, ratio
    low, high = model.populations.mass[segment].T
    mass = ratio * (low + fraction * (high - low))
    pair = np.flatnonzero(np.isfinite(ratio))
    light = model.companions.magnitudes(segment[pair], mass[pair])
    absolute[pair] = added(absolute[pair], light)
    return absolute, mass


__all__ = [
    "CHUNK",
    "Drawn",
    "Model",
    "Proposals",
    "distance_modulus",
    "draw_tile",
    "proposals",
    "tile_seed",
]
