"""A plate's tiles as one array, for densities and whatever else needs no elimination.

All blocks of a plan have one shape (slots, sources), so that they stack. What belongs
to a source is looked up once for a block, and so is what belongs to an exposure; in
the backward pass the same many measurements are summed before anything is scattered.
"""

import numpy as np

from reseau.model import Density, Problem, make_density
from reseau.model.arrangement import Arrangement

from .plan import Plan, plan_tiles


def in_tiles(tiles: Plan, n_sources: int) -> Arrangement:
    """Return the measurements of a plan, in the shape (blocks, slots, sources).

    Parameters
    ----------
    n_sources
        Number of all sources; rows beyond are empty places.
    """
    blocks = tiles.blocks
    return Arrangement(
        source=np.minimum(np.asarray(blocks.source), n_sources - 1)[:, None, :],
        exposure=np.asarray(blocks.exposure)[:, :, None],
        detector=np.asarray(blocks.detector)[:, None, None],
        pixel_x=blocks.pixel_x,
        pixel_y=blocks.pixel_y,
        whitening=blocks.whitening,
        covariates=blocks.covariates,
    )


def tiled_density(problem: Problem, tiles: Plan | None = None) -> Density:
    """Return the log density of a problem with its measurements in tiles.

    Parameters
    ----------
    tiles
        As `plan_tiles` laid them out, if at hand.
    """
    tiles = plan_tiles(problem) if tiles is None else tiles
    n_sources = problem.prior.direction.shape[0]
    return make_density(problem, in_tiles(tiles, n_sources))
