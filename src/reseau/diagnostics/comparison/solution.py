"""A solution as `compare` needs it, from files or straight from the solver."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from reseau.datasets import PlateTables, read_solution
from reseau.instrument import Instrument
from reseau.plates.calibration import calibration_columns
from reseau.plates.naming import with_names
from reseau.plates.result import (
    exposure_columns,
    residual_columns,
    source_columns,
)
from reseau.plates.solved import SolvedPlate
from reseau.tables import columns_of
from reseau.tables.damage import damage_told

Columns = dict[str, np.ndarray]


@dataclass(frozen=True)
class Compared:
    """Columns of a solution.

    Attributes
    ----------
    sources, exposures, calibration, residuals
        Columns as in the files.
    covariance
        Of the calibration, in the order of its rows.
    instrument
        The fitted instrument.
    free
        Names of the free blocks.
    free_network
        Whether no reference fixed the positions.
    null_directions
        In words, combinations that nothing determined.
    summary
        As in ``summary.json``.
    nominal
        The instrument before the fit, where it is known.
    """

    sources: Columns
    exposures: Columns
    calibration: Columns
    covariance: np.ndarray
    instrument: Instrument
    free: tuple[str, ...]
    free_network: bool
    null_directions: tuple[str, ...] = ()
    residuals: Columns = field(default_factory=dict)
    summary: Mapping[str, Any] = field(default_factory=dict)
    nominal: Instrument | None = None

    @property
    def scale_is_open(self) -> bool:
        """Return whether nothing fixed the scale of a free network."""
        named = any(n.startswith("scale") for n in self.null_directions)
        return self.free_network and (named or {"scale", "distortion"} <= {*self.free})


def compared_solution(solution: str | Path | SolvedPlate | PlateTables) -> Compared:
    """Return the columns of a solution.

    Parameters
    ----------
    solution
        Directory of a solution, its tables, or what `solve` returned.
    """
    if isinstance(solution, SolvedPlate):
        return _from_memory(solution)
    if isinstance(solution, PlateTables):
        return _from_files(solution)
    with damage_told(solution, "solution", "solve again"):
        return _from_files(read_solution(solution))


def _from_files(files: PlateTables) -> Compared:
    summary = files.summary
    return Compared(
        sources=columns_of(files.sources),
        exposures=columns_of(files.exposures),
        calibration=columns_of(files.calibration),
        covariance=files.covariance,
        instrument=files.instrument,
        free=tuple(summary.get("free", ())),
        free_network=bool(summary.get("free_network", False)),
        null_directions=tuple(summary.get("null_directions", ())),
        residuals=columns_of(files.residuals),
        summary=summary,
    )


def _from_memory(solved: SolvedPlate) -> Compared:
    prepared, solution = solved.prepared, solved.solution
    calibration, covariance = calibration_columns(prepared, solution)
    return Compared(
        sources=source_columns(prepared, solution),
        exposures=with_names(exposure_columns(prepared, solution), prepared.names),
        calibration={k: np.asarray(v) for k, v in calibration.items()},
        covariance=covariance,
        instrument=solved.instrument,
        free=prepared.problem.free,
        free_network=prepared.problem.free_network,
        null_directions=solution.null_directions,
        residuals=residual_columns(prepared, solution),
        summary=solved.summary,
        nominal=prepared.problem.instrument,
    )


__all__ = ["Columns", "Compared", "compared_solution"]
