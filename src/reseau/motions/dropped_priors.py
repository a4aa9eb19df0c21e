"""Which references' priors are taken out, the strongest first, each seen by the others.

Wrong references pull one another through the calibration that they share: right ones
seem wrong near those that are. Among the few that seem wrong all is computed exactly:
their joint covariance is small, and a prior that is taken out, or put back, changes it
and their parameters by a term of the rank of one star. So each is judged with those
out that are worse, and may come back.
"""

import numpy as np
from jaxtyping import Bool, Float, Int

from reseau.linalg import LowRankFactor, cholesky_blocks

from .wrong_references import (
    FALSE_ALARM,
    RIGHT_AGAIN,
    cavity_in_units,
    p_values,
    squares,
)

MOST_TOGETHER = 300
"""References that are judged together; of more the worst, others in the next round."""

LEFT = 1e-6
"""Part of a prior that is left when it is taken out, so that nothing is singular."""


def covariance_among(
    factor: LowRankFactor, rows: Int[np.ndarray, "q"]
) -> Float[np.ndarray, "q k q k"]:
    """Return the covariance of some stars with one another.

    Parameters
    ----------
    factor
        Of all stars.
    rows
        Which stars.
    """
    few = LowRankFactor(
        factor.root[rows],
        factor.modes[rows],
        factor.share,
        factor.left,
        factor.null[rows],
    )
    spread = few.spread()
    q, k, rank = spread.shape
    flat = spread.reshape(q * k, rank)
    null = few.null.reshape(q * k, few.null.shape[2])
    found = (flat @ flat.T - null @ null.T).reshape(q, k, q, k)
    found[np.arange(q), :, np.arange(q), :] += few.own()
    return found


def without_the_wrong(
    covariance: Float[np.ndarray, "q k q k"],
    offset: Float[np.ndarray, "q k"],
    prior: Float[np.ndarray, "q k k"],
    counts: Bool[np.ndarray, "q"],
) -> Bool[np.ndarray, "q"]:
    """Return which priors count, after the wrong ones have been taken out.

    Parameters
    ----------
    covariance
        Of these stars with one another.
    offset
        Of the solution from the catalogue.
    prior
        Inverse covariances that the catalogue states.
    counts
        Which entered; of the others nothing, or next to it.
    """
    q, k = offset.shape
    root = cholesky_blocks(prior, allow_singular=True)
    right = np.matmul(root.transpose(0, 2, 1), covariance.reshape(q, k, q * k))
    right = right.reshape(q, k, q, k)
    joint = np.einsum("aibj,bjl->aibl", right, root)
    place = np.einsum("nji,nj->ni", root, offset)
    counts = counts.copy()
    for _ in range(3 * q):
        own = joint[np.arange(q), :, np.arange(q), :]
        cavity = cavity_in_units(own, place, counts)
        chance, square = p_values(cavity), squares(cavity)
        wrong = counts & (chance < FALSE_ALARM)
        right_again = ~counts & (chance >= RIGHT_AGAIN)
        if wrong.any():
            worst = int(np.argmax(np.where(wrong, square, -1.0)))
        elif right_again.any():
            worst = int(np.argmin(np.where(right_again, square, np.inf)))
        else:
            break
        _change(joint, place, worst, back=not counts[worst])
        counts[worst] = not counts[worst]
    return counts


def _change(joint: np.ndarray, place: np.ndarray, i: int, *, back: bool) -> None:
    """Take out the prior of one star, or put it back, in the memory of the arrays."""
    q, k = place.shape
    part = 1.0 - LEFT
    own = joint[i, :, i, :]
    inner = np.eye(k) / part + own if back else np.eye(k) / part - own
    sign = -1.0 if back else 1.0
    columns = joint[:, :, i, :].reshape(q * k, k).copy()
    gain = sign * np.linalg.solve(inner, columns.T).T
    flat = joint.reshape(q * k, q * k)
    place += (gain @ place[i]).reshape(q, k)
    flat += gain @ columns.T


__all__ = ["MOST_TOGETHER", "covariance_among", "without_the_wrong"]
