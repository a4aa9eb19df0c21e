"""Which candidate pairs are one source each: probabilities, and a one-to-one choice.

A set of matches in which no row is twice has the weight of the product of its pairs'
odds. A pair's probability is the share of the sets that hold it. It is computed by
belief propagation, which is exact where candidates make no rings, and starts from the
sum rule of Sutherland & Saunders (1992, MNRAS 259, 413) taken from both sides.
"""

import numpy as np
from numpy.typing import NDArray

ROUNDS = 12
_LARGEST = 1e9
"""Odds beyond which a pair is certain."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def probabilities(odds: Floats, one: Ints, other: Ints) -> Floats:
    """Return the probability that each pair is one source.

    Parameters
    ----------
    odds
        Of each pair against both rows being without a partner: (n,).
    one, other
        Rows of either table, from 0: (n,).
    """
    if not len(odds):
        return np.zeros(0)
    odds = np.minimum(odds, _LARGEST)
    n, m = int(one.max()) + 1, int(other.max()) + 1
    # What a pair is worth, less the more its row has better ones to go to.
    from_one, from_other = odds, odds
    for _ in range(ROUNDS):
        before = from_one
        rivals_of_one = _others(from_other, one, n)
        rivals_of_other = _others(from_one, other, m)
        from_one, from_other = odds / (1 + rivals_of_one), odds / (1 + rivals_of_other)
        if np.abs(from_one - before).max() <= 1e-9 * _LARGEST and _settled(
            from_one, before
        ):
            break
    rivals_of_one = _others(from_other, one, n)
    rivals_of_other = _others(from_one, other, m)
    return odds / (odds + (1 + rivals_of_one) * (1 + rivals_of_other))


def _settled(now: Floats, before: Floats) -> bool:
    return bool(np.all(np.abs(now - before) <= 1e-9 * (1 + now)))


def _others(values: Floats, row: Ints, n: int) -> Floats:
    """Return the sum of each row's values but one's own."""
    return np.maximum(np.bincount(row, values, n)[row] - values, 0.0)


def one_to_one(probability: Floats, one: Ints, other: Ints, least: float) -> Ints:
    """Return which pairs are matches: the likeliest first, no row twice.

    Parameters
    ----------
    probability
        Of each pair; those above `least` may be matches: (n,).
    one, other
        Rows of either table, from 0; they decide between pairs that are equally
        likely: (n,).
    least
        See there.
    """
    left = np.flatnonzero(probability > least)
    order = left[np.lexsort((other[left], one[left], -probability[left]))]
    chosen: list[Ints] = []
    # A pair is chosen when it is the first of both its rows; then both rows are gone.
    while len(order):
        first = _is_first(one[order]) & _is_first(other[order])
        now = order[first]
        chosen.append(now)
        gone = np.isin(one[order], one[now]) | np.isin(other[order], other[now])
        order = order[~gone]
    return np.sort(np.concatenate(chosen)) if chosen else np.zeros(0, np.int64)


def _is_first(row: Ints) -> NDArray[np.bool_]:
    found = np.zeros(len(row), bool)
    found[np.unique(row, return_index=True)[1]] = True
    return found


def components(one: Ints, other: Ints) -> Ints:
    """Return the number of the connected group that each pair is in.

    Parameters
    ----------
    one, other
        Rows of either table, from 0: (n,).
    """
    # Not at the top: SciPy's graphs take a while.
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n, m = int(one.max()) + 1, int(other.max()) + 1
    links = coo_array((np.ones(len(one)), (one, other + n)), shape=(n + m, n + m))
    _, group = connected_components(links, directed=False)
    return np.asarray(group[one], np.int64)


__all__ = ["components", "one_to_one", "probabilities"]
