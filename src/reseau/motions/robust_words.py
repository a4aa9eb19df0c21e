"""What a robust solution found, in sentences."""

from collections.abc import Sequence

import numpy as np

from reseau._words import counted
from reseau.constants import MILLIARCSECOND
from reseau.datasets.information import Information

from .disagreement import PATTERNS, PlateTest
from .judgement import Judged
from .outlying_epochs import BAD_FIT
from .outlying_epochs import FALSE_ALARM as EPOCH_ALARM
from .round_state import State
from .stars import Stars
from .wrong_references import FALSE_ALARM

NAMED = 5
"""How many sources a sentence names."""


def sentences_of(
    plates: Sequence[Information],
    stars: Stars,
    state: State,
    found: Judged,
    *,
    wrong: np.ndarray,
    bad: np.ndarray,
    settled: bool,
) -> tuple[str, ...]:
    """Return what was found, a sentence each.

    Parameters
    ----------
    plates, stars
        All of them.
    state
        What counts at the end.
    found
        What was judged there.
    wrong
        Stars whose reference lost its prior.
    bad
        Stars whose plates disagree among themselves.
    settled
        Whether the last round changed nothing.
    """
    out = [
        *_about_references(stars, wrong),
        *_about_plates(plates, state, found.plates),
        *_about_epochs(plates, state),
        *_about_stars(stars, bad),
    ]
    if not settled:
        out.append(
            "The last round still changed what counts: allow more rounds, or look at "
            "the plates and sources named here."
        )
    return tuple(out)


def _about_references(stars: Stars, wrong: np.ndarray) -> list[str]:
    if not wrong.any():
        return []
    ids = stars.source_id[wrong]
    of = int(np.count_nonzero(stars.is_reference))
    return [
        f"{counted(ids.size, 'references')} of {of:,} {_is(ids.size)} wrong by all "
        f"that the plates say (p < {FALSE_ALARM:g}) and {_do(ids.size)} not count: "
        f"{_named(ids)}."
    ]


def _about_plates(
    plates: Sequence[Information], state: State, tests: PlateTest
) -> list[str]:
    out = []
    factor = np.sqrt(tests.chi2 / np.maximum(tests.dof, 1.0))
    for number, (plate, weight) in enumerate(zip(plates, state.weight, strict=True)):
        if weight == 1.0:
            continue
        fate = (
            "is left out"
            if state.gone[number]
            else f"counts {weight:.2g} of what it claims"
        )
        out.append(
            f"Plate {plate.plate_id} {fate}: its residuals are {factor[number]:.2f} "
            f"times their errors{_looks(tests.amount[number], tests.error[number])}."
        )
    return out


def _looks(amount: np.ndarray, error: np.ndarray) -> str:
    """Return what a plate looks like as a whole, where that is clear."""
    significance = np.nan_to_num(np.abs(amount) / error)
    i = int(np.argmax(significance))
    if significance[i] < 5.0:
        return ""
    unit, scale = {6: ("yr", 1.0), 7: ("of the parallaxes", 1.0)}.get(
        i, ("mas", MILLIARCSECOND)
    )
    return (
        f", and it looks {PATTERNS[i]} "
        f"by {amount[i] / scale:.3g} ± {error[i] / scale:.1g} {unit}"
    )


def _about_epochs(plates: Sequence[Information], state: State) -> list[str]:
    ids = [
        plate.source_id[out]
        for plate, out in zip(plates, state.out, strict=True)
        if out.any()
    ]
    if not ids:
        return []
    every = np.concatenate(ids)
    some = np.unique(every)
    return [
        f"{counted(every.size, 'positions')} of {counted(some.size, 'sources')} on "
        f"{counted(len(ids), 'plates')} {_is(every.size)} not where the other plates "
        f"put the source (p < {EPOCH_ALARM:g}) and {_do(every.size)} not count: "
        f"{_named(some)}."
    ]


def _about_stars(stars: Stars, bad: np.ndarray) -> list[str]:
    if not bad.any():
        return []
    ids = stars.source_id[bad]
    return [
        f"The plates of {counted(ids.size, 'sources')} disagree among themselves "
        f"(F2 > {BAD_FIT:g}), as those of binaries do; all count: {_named(ids)}."
    ]


def _is(n: int) -> str:
    return "is" if n == 1 else "are"


def _do(n: int) -> str:
    return "does" if n == 1 else "do"


def _named(ids: np.ndarray) -> str:
    rest = ids.size - NAMED
    some = ", ".join(str(i) for i in ids[:NAMED])
    return some if rest <= 0 else f"{some} and {rest:,} more"


__all__ = ["sentences_of"]
