"""What would take for ever is refused before it begins."""

from collections.abc import Mapping

import numpy as np

from reseau.errors import CatalogueError, explain
from reseau.model import Problem

from .naming import Names, name_of

MOST_REPEATS = 16
"""Measurements of one source on one exposure and detector that are believed."""

MOST_SHARED = 40_000
"""Attitudes and calibration parameters of a plate: their matrix has 12 GiB."""


def check_solvable(
    problem: Problem, ids: Mapping[str, np.ndarray], names: Names, where: str
) -> None:
    """Raise `CatalogueError` for a plate that nobody can have meant.

    Parameters
    ----------
    problem
        The plate.
    ids
        Of the sources and exposures in its rows.
    names
        Texts for which ids stand.
    where
        For messages.
    """
    _check_repeats(problem, ids, names, where)
    shared = problem.layout.size
    if shared > MOST_SHARED:
        raise CatalogueError(
            explain(
                given=f"{len(ids['exposure']):,} exposures in one plate, with "
                f"{shared:,} attitudes and calibration parameters together",
                wanted=f"at most {MOST_SHARED:,}",
                where=where,
                todo="check the exposures' ids: a row's number is none; or divide the "
                "plate",
            )
        )


def _check_repeats(
    problem: Problem, ids: Mapping[str, np.ndarray], names: Names, where: str
) -> None:
    """Refuse many measurements of one source on one exposure and detector."""
    measurements = problem.measurements
    source = np.asarray(measurements.source, dtype=np.int64)
    exposure = np.asarray(measurements.exposure, dtype=np.int64)
    detector = np.asarray(measurements.detector, dtype=np.int64)
    if source.size <= MOST_REPEATS:
        return
    slot = exposure * (int(detector.max()) + 1) + detector
    pair = source * (int(slot.max()) + 1) + slot
    first, counts = np.unique(pair, return_index=True, return_counts=True)[1:]
    worst = int(np.argmax(counts))
    if counts[worst] <= MOST_REPEATS:
        return
    row = first[worst]
    detectors = problem.instrument.detectors.ids
    raise CatalogueError(
        explain(
            given=f"source {name_of(names, 'source', ids['source'][source[row]])} was "
            f"measured {counts[worst]:,} times on exposure "
            f"{name_of(names, 'exposure', ids['exposure'][exposure[row]])}, detector "
            f"{name_of(names, 'detector', detectors[detector[row]])}",
            wanted=f"a source in one place: at most {MOST_REPEATS} measurements of it "
            "there",
            where=f"{where}, measurements, column source_id",
            todo="check the identification: one id may stand for all that is not "
            "identified; or the ids of the exposures, which may be one for all",
        )
    )


__all__ = ["check_solvable"]
