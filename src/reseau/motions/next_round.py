"""What counts in the next round of a robust solution, from what was judged."""

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float
from scipy import stats

from .judgement import Epochs, Judged
from .outlying_epochs import LIMIT
from .round_state import NEXT_TO_NOTHING, SAME, State

WORST = 3.0
"""A plate whose errors are more than this times what they claim to be is left out; or,
where most plates' are larger than they claim, this times the median of all."""

TOGETHER = 0.7
"""Of several such plates those go first that are worse than this part of the worst."""

LEAST = 1.02
"""A factor of a plate's errors below this is not worth a weight."""

BORDER = 0.8
"""What was left out comes back below this part of a limit, not at the limit itself."""

MOST_LEFT_OUT = 0.25
"""Part of its plates that may be wrong about a star; one may in any case."""


def next_state(state: State, found: Judged, *, back: bool = True) -> State:
    """Return what counts in the next round.

    Parameters
    ----------
    state
        What counted.
    found
        What was judged.
    back
        Whether what does not count may come back.
    """
    factor = found.plates.factor
    gone = _gone(state.gone, factor)
    if not back:
        gone |= state.gone
    if np.any(gone & ~state.gone):
        return replace(state, weight=np.where(gone, NEXT_TO_NOTHING, state.weight))
    weight = np.where(factor > LEAST, factor**-2.0, 1.0)
    weight = np.where(gone, NEXT_TO_NOTHING, weight)
    same = np.abs(weight - state.weight) < SAME * state.weight
    weight = np.where(same, state.weight, weight)
    weight = weight if back else np.minimum(weight, state.weight)
    square = _squares(state, found.epochs, weight)
    counts = np.where(_misplaced(square, found), state.counts, found.counts)
    counts = counts if back else counts & state.counts
    steady = counts == state.counts
    out, restless = _left_out(state, found.epochs, steady, square, back=back)
    return State(counts, out, weight, restless)


def _squares(
    state: State, epochs: Epochs, weight: Float[np.ndarray, "p"]
) -> Float[np.ndarray, "m"]:
    """Return χ² of stars on plates by the new weights, 0 where nothing is told."""
    ratio = np.minimum(weight / state.weight, 1.0)[epochs.plate]
    heard = epochs.told & ~state.gone[epochs.plate]
    return np.where(heard, epochs.statistic * ratio, 0.0)


def _misplaced(square: Float[np.ndarray, "m"], found: Judged) -> Bool[np.ndarray, "n"]:
    """Return stars of which a plate is less likely right than the reference."""
    tests, epochs = found.references, found.epochs
    worst = np.zeros(tests.statistic.size)
    inside = ~epochs.out
    np.maximum.at(worst, epochs.star[inside], square[inside])
    dof = np.where(tests.dof > 0, tests.dof, 1.0)
    reference = stats.chi2.logsf(np.nan_to_num(tests.statistic), dof)
    return (worst > LIMIT) & (-0.5 * worst < reference)


def _gone(
    gone: Bool[np.ndarray, "p"], factor: Float[np.ndarray, "p"]
) -> Bool[np.ndarray, "p"]:
    """Return which plates are left out: the worst first, some come back."""
    limit = WORST * max(1.0, float(np.median(factor)))
    beyond = factor > limit
    new = beyond & ~gone
    if new.any():
        new &= factor >= TOGETHER * np.max(factor[new])
    return (gone & (factor > BORDER * limit)) | new


def _left_out(
    state: State,
    epochs: Epochs,
    steady: Bool[np.ndarray, "n"],
    square: Float[np.ndarray, "m"],
    *,
    back: bool,
) -> tuple[tuple[Bool[np.ndarray, "_"], ...], Bool[np.ndarray, "n"]]:
    """Return which sources are free on each plate, and which stars are restless.

    Parameters
    ----------
    steady
        Stars whose reference was not judged otherwise in this round.
    square
        χ² of stars on plates.
    back
        Whether what does not count may come back.
    """
    n = steady.size
    beyond = square > LIMIT
    number = np.bincount(epochs.star[~state.gone[epochs.plate]], minlength=n)
    allowed = np.maximum(1.0, MOST_LEFT_OUT * number)
    still = (square > BORDER * LIMIT) | ~epochs.told
    staying = epochs.out & (still | (not back))
    held = np.bincount(epochs.star[staying], minlength=n)
    new = _worst_of_each(square, beyond & ~epochs.out, epochs.star)
    new &= (steady & ~state.restless)[epochs.star]
    too_many = np.zeros(n, dtype=bool)
    too_many[epochs.star[new]] = (held + 1 > allowed)[epochs.star[new]]
    restless = state.restless | too_many
    out = (staying | new) & ~restless[epochs.star]
    found = tuple(np.zeros_like(before) for before in state.out)
    for number_, free in enumerate(found):
        here = epochs.plate == number_
        free[epochs.place[here]] = out[here]
    return found, restless


def _worst_of_each(
    square: np.ndarray, beyond: np.ndarray, star: np.ndarray
) -> Bool[np.ndarray, "m"]:
    """Return the worst of each star's plates, of those beyond the limit."""
    rows = np.flatnonzero(beyond)
    order = rows[np.lexsort((-square[rows], star[rows]))]
    first = np.ones(order.size, dtype=bool)
    first[1:] = star[order[1:]] != star[order[:-1]]
    out = np.zeros(square.size, dtype=bool)
    out[order[first]] = True
    return out


__all__ = ["LEAST", "MOST_LEFT_OUT", "WORST", "next_state"]
