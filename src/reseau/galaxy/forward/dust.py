"""Reddening within a tile, in strata from the clearest to the dustiest.

The map is read at the middle of 5 × 5 patches of each cell: 0.005° wide, the finest
cells of the Surot et al. (2020) map, and less next to Sgr A*. About a patch's value
reddening scatters as a Normal distribution, cut at `CUT` σ and at zero. Patches, and
quantiles of the scatter within them, are sorted by the least reddening that they allow,
and dealt out to strata of equal area: so that few stars are drawn that are then found
to be beyond the limit.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import special

PATCHES = 5
"""Patches along a cell's side."""
QUANTILES = 10
"""Parts of equal probability of the scatter."""
STRATA = 10
"""Strata of a block of cells; they divide `PATCHES`² times `QUANTILES`."""
CUT = 3.0
"""σ beyond which the scatter is cut off."""
STRATA_ALONE = 2
"""Strata of a block that is one cell, where there are many of them."""
EVEN = 0.02
"""Reddening that varies by less has one stratum [mag]."""


@dataclass(frozen=True, eq=False)
class Dust:
    """Colour excess E(J-Ks) in the cells of a tile.

    Attributes
    ----------
    excess, scatter
        Of the patches of each cell, eastward and then northward, and 1σ about it [mag].
    inside
        Whether the patch is on the map.
    cell, patch, quantile
        Which cell, patch, and part of the scatter stand together in each stratum of
        each block of cells.
    least
        Least excess in each stratum [mag].
    """

    excess: Float[np.ndarray, "k p"]
    scatter: Float[np.ndarray, "k p"]
    inside: Bool[np.ndarray, "k p"]
    cell: Int[np.ndarray, "b s m"]
    patch: Int[np.ndarray, "b s m"]
    quantile: Int[np.ndarray, "b s m"]
    least: Float[np.ndarray, "b s"]

    @property
    def strata(self) -> int:
        """How many strata a block has."""
        return self.least.shape[1]

    def drawn(
        self,
        block: Int[np.ndarray, "n"],
        stratum: Int[np.ndarray, "n"],
        share: Float[np.ndarray, "n 2"],
    ) -> tuple[Int[np.ndarray, "n"], Int[np.ndarray, "n"], Float[np.ndarray, "n"]]:
        """Return cells and patches of stars and their excess, all in front [mag].

        Parameters
        ----------
        block, stratum
            Of each star.
        share
            Uniform random numbers: which member of the stratum, and where in its part
            of the scatter.
        """
        members = self.patch.shape[-1]
        member = np.minimum((share[:, 0] * members).astype(np.int64), members - 1)
        cell = self.cell[block, stratum, member]
        patch = self.patch[block, stratum, member]
        excess, scatter = self.excess[cell, patch], self.scatter[cell, patch]
        if not scatter.any():
            return cell, patch, excess
        part = self.quantile[block, stratum, member] + share[:, 1]
        moved = excess + scatter * _deviation(part / QUANTILES)
        return cell, patch, np.maximum(moved, 0.0)


def _deviation(share: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    """Return the quantile of a Normal distribution that is cut at `CUT` σ [σ]."""
    low = special.ndtr(-CUT)
    found: np.ndarray = special.ndtri(low + share * (1.0 - 2.0 * low))
    return np.clip(found, -CUT, CUT)


def dust_of(
    reddening: Any, edges: Float[np.ndarray, "k 4"], blocks: Int[np.ndarray, "b c"]
) -> Dust:
    """Return the dust of a tile's columns of cells.

    Parameters
    ----------
    reddening
        A map: ``at(l, b)`` gives `excess`, `scatter` and `inside`.
    edges
        West, east, south, north of the columns [deg].
    blocks
        Columns that share strata, all of one size.
    """
    west, east, south, north = edges.T[:, :, None]
    steps = (np.arange(PATCHES) + 0.5) / PATCHES
    l = west + (east - west) * np.tile(steps, PATCHES)  # noqa: E741
    b = south + (north - south) * np.repeat(steps, PATCHES)
    found = reddening.at(l.ravel(), b.ravel())
    known = np.isfinite(found.excess).reshape(l.shape)
    excess = np.where(known, np.reshape(found.excess, l.shape), 0.0)
    scatter = np.where(known, np.nan_to_num(found.scatter).reshape(l.shape), 0.0)
    quantiles = QUANTILES if scatter.any() else 1
    lower = _deviation(np.arange(quantiles) / QUANTILES)
    lower = lower if quantiles > 1 else np.zeros(1)
    least = np.maximum(excess[:, :, None] + scatter[:, :, None] * lower, 0.0)
    flat = least[blocks].reshape(len(blocks), -1)
    order = np.argsort(flat, axis=1, kind="stable")
    wanted = STRATA if blocks.shape[1] > 1 else STRATA_ALONE
    strata = wanted if np.ptp(flat, axis=1).max() > EVEN else 1
    strata = strata if order.shape[1] % strata == 0 else PATCHES
    shape = (len(blocks), strata, -1)
    per_cell = PATCHES**2 * quantiles
    member = order // per_cell
    return Dust(
        excess=excess,
        scatter=scatter,
        inside=np.asarray(found.inside, bool).reshape(l.shape),
        cell=np.take_along_axis(blocks, member, axis=1).reshape(shape),
        patch=(order % per_cell // quantiles).reshape(shape),
        quantile=(order % quantiles).reshape(shape),
        least=np.take_along_axis(flat, order, axis=1).reshape(shape)[:, :, 0],
    )


__all__ = ["CUT", "PATCHES", "STRATA", "Dust", "dust_of"]
