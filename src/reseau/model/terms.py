"""The declared calibration terms of an instrument as unknowns, and what they shift.

Coefficients that all exposures share form one vector: those of the whole plate, term by
term, then those of each detector in turn. Those of each exposure stand with its other
unknowns. A measurement feels of each term one set, its *own*.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Float

from reseau.errors import ConfigError, explain, some
from reseau.instrument import CalibrationTerm, Instrument

Pair = tuple[Any, Any]


class TermCounts(NamedTuple):
    """How many coefficients terms have.

    Attributes
    ----------
    plate
        Of the whole plate.
    detector, exposure
        Of each detector and of each exposure.
    """

    plate: int
    detector: int
    exposure: int


class Effects(NamedTuple):
    """What the terms act with at some measurements, one entry a term.

    Attributes
    ----------
    covariates
        The covariates less their zeros.
    own
        The coefficients that the measurements feel; they broadcast with these.
    """

    covariates: Sequence[Any]
    own: tuple[tuple[Any, ...], ...]


def of_granularity(instrument: Instrument, which: str) -> list[CalibrationTerm]:
    """Return the terms of one granularity: "plate", "detector" or "exposure"."""
    return [term for term in instrument.terms if term.granularity == which]


def term_counts(instrument: Instrument) -> TermCounts:
    """Return how many coefficients the terms of an instrument have."""
    return TermCounts(
        *(
            sum(len(term.own_names) for term in of_granularity(instrument, which))
            for which in TermCounts._fields
        )
    )


def nominal_terms(instrument: Instrument) -> Float[np.ndarray, "n_term"]:
    """Return the coefficients that all exposures share, at their prior means."""
    plate = [np.asarray(t.values) for t in of_granularity(instrument, "plate")]
    n = len(instrument.detectors.ids)
    each = [
        np.asarray(t.values).reshape(n, -1)
        for t in of_granularity(instrument, "detector")
    ]
    of_detectors = np.concatenate([np.zeros((n, 0)), *each], axis=1)
    return np.concatenate([np.zeros(0), *plate, of_detectors.ravel()])


def nominal_exposure_terms(instrument: Instrument) -> Float[np.ndarray, "k"]:
    """Return the coefficients that each exposure has, at their prior means."""
    values = [np.asarray(t.values) for t in of_granularity(instrument, "exposure")]
    return np.concatenate([np.zeros(0), *values])


def term_widths(instrument: Instrument) -> Float[np.ndarray, "n_term"]:
    """Return the prior widths of `nominal_terms`."""
    plate = _widths(of_granularity(instrument, "plate"))
    each = _widths(of_granularity(instrument, "detector"))
    return np.concatenate([plate, np.tile(each, len(instrument.detectors.ids))])


def exposure_term_widths(instrument: Instrument) -> Float[np.ndarray, "k"]:
    """Return the prior widths of `nominal_exposure_terms`."""
    return _widths(of_granularity(instrument, "exposure"))


def _widths(terms: list[CalibrationTerm]) -> np.ndarray:
    parts = [np.full(len(t.own_names), float(t.sigma)) for t in terms]
    return np.concatenate([np.zeros(0), *parts])


def term_names(instrument: Instrument, which: str) -> list[str]:
    """Return the names of the coefficients of one granularity, one set."""
    return [n for term in of_granularity(instrument, which) for n in term.own_names]


def term_labels(instrument: Instrument) -> tuple[str, ...]:
    """Return the names of `nominal_terms`, with the detector where it applies."""
    of_detector = term_names(instrument, "detector")
    labels = term_names(instrument, "plate")
    labels += [
        f"{n}@detector={d}" for d in instrument.detectors.ids for n in of_detector
    ]
    return tuple(labels)


def term_units(instrument: Instrument, which: str) -> list[str]:
    """Return the units of `term_names`."""
    terms = of_granularity(instrument, which)
    return [term.unit for term in terms for _ in term.own_names]


def effects_of(
    instrument: Instrument,
    terms: Array,
    of_exposure: Any,
    index: Any,
    covariates: Any,
) -> Effects:
    """Return what the terms act with at some measurements.

    Parameters
    ----------
    terms
        As in `Parameters`.
    of_exposure
        Those of the exposures met, along the last axis; any where there are none.
    index
        Detectors met.
    covariates
        Of the measurements, a row a term.

    Raises
    ------
    ConfigError
        There are terms and no covariates.
    """
    if covariates is None:
        raise ConfigError(
            explain(
                given="no covariates of the measurements",
                wanted="one row for each of the terms "
                f"{some([t.name for t in instrument.terms])}",
                where=f"instrument {instrument.name!r}",
                todo="give the covariates that `term_covariates` returns",
            )
        )
    counts, own = term_counts(instrument), []
    start = {"plate": 0, "detector": counts.plate, "exposure": 0}
    for term in instrument.terms:
        first, n = start[term.granularity], len(term.own_names)
        start[term.granularity] += n
        places = range(first, first + n)
        if term.granularity == "plate":
            own.append(tuple(terms[i] for i in places))
        elif term.granularity == "detector":
            own.append(tuple(terms[i + counts.detector * index] for i in places))
        else:
            own.append(tuple(of_exposure[..., i] for i in places))
    return Effects([covariates[i] for i in range(len(own))], tuple(own))


def shifts(
    instrument: Instrument, effects: Effects, x: Any, y: Any, frame: str
) -> Pair:
    """Return the sum of the shifts in one frame [um or pixel].

    Parameters
    ----------
    effects
        Of the measurements.
    x, y
        Undistorted focal-plane position, skew included [um].
    frame
        "plane" or "pixel".
    """
    total: Pair = (0.0, 0.0)
    for term, u, own in zip(
        instrument.terms, effects.covariates, effects.own, strict=True
    ):
        if term.frame == frame:
            moved = term.shift(x, y, u, own)
            total = total[0] + moved[0], total[1] + moved[1]
    return total


def fitted_terms(
    instrument: Instrument, common: Float[np.ndarray, "n_term"], own: np.ndarray
) -> list[np.ndarray]:
    """Return the values of each term, in the order of the instrument's.

    Parameters
    ----------
    common
        As `nominal_terms`.
    own
        Of each exposure, (n_row, k): the values are their means.
    """
    counts = term_counts(instrument)
    sets = {
        "plate": common[: counts.plate],
        "detector": common[counts.plate :].reshape(-1, max(counts.detector, 1)),
        "exposure": np.mean(own, axis=0) if own.size else np.zeros(0),
    }
    start = dict.fromkeys(sets, 0)
    found = []
    for term in instrument.terms:
        which, n = term.granularity, len(term.own_names)
        here = slice(start[which], start[which] + n)
        start[which] += n
        found.append(np.ravel(sets[which][..., here]))
    return found


def has_frame(instrument: Instrument, frame: str) -> bool:
    """Return whether a term shifts in a frame."""
    return any(term.frame == frame for term in instrument.terms)


__all__ = [
    "Effects",
    "TermCounts",
    "effects_of",
    "exposure_term_widths",
    "fitted_terms",
    "has_frame",
    "nominal_exposure_terms",
    "nominal_terms",
    "of_granularity",
    "shifts",
    "term_counts",
    "term_labels",
    "term_names",
    "term_units",
    "term_widths",
]
