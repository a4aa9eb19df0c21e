"""`reseau posterior` as a function: draws from a solution's posterior, for ArviZ."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from reseau.datasets import read_summary
from reseau.errors import FileFormatError, explain
from reseau.exchange import PosteriorNames, to_arviz, write_draws
from reseau.exchange.arviz import check_netcdf, require_arviz
from reseau.exchange.posteriors import SavedPosterior, read_posterior
from reseau.plates import Prepared
from reseau.solvers import Draws, Solution
from reseau.solvers.posterior.draws import resample, sample_posterior
from reseau.solvers.posterior.factor import PosteriorFactor
from reseau.tables import check_output

if TYPE_CHECKING:
    pass

DRAWS = 1000
"""Draws that are made of a Gaussian unless another number is asked for."""


@dataclass(frozen=True)
class WrittenDraws:
    """What was drawn, and where it is.

    Attributes
    ----------
    output
        The netCDF file.
    chains, draws, seed
        Numbers of chains and of draws in each, and seed of the random numbers.
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
    chains: int
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
            "chains": self.chains,
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
        each = f"{self.chains} chains of " if self.chains > 1 else ""
        found = [
            f"{each}{self.draws:,} draws of {self.sources:,} sources and "
            f"{self.exposures:,} exposures with their calibration: {self.output} "
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
    draws: int | None = None,
    seed: int = 0,
    overwrite: bool = False,
) -> WrittenDraws:
    """Draw from the posterior of a solution and write the draws as netCDF.

    Independent draws of a Gaussian posterior. Of a solution by nuts its own draws: all
    of them, chain by chain with the sampler's statistics, or as many as are asked for,
    picked at random.

    Parameters
    ----------
    solution
        Directory of the solution.
    output
        File to write, ``*.nc``.
    draws
        How many; 1000 unless given, of nuts all.
    seed
        Of the random numbers.
    overwrite
        Whether a file of that name may be replaced.

    Raises
    ------
    ReseauError
        The solution keeps no posterior, ArviZ is not installed, the output exists or
        is called otherwise.

    Examples
    --------
    >>> from reseau import posterior, simulate, solve  # doctest: +SKIP
    >>> solve(simulate(small=True).dataset, "solution")  # doctest: +SKIP
    >>> posterior("solution", "draws.nc", draws=2000)  # doctest: +SKIP
    """
    began = time.perf_counter()
    _check_directory(solution)
    check_netcdf(output)
    check_output(output, kind="file", overwrite=overwrite)
    require_arviz()
    summary = read_summary(solution)
    saved = read_posterior(solution)
    found = drawn(saved.source, draws, seed)
    of_solution = {"solution": Path(solution).resolve().name}
    attributes = of_solution | described(summary, seed)
    tree = to_arviz(found, saved.names, attributes=attributes)
    write_draws(tree, output, overwrite=overwrite)
    chains, each = found.number
    return WrittenDraws(
        output=Path(output),
        chains=chains,
        draws=each,
        seed=seed,
        sources=int(found.solved.sum()),
        exposures=found.layout.n_exposures,
        n_bytes=Path(output).stat().st_size,
        result=str(summary.get("result")),
        seconds=time.perf_counter() - began,
    )


def _check_directory(solution: object) -> None:
    """Refuse a solution in memory, which needs no file."""
    if isinstance(solution, (str, Path)):
        return
    raise FileFormatError(
        explain(
            given=f"a solution of type {type(solution).__name__}",
            wanted="the directory of a solution",
            where="posterior",
            todo="of a solution in memory: solved.to_arviz(1000), which "
            "reseau.exchange.write_draws writes",
        )
    )


def drawn(source: PosteriorFactor | Draws, draws: int | None, seed: int) -> Draws:
    """Return chains whole unless a number is asked for, else draws."""
    if not isinstance(source, Draws):
        return sample_posterior(source, DRAWS if draws is None else draws, seed)
    return source if draws is None else resample(source, draws, seed)


def described(summary: Mapping[str, Any], seed: int) -> dict[str, str | int]:
    """Return what a file of draws says of the solution they are from."""
    return {
        "result": str(summary.get("result")),
        "method": str(summary.get("method", "gauss-newton")),
        "datum": str(summary.get("datum")),
        "seed": seed,
    }


def saved_posterior(prepared: Prepared, solution: Solution) -> SavedPosterior | None:
    """Return what draws can be made from later, or None where there is nothing."""
    source = solution.draws or solution.factor
    return None if source is None else SavedPosterior(source, posterior_names(prepared))


def posterior_names(prepared: Prepared) -> PosteriorNames:
    """Return what the rows of a plate's posterior are called."""
    instrument = prepared.problem.instrument
    return PosteriorNames(
        source_id=np.asarray(prepared.source_id, dtype=np.int64),
        exposure_id=np.asarray(prepared.exposure_id, dtype=np.int64),
        detector_id=np.asarray(instrument.detectors.ids, dtype=np.int64),
        coefficients=tuple(instrument.distortion.names),
        units=tuple(instrument.distortion.units),
        terms=prepared.term_labels,
    )


__all__ = [
    "DRAWS",
    "WrittenDraws",
    "described",
    "drawn",
    "posterior",
    "posterior_names",
    "saved_posterior",
]
