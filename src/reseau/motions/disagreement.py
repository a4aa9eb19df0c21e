"""Whether a plate as a whole agrees with all others.

Two tests of what draws its sources at the solution, r, of covariance Ω − Ω E C Eᵀ Ω:

- χ² = rᵀ Ω⁻¹ r, which is expected to be the number of coordinates less what the plate
  gave to the solution, tr(C EᵀΩE);
- the jackknife in a few patterns V that a plate as a whole may be off by: Vᵀr against
  its covariance VᵀΩV − VᵀΩE C EᵀΩV. Along V that is the difference of what the plate
  says and what all others say, exactly, its calibration's freedom included.

A plate whose errors are s times what they claim to be, and that counts w = 1/s², has
residuals of covariance s² (Ω − w Ω E C Eᵀ Ω), so that χ² over the degrees of freedom is
s². One that does not count is compared with an independent solution: Ω + Ω E C Eᵀ Ω.

References
----------
Miller 1974, Biometrika 61, 1 (jackknife).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy.linalg
from jaxtyping import Bool, Float
from scipy import stats

from reseau._parts import each_part
from reseau.linalg import LowRankFactor

from .joint import Joint, Share
from .left_out import free_offsets
from .round_state import NEXT_TO_NOTHING

FALSE_ALARM = 1e-4
"""p-value below which a plate's factor is larger than chance makes it."""

DRAWS = 32
"""Of the solution's errors, by which what each plate gave to it is estimated."""

GONE = 1e-3
"""A mode of which calibration leaves less counts as no data of the plate."""

PATTERNS = (
    "shifted towards East",
    "shifted towards North",
    *("stretched East by East", "stretched East by North"),
    *("stretched North by East", "stretched North by North"),
    "of another epoch",
    "seen from another place",
)
"""What a plate may look like as a whole."""


class PlateTest(NamedTuple):
    """Verdict on each plate.

    Attributes
    ----------
    chi2, dof
        Of all its sources.
    pattern_chi2, pattern_dof
        Of the patterns together; the exact jackknife where it may matter, else less
        than its limit.
    amount, error
        Of each pattern alone: shifts [rad], stretches over the plate's radius [rad],
        epoch [Julian yr], and part of the parallaxes; NaN where the plate is free.
    """

    chi2: Float[np.ndarray, "p"]
    dof: Float[np.ndarray, "p"]
    pattern_chi2: Float[np.ndarray, "p"]
    pattern_dof: Float[np.ndarray, "p"]
    amount: Float[np.ndarray, "p m"]
    error: Float[np.ndarray, "p m"]

    @property
    def factor(self) -> Float[np.ndarray, "p"]:
        """Return s, what errors are larger than claimed by; 1 where that is chance."""
        out = np.ones(self.chi2.size)
        for chi2, dof in (
            (self.chi2, self.dof),
            (self.pattern_chi2, self.pattern_dof),
        ):
            some = np.maximum(dof, 1.0)
            beyond = (dof >= 1.0) & (stats.chi2.sf(chi2, some) < FALSE_ALARM)
            out = np.where(beyond, np.maximum(out, np.sqrt(chi2 / some)), out)
        return out


def judge_plates(
    equations: Joint,
    weight: Float[np.ndarray, "p"],
    grams: Sequence[Float[np.ndarray, "_ _"]],
    factor: LowRankFactor,
    drawn: Sequence[Float[np.ndarray, "_ 2"]],
    aside: Sequence[Bool[np.ndarray, "_"]],
) -> PlateTest:
    """Test every plate against all others.

    Parameters
    ----------
    equations
        At the solution.
    weight
        By which the plates count in them.
    grams
        Uᵀ D⁻¹ U of each, which a weight does not change.
    factor
        Of these equations, or nearly.
    drawn
        Of each plate, as `Share.gradient` returns it.
    aside
        Sources of each plate without which it is judged.
    """
    errors = factor.draw(DRAWS, np.random.default_rng(0))
    shares = equations.plates
    drawn = [_set_aside(*three) for three in zip(shares, drawn, aside, strict=True)]

    def one(number: int) -> tuple[tuple[float, float], _Patterned]:
        share, w, r = shares[number], float(weight[number]), drawn[number]
        of_all = _chi2(share, w, grams[number], r, errors)
        return of_all, _jackknife(equations, share, w, r, factor, aside[number])

    sums, fits = zip(*each_part(one, range(len(shares))), strict=True)
    chi2, dof = np.array(sums).reshape(-1, 2).T
    dof = np.maximum(dof - [2.0 * np.count_nonzero(some) for some in aside], 0.0)
    square, number = np.array([fit[:2] for fit in fits], dtype=float).reshape(-1, 2).T
    amount = np.array([fit[2] for fit in fits]).reshape(-1, len(PATTERNS))
    error = np.array([fit[3] for fit in fits]).reshape(-1, len(PATTERNS))
    return PlateTest(chi2, dof, square, number, amount, error)


_Patterned = tuple[float, int, np.ndarray, np.ndarray]
"""χ² of the patterns, their number, and each one's amount and error."""


def _set_aside(
    share: Share, drawn: np.ndarray, some: np.ndarray
) -> Float[np.ndarray, "n 2"]:
    """Return what draws the sources when some are where the plate puts them."""
    if not some.any():
        return drawn
    offset = np.zeros_like(drawn)
    offset[some] = free_offsets(share.information, some, drawn[some])
    return drawn - share.applied(offset)


def _part(w: float) -> float:
    """Return how the solution's covariance enters that of what draws a plate."""
    return 1.0 if w <= NEXT_TO_NOTHING else -w


def _chi2(
    share: Share, w: float, gram: np.ndarray, drawn: np.ndarray, errors: np.ndarray
) -> tuple[float, float]:
    """Return χ² of a plate, as if its weight were 1, and what is expected of it."""
    said = share.information
    solved = np.linalg.solve(said.blocks, drawn[:, :, None])[:, :, 0]
    along = share.columns.inner(solved)
    values = np.diagonal(gram)
    if np.count_nonzero(gram) > np.count_nonzero(values):
        values, axes = scipy.linalg.eigh(gram)
        along = axes.T @ along
    gone = values > 1.0 - GONE
    gain = np.where(gone, -1.0 / np.maximum(values, GONE), 1.0 / (1.0 - values * ~gone))
    chi2 = (np.sum(drawn * solved) + np.sum(gain * along**2)) / w
    row, e = share.mapped.row, share.mapped.jacobian
    moved = np.einsum("nik,mnk->nim", e, errors[:, row])
    # Draws are a few: what rounding makes of them is nothing beside their scatter.
    flat = share.columns.flat
    inner = flat.T @ moved.reshape(len(flat), -1).astype(flat.dtype)
    given = np.sum(moved * np.einsum("nij,njm->nim", said.blocks, moved))
    given = (given - np.sum(inner**2)) / (w * errors.shape[0])
    dof = 2 * row.size - np.count_nonzero(gone) + _part(w) * given
    return float(chi2), float(max(dof, 0.0))


def _jackknife(
    equations: Joint,
    share: Share,
    w: float,
    drawn: np.ndarray,
    factor: LowRankFactor,
    aside: np.ndarray,
) -> _Patterned:
    """Return what `_Patterned` says."""
    patterns = _patterns(share, equations.stars.parameters)
    patterns[aside] = 0.0
    said, m = share.information, patterns.shape[2]
    image = np.einsum("nij,njm->nim", said.blocks, patterns)
    held = np.einsum("nim,nil->ml", patterns, image)
    inner = share.columns.inner(patterns)
    share.columns.subtract_outer(inner, image)
    scale = np.sqrt(np.maximum(np.diag(held) / w, 1e-300))
    score = np.einsum("nim,ni->m", patterns, drawn) / w
    own = (held - inner.T @ inner) / w
    seen = (np.diag(held) > 0) & (np.diag(own) > GONE * np.diag(held) / w)
    if not seen.any():
        return 0.0, 0, np.full(m, np.nan), np.full(m, np.nan)
    basis = _free(own, scale, seen)
    square = _square(basis, own, score)
    if square > 0.5 * stats.chi2.isf(FALSE_ALARM, basis.shape[1]):
        e, row = share.mapped.jacobian, share.mapped.row
        right = np.zeros((equations.stars.n, e.shape[2], m))
        right[row] = np.einsum("nik,nim->nkm", e, image) / w
        solved = factor.solve(right)
        given = np.einsum("nkm,nkl->ml", right[row], solved[row])
        own = own + _part(w) * 0.5 * (given + given.T)
        basis = _free(own, scale, seen)
        square = _square(basis, own, score)
    size = np.where(seen, np.maximum(np.diag(own), 1e-300), np.nan)
    return square, basis.shape[1], score / size, 1.0 / np.sqrt(size)


def _free(own: np.ndarray, scale: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Return combinations of patterns that the plate can see."""
    unit = np.where(seen, 1.0 / scale, 0.0)
    values, axes = scipy.linalg.eigh(own * unit[:, None] * unit)
    kept = values > GONE
    return np.asarray(unit[:, None] * axes[:, kept])


def _square(basis: np.ndarray, own: np.ndarray, score: np.ndarray) -> float:
    along = basis.T @ score
    return float(along @ np.linalg.solve(basis.T @ own @ basis, along))


def _patterns(
    share: Share, parameters: Float[np.ndarray, "s 6"]
) -> Float[np.ndarray, "n 2 m"]:
    """Return offsets of the sources for each of `PATTERNS`."""
    x, y = _places(share.information.direction)
    row, e = share.mapped.row, share.mapped.jacobian
    out = np.zeros((row.size, 2, len(PATTERNS)))
    for axis in (0, 1):
        out[:, axis, axis] = 1.0
        out[:, axis, 2 + 2 * axis] = x
        out[:, axis, 3 + 2 * axis] = y
    out[:, :, 6] = parameters[row, 3:5]
    out[:, :, 7] = e[:, :, 2] * parameters[row, 2, None]
    return out


def _places(
    direction: Float[np.ndarray, "n 3"],
) -> tuple[Float[np.ndarray, "n"], Float[np.ndarray, "n"]]:
    """Return places towards East and North of the middle, the farthest at 1."""
    centre = np.mean(direction, axis=0)
    east = np.cross([0.0, 0.0, 1.0], centre)
    if not east.any():
        east = np.array([0.0, 1.0, 0.0])
    east /= np.linalg.norm(east)
    north = np.cross(centre, east)
    x, y = direction @ east, direction @ north
    radius = max(float(np.max(np.hypot(x, y))), 1e-300)
    return x / radius, y / radius


__all__ = ["FALSE_ALARM", "PATTERNS", "PlateTest", "judge_plates"]
