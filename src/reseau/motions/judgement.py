"""All is judged at one solution: references, plates, and stars on plates."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from reseau._parts import each_part
from reseau.datasets.information import Information

from .disagreement import PlateTest, judge_plates
from .dropped_priors import MOST_TOGETHER, covariance_among, without_the_wrong
from .goodness import SPARE, wilson_hilferty
from .joint import Joint
from .left_out import Kept, weighted
from .left_out_epochs import free_positions
from .outlying_epochs import (
    LIMIT,
    EpochTest,
    held_covariances,
    judge_epochs,
    judge_offsets,
)
from .round_state import State
from .solving import Motions
from .stars import Stars
from .wrong_references import (
    RIGHT_AGAIN,
    ReferenceTest,
    find_cavity,
    judge_references,
    p_values,
    squares,
)

FEW = 0.05
"""A plate is judged without those of its sources that are out of place, up to this part
of them: one star far off draws all that the calibration ties to it."""

NEARLY = 0.01
"""p-value below which a reference is judged together with the worst ones."""


class Epochs(NamedTuple):
    """Verdict on every star on every plate.

    Attributes
    ----------
    plate, star
        Numbers of both.
    place
        Of the source among those of the plate.
    out
        Whether its data did not count.
    statistic, told, chi2, dof
        As of `EpochTest`.
    """

    plate: Int[np.ndarray, "m"]
    star: Int[np.ndarray, "m"]
    place: Int[np.ndarray, "m"]
    out: Bool[np.ndarray, "m"]
    statistic: Float[np.ndarray, "m"]
    told: Bool[np.ndarray, "m"]
    chi2: Float[np.ndarray, "m"]
    dof: Float[np.ndarray, "m"]


class Judged(NamedTuple):
    """Verdicts of a round.

    Attributes
    ----------
    references
        Tests of the references.
    counts
        Which stars should have their priors.
    plates
        Tests of the plates.
    epochs
        Tests of stars on plates.
    goodness
        F2 of each star over what counts of its epochs.
    """

    references: ReferenceTest
    counts: Bool[np.ndarray, "n"]
    plates: PlateTest
    epochs: Epochs
    goodness: Float[np.ndarray, "n"]


def judged(
    motions: Motions,
    plates: Sequence[Information],
    stars: Stars,
    state: State,
    kept: Sequence[Kept],
) -> Judged:
    """Judge all that went into a solution, and what did not.

    Parameters
    ----------
    motions
        The solution.
    plates
        As they were solved.
    stars
        With the priors that the catalogue gives them.
    state
        What counted.
    kept
        What the plates say of the sources that count.
    """
    equations = motions.equations
    references, counts = _judge_references(motions, stars, state.counts)
    drawn = each_part(lambda share: share.gradient, equations.plates)
    epochs = _judge_epochs(equations, plates, state, drawn)
    aside = [_few(epochs, number) for number in range(len(plates))]
    found = judge_plates(
        equations,
        state.weight,
        [some.gram for some in kept],
        motions.factor,
        drawn,
        aside,
    )
    used = ~epochs.out & ~state.gone[epochs.plate]
    chi2, dof = (
        np.bincount(epochs.star[used], part[used], minlength=stars.n)
        for part in (epochs.chi2, epochs.dof)
    )
    goodness = wilson_hilferty(chi2, np.where(dof > SPARE, dof, 0.0))
    return Judged(references, counts, found, epochs, goodness)


def _few(epochs: Epochs, number: int) -> Bool[np.ndarray, "m"]:
    """Return which sources of a plate are out of place: the worst, if they are many."""
    here = (epochs.plate == number) & ~epochs.out
    square = np.where(epochs.told[here], epochs.statistic[here], 0.0)
    worst = np.argsort(-square, kind="stable")[: int(FEW * square.size)]
    found = np.zeros(square.size, dtype=bool)
    found[worst[square[worst] > LIMIT]] = True
    return found


def _judge_references(
    motions: Motions, stars: Stars, counts: np.ndarray
) -> tuple[ReferenceTest, Bool[np.ndarray, "n"]]:
    """Return tests of all references, and which of them should count."""
    now = motions.equations.stars
    rows = np.flatnonzero(stars.is_reference & np.any(stars.prior != 0, axis=(1, 2)))
    k = stars.size
    offset = (now.parameters - stars.mean)[rows, :k]
    covariance = motions.factor.covariance_blocks()[rows]
    cavity = find_cavity(covariance, offset, stars.prior[rows], counts[rows])
    tests = judge_references(cavity, rows, stars.n)
    chance, square = p_values(cavity), squares(cavity)
    again = ~counts[rows] & (chance >= RIGHT_AGAIN)
    if not (tests.wrong & counts).any() and not again.any():
        return tests, counts
    near = np.flatnonzero((counts[rows] & (chance < NEARLY)) | again)
    worst = near[np.argsort(-square[near], kind="stable")[:MOST_TOGETHER]]
    among = without_the_wrong(
        covariance_among(motions.factor, rows[worst]),
        offset[worst],
        stars.prior[rows[worst]],
        counts[rows[worst]],
    )
    new = counts.copy()
    new[rows[worst]] = among
    return tests, new


def _judge_epochs(
    equations: Joint,
    plates: Sequence[Information],
    state: State,
    drawn: Sequence[np.ndarray],
) -> Epochs:
    """Return tests of all stars on all plates."""
    held = held_covariances(equations)

    def one(number: int) -> list[tuple[np.ndarray, ...]]:
        share, out = equations.plates[number], state.out[number]
        inside = judge_epochs(
            share,
            held,
            took_part=not bool(state.gone[number]),
            drawn=drawn[number],
        )
        some = [_row(number, np.flatnonzero(~out), inside, False)]
        if out.any():
            beside = _beside(plates[number], out, equations, state, number, held)
            some.append(_row(number, np.flatnonzero(out), beside, True))
        return some

    found = each_part(one, range(len(plates)))
    columns = zip(*[row for rows in found for row in rows], strict=True)
    return Epochs(*[np.concatenate(column) for column in columns])


def _row(
    number: int, place: np.ndarray, test: EpochTest, out: bool
) -> tuple[np.ndarray, ...]:
    n = test.row.size
    return (
        np.full(n, number),
        test.row,
        place,
        np.full(n, out),
        test.statistic,
        test.told,
        test.chi2,
        test.dof,
    )


def _beside(
    plate: Information,
    out: np.ndarray,
    equations: Joint,
    state: State,
    number: int,
    held: np.ndarray,
) -> EpochTest:
    """Test the sources with free positions: those are where the plate puts them."""
    said = weighted(plate, float(state.weight[number]))
    mapped, offset, covariance = free_positions(said, out, equations.stars)
    return judge_offsets(mapped, covariance, offset, held, took_part=False)


__all__ = ["Epochs", "Judged", "judged"]
