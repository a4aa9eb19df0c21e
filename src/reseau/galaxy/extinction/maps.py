"""Maps of the reddening E(J-Ks) on a grid of Galactic coordinates, with its scatter.

A star outside a map, or where it has no data, has no reddening by it: NaN, and `inside`
is False. It is never zero. `FilledMap` takes another map's value there, and still says
that the star is outside.

Inside a cell the reddening varies. What of it a map does not resolve is estimated from
what it does: the mean square difference between neighbouring cells, times `UNRESOLVED`.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, Int

from reseau.errors import ShapeError, explain

from .clump import wrapped

Numbers = Float[np.ndarray, "n"]

UNRESOLVED = 0.6
"""Variance inside a cell over the mean square difference of neighbouring cells. That of
the map of Surot et al. 2020: 0.64 between its cells of 0.025 deg, of what its 0.005 deg
show inside them; a structure function linear in the separation gives little less."""

SLACK = 1e-6
"""Share of a cell within which a star before an edge is in the cell behind it."""


class Reddening(NamedTuple):
    """Reddening of stars by a map.

    Attributes
    ----------
    excess
        E(J-Ks) in VVV's bands at the red clump's mean distance [mag]; NaN: not known.
    scatter
        1σ of what stars in the same cell may have more or less [mag].
    inside
        Whether the map itself has data there.
    """

    excess: Numbers
    scatter: Numbers
    inside: Bool[np.ndarray, "n"]


@runtime_checkable
class ExtinctionMap(Protocol):
    """Reddening at the red clump's mean distance, by direction."""

    @property
    def name(self) -> str:
        """What the map is, for messages and provenance."""
        ...

    def at(self, longitude: Numbers, latitude: Numbers) -> Reddening:
        """Return the reddening in directions, Galactic coordinates [deg]."""
        ...


@dataclass(frozen=True)
class Detail:
    """Sub-cells of some of a grid's cells.

    Attributes
    ----------
    row
        Of each cell in `excess`; -1: the cell has no sub-cells.
    excess
        E(J-Ks) of sub-cells [mag], in longitude and latitude; NaN: no data.
    """

    row: Int[np.ndarray, "n_l n_b"]
    excess: Float[np.ndarray, "m k k"]

    @cached_property
    def scatter(self) -> Float[np.ndarray, "m k k"]:
        """1σ inside sub-cells [mag], one value of all in a cell."""
        x = self.excess
        squares = [np.diff(x, axis=axis) ** 2 for axis in (1, 2)]
        both = np.concatenate([s.reshape(len(x), -1) for s in squares], axis=1)
        known = np.isfinite(both)
        total = np.where(known, both, 0.0).sum(axis=1)
        mean = total / np.maximum(known.sum(axis=1), 1)
        scatter = np.sqrt(UNRESOLVED * mean)[:, None, None]
        return np.broadcast_to(scatter, x.shape)


@dataclass(frozen=True)
class GridMap:
    """A map on cells of equal size in Galactic longitude and latitude.

    Attributes
    ----------
    name
        What the map is.
    first
        Longitude and latitude of the corner with the least of both [deg].
    step
        Size of a cell in longitude and latitude [deg].
    excess
        E(J-Ks) [mag]; NaN: no data.
    given_scatter
        1σ inside cells [mag]; None: estimated from the neighbours.
    detail
        Sub-cells, or None.
    """

    name: str
    first: tuple[float, float]
    step: tuple[float, float]
    excess: Float[np.ndarray, "n_l n_b"]
    given_scatter: Float[np.ndarray, "n_l n_b"] | None = None
    detail: Detail | None = None

    def __post_init__(self) -> None:
        other = [self.given_scatter, None if self.detail is None else self.detail.row]
        shapes = {a.shape for a in other if a is not None}
        if shapes - {self.excess.shape}:
            raise ShapeError(
                explain(
                    given=f"a map of {self.excess.shape} cells, and {sorted(shapes)} "
                    "of its scatter or sub-cells",
                    wanted="the same number of cells",
                    where=self.name,
                    todo="give one value for each cell",
                )
            )

    @property
    def longitude_edges(self) -> Float[np.ndarray, "edges"]:
        """Edges of cells [deg], rising."""
        return self.first[0] + self.step[0] * np.arange(self.excess.shape[0] + 1)

    @property
    def latitude_edges(self) -> Float[np.ndarray, "edges"]:
        """Edges of cells [deg], rising."""
        return self.first[1] + self.step[1] * np.arange(self.excess.shape[1] + 1)

    @cached_property
    def scatter(self) -> Float[np.ndarray, "n_l n_b"]:
        """1σ of the reddening inside cells [mag]."""
        if self.given_scatter is not None:
            return self.given_scatter
        total, count = np.zeros(self.excess.shape), np.zeros(self.excess.shape)
        for axis in (0, 1):
            square = np.diff(self.excess, axis=axis) ** 2
            known = np.isfinite(square)
            for side in (slice(None, -1), slice(1, None)):
                at = (side, slice(None)) if axis == 0 else (slice(None), side)
                total[at] += np.where(known, square, 0.0)
                count[at] += known
        return np.sqrt(UNRESOLVED * total / np.maximum(count, 1))

    def cell(
        self, longitude: Numbers, latitude: Numbers
    ) -> tuple[
        Int[np.ndarray, "n"], Int[np.ndarray, "n"], Bool[np.ndarray, "n"], np.ndarray
    ]:
        """Return which cells directions are in.

        Parameters
        ----------
        longitude, latitude
            Galactic coordinates [deg]; any longitude, as 359.5 for -0.5.

        Returns
        -------
        Indices in longitude and latitude, 0 outside; whether inside the grid; and how
        far on in the cell, from 0 to 1, in longitude and latitude.
        """
        n_l, n_b = self.excess.shape
        # From the grid's own beginning on, wherever it wraps.
        east = wrapped(longitude - self.first[0] - 180.0) + 180.0
        east = np.where(east > 360.0 - SLACK * self.step[0], east - 360.0, east)
        place = [
            east / self.step[0] + SLACK,
            (latitude - self.first[1]) / self.step[1] + SLACK,
        ]
        whole = [np.floor(np.nan_to_num(p, nan=-1.0)) for p in place]
        inside = np.ones(len(longitude), bool)
        for index, n in zip(whole, (n_l, n_b), strict=True):
            inside &= (index >= 0) & (index < n)
        i, j = (np.where(inside, index, 0).astype(np.int64) for index in whole)
        part = np.stack(
            [np.where(inside, p - w, 0.0) for p, w in zip(place, whole, strict=True)]
        )
        return i, j, inside, part

    def at(self, longitude: Numbers, latitude: Numbers) -> Reddening:
        """Return the reddening in directions, of sub-cells where there are.

        Parameters
        ----------
        longitude, latitude
            Galactic coordinates [deg]; any longitude.
        """
        longitude, latitude = np.asarray(longitude, float), np.asarray(latitude, float)
        i, j, inside, part = self.cell(longitude, latitude)
        excess, scatter = self.excess[i, j], self.scatter[i, j]
        if self.detail is not None:
            row = self.detail.row[i, j]
            k = self.detail.excess.shape[1]
            u, v = np.clip((part * k).astype(np.int64), 0, k - 1)
            fine = self.detail.excess[row, u, v]
            take = (row >= 0) & np.isfinite(fine)
            excess = np.where(take, fine, excess)
            scatter = np.where(take, self.detail.scatter[row, u, v], scatter)
        inside &= np.isfinite(excess)
        return Reddening(
            np.where(inside, excess, np.nan), np.where(inside, scatter, np.nan), inside
        )


@dataclass(frozen=True)
class FilledMap:
    """A map with another's values where it has no data.

    Attributes
    ----------
    own, other
        The map, and what fills its gaps. `inside` remains the first one's.
    """

    own: ExtinctionMap
    other: ExtinctionMap

    @property
    def name(self) -> str:
        """What the maps are."""
        return f"{self.own.name}, outside it {self.other.name}"

    def at(self, longitude: Numbers, latitude: Numbers) -> Reddening:
        """Return the reddening in directions, Galactic coordinates [deg]."""
        found = self.own.at(longitude, latitude)
        if found.inside.all():
            return found
        gap = ~found.inside
        filled = self.other.at(np.asarray(longitude)[gap], np.asarray(latitude)[gap])
        excess, scatter = found.excess.copy(), found.scatter.copy()
        excess[gap], scatter[gap] = filled.excess, filled.scatter
        return Reddening(excess, scatter, found.inside)


__all__ = [
    "UNRESOLVED",
    "Detail",
    "ExtinctionMap",
    "FilledMap",
    "GridMap",
    "Reddening",
]
