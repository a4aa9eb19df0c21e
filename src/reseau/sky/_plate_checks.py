"""What a plate model is refused for, where values are there to be looked at.

Under `jax.jit` they are not; then these checks pass everything.
"""

import jax
import numpy as np
from jaxtyping import Array
from numpy import ndarray

from reseau.errors import CatalogueError, DegeneracyError, explain, some

_WHERE = "plate_residual"
_ROUNDING = 100 * float(np.finfo(np.float64).eps)


def powers(degree: int) -> list[tuple[int, int]]:
    """Return the powers of both coordinates in each monomial up to a total degree."""
    return [(k - m, m) for k in range(degree + 1) for m in range(k + 1)]


def refuse_not_finite(offset: Array | ndarray, displacement: Array | ndarray) -> None:
    """Refuse stars without a place or a displacement, and say which.

    Parameters
    ----------
    offset, displacement
        Of each star, any unit.
    """
    for name, values in (("offset", offset), ("displacement", displacement)):
        if isinstance(values, jax.core.Tracer):
            continue
        rows = np.flatnonzero(~np.isfinite(values).all(axis=-1))
        if rows.size:
            raise CatalogueError(
                explain(
                    given=f"{name} is NaN or infinite in {len(rows)} of {len(values)} "
                    f"rows: {some(rows)}",
                    wanted="finite numbers",
                    where=_WHERE,
                    todo="leave these stars out: one makes all residuals NaN",
                )
            )


def refuse_undetermined(
    triangle: Array, terms: list[tuple[int, int]], offset: Array
) -> None:
    """Refuse stars that do not determine every coefficient, and name the others.

    Parameters
    ----------
    triangle
        R of the QR decomposition of the monomials.
    terms
        Their powers, see `powers`.
    offset
        Coordinates of the stars, any unit.
    """
    if isinstance(triangle, jax.core.Tracer):
        return
    spread = np.ptp(np.asarray(offset), axis=0).max()
    # Far from their origin coordinates are rounded more coarsely than their spread.
    coarse = np.abs(offset).max() / spread if spread > 0.0 else 1.0
    size = np.linalg.norm(triangle, axis=0)
    own = np.abs(np.diagonal(triangle))
    # Written so that NaN, which has its own cause, is let through.
    lost = np.flatnonzero(own <= _ROUNDING * (1.0 + coarse) * size)
    if lost.size:
        degree = sum(terms[-1])
        curve = {1: "line", 2: "conic"}.get(degree, f"curve of degree {degree}")
        names = tuple(_name(*terms[k]) for k in lost)
        raise DegeneracyError(
            explain(
                given=f"{len(offset)} stars that leave open {len(names)} of the "
                f"{len(terms)} coefficients, those of {', '.join(names)}",
                wanted=f"stars that determine all: not on one {curve}",
                where=_WHERE,
                todo="lower the degree or give stars in other places",
            ),
            names,
        )


def _name(first: int, second: int) -> str:
    """Write a monomial of ξ and η."""
    factors = [
        name if power == 1 else f"{name}^{power}"
        for name, power in (("ξ", first), ("η", second))
        if power
    ]
    return " ".join(factors) or "1"


__all__ = ["powers", "refuse_not_finite", "refuse_undetermined"]
