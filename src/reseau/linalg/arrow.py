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
Triggs et al. 2000, Bundle Adjustment: A Modern Synthesis, section 6.1 (Schur
complement); Lindegren et al. 2012, A&A 538, A78, section 5 (block structure of
astrometric normal equations).
"""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int


class Tile(eqx.Module):
    """The eliminated pairs of one group.

    Attributes
    ----------
    columns
        Columns of the corner that these pairs meet; repeated ones add up.
    root
        Lower Cholesky factors L of the 2 x 2 blocks C.
    border
        L⁻¹ E, restricted to `columns`.
    gradient
        L⁻¹ g, g the right-hand side of the pairs.
    """

    columns: Int[Array, "k"]
    root: Float[Array, "n 2 2"]
    border: Float[Array, "n 2 k"]
    gradient: Float[Array, "n 2"]


def cholesky_2x2(block: Float[Array, "*batch 2 2"]) -> Float[Array, "*batch 2 2"]:
    """Return the lower Cholesky factors of 2 x 2 matrices, written out."""
    a = jnp.sqrt(block[..., 0, 0])
    b = block[..., 1, 0] / a
    c = jnp.sqrt(block[..., 1, 1] - b * b)
    zero = jnp.zeros_like(a)
    return jnp.stack([jnp.stack([a, zero], -1), jnp.stack([b, c], -1)], -2)


def forward_2x2(root: Array, right: Array) -> Array:
    """Solve L x = right for lower 2 x 2 factors; `right` is (..., 2, k)."""
    first = right[..., 0, :] / root[..., 0, 0, None]
    second = (right[..., 1, :] - root[..., 1, 0, None] * first) / root[..., 1, 1, None]
    return jnp.stack([first, second], axis=-2)


def backward_2x2(root: Array, right: Array) -> Array:
    """Solve Lᵀ x = right for lower 2 x 2 factors; `right` is (..., 2, k)."""
    second = right[..., 1, :] / root[..., 1, 1, None]
    first = (right[..., 0, :] - root[..., 1, 0, None] * second) / root[..., 0, 0, None]
    return jnp.stack([first, second], axis=-2)


def eliminate(
    block: Float[Array, "n 2 2"],
    border: Float[Array, "n 2 k"],
    gradient: Float[Array, "n 2"],
    columns: Int[Array, "k"],
) -> tuple[Tile, Float[Array, "k k"], Float[Array, "k"]]:
    """Eliminate the pairs of one group.

    Returns
    -------
    The tile for `back_substitute` and `block_covariance`, and what the corner and
    its right-hand side lose by the elimination, on `columns`.
    """
    root = cholesky_2x2(block)
    whitened = forward_2x2(root, border)
    reduced = forward_2x2(root, gradient[..., None])[..., 0]
    flat = whitened.reshape(-1, whitened.shape[-1])
    return (
        Tile(columns=columns, root=root, border=whitened, gradient=reduced),
        flat.T @ flat,
        flat.T @ reduced.reshape(-1),
    )


def back_substitute(tile: Tile, corner: Float[Array, "p"]) -> Float[Array, "n 2"]:
    """Return the pairs' part of the solution, given the corner's."""
    right = tile.gradient - tile.border @ corner[tile.columns]
    return backward_2x2(tile.root, right[..., None])[..., 0]


def block_covariance(tile: Tile, root: Float[Array, "p q"]) -> Float[Array, "n 2 2"]:
    """Return the pairs' blocks of the inverse of the whole matrix.

    Parameters
    ----------
    root
        V with V Vᵀ the inverse of the Schur complement. Working with the root
        instead of V Vᵀ keeps the digits where a few weak directions are much
        less certain than the rest.
    """
    spread = tile.border @ root[tile.columns]
    inner = jnp.einsum("naq,nbq->nab", spread, spread) + jnp.eye(2)
    left = backward_2x2(tile.root, inner)
    return backward_2x2(tile.root, jnp.swapaxes(left, -1, -2))


def border_transpose(tile: Tile, right: Float[Array, "n 2 q"]) -> Array:
    """Return Eᵀ C⁻¹ `right` on the tile's columns, (k, q)."""
    white = forward_2x2(tile.root, right)
    return jnp.einsum("nak,naq->kq", tile.border, white)


def to_dense(
    tiles: list[Tile], corner: Float[Array, "p p"]
) -> Float[np.ndarray, "d d"]:
    """Write out the whole matrix, for tests only.

    `corner` is H, before elimination. Pairs come first, in the order of the tiles.
    """
    p = corner.shape[0]
    n = sum(tile.root.shape[0] for tile in tiles)
    dense = np.zeros((2 * n + p, 2 * n + p))
    dense[2 * n :, 2 * n :] = corner
    row = 0
    for tile in tiles:
        root, white = np.asarray(tile.root), np.asarray(tile.border)
        for block, border in zip(root, root @ white, strict=True):
            dense[row : row + 2, row : row + 2] = block @ block.T
            for column, values in zip(np.asarray(tile.columns), border.T, strict=True):
                dense[row : row + 2, 2 * n + column] += values
                dense[2 * n + column, row : row + 2] += values
            row += 2
    return dense
