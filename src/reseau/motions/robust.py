"""The solution of many plates that wrong references and bad plates do not mislead.

In rounds all is judged at one solution and changed, the strongest first:

- a plate that disagrees beyond `WORST` with all others counts a millionth. Where one
  does, nothing else is judged until it is out;
- another, whose errors are s times what they claim to be, counts 1/s²;
- a reference that all else says is wrong loses its prior;
- a star that is elsewhere on a plate than all its plates say gets a free position
  there. Where that is so on too many of its plates, it is the star that moves
  otherwise: all its plates count, and its F2 tells.

All is judged anew in every round, and in the first half of them may come back. Nothing
is dropped in silence: what lost its weight is listed, and every star stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from reseau.datasets.information import Information
from reseau.linalg import (
    Columns,
    LowRankFactor,
    cholesky_blocks,
    factor_of_whitened,
    whitened,
)

from .disagreement import PlateTest
from .joint import Joint, Share, joint
from .judgement import Judged, judged
from .left_out import Kept, weighted, without_sources
from .merging import EPSILON
from .next_round import next_state
from .outlying_epochs import BAD_FIT
from .robust_words import sentences_of
from .round_state import State
from .solving import Motions, solve_jointly
from .stars import POSITIONS, Stars
from .undetermined import undetermined, widths
from .wrong_references import ReferenceTest

ROUNDS = 12
"""How often all is judged, at most."""

COARSE = 0.03
"""Share below which modes are left out while all is still judged: errors are right to a
per cent, and the solution to what conjugate gradients leave."""


@dataclass(frozen=True)
class RobustMotions:
    """The solution, and what of the data it does not trust.

    Attributes
    ----------
    motions
        The solution; its equations are those of what counts, with the weights.
    wrong
        Which stars lost the prior that the catalogue gave them.
    wrong_probability
        That their prior is wrong; NaN where there is none.
    references
        The tests behind it.
    out
        Of each plate, which of its sources' data do not count: see
        `left_out_epochs.left_out_epochs`.
    left_out
        The same as numbers of plates (in the order given) and stars (rows), a pair a
        row.
    n_plates_left_out
        How many plates of each star these are, with those that are left out as a whole.
    plate_weight
        By which each plate counts.
    plate_chi2, plate_dof
        Of its residuals, as if errors were as claimed, and their degrees of freedom.
    plate_test
        The tests behind these.
    goodness
        F2 of each star over its epochs; NaN without degrees of freedom.
    bad_fit
        Stars whose plates disagree among themselves: F2 above `BAD_FIT`.
    settled
        Whether the last round changed nothing.
    sentences
        What was found, for people.
    """

    motions: Motions
    wrong: Bool[np.ndarray, "n"]
    wrong_probability: Float[np.ndarray, "n"]
    references: ReferenceTest
    out: tuple[Bool[np.ndarray, "_"], ...]
    left_out: Int[np.ndarray, "q 2"]
    n_plates_left_out: Int[np.ndarray, "n"]
    plate_weight: Float[np.ndarray, "p"]
    plate_chi2: Float[np.ndarray, "p"]
    plate_dof: Float[np.ndarray, "p"]
    plate_test: PlateTest
    goodness: Float[np.ndarray, "n"]
    bad_fit: Bool[np.ndarray, "n"]
    settled: bool
    sentences: tuple[str, ...]


def solve_robustly(
    plates: Sequence[Information],
    stars: Stars,
    *,
    epsilon: float = EPSILON,
    rounds: int = ROUNDS,
) -> RobustMotions:
    """Solve for the stars of many plates, with what disagrees found and down-weighted.

    Parameters
    ----------
    plates
        What they say.
    stars
        As `stars_of` or `with_positions_alone` return them.
    epsilon
        Share of information below which modes are left out of the covariance.
    rounds
        How often all is judged, at most.

    Raises
    ------
    DegeneracyError
        A star has a block that is singular.
    """
    state = State.trusting(plates, stars)
    kept = [
        without_sources(plate, out)
        for plate, out in zip(plates, state.out, strict=True)
    ]
    coarse = max(epsilon, COARSE)
    motions = solve_jointly(_equations(kept, stars, state), epsilon=coarse)
    settled = False
    for number in range(rounds):
        found = judged(motions, plates, stars, state, kept)
        new = next_state(state, found, back=2 * number < rounds)
        settled = new.same_as(state)
        if settled:
            break
        kept = _kept_again(plates, kept, state, new)
        equations = _equations(kept, stars, new, motions.equations)
        factor = None
        if new.same_plates(state):
            factor = _with_blocks(motions.factor, equations.blocks)
        motions = solve_jointly(equations, epsilon=coarse, factor=factor)
        state = new
    motions = solve_jointly(motions.equations, epsilon=epsilon)
    if not (settled and rounds):
        found = judged(motions, plates, stars, state, kept)
    return _outcome(motions, found, state, plates, stars, settled)


def _with_blocks(
    factor: LowRankFactor, blocks: Float[np.ndarray, "n k k"]
) -> LowRankFactor | None:
    """Return the factor of the same columns beside other blocks; None: make it anew."""
    if factor.null.size:
        return None
    root = cholesky_blocks(blocks)
    lower = factor.root @ (factor.modes * np.sqrt(factor.share))
    columns = Columns(np.arange(len(lower)), lower)
    return factor_of_whitened(root, [whitened(columns, root)])


def _kept_again(
    plates: Sequence[Information], kept: list[Kept], old: State, new: State
) -> list[Kept]:
    """Return what plates say of the sources that count, anew where those changed."""
    return [
        before if np.array_equal(was, out) else without_sources(plate, out)
        for plate, before, was, out in zip(plates, kept, old.out, new.out, strict=True)
    ]


def _equations(
    kept: Sequence[Kept],
    stars: Stars,
    state: State,
    before: Joint | None = None,
) -> Joint:
    """Return the normal equations of what counts, at the solution before, if any."""
    counts = state.counts
    now = replace(
        stars if before is None else before.stars,
        mean=stars.mean.copy(),
        prior=np.where(counts[:, None, None], stars.prior, 0.0),
        is_reference=stars.is_reference & counts,
        solved_for=stars.solved_for,
    )
    said = [
        weighted(some.information, float(w))
        for some, w in zip(kept, state.weight, strict=True)
    ]
    bare = joint(said, now) if before is None else _exchanged(before, said, now)
    return Joint(_with_wide_priors(now, bare.blocks), bare.plates)


def _exchanged(before: Joint, said: Sequence[Information], now: Stars) -> Joint:
    """Return equations at the same point, in which plates say something else."""
    return Joint(
        now,
        tuple(
            Share(plate, share.mapped)
            if np.array_equal(plate.source_id, share.information.source_id)
            else joint([plate], now).plates[0]
            for plate, share in zip(said, before.plates, strict=True)
        ),
    )


def _with_wide_priors(stars: Stars, blocks: Float[np.ndarray, "n k k"]) -> Stars:
    """Return stars with the wide prior on what is not determined any more.

    Unlike at the start their epoch stays, which the catalogue's parameters are of.
    """
    width, size = widths(stars.size), stars.size
    open_ = undetermined(blocks)
    at = np.arange(2, size)
    stars.prior[np.ix_(open_, at, at)] += np.diag(width**-2.0)
    stars.mean[np.ix_(open_, at)] = 0.0
    if size > 5:
        bare = np.flatnonzero(blocks[:, 5, 5] * width[3] ** 2 < 1.0)
        bare = bare[~open_[bare]]
        stars.prior[bare, 5, 5] += width[3] ** -2.0
    return replace(stars, solved_for=np.where(open_, POSITIONS, stars.solved_for))


def _outcome(
    motions: Motions,
    found: Judged,
    state: State,
    plates: Sequence[Information],
    stars: Stars,
    settled: bool,
) -> RobustMotions:
    pairs = [
        np.stack(
            [
                np.full(np.count_nonzero(out), number),
                np.searchsorted(stars.source_id, plate.source_id[out]),
            ],
            axis=1,
        )
        for number, (plate, out) in enumerate(zip(plates, state.out, strict=True))
    ]
    left_out = np.concatenate([np.zeros((0, 2), dtype=int), *pairs])
    number = np.bincount(left_out[:, 1], minlength=stars.n)
    for plate, gone in zip(plates, state.gone, strict=True):
        if gone:
            number[np.searchsorted(stars.source_id, plate.source_id)] += 1
    bad = np.nan_to_num(found.goodness) > BAD_FIT
    wrong = stars.is_reference & ~state.counts
    return RobustMotions(
        motions=motions,
        wrong=wrong,
        wrong_probability=found.references.wrong_probability,
        references=found.references,
        out=state.out,
        left_out=left_out,
        n_plates_left_out=number,
        plate_weight=state.weight,
        plate_chi2=found.plates.chi2,
        plate_dof=found.plates.dof,
        plate_test=found.plates,
        goodness=found.goodness,
        bad_fit=bad,
        settled=settled,
        sentences=sentences_of(
            plates, stars, state, found, wrong=wrong, bad=bad, settled=settled
        ),
    )


__all__ = ["ROUNDS", "RobustMotions", "solve_robustly"]
