"""Declared terms that other free parameters stand for exactly are refused by name.

A shift that is the same for all stars of an exposure is a pointing; one that grows with
the place is a position angle, a focal length, a turn or pitch of a detector; one that
does so alike on all exposures, to a higher degree, is a distortion. Data can never tell
them apart, and priors would share them out by their widths.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from reseau.errors import ConfigError, explain
from reseau.instrument import CalibrationTerm, Instrument, make_term
from reseau.instrument.calibration_terms import TIMES
from reseau.instrument.distortion.terms import Polynomial

PARALLEL = 1e-2
"""Largest difference of angles [rad] of detectors that are turned alike."""


def refuse_trades(instrument: Instrument, free: tuple[str, ...]) -> None:
    """Raise `ConfigError` for a term that other free parameters stand for.

    Parameters
    ----------
    instrument
        With the terms.
    free
        Names of the free blocks.
    """
    if "terms" not in free:
        return
    for term in instrument.terms:
        found = traded(instrument, term, free)
        if found is not None:
            degree, block, what = found
            higher = [
                d
                for d in range(degree + 1, term.degree + 1)
                if traded(instrument, replace(term, **_from(term, d)), free) is None
            ]
            mended = f"set minimum_degree = {higher[0]}" if higher else "raise degree"
            raise ConfigError(
                explain(
                    given=f"the term {term.name!r} of degree {degree}, covariate "
                    f"{term.covariate!r}, trades exactly with {what}",
                    wanted="terms that no other free parameters stand for",
                    where=f"term {term.name!r} of instrument {instrument.name!r}",
                    todo=f"{mended}, or hold the block {block}",
                )
            )


def _from(term: CalibrationTerm, degree: int) -> dict[str, Any]:
    """Return what changes where a term begins with a higher degree."""
    bare = make_term(
        term.covariate,
        normalisation=term.normalisation,
        axes=term.axes,
        minimum_degree=degree,
        degree=term.degree,
    )
    return {"minimum_degree": degree, "values": bare.values}


def traded(
    instrument: Instrument, term: CalibrationTerm, free: tuple[str, ...]
) -> tuple[int, str, str] | None:
    """Return the degree, the block and the words of what a term trades with.

    Parameters
    ----------
    instrument, term
        The term and its instrument.
    free
        Names of the free blocks.
    """
    if not {*term.factors} <= {"one", *TIMES}:
        return None
    degrees = {k + m for k, m in term.functions}
    constant = term.covariate == "one" or term.granularity == "exposure"
    parallel = term.frame == "plane" or _parallel(instrument)
    each = term.granularity != "detector" or len(instrument.detectors.ids) == 1
    if 0 in degrees:
        if "attitude" in free and parallel and each:
            return 0, "attitude", "the pointing of each exposure, ra and dec"
        if constant and _free(instrument, free, "sigma_centre"):
            return 0, "detectors", "x_um and y_um of the detectors"
    if 1 in degrees and parallel:
        found = _traded_linear(instrument, term, free, constant=constant, each=each)
        if found is not None:
            return 1, *found
    known = instrument.distortion
    if constant and parallel and "distortion" in free and isinstance(known, Polynomial):
        alike = [d for d in degrees if known.minimum_degree <= d <= known.degree]
        if alike and term.granularity == "plate":
            return max(alike), "distortion", "coefficients of the distortion"
    return None


def _traded_linear(
    instrument: Instrument,
    term: CalibrationTerm,
    free: tuple[str, ...],
    *,
    constant: bool,
    each: bool,
) -> tuple[str, str] | None:
    """Return what shifts of degree 1 trade with."""
    both = term.axes == "xy"
    scale = "scale" in free and float(instrument.focal_sigma) > 0
    by_axis = instrument.scale in ("exposure-axis", "plate-axis")
    of_each = instrument.scale in ("exposure-axis", "exposure")
    if each and "attitude" in free and both:
        return "attitude", "the position angle of each exposure, pa"
    if each and scale and (by_axis or both) and (of_each or term.covariate == "one"):
        return "scale", "the focal lengths"
    if constant and _free(instrument, free, "sigma_pitch"):
        return "detectors", "the pitches of the detectors"
    return None


def _free(instrument: Instrument, free: tuple[str, ...], sigma: str) -> bool:
    width = np.asarray(getattr(instrument.detectors, sigma))
    return "detectors" in free and bool(np.all(width > 0))


def _parallel(instrument: Instrument) -> bool:
    turn = np.exp(1j * np.asarray(instrument.detectors.theta))
    return bool(np.all(np.abs(turn - turn[0]) < PARALLEL))


__all__ = ["refuse_trades", "traded"]
