"""Columns of dust along lines of sight, tabulated once and interpolated.

The nodes are the same for any set of stars, so that none changes what another is given;
only the columns that some stars need are computed.
"""

from functools import lru_cache

import numpy as np
from jaxtyping import Float

from .clump import clump_distance, wrapped
from .dust import DustModel

Numbers = Float[np.ndarray, "n"]


def _nodes(*parts: tuple[float, float, float]) -> np.ndarray:
    """Return the ends of steps, given from, to and how long in each part."""
    steps = [np.linspace(a, b, round((b - a) / s) + 1)[:-1] for a, b, s in parts]
    return np.append(np.concatenate(steps), parts[-1][1])


def _mirrored(half: np.ndarray) -> np.ndarray:
    return np.concatenate([-half[:0:-1], half])


LONGITUDES = _mirrored(_nodes((0.0, 3.0, 0.1), (3.0, 15.0, 0.5), (15.0, 180.0, 5.0)))
LATITUDES = _mirrored(
    _nodes(
        (0.0, 0.6, 0.02),
        (0.6, 1.5, 0.05),
        (1.5, 4.0, 0.1),
        (4.0, 15.0, 0.5),
        (15.0, 90.0, 5.0),
    )
)
DISTANCES = _nodes(
    (0.0, 7000.0, 100.0),
    (7000.0, 9400.0, 10.0),
    (9400.0, 20000.0, 200.0),
    (20000.0, 60000.0, 1000.0),
)
"""Nodes [deg, deg, pc] between which columns of dust are interpolated linearly, the
same for any set of stars, so that none changes what another is given."""

UNIT = 10.0
"""Nodes in distance are multiples of this [pc]."""

_CELLS = np.searchsorted(
    DISTANCES, np.arange(0.0, DISTANCES[-1] + UNIT, UNIT) + 0.5 * UNIT
)
_CELLS = np.minimum(_CELLS - 1, len(DISTANCES) - 2)
"""Which node is before each multiple of the unit."""

_ABSCISSAE, _WEIGHTS = np.polynomial.legendre.leggauss(3)


def column(
    model: DustModel, longitude: Numbers, latitude: Numbers, distance: Numbers
) -> Numbers:
    """Return E(J-Ks) from the Sun to a distance [mag].

    Parameters
    ----------
    model
        Of the dust.
    longitude, latitude
        Galactic coordinates [deg]; any longitude.
    distance
        [pc]; beyond 60 kpc as at 60 kpc.
    """
    return _interpolated(model, (longitude, latitude, distance), as_share=False)


def share(
    model: DustModel, longitude: Numbers, latitude: Numbers, distance: Numbers
) -> Numbers:
    """Return the column to a distance over that to the red clump's mean distance.

    Parameters
    ----------
    model, longitude, latitude, distance
        As of `column`.
    """
    return _interpolated(model, (longitude, latitude, distance), as_share=True)


def _interpolated(
    model: DustModel, place: tuple[Numbers, Numbers, Numbers], *, as_share: bool
) -> Numbers:
    longitude, latitude, distance = place
    if len(longitude) == 0:
        return np.zeros(0)
    i, u = _cell(LONGITUDES, wrapped(longitude))
    j, v = _cell(LATITUDES, np.asarray(latitude, float))
    capped = np.clip(np.nan_to_num(distance), 0.0, DISTANCES[-1])
    k = _CELLS[(capped / UNIT).astype(np.int64)]
    w = (capped - DISTANCES[k]) / (DISTANCES[k + 1] - DISTANCES[k])
    box = (int(i.min()), int(i.max()) + 2, int(j.min()), int(j.max()) + 2)
    table = _table(model, box, as_share)
    return _between(table, (i - box[0], j - box[2], k), (u, v, w))


def _cell(nodes: np.ndarray, value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return between which nodes values are, and how far on; ends are held."""
    value = np.clip(np.nan_to_num(value), nodes[0], nodes[-1])
    first = max(int(np.searchsorted(nodes, value.min(), side="right")) - 1, 0)
    last = int(np.searchsorted(nodes, value.max(), side="right")) + 1
    near = nodes[first:last]
    index = first + np.searchsorted(near, value, side="right") - 1
    index = np.clip(index, 0, len(nodes) - 2)
    return index, (value - nodes[index]) / (nodes[index + 1] - nodes[index])


@lru_cache(maxsize=8)
def _table(
    model: DustModel, box: tuple[int, int, int, int], as_share: bool
) -> np.ndarray:
    """Return columns at a box of nodes, each with what the next adds to it."""
    i0, i1, j0, j1 = box
    step = np.diff(DISTANCES)
    middle = 0.5 * (DISTANCES[1:] + DISTANCES[:-1])
    points = middle[:, None] + 0.5 * step[:, None] * _ABSCISSAE
    out = np.zeros((i1 - i0, j1 - j0, len(DISTANCES), 2))
    lat = LATITUDES[j0:j1]
    for row, lon in enumerate(LONGITUDES[i0:i1, None, None]):
        each = 0.5 * step * (model.density(lon, lat[:, None, None], points) @ _WEIGHTS)
        total = np.cumsum(each, axis=-1)
        if as_share:
            whole = _at_clump(total, lon.item(), lat, model.r0)[:, None]
            each, total = each / whole, total / whole
        out[row, :, 1:, 0] = total
        out[row, :, :-1, 1] = each
    return out


def _at_clump(
    total: np.ndarray, lon: float, lat: np.ndarray, centre: float
) -> np.ndarray:
    distance = clump_distance(np.full(len(lat), lon), lat, centre=centre)
    rows = [
        np.interp(d, DISTANCES[1:], t) for d, t in zip(distance, total, strict=True)
    ]
    return np.array(rows)


def _between(
    table: np.ndarray,
    index: tuple[np.ndarray, np.ndarray, np.ndarray],
    part: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> np.ndarray:
    """Interpolate linearly in longitude, latitude and distance."""
    (i, j, k), (u, v, w) = index, part
    _, n_j, n_k, _ = table.shape
    flat = table.reshape(-1, 2)
    start = (i * n_j + j) * n_k + k
    total = np.zeros(len(start))
    for at_i, of_i in ((0, 1.0 - u), (n_j * n_k, u)):
        for at_j, of_j in ((0, 1.0 - v), (n_k, v)):
            found = flat[start + (at_i + at_j)]
            total += of_i * of_j * (found[:, 0] + w * found[:, 1])
    return total


__all__ = ["column", "share"]
