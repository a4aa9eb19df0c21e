"""What a solution knows of the amplitudes of fields, and who says so.

Errors e of a solution have the covariance M⁻¹. Of a common field G a in them the
amplitudes a are estimated best by generalised least squares,

    a = S⁻¹ Gᵀ M e,   S = Gᵀ M G = R + plates + others,   R = Gᵀ P₀ G,

(others: the wide priors of stars that are no references) with the covariance S⁻¹: the
formal error. With M as weights stars count as much as they tell of the field beyond
what calibrations take up; where the plates say nothing of it these are the references
with the weights of their own errors. Then:

- of the variance S⁻¹ the part (S⁻¹ R S⁻¹) is by the references' errors: their share.
- A shared error F of references, M⁻¹ P₀ F in the solution, is S⁻¹ Gᵀ P₀ F in a.
- Catalogue minus reference has the amplitude R⁻¹ Gᵀ P₀ (θ − θ₀), which is zero where
  references alone decide; else its variance is R⁻¹ − R⁻¹ Gᵀ P₀ M⁻¹ P₀ G R⁻¹. As
  M⁻¹ ≥ G S⁻¹ Gᵀ it is at most R⁻¹ − S⁻¹, and at most what a compressed factor makes of
  it, whose covariance is too small if anything: the smaller of the two is reported.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from reseau.linalg import LowRankFactor, backward_blocks

from .field_information import field_information
from .joint import Joint
from .reference_floor import reference_prior

ROUNDING = 1e-10
"""Part of what is said with calibrations held below which nothing is said."""


class Amplitudes(NamedTuple):
    """Amplitudes of fields, estimated together.

    Attributes
    ----------
    covariance
        S⁻¹; infinite on the diagonal where nothing is known, and zero beside it.
    by_references
        S⁻¹ R S⁻¹.
    response
        S⁻¹ Gᵀ P₀ F, of the floor's columns.
    value, value_error
        Of catalogue minus reference, with 1σ at most; NaN where references say nothing.
    """

    covariance: Float[np.ndarray, "m m"]
    by_references: Float[np.ndarray, "m m"]
    response: Float[np.ndarray, "m r"]
    value: Float[np.ndarray, "m"]
    value_error: Float[np.ndarray, "m"]

    @property
    def error(self) -> Float[np.ndarray, "m"]:
        """Return formal errors."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def floor(self) -> Float[np.ndarray, "m"]:
        """Return 1σ of what references share."""
        return np.sqrt(np.sum(self.response**2, axis=1))

    @property
    def share_of_references(self) -> Float[np.ndarray, "m"]:
        """Return the part of each variance that their errors are."""
        variance, by_them = np.diag(self.covariance), np.diag(self.by_references)
        known = np.isfinite(variance)
        found = np.divide(by_them, variance, out=np.zeros(variance.size), where=known)
        return np.clip(found, 0.0, 1.0)


class Products(NamedTuple):
    """What is summed over the stars about fields, of which any may be taken together.

    Attributes
    ----------
    total
        Gᵀ M G.
    held
        Its diagonal with calibrations held.
    moment
        R = Gᵀ P₀ G, of the references.
    agreed
        Gᵀ P₀ M⁻¹ P₀ G.
    drawn
        Gᵀ P₀ (θ − θ₀).
    response
        Gᵀ P₀ F.
    """

    total: Float[np.ndarray, "m m"]
    held: Float[np.ndarray, "m"]
    moment: Float[np.ndarray, "m m"]
    agreed: Float[np.ndarray, "m m"]
    drawn: Float[np.ndarray, "m"]
    response: Float[np.ndarray, "m r"]

    def of(self, fields: slice) -> "Products":
        """Return those of some of the fields, the others taken to be absent."""
        return Products(
            total=self.total[fields, fields],
            held=self.held[fields],
            moment=self.moment[fields, fields],
            agreed=self.agreed[fields, fields],
            drawn=self.drawn[fields],
            response=self.response[fields],
        )


def products(
    fields: Float[np.ndarray, "n k m"],
    equations: Joint,
    factor: LowRankFactor,
    root: Float[np.ndarray, "n k r"],
) -> Products:
    """Return what is summed over the stars.

    Parameters
    ----------
    fields
        G, of unit amplitude.
    equations
        At the solution.
    factor
        M⁻¹ in factors.
    root
        F, the shared errors of the references.
    """
    stars = equations.stars
    weighted = reference_prior(stars) @ fields
    white = factor.root.transpose(0, 2, 1) @ fields
    left = (stars.parameters - stars.mean)[:, : stars.size, None]
    plates = field_information(equations, fields)
    return Products(
        total=plates + _product(fields, stars.prior @ fields),
        held=np.sum(white**2, axis=(0, 1)),
        moment=_product(fields, weighted),
        agreed=_product(weighted, factor.solve(weighted)),
        drawn=_product(weighted, left)[:, 0],
        response=_product(weighted, root),
    )


def amplitudes(of: Products) -> Amplitudes:
    """Return what is known of the amplitudes of fields, estimated together.

    Parameters
    ----------
    of
        The fields.
    """
    inverse = _inverse(of.total, of.held)
    solid = _finite(inverse)
    value, error = _departures(of, solid)
    return Amplitudes(
        covariance=inverse,
        by_references=solid @ of.moment @ solid,
        response=solid @ of.response,
        value=value,
        value_error=error,
    )


def _product(left: np.ndarray, right: np.ndarray) -> Float[np.ndarray, "a b"]:
    rows = left.shape[0] * left.shape[1]
    return left.reshape(rows, left.shape[2]).T @ right.reshape(rows, right.shape[2])


def _inverse(
    total: Float[np.ndarray, "m m"], held: Float[np.ndarray, "m"]
) -> Float[np.ndarray, "m m"]:
    """Return S⁻¹, with infinite variances of what is not known at all."""
    scale = np.sqrt(np.where(held > 0.0, held, 1.0))
    values, vectors = np.linalg.eigh(total / scale[:, None] / scale)
    nothing = values <= ROUNDING
    gain = np.where(nothing, 0.0, 1.0 / np.where(nothing, 1.0, values))
    found = (vectors * gain) @ vectors.T / scale[:, None] / scale
    open_ = np.sum(vectors[:, nothing] ** 2, axis=1) > ROUNDING
    found[open_] = 0.0
    found[:, open_] = 0.0
    found[open_, open_] = np.inf
    return found


def _finite(inverse: Float[np.ndarray, "m m"]) -> Float[np.ndarray, "m m"]:
    return np.where(np.isfinite(inverse), inverse, 0.0)


def _departures(
    of: Products, covariance: Float[np.ndarray, "m m"]
) -> tuple[Float[np.ndarray, "m"], Float[np.ndarray, "m"]]:
    """Return amplitudes of catalogue minus reference, with their errors."""
    inverse = _inverse(of.moment, of.held)
    solid = _finite(inverse)
    known = np.isfinite(np.diag(inverse))
    least = np.maximum(np.diag(solid @ of.agreed @ solid), np.diag(covariance))
    error = np.sqrt(np.maximum(np.diag(solid) - least, 0.0))
    value = solid @ of.drawn
    return np.where(known, value, np.nan), np.where(known, error, np.nan)


def shared_fields(factor: LowRankFactor, number: int) -> Float[np.ndarray, "n k q"]:
    """Return what plates together say least about, whatever it is.

    Parameters
    ----------
    factor
        Of the solution.
    number
        How many, at most: first those that nothing is known of, then in the order of
        what is left of their information.

    Returns
    -------
    Changes of the stars' parameters; the length means nothing.
    """
    strong = backward_blocks(factor.root, factor.modes[:, :, :number])
    return np.concatenate([factor.null, strong], axis=2)[:, :, :number]


__all__ = ["Amplitudes", "Products", "amplitudes", "products", "shared_fields"]
