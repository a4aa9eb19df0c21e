"""Block-arrow normal matrices: many small blocks, one dense corner.

The normal matrix of a problem with N small unknowns (pairs) and one shared
vector of length P is ::

    [ C   E ]      C: N blocks of 2 x 2, E: 2N x P, H: P x P
    [ Eᵀ  H ]

The pairs are eliminated exactly, a tile at a time. A `Tile` is a group of pairs
that meet the same few columns of the corner, so that its border is a dense
array of just those columns: no product is formed with a column that the pairs
never meet. Memory is bounded by the tiles, not by N·P.

Nothing here knows of stars.

References
----------
Triggs et al. 2000, Bundle Adjustment: A Modern Synthesis (Schur complement); Lindegren
et al. 2012, A&A 538, A78 (block structure of astrometric normal equations).
"""

from types import ModuleType
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int


class Tile(NamedTuple):
    """The eliminated pairs of one group.

    Attributes
    ----------
    columns
        Columns of the corner that these pairs meet; repeated ones add up.
    root
        Lower Cholesky factors L of the 2 x 2 blocks C.
    border
        L⁻¹ E, restricted to `columns`, a row a column.
    gradient
        L⁻¹ g, g the right-hand side of the pairs.
    """

    columns: Int[Array | np.ndarray, "k"]
    root: Float[Array | np.ndarray, "2 2 n"]
    border: Float[Array | np.ndarray, "k 2 n"]
    gradient: Float[Array | np.ndarray, "2 n"]


def _namespace(values: Any) -> ModuleType:
    """Return the library whose arrays these are: NumPy's on the host, else JAX's."""
    return np if isinstance(values, np.ndarray) else jnp


def cholesky_2x2(
    block: Float[Array | np.ndarray, "2 2 n"],
) -> Float[Array | np.ndarray, "2 2 n"]:
    """Return the lower Cholesky factors of 2 x 2 matrices, written out."""
    xp = _namespace(block)
    a = xp.sqrt(block[0, 0])
    b = block[1, 0] / a
    c = xp.sqrt(block[1, 1] - b * b)
    return xp.stack([xp.stack([a, xp.zeros_like(a)]), xp.stack([b, c])])


def forward_2x2(
    root: Float[Array | np.ndarray, "2 2 n"],
    right: Float[Array | np.ndarray, "... 2 n"],
) -> Float[Array | np.ndarray, "... 2 n"]:
    """Solve L x = right for lower 2 x 2 factors."""
    if isinstance(right, np.ndarray) and isinstance(root, np.ndarray):
        return _forward_in_place(root, right.copy())
    first = right[..., 0, :] / root[0, 0]
    second = (right[..., 1, :] - root[1, 0] * first) / root[1, 1]
    return _namespace(first).stack([first, second], axis=-2)


def _forward_in_place(root: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Do what `forward_2x2` does, in the memory of `right`."""
    first, second = right[..., 0, :], right[..., 1, :]
    first /= root[0, 0]
    second -= root[1, 0] * first
    second /= root[1, 1]
    return right


def backward_2x2(
    root: Float[Array | np.ndarray, "2 2 n"],
    right: Float[Array | np.ndarray, "... 2 n"],
) -> Float[Array | np.ndarray, "... 2 n"]:
    """Solve Lᵀ x = right for lower 2 x 2 factors."""
    second = right[..., 1, :] / root[1, 1]
    first = (right[..., 0, :] - root[1, 0] * second) / root[0, 0]
    return _namespace(first).stack([first, second], axis=-2)


def whiten(
    block: Float[Array | np.ndarray, "2 2 n"],
    border: Float[Array | np.ndarray, "k 2 n"],
    gradient: Float[Array | np.ndarray, "2 n"],
    columns: Int[Array | np.ndarray, "k"],
) -> Tile:
    """Return a group of pairs with their blocks factored.

    An array of NumPy for `border` is overwritten.
    """
    root = cholesky_2x2(block)
    white: Array | np.ndarray
    if isinstance(border, np.ndarray) and isinstance(root, np.ndarray):
        white = _forward_in_place(root, border)
    else:
        white = forward_2x2(root, border)
    return Tile(
        columns=columns,
        root=root,
        border=white,
        gradient=forward_2x2(root, gradient),
    )


def eliminate(
    block: Float[Array | np.ndarray, "2 2 n"],
    border: Float[Array | np.ndarray, "k 2 n"],
    gradient: Float[Array | np.ndarray, "2 n"],
    columns: Int[Array | np.ndarray, "k"],
) -> tuple[Tile, Float[Array | np.ndarray, "k k"], Float[Array | np.ndarray, "k"]]:
    """Eliminate the pairs of one group.

    Returns
    -------
    The tile for `back_substitute` and `block_covariance`, and what the corner and
    its right-hand side lose by the elimination, on `columns`.
    """
    tile = whiten(block, border, gradient, columns)
    flat = tile.border.reshape(tile.border.shape[0], -1)
    return tile, flat @ flat.T, flat @ tile.gradient.reshape(-1)


def back_substitute(
    tile: Tile, corner: Float[Array | np.ndarray, "p"]
) -> Float[Array | np.ndarray, "2 n"]:
    """Return the pairs' part of the solution, given the corner's."""
    k = tile.border.shape[0]
    share = corner[tile.columns] @ tile.border.reshape(k, -1)
    left = tile.gradient - share.reshape(tile.gradient.shape)
    return backward_2x2(tile.root, left)


def shared_spread(
    tile: Tile, root: Float[Array | np.ndarray, "p q"]
) -> Float[Array | np.ndarray, "q 2 n"]:
    """Return L⁻¹E V: how whitened pairs move with the corner's independent numbers.

    Parameters
    ----------
    root
        V with V Vᵀ the inverse of the Schur complement.
    """
    k = tile.border.shape[0]
    flat = root[tile.columns].T @ tile.border.reshape(k, -1)
    return flat.reshape(-1, *tile.gradient.shape)


def block_covariance(
    tile: Tile, root: Float[Array | np.ndarray, "p q"]
) -> Float[Array | np.ndarray, "2 2 n"]:
    """Return the pairs' blocks of the inverse of the whole matrix.

    Parameters
    ----------
    root
        V with V Vᵀ the inverse of the Schur complement. Working with the root
        instead of V Vᵀ keeps the digits where a few weak directions are much
        less certain than the rest.
    """
    return covariance_of(tile, shared_spread(tile, root))


def covariance_of(
    tile: Tile, spread: Float[Array | np.ndarray, "q 2 n"]
) -> Float[Array | np.ndarray, "2 2 n"]:
    """Return what `block_covariance` does, of a spread that is at hand."""
    xp = _namespace(spread)
    x, y = spread[:, 0], spread[:, 1]
    xx, xy, yy = (xp.sum(a * b, axis=0) for a, b in ((x, x), (x, y), (y, y)))
    inner = xp.stack([xp.stack([1.0 + xx, xy]), xp.stack([xy, 1.0 + yy])])
    left = backward_2x2(tile.root, inner)
    return backward_2x2(tile.root, xp.swapaxes(left, 0, 1))


def border_transpose(
    tile: Tile, right: Float[Array | np.ndarray, "q 2 n"]
) -> Float[Array | np.ndarray, "k q"]:
    """Return Eᵀ C⁻¹ `right` on the tile's columns."""
    whitened = forward_2x2(tile.root, right)
    flat = tile.border.reshape(tile.border.shape[0], -1)
    return flat @ whitened.reshape(whitened.shape[0], -1).T


def to_dense(
    tiles: list[Tile], corner: Float[Array | np.ndarray, "p p"]
) -> Float[np.ndarray, "d d"]:
    """Write out the whole matrix, for tests only.

    `corner` is H, before elimination. Pairs come first, in the order of the tiles.
    """
    p = corner.shape[0]
    n = sum(tile.root.shape[-1] for tile in tiles)
    dense = np.zeros((2 * n + p, 2 * n + p))
    dense[2 * n :, 2 * n :] = corner
    row = 0
    for tile in tiles:
        roots = np.moveaxis(np.asarray(tile.root), -1, 0)
        whites = np.moveaxis(np.asarray(tile.border), -1, 0)
        for root, white in zip(roots, whites, strict=True):
            dense[row : row + 2, row : row + 2] = root @ root.T
            columns = 2 * n + np.asarray(tile.columns)
            np.add.at(dense[row : row + 2].T, columns, (root @ white.T).T)
            row += 2
    dense[2 * n :, : 2 * n] = dense[: 2 * n, 2 * n :].T
    return dense
