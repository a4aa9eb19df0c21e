"""How well stars follow their parameters, and plates agree with each other."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from reseau.linalg import LowRankFactor

from .epochs import Epochs
from .joint import Joint


class Goodness(NamedTuple):
    """Of each star.

    Attributes
    ----------
    n_plates
        Plates that count.
    n_left_out
        Plates on which the star was left out.
    n_measurements
        Measurements that these plates used.
    chi2, dof
        Of the positions on plates; of references with that of the prior.
    gof
        F2, which is standard normal where errors are right.
    uwe
        √(χ²/dof), the unit weight error; NaN without degrees of freedom.
    """

    n_plates: Int[np.ndarray, "n"]
    n_left_out: Int[np.ndarray, "n"]
    n_measurements: Int[np.ndarray, "n"]
    chi2: Float[np.ndarray, "n"]
    dof: Float[np.ndarray, "n"]
    gof: Float[np.ndarray, "n"]
    uwe: Float[np.ndarray, "n"]


def wilson_hilferty(
    chi2: Float[np.ndarray, "*n"], dof: Float[np.ndarray, "*n"]
) -> Float[np.ndarray, "*n"]:
    """Return F2 = √(9ν/2) ((χ²/ν)^⅓ + 2/(9ν) − 1), nearly standard normal.

    NaN without degrees of freedom (Wilson & Hilferty 1931, PNAS 17, 684; Hipparcos,
    volume 1, section 2.1).

    Parameters
    ----------
    chi2, dof
        χ² and its degrees of freedom ν.
    """
    known = np.asarray(dof) > 0
    nu = np.where(known, dof, 1.0)
    found = np.sqrt(4.5 * nu) * (np.cbrt(chi2 / nu) + 2.0 / (9.0 * nu) - 1.0)
    return np.where(known, found, np.nan)


def goodness_of(
    equations: Joint, factor: LowRankFactor, epochs: Sequence[Epochs]
) -> Goodness:
    """Return how well each star follows its parameters.

    Parameters
    ----------
    equations, factor
        At the solution.
    epochs
        Of all plates, as `epochs_of` returns them.

    Notes
    -----
    The degrees of freedom are twice the plates less what the star's parameters take
    with the calibration held, tr(𝔇⁻¹ Σ EᵀDE), its prior counted with them.
    """
    stars = equations.stars
    n, size = stars.n, stars.size
    number, left_out, measured = np.zeros((3, n))
    chi2 = np.zeros(n)
    for share, epoch in zip(equations.plates, epochs, strict=True):
        number[epoch.row] += epoch.used
        left_out[epoch.row] += ~epoch.used
        chi2[epoch.row] += epoch.chi2
        measured[epoch.row] += share.information.n_measurements * epoch.used
    own = factor.own()
    informed = equations.blocks - stars.prior
    taken = np.einsum("nij,nji->n", own, informed)
    shift = (stars.parameters - stars.mean)[:, :size]
    pulled = np.einsum("ni,nij,nj->n", shift, stars.prior, shift)
    rank = np.linalg.matrix_rank(_scaled(stars.prior), hermitian=True)
    supplied = np.einsum("nij,nji->n", own, stars.prior)
    chi2 += pulled
    dof = 2.0 * number + rank - taken - supplied
    dof = np.where(dof > SPARE, dof, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        uwe = np.where(dof > 0, np.sqrt(chi2 / dof), np.nan)
    return Goodness(
        n_plates=number.astype(int),
        n_left_out=left_out.astype(int),
        n_measurements=np.rint(measured).astype(int),
        chi2=chi2,
        dof=dof,
        gof=wilson_hilferty(chi2, dof),
        uwe=uwe,
    )


SPARE = 0.5
"""Degrees of freedom below which there are none."""


def _scaled(prior: Float[np.ndarray, "n k k"]) -> Float[np.ndarray, "n k k"]:
    scale = np.sqrt(np.diagonal(prior, axis1=1, axis2=2))
    scale = np.where(scale > 0, scale, 1.0)
    return prior / scale[:, :, None] / scale[:, None, :]


BINS = 10
"""Groups of stars by magnitude, each with the same number, that have their own u₀."""

FEWEST = 30
"""Stars that a group has at least."""


def renormalised(
    uwe: Float[np.ndarray, "n"], magnitude: Float[np.ndarray, "n"]
) -> Float[np.ndarray, "n"]:
    """Return unit weight errors over their medians at the same magnitude: RUWE.

    Parameters
    ----------
    uwe
        √(χ²/dof); NaN where there is none.
    magnitude
        NaN where it is not known: all such stars are one group.
    """
    out = np.full(uwe.size, np.nan)
    known = np.isfinite(uwe)
    faint = np.flatnonzero(known & np.isfinite(magnitude))
    order = faint[np.argsort(magnitude[faint], kind="stable")]
    groups = np.array_split(order, max(min(BINS, order.size // FEWEST), 1))
    groups.append(np.flatnonzero(known & ~np.isfinite(magnitude)))
    for group in groups:
        if group.size:
            middle = np.median(uwe[group])
            out[group] = uwe[group] / (middle if middle > 0 else 1.0)
    return out


__all__ = ["Goodness", "goodness_of", "renormalised", "wilson_hilferty"]
