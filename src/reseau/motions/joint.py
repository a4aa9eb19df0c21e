"""The normal equations of many plates together, exact and never dense.

With x_p(θ) what plate p sees of stars with parameters θ, Ω_p = D_p − U_p U_pᵀ what it
says of them and P₀ the priors of the references, once, ::

    H = P₀ + Σ E_pᵀ Ω_p E_p = 𝔇 − Σ (E_pᵀU_p)(E_pᵀU_p)ᵀ,   E_p = ∂x_p/∂θ
    h = P₀ (θ₀ − θ) + Σ E_pᵀ (g_p − Ω_p (x_p(θ) − x̂_p))

𝔇 has blocks of a star each. Products with H go plate by plate through what is stored;
nothing is compressed for them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float

from reseau._parts import each_part, in_parts
from reseau.datasets.information import Information
from reseau.linalg import Columns

from .mapping import Mapped, lines_of, mapped
from .stars import Stars


@dataclass(frozen=True)
class Share:
    """One plate's part in the equations.

    Attributes
    ----------
    information
        What the plate says.
    mapped
        How its sources depend on the stars.
    """

    information: Information
    mapped: Mapped

    @cached_property
    def columns(self) -> Columns:
        """U, on the plate's own sources."""
        values = self.information.columns
        return Columns(np.arange(len(values)), values)

    @cached_property
    def blocks(self) -> Float[np.ndarray, "n k k"]:
        """EᵀDE, of the stars that the plate saw."""
        return _sandwiched(self.mapped.jacobian, self.information.blocks)

    def applied(self, offset: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n 2"]:
        """Return Ω times offsets of the plate's sources."""
        held = np.einsum("nij,nj->ni", self.information.blocks, offset)
        return np.asarray(held - self.shared(offset))

    def shared(self, offset: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n 2"]:
        """Return U Uᵀ times offsets, in the precision of U.

        What rounding makes of an offset is a part in 10⁶ of it, and offsets are a few
        of a plate's own errors. Not by BLAS, whose product of a wide transposed matrix
        and a vector takes several times as long.
        """
        flat = np.asarray(self.columns.flat)
        narrow = offset.reshape(-1).astype(flat.dtype)
        amount = np.einsum("ij,i->j", flat, narrow)
        found = np.einsum("ij,j->i", flat, amount)
        return found.reshape(offset.shape).astype(float)

    @cached_property
    def gradient(self) -> Float[np.ndarray, "n 2"]:
        """Return g − Ω (x(θ) − x̂): what draws the plate's sources at θ."""
        return self.information.gradient - self.applied(self.mapped.excess)


@dataclass(frozen=True)
class Joint:
    """The normal equations of all plates at one point.

    Attributes
    ----------
    stars
        With the point in their parameters.
    plates
        Parts of the plates.
    """

    stars: Stars
    plates: tuple[Share, ...]

    @cached_property
    def blocks(self) -> Float[np.ndarray, "n k k"]:
        """𝔇: priors and plates, calibration held."""
        out = self.stars.prior.copy()
        for share in self.plates:
            out[share.mapped.row] += share.blocks
        return out

    def right(self) -> Float[np.ndarray, "n k"]:
        """Return h, the right-hand side at the point."""
        stars = self.stars
        size = stars.size
        left = (stars.mean - stars.parameters)[:, :size]
        out = np.einsum("nij,nj->ni", stars.prior, left)

        def some(shares: Sequence[Share]) -> np.ndarray:
            total = np.zeros_like(out)
            for share in shares:
                e = share.mapped.jacobian
                total[share.mapped.row] += np.einsum("nik,ni->nk", e, share.gradient)
            return total

        return out + sum(in_parts(some, self.plates))

    def apply(self, step: Float[np.ndarray, "n k"]) -> Float[np.ndarray, "n k"]:
        """Return H times a step."""
        out = np.einsum("nij,nj->ni", self.blocks, step)

        def some(shares: Sequence[Share]) -> np.ndarray:
            total = np.zeros_like(out)
            for share in shares:
                e, row = share.mapped.jacobian, share.mapped.row
                seen = np.einsum("nik,nk->ni", e, step[row])
                total[row] -= np.einsum("nik,ni->nk", e, share.shared(seen))
            return total

        return out + sum(in_parts(some, self.plates))

    def moved(self, step: Float[np.ndarray, "n k"]) -> "Joint":
        """Return the equations after a step, all derivatives anew."""
        parameters = self.stars.parameters.copy()
        parameters[:, : step.shape[1]] += step
        return joint(
            [share.information for share in self.plates],
            replace(self.stars, parameters=parameters),
        )


def joint(plates: Sequence[Information], stars: Stars) -> Joint:
    """Return the normal equations of plates at the parameters that stars have.

    Parameters
    ----------
    plates
        What they say; all their sources are among the stars.
    stars
        As `stars_of` returns them.
    """
    lines = lines_of(stars.direction, stars.parameters)

    def one(plate: Information) -> Share:
        row = np.searchsorted(stars.source_id, plate.source_id)
        return Share(plate, mapped(plate, row, lines, stars.epoch, stars.size))

    return Joint(stars, tuple(each_part(one, plates)))


def _sandwiched(
    jacobian: Float[np.ndarray, "n 2 k"], blocks: Float[np.ndarray, "n 2 2"]
) -> Float[np.ndarray, "n k k"]:
    return np.matmul(jacobian.transpose(0, 2, 1), np.matmul(blocks, jacobian))


__all__ = ["Joint", "Share", "joint"]
