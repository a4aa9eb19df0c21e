"""A field of stars in cells, whose reddening is measured tile by tile."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import sparse

from reseau.errors import DegeneracyError, explain

from .blocks import TILE, Blocks, joined
from .candidates import GiantCandidates, ReddeningSettings, noise_of
from .clump import wrapped
from .colour_likelihood import ColourModel, ColourScale, Limits, bin_of, posterior_of
from .giants import GiantTemplate
from .maps import GridMap

logger = logging.getLogger(__name__)

SCATTERS = (0.02, 0.05, 0.08, 0.12, 0.2, 0.3)
FOREGROUNDS = (0.0, 0.05, 0.15, 0.3)
"""Among what the scatter inside cells and the share of the foreground are chosen."""

CHOSEN_OF = 3
"""Tiles by which they are chosen."""

NODE = 0.2
"""Between directions of which there are templates [deg]."""

Told = Callable[[int, int], None]

TemplateOf = Callable[[float, float], GiantTemplate]
"""Template of a direction, Galactic longitude and latitude [deg]."""


@dataclass(frozen=True)
class MeasuredReddening:
    """The reddening of cells, with errors.

    Attributes
    ----------
    map
        E(J-Ks) in VVV's bands at the red clump's mean distance, and its scatter inside
        cells, as a map to redden stars with.
    error
        1σ of the map's reddening [mag]; cells of a block have one error in common.
    block
        Number of the block that a cell is in; -1: none.
    stars
        Used in the cell's block.
    bounded
        False where stars do not say how great the reddening is at most.
    notes
        Counts of what was left out, by reason.
    limits
        Magnitudes between which all stars were taken to be there; None: not kept.
    """

    map: GridMap
    error: Float[np.ndarray, "n_l n_b"]
    block: Int[np.ndarray, "n_l n_b"]
    stars: Int[np.ndarray, "n_l n_b"]
    bounded: Bool[np.ndarray, "n_l n_b"]
    notes: dict[str, int] = field(default_factory=dict)
    limits: Limits | None = None

    def columns(self) -> dict[str, np.ndarray]:
        """Return the cells that are known as a table, which is a map to read again.

        Returns
        -------
        `l`, `b` of the middles [deg], `ejks`, `ejks_error`, `scatter` [mag], `block`,
        `stars` and `bounded`.
        """
        known = self.block >= 0
        edges = self.map.longitude_edges, self.map.latitude_edges
        middle = np.meshgrid(*(0.5 * (e[1:] + e[:-1]) for e in edges), indexing="ij")
        return {
            "l": middle[0][known],
            "b": middle[1][known],
            "ejks": self.map.excess[known],
            "ejks_error": self.error[known],
            "scatter": self.map.scatter[known],
            "block": self.block[known],
            "stars": self.stars[known],
            "bounded": self.bounded[known],
        }


class _Tile(NamedTuple):
    """Some cells, with the bins that the stars of their blocks are in."""

    at: tuple[slice, slice]
    place: tuple[np.ndarray, np.ndarray]
    blocks: Blocks
    of_star: np.ndarray
    bins: np.ndarray
    shape: tuple[int, int]

    def counts(self, weight: np.ndarray) -> sparse.csr_matrix:
        """Return the weight of stars in blocks and bins."""
        return sparse.csr_matrix((weight, (self.of_star, self.bins)), self.shape)


class GiantField:
    """Stars in cells, measured tile by tile.

    Parameters
    ----------
    stars
        Candidates for giants.
    settings
        Cells, and what is possible.
    scale, limits, template
        Of the colour, of the survey, and of the stars in a direction.
    """

    def __init__(
        self,
        stars: GiantCandidates,
        settings: ReddeningSettings,
        scale: ColourScale,
        limits: Limits,
        template: TemplateOf,
    ) -> None:
        self.settings, self.scale, self.limits = settings, scale, limits
        self.template, self.noise = template, noise_of(stars)
        step_l, step_b = settings.step
        middle = float(np.median(stars.longitude))
        # Stars on both sides of a longitude of 180 deg are beside one another.
        lon = middle + wrapped(stars.longitude - middle)
        self.first = (
            float(np.floor(lon.min() / step_l) * step_l),
            float(np.floor(stars.latitude.min() / step_b) * step_b),
        )
        self.longitude, self.latitude = lon, stars.latitude
        place_l = (lon - self.first[0]) / step_l
        place_b = (stars.latitude - self.first[1]) / step_b
        self.i = np.floor(place_l + 1e-9).astype(np.int64)
        self.j = np.floor(place_b + 1e-9).astype(np.int64)
        self.shape = (int(self.i.max()) + 1, int(self.j.max()) + 1)
        self.excess = stars.blue - stars.red - scale.reference
        self.brightness = stars.red - scale.of_red(self.excess)

    def measured(
        self, notes: dict[str, int], told: Told | None = None
    ) -> MeasuredReddening:
        """Return the reddening of all cells.

        Parameters
        ----------
        notes
            Counts of what was left out.
        told
            Called after each tile with how many are done, and of how many.
        """
        excess, error, inside = (np.full(self.shape, np.nan) for _ in range(3))
        block, stars = np.full(self.shape, -1), np.zeros(self.shape, np.int64)
        bounded = np.zeros(self.shape, bool)
        tiles = self._tiles()
        scatter, foreground = self._chosen(tiles)
        nodes = _Nodes(self, scatter, foreground)
        used = 0
        for n, part in enumerate(tiles, start=1):
            tile = self._tile(part)
            if told is not None:
                told(n, len(tiles))
            if tile is None:
                continue
            used += int(tile.blocks.stars.sum())
            found = posterior_of(self._parts(tile, nodes), nodes.grid)
            number = tile.blocks.number
            known = tile.blocks.stars[number] > 0
            excess[tile.at] = np.where(known, found.mean[number], np.nan)
            sigma = np.hypot(found.sigma, self.settings.floor * found.mean)
            error[tile.at] = np.where(known, sigma[number], np.nan)
            inside[tile.at] = scatter * excess[tile.at]
            bounded[tile.at] = known & found.bounded[number]
            stars[tile.at] = tile.blocks.stars[number]
            block[tile.at] = np.where(known, number + block.max() + 1, -1)
        notes = {**notes, "used": used, "tiles": len(tiles)}
        name = "measured of the catalogue's giants"
        grid = GridMap(name, self.first, self.settings.step, excess, inside)
        return MeasuredReddening(grid, error, block, stars, bounded, notes, self.limits)

    def _parts(
        self, tile: "_Tile", nodes: "_Nodes"
    ) -> list[tuple[sparse.csr_matrix, np.ndarray]]:
        """Return stars of blocks in bins, by the templates of the nodes about them.

        The nearer a star is to a node, the more it counts by its template: how much
        dust is before the bulge changes within half a degree.
        """
        low = [np.floor(p).astype(np.int64) for p in tile.place]
        far = [p - c for p, c in zip(tile.place, low, strict=True)]
        parts = []
        for di, of_l in ((0, 1.0 - far[0]), (1, far[0])):
            for dj, of_b in ((0, 1.0 - far[1]), (1, far[1])):
                pair = np.stack([low[0] + di, low[1] + dj])
                several, which = np.unique(pair, axis=1, return_inverse=True)
                for number, node in enumerate(several.T):
                    weight = np.where(which.ravel() == number, of_l * of_b, 0.0)
                    shares = nodes.log_shares(int(node[0]), int(node[1]))
                    parts.append((tile.counts(weight), shares))
        return parts

    def _tiles(self) -> list[np.ndarray]:
        """Return the rows of the stars of each tile."""
        tile = (self.i // TILE) * (self.shape[1] // TILE + 1) + self.j // TILE
        order = np.argsort(tile, kind="stable")
        _, begin = np.unique(tile[order], return_index=True)
        return np.split(order, begin[1:])

    def _chosen(self, tiles: list[np.ndarray]) -> tuple[float, float]:
        """Return the scatter and the foreground of the greatest evidence."""
        used = [tile for tile in map(self._tile, self._some(tiles)) if tile is not None]
        if not used:
            raise self._nothing()
        models = [self.model(*(float(p.mean()) for p in tile.place)) for tile in used]

        def evidence(scatter: float, foreground: float) -> float:
            total = 0.0
            for tile, model in zip(used, models, strict=True):
                shares = model.log_shares(scatter, foreground)
                counts = tile.counts(np.ones(len(tile.bins)))
                total += posterior_of([(counts, shares)], model.grid).evidence
            return total

        foreground = FOREGROUNDS[1]
        scatter = max(SCATTERS, key=lambda s: evidence(s, foreground))
        foreground = max(FOREGROUNDS, key=lambda f: evidence(scatter, f))
        logger.info("scatter inside cells %g, foreground %g", scatter, foreground)
        return scatter, foreground

    def _some(self, tiles: list[np.ndarray]) -> list[np.ndarray]:
        """Return tiles all over the field, of each group the one of the most stars."""
        groups = np.array_split(np.arange(len(tiles)), min(CHOSEN_OF, len(tiles)))
        return [tiles[max(group, key=lambda t: len(tiles[t]))] for group in groups]

    def _nothing(self) -> DegeneracyError:
        pairs = zip(
            self.settings.bands, (self.limits.blue, self.limits.red), strict=True
        )
        limits = " and ".join(
            f"{b} {low:.4g} to {high:.4g}" for b, (low, high) in pairs
        )
        return DegeneracyError(
            explain(
                given=f"{len(self.i)} stars, none of them a giant within the limits "
                f"{limits}",
                wanted="giants of the bulge in both bands",
                where="reddening_of_catalogue",
                todo="state magnitudes between which all stars are there, or take the "
                "other colour",
            )
        )

    def _tile(self, part: np.ndarray) -> "_Tile | None":
        """Return a tile of stars; None: none of them is a giant within the limits."""
        number = int(self.i[part[0]]) // TILE, int(self.j[part[0]]) // TILE
        corner = [t * TILE for t in number]
        ends = [min(c + TILE, n) for c, n in zip(corner, self.shape, strict=True)]
        size = (ends[0] - corner[0], ends[1] - corner[1])
        bins = bin_of(self.any_model, self.brightness[part], self.excess[part])
        part, bins = part[bins >= 0], bins[bins >= 0]
        if len(part) == 0:
            return None
        cell = (self.i[part] - corner[0]) * size[1] + self.j[part] - corner[1]
        inside = np.bincount(cell, minlength=size[0] * size[1]).reshape(size)
        blocks = joined(inside, self.settings.least)
        at = slice(corner[0], ends[0]), slice(corner[1], ends[1])
        place = (
            (self.longitude[part] - self.first[0]) / NODE,
            (self.latitude[part] - self.first[1]) / NODE,
        )
        shape = (len(blocks.level), self.any_model.allowed().size)
        of_star = blocks.number.ravel()[cell]
        return _Tile(at, place, blocks, of_star, bins, shape)

    @cached_property
    def any_model(self) -> ColourModel:
        """The model in the field's middle; its bins are those of all."""
        cells = zip(self.shape, self.settings.step, strict=True)
        return self.model(*(0.5 * n * step / NODE for n, step in cells))

    def model(self, node_l: float, node_b: float) -> ColourModel:
        """Return the model in a direction.

        Parameters
        ----------
        node_l, node_b
            Counted in nodes from the field's corner.
        """
        first = self.first
        return ColourModel(
            self.template(first[0] + NODE * node_l, first[1] + NODE * node_b),
            self.scale,
            self.limits,
            self.noise,
            self.settings.largest,
        )


class _Nodes:
    """Templates in a grid of directions, kept while stars about them are measured."""

    def __init__(self, field_of: GiantField, scatter: float, foreground: float) -> None:
        self.field, self.chosen = field_of, (scatter, foreground)
        self.grid = field_of.any_model.grid
        self.reach = int(field_of.settings.step[0] * TILE / NODE) + 2
        self.kept: dict[tuple[int, int], np.ndarray] = {}

    def log_shares(self, i: int, j: int) -> np.ndarray:
        """Return what `ColourModel.log_shares` says at a node."""
        if (i, j) not in self.kept:
            # Tiles are in the order of i: what lies far before is not asked for again.
            self.kept = {k: v for k, v in self.kept.items() if k[0] >= i - self.reach}
            self.kept[i, j] = self.field.model(i, j).log_shares(*self.chosen)
        return self.kept[i, j]


__all__ = ["GiantField", "MeasuredReddening", "TemplateOf"]
