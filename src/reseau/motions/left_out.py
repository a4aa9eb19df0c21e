"""What a plate says without some of its sources, exactly, and with less weight.

A source whose data on a plate count no longer has a free position there. Eliminating
those, S, leaves of Ω = D − U Uᵀ on the others, R, ::

    Ω_RR − Ω_RS Ω_SS⁻¹ Ω_SR = D_R − U_R (1 − G)⁻¹ U_Rᵀ,   G = U_Sᵀ D_S⁻¹ U_S

of the same rank: what the calibration learnt from S it must take from R. With
G = Z diag(γ) Zᵀ of the rank of S, (1 − G)^(−1/2) = 1 + Z diag((1 − γ)^(−1/2) − 1) Zᵀ.
The gradient loses Ω_RS Ω_SS⁻¹ g_S. The point of expansion stays.
"""

from dataclasses import replace
from typing import Any

import equinox as eqx
import numpy as np
import scipy.linalg
from jaxtyping import Bool, Float

from reseau.datasets.information import Information
from reseau.linalg import cholesky_blocks, forward_blocks


class Kept(eqx.Module):
    """What a plate says of the sources that count.

    Attributes
    ----------
    information
        Of these alone.
    gram
        Uᵀ D⁻¹ U: diagonal where nothing is left out.
    """

    information: Information
    gram: Float[np.ndarray, "r r"]


def without_sources(plate: Information, out: Bool[np.ndarray, "n"]) -> Kept:
    """Return what a plate says when some of its sources have free positions on it.

    Parameters
    ----------
    plate
        As it was solved.
    out
        Which sources' data count no longer.
    """
    if not out.any():
        return Kept(plate, np.diag(plate.share.astype(float)))
    columns = plate.columns[out].astype(float)
    root = cholesky_blocks(plate.blocks[out])
    white = forward_blocks(root, columns).reshape(-1, columns.shape[2])
    _, single, axes = scipy.linalg.svd(white, full_matrices=False)
    # No mode loses all that it has to a few sources, if not by rounding.
    more = 1.0 / np.sqrt(np.maximum(1.0 - single**2, 1e-12)) - 1.0
    turned = axes.T * more
    kept = plate.columns[~out]
    r = kept.shape[2]
    kind = kept.dtype
    added = (kept.reshape(-1, r) @ turned.astype(kind)) @ axes.astype(kind)
    values = kept + added.reshape(kept.shape)
    mixing = np.eye(r) + turned @ axes
    gram = mixing @ (np.diag(plate.share) - white.T @ white) @ mixing
    share = np.clip(np.diagonal(gram), 0.0, 1.0)
    order = np.argsort(-share, kind="stable")
    if not np.array_equal(order, np.arange(r)):
        values, gram = values[:, :, order], gram[np.ix_(order, order)]
    lost = free_offsets(plate, out, plate.gradient[out])
    across = columns.reshape(-1, r).T @ lost.ravel()
    gradient = plate.gradient[~out] + np.einsum("nir,r->ni", kept, across)
    changes: dict[str, Any] = {
        "source_id": plate.source_id[~out],
        "direction": plate.direction[~out],
        "gradient": gradient,
        "blocks": plate.blocks[~out],
        "columns": values,
        "share": share[order],
        "chi2": plate.chi2[~out],
        "n_measurements": plate.n_measurements[~out],
        "reference": plate.reference[~out],
    }
    return Kept(replace(plate, **changes), gram)


def joint_block(
    plate: Information, some: Bool[np.ndarray, "n"]
) -> Float[np.ndarray, "s s"]:
    """Return Ω_SS of some sources, dense."""
    flat = plate.columns[some].astype(float)
    flat = flat.reshape(-1, flat.shape[2])
    apart = scipy.linalg.block_diag(*plate.blocks[some])
    return np.asarray(apart - flat @ flat.T)


def free_offsets(
    plate: Information, out: Bool[np.ndarray, "n"], drawn: Float[np.ndarray, "s 2"]
) -> Float[np.ndarray, "s 2"]:
    """Return Ω_SS⁻¹ g_S: how far what draws some sources moves them, if they are free.

    Parameters
    ----------
    plate
        As it was solved.
    out
        Which sources.
    drawn
        Their gradients.
    """
    solved = scipy.linalg.solve(joint_block(plate, out), drawn.ravel(), assume_a="pos")
    return np.asarray(solved).reshape(drawn.shape)


def weighted(plate: Information, weight: float) -> Information:
    """Return what a plate says when all of it counts by a weight.

    Parameters
    ----------
    plate
        What it says.
    weight
        1/s² where its errors are s times what they claim to be.
    """
    if weight == 1.0:
        return plate
    return replace(
        plate,
        gradient=weight * plate.gradient,
        blocks=weight * plate.blocks,
        columns=(np.sqrt(weight) * plate.columns).astype(plate.columns.dtype),
        chi2=weight * plate.chi2,
    )


__all__ = ["Kept", "free_offsets", "joint_block", "weighted", "without_sources"]
