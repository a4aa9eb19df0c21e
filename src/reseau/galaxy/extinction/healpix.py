"""Maps of the reddening on HEALPix cells, whole or in part.

Cells of directions are those of Górski et al. 2005, ApJ 622, 759, eqs. 4 to 22, in the
RING and NESTED schemes.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import erfa
import numpy as np
from jaxtyping import Float, Int

from reseau.errors import ConfigError, FileFormatError, explain

from .maps import Reddening

Numbers = Float[np.ndarray, "n"]

FINEST = 29
"""Greatest order: 2 to this power is the largest NSIDE whose cells fit 64 bits."""


def cell_of(
    longitude: Numbers, latitude: Numbers, nside: int, *, nested: bool
) -> Int[np.ndarray, "n"]:
    """Return the HEALPix cells that directions are in.

    Parameters
    ----------
    longitude, latitude
        [deg].
    nside
        Power of 2.
    nested
        Whether cells are numbered NESTED, not RING.
    """
    z = np.sin(np.radians(latitude))
    quarter = (longitude % 360.0) / 90.0 % 4.0
    belt = np.abs(z) <= 2.0 / 3.0
    number = _nested if nested else _ring
    return np.where(
        belt, number(_belt(z, quarter, nside)), number(_cap(z, quarter, nside))
    )


class _Place(NamedTuple):
    """Where directions are, by the lines that rise and fall between the corners."""

    rising: np.ndarray
    falling: np.ndarray
    z: np.ndarray
    quarter: np.ndarray
    nside: int
    in_belt: bool


def _belt(z: np.ndarray, quarter: np.ndarray, nside: int) -> _Place:
    across, along = nside * (0.5 + quarter), nside * 0.75 * z
    rising = np.floor(across - along).astype(np.int64)
    falling = np.floor(across + along).astype(np.int64)
    return _Place(rising, falling, z, quarter, nside, in_belt=True)


def _cap(z: np.ndarray, quarter: np.ndarray, nside: int) -> _Place:
    part = quarter - np.floor(quarter)
    size = nside * np.sqrt(3.0 * (1.0 - np.abs(z)))
    rising = np.minimum(np.floor(part * size).astype(np.int64), nside - 1)
    falling = np.minimum(np.floor((1.0 - part) * size).astype(np.int64), nside - 1)
    return _Place(rising, falling, z, quarter, nside, in_belt=False)


def _ring(at: _Place) -> np.ndarray:
    n = at.nside
    if at.in_belt:
        ring = n + 1 + at.rising - at.falling
        shift = 1 - (ring & 1)
        step = (at.rising + at.falling - n + shift + 1) // 2 % (4 * n)
        return 2 * n * (n - 1) + (ring - 1) * 4 * n + step
    ring = at.rising + at.falling + 1
    step = np.floor(at.quarter * ring).astype(np.int64) % (4 * ring)
    south = 12 * n * n - 2 * ring * (ring + 1) + step
    return np.where(at.z > 0.0, 2 * ring * (ring - 1) + step, south)


def _nested(at: _Place) -> np.ndarray:
    n = at.nside
    if at.in_belt:
        up, down = at.rising // n, at.falling // n
        face = np.where(up < down, up % 4, down % 4 + 8)
        face = np.where(up == down, up % 4 + 4, face)
        x, y = at.falling % n, n - at.rising % n - 1
    else:
        face = np.minimum(at.quarter.astype(np.int64), 3)
        north = at.z > 0.0
        x = np.where(north, n - at.falling - 1, at.rising)
        y = np.where(north, n - at.rising - 1, at.falling)
        face = np.where(north, face, face + 8)
    return face * (n * n) + _spread(x) + 2 * _spread(y)


def _spread(value: np.ndarray) -> np.ndarray:
    """Return numbers with a zero bit put before each of their bits."""
    out = value.astype(np.int64)
    for shift, mask in (
        (16, 0x0000FFFF0000FFFF),
        (8, 0x00FF00FF00FF00FF),
        (4, 0x0F0F0F0F0F0F0F0F),
        (2, 0x3333333333333333),
        (1, 0x5555555555555555),
    ):
        out = (out | (out << shift)) & mask
    return out


@dataclass(frozen=True)
class HealpixMap:
    """A map of the reddening on HEALPix cells.

    Attributes
    ----------
    name
        What the map is.
    nside, nested
        Power of 2, and whether cells are numbered NESTED.
    pixel
        Cells that there are, rising.
    excess, scatter
        E(J-Ks) and 1σ of it inside cells [mag]; NaN: no data.
    equatorial
        Whether cells are of right ascension and declination, not of l and b.
    """

    name: str
    nside: int
    nested: bool
    pixel: Int[np.ndarray, "m"]
    excess: Float[np.ndarray, "m"]
    scatter: Float[np.ndarray, "m"]
    equatorial: bool = False

    @classmethod
    def of(
        cls,
        name: str,
        header: "HealpixHeader",
        *,
        excess: Float[np.ndarray, "m"],
        scatter: Float[np.ndarray, "m"] | None,
        pixel: Float[np.ndarray, "m"] | None,
    ) -> "HealpixMap":
        """Return a map, checked.

        Parameters
        ----------
        name
            What the map is.
        header
            How its cells are.
        excess, scatter
            As of the class; no scatter is 0.
        pixel
            In any order; None: all cells from 0 on.

        Raises
        ------
        FileFormatError
            Cells repeat, or there are others than NSIDE allows.
        """
        nside = header.nside
        assumed = np.arange(len(excess)) if pixel is None else pixel
        cells = np.asarray(assumed).astype(np.int64)
        whole = 12 * nside * nside
        bad = (cells < 0) | (cells >= whole) | (cells != np.asarray(assumed))
        short = pixel is None and len(excess) != whole
        order = np.argsort(cells, kind="stable")
        cells = cells[order]
        if bad.any() or short or (np.diff(cells) == 0).any():
            raise FileFormatError(
                explain(
                    given=f"{len(excess)} cells, {int(bad.sum())} of them impossible",
                    wanted=f"cells from 0 to {whole - 1}, each once, or all {whole}, "
                    f"for NSIDE = {nside}",
                    where=name,
                    todo="correct NSIDE, or add a column healpix",
                )
            )
        spread = np.zeros(len(excess)) if scatter is None else np.nan_to_num(scatter)
        return cls(
            name,
            nside,
            header.nested,
            cells,
            np.asarray(excess, float)[order],
            spread[order],
            header.equatorial,
        )

    def at(self, longitude: Numbers, latitude: Numbers) -> Reddening:
        """Return the reddening in directions, Galactic coordinates [deg]."""
        lon, lat = np.asarray(longitude, float), np.asarray(latitude, float)
        known = np.isfinite(lon) & np.isfinite(lat)
        lon, lat = np.where(known, lon, 0.0), np.where(known, lat, 0.0)
        if self.equatorial:
            lon, lat = np.degrees(erfa.g2icrs(np.radians(lon), np.radians(lat)))
        cell = cell_of(lon, lat, self.nside, nested=self.nested)
        row = np.minimum(np.searchsorted(self.pixel, cell), len(self.pixel) - 1)
        inside = known & (self.pixel[row] == cell) & np.isfinite(self.excess[row])
        return Reddening(
            np.where(inside, self.excess[row], np.nan),
            np.where(inside, self.scatter[row], np.nan),
            inside,
        )


@dataclass(frozen=True)
class HealpixHeader:
    """How the cells of a map are.

    Attributes
    ----------
    nside, nested, equatorial
        As of `HealpixMap`.
    """

    nside: int
    nested: bool = False
    equatorial: bool = False

    def __post_init__(self) -> None:
        order = self.nside.bit_length() - 1
        if self.nside < 1 or self.nside != 1 << order or order > FINEST:
            raise ConfigError(
                explain(
                    given=f"NSIDE = {self.nside}",
                    wanted=f"a power of 2 from 1 to 2^{FINEST}",
                    where="HEALPix map",
                    todo="correct nside",
                )
            )


def header_of(source: object) -> HealpixHeader | None:
    """Return how cells of a HEALPix map in a FITS file are; None: it does not say.

    Parameters
    ----------
    source
        A path, or what is none.
    """
    if not isinstance(source, (str, Path)) or not _is_fits(Path(source)):
        return None
    from astropy.io import fits

    with fits.open(source, memmap=False) as units:
        for unit in units:
            if "NSIDE" in unit.header:
                ordering = str(unit.header.get("ORDERING", "RING")).strip().upper()
                frame = str(unit.header.get("COORDSYS", "G")).strip().upper()
                return HealpixHeader(
                    int(unit.header["NSIDE"]),
                    ordering.startswith("NEST"),
                    frame[:1] in ("C", "Q"),
                )
    return None


def _is_fits(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return stream.read(6) == b"SIMPLE"


__all__ = ["HealpixHeader", "HealpixMap", "cell_of", "header_of"]
