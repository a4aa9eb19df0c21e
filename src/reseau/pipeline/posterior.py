"""`reseau posterior` as a function: draws from a solution's posterior, in a file."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from reseau.io import check_output, read_summary
from reseau.io.arviz import require_arviz, to_arviz, write_draws
from reseau.io.posteriors import PosteriorNames, SavedPosterior, read_posterior
from reseau.solve import Solution
from reseau.solve.draws import sample_posterior

from .prepare import Prepared

DRAWS = 1000
"""Draws that are made unless another number is asked for."""


@dataclass(frozen=True)
class WrittenDraws:
    """What was drawn, and where it is.

    Attributes
    ----------
    output
        The netCDF file.
    draws, seed
        Number of draws, and seed of the random numbers.
    sources, exposures
        Of how many.
    n_bytes
        Size of the file.
    result
        How the solution had ended, by name.
    seconds
        Time spent.
    """

    output: Path
    draws: int
    seed: int
    sources: int
    exposures: int
    n_bytes: int
    result: str
    seconds: float

    @property
    def exit_code(self) -> int:
        """Return 0 where the solution can be used, else 3."""
        return 0 if self.result == "successful" else 3

    def as_dict(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return {
            "output": str(self.output),
            "draws": self.draws,
            "seed": self.seed,
            "n_sources": self.sources,
            "n_exposures": self.exposures,
            "bytes": self.n_bytes,
            "result": self.result,
            "seconds": self.seconds,
        }

    def lines(self) -> list[str]:
        """Return what to tell."""
        found = [
            f"{self.draws:,} draws of {self.sources:,} sources and {self.exposures:,} "
            f"exposures with their calibration: {self.output} "
            f"({self.n_bytes / 1e6:,.1f} MB, {self.seconds:.1f} s)",
            "open it with arviz or with xarray.open_datatree",
        ]
        if self.exit_code:
            found.append(f"BEWARE: the solution ended {self.result!r}")
        return found


def posterior(
    solution: str | Path,
    output: str | Path,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    overwrite: bool = False,
) -> WrittenDraws:
    """Draw from the Gaussian posterior of a solution and write the draws as netCDF.

    Parameters
    ----------
    solution
        Directory of the solution.
    output
        File to write.
    draws
        How many.
    seed
        Of the random numbers.
    overwrite
        Whether a file of that name may be replaced.

    Raises
    ------
    ReseauError
        The solution keeps no posterior, ArviZ is not installed, the output exists.
    """
    began = time.perf_counter()
    check_output(output, kind="file", overwrite=overwrite)
    require_arviz()
    summary = read_summary(solution)
    saved = read_posterior(solution)
    found = sample_posterior(saved.factor, draws, seed)
    tree = to_arviz(
        found,
        saved.names,
        attributes={
            "solution": Path(solution).resolve().name,
            "result": str(summary.get("result")),
            "datum": str(summary.get("datum")),
            "seed": seed,
        },
    )
    write_draws(tree, output, overwrite=overwrite)
    return WrittenDraws(
        output=Path(output),
        draws=draws,
        seed=seed,
        sources=int(found.solved.sum()),
        exposures=found.layout.n_exposures,
        n_bytes=Path(output).stat().st_size,
        result=str(summary.get("result")),
        seconds=time.perf_counter() - began,
    )


def saved_posterior(prepared: Prepared, solution: Solution) -> SavedPosterior | None:
    """Return what ``posterior.npz`` is to hold, or None where there is nothing."""
    if solution.factor is None:
        return None
    return SavedPosterior(solution.factor, posterior_names(prepared))


def posterior_names(prepared: Prepared) -> PosteriorNames:
    """Return what the rows of a plate's posterior are called."""
    instrument = prepared.problem.instrument
    return PosteriorNames(
        source_id=np.asarray(prepared.source_id, dtype=np.int64),
        exposure_id=np.asarray(prepared.exposure_id, dtype=np.int64),
        detector_id=np.asarray(instrument.detectors.ids, dtype=np.int64),
        coefficients=tuple(instrument.distortion.names),
        units=tuple(instrument.distortion.units),
    )


__all__ = [
    "DRAWS",
    "WrittenDraws",
    "posterior",
    "posterior_names",
    "saved_posterior",
]
