"""A plate's tiles as one array, for densities and whatever else needs no elimination.

All blocks of a plan have one shape (slots, sources), so that they stack. What belongs
to a source is looked up once for a block, and so is what belongs to an exposure; in
the backward pass the same many measurements are summed before anything is scattered.
"""

import numpy as np

from reseau.model import Density, Problem, make_density
from reseau.model.arrangement import Arrangement

from .plan import TileData, plan_tiles


def in_tiles(tiles: list[TileData], n_sources: int) -> Arrangement:
    """Return the measurements of a plan, in the shape (blocks, slots, sources).

    Parameters
    ----------
    n_sources
        Number of all sources; rows beyond are empty places.
    """
    blocks = [block for tile in tiles for block in tile.blocks]
    sources = [tile.source for tile in tiles for _ in tile.blocks]
    rows = np.minimum(np.stack(sources), n_sources - 1)
    return Arrangement(
        source=rows[:, None, :],
        exposure=np.stack([block.exposure for block in blocks])[:, :, None],
        detector=np.stack([block.detector for block in blocks])[:, :, None],
        pixel_x=np.stack([block.pixel_x for block in blocks]),
        pixel_y=np.stack([block.pixel_y for block in blocks]),
        whitening=np.stack([block.whitening for block in blocks], axis=1),
    )


def tiled_density(problem: Problem, tiles: list[TileData] | None = None) -> Density:
    """Return the log density of a problem with its measurements in tiles.

    Parameters
    ----------
    tiles
        As `plan_tiles` laid them out, if at hand.
    """
    tiles = plan_tiles(problem) if tiles is None else tiles
    n_sources = problem.prior.direction.shape[0]
    return make_density(problem, in_tiles(tiles, n_sources))
