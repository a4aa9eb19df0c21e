"""The posterior of a solution in a file.

``posterior.npz`` holds what draws are made from, ``draws.npz`` the chains of a sampler;
a solution has one of them or none. Both are NumPy archives of plain arrays, not
compressed, and read without executing anything. Names are those of `PosteriorFactor`,
`Draws` and `Parameters`; ids are int64.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int

from reseau._archives import UNREADABLE, read_arrays
from reseau.errors import FileFormatError, explain
from reseau.model import Parameters
from reseau.solvers import Draws
from reseau.solvers.posterior.factor import PosteriorFactor
from reseau.solvers.solution import METHODS_WITH_DRAWS

POSTERIOR = "posterior.npz"
"""Name of the file that draws are made from, in the directory of a solution."""

CHAINS = "draws.npz"
"""Name of the file of a sampler's draws."""

FORMAT = 1

_TERMS = ("terms", "exposure_terms")
"""What is not written where there are none."""


@dataclass(frozen=True)
class PosteriorNames:
    """What the rows of a posterior are called.

    Attributes
    ----------
    source_id, exposure_id, detector_id
        Ids of the rows.
    coefficients, units
        Names of the distortion's coefficients, and their units.
    terms
        Labels of the declared terms that exposures share.
    """

    source_id: Int[np.ndarray, "n_src"]
    exposure_id: Int[np.ndarray, "n_exp"]
    detector_id: Int[np.ndarray, "n_det"]
    coefficients: tuple[str, ...]
    units: tuple[str, ...]
    terms: tuple[str, ...] = ()


@dataclass(frozen=True)
class SavedPosterior:
    """A posterior with its names.

    Attributes
    ----------
    source
        What draws are made from, or the chains of a sampler.
    names
        What its rows are called.
    """

    source: PosteriorFactor | Draws
    names: PosteriorNames


def write_posterior(posterior: SavedPosterior, folder: Path) -> None:
    """Write a posterior into the directory of a solution that is being made.

    Parameters
    ----------
    posterior
        What to write.
    folder
        The directory; whoever makes it renames it when it is whole.
    """
    source, names = posterior.source, posterior.names
    if isinstance(source, Draws):
        file, arrays = CHAINS, _arrays_of_chains(source)
    else:
        file, arrays = POSTERIOR, _arrays_of_factor(source)
    arrays |= {
        f"centre_{k}": v
        for k, v in vars(source.centre).items()
        if np.size(v) or k not in _TERMS
    }
    arrays["format"] = np.asarray(FORMAT)
    arrays["source_id"] = np.asarray(names.source_id, dtype=np.int64)
    arrays["exposure_id"] = np.asarray(names.exposure_id, dtype=np.int64)
    arrays["detector_id"] = np.asarray(names.detector_id, dtype=np.int64)
    arrays["coefficients"] = np.array(names.coefficients, dtype=np.str_)
    arrays["units"] = np.array(names.units, dtype=np.str_)
    if names.terms:
        arrays["terms"] = np.array(names.terms, dtype=np.str_)
    np.savez(folder / file, allow_pickle=False, **arrays)


def _arrays_of_factor(factor: PosteriorFactor) -> dict[str, Any]:
    arrays = {k: v for k, v in vars(factor).items() if k not in ("centre", "datum")}
    arrays["datum_directions"], arrays["datum_gain"] = factor.datum
    return arrays


def _arrays_of_chains(draws: Draws) -> dict[str, Any]:
    arrays = {k: v for k, v in vars(draws).items() if k not in ("centre", "statistics")}
    return arrays | {f"{_STATISTIC}{k}": v for k, v in (draws.statistics or {}).items()}


_STATISTIC = "statistic_"


def read_posterior(solution: str | Path) -> SavedPosterior:
    """Read the posterior of a solution.

    Parameters
    ----------
    solution
        Directory of the solution.

    Raises
    ------
    FileFormatError
        The solution has none, or it cannot be read.
    """
    folder = Path(solution)
    file = next((f for f in (folder / CHAINS, folder / POSTERIOR) if f.is_file()), None)
    if file is None:
        raise _unusable(
            f"the solution has neither {POSTERIOR} nor {CHAINS}",
            folder,
            f"solve again by {METHODS_WITH_DRAWS}: other methods, and earlier "
            "versions, keep none",
        )
    try:
        arrays = read_arrays(file)
        return _posterior(arrays, _chains if file.name == CHAINS else _factor)
    except UNREADABLE as error:
        given = f"{file.name} cannot be used ({type(error).__name__}: {error})"
        raise _unusable(given, file, "solve again") from error


def _posterior(
    arrays: dict[str, np.ndarray],
    source: Callable[[Parameters, dict[str, np.ndarray]], PosteriorFactor | Draws],
) -> SavedPosterior:
    """Put the arrays of a file together."""
    if int(arrays.pop("format")) != FORMAT:
        raise ValueError("another format version")
    names = PosteriorNames(
        source_id=arrays.pop("source_id"),
        exposure_id=arrays.pop("exposure_id"),
        detector_id=arrays.pop("detector_id"),
        coefficients=tuple(str(v) for v in arrays.pop("coefficients")),
        units=tuple(str(v) for v in arrays.pop("units")),
        terms=tuple(str(v) for v in arrays.pop("terms", ())),
    )
    centre = Parameters(**_taken(arrays, "centre_"))
    return SavedPosterior(source(centre, arrays), names)


def _factor(centre: Parameters, arrays: dict[str, Any]) -> PosteriorFactor:
    datum = arrays.pop("datum_directions"), arrays.pop("datum_gain")
    return PosteriorFactor(centre=centre, datum=datum, **arrays)


def _chains(centre: Parameters, arrays: dict[str, Any]) -> Draws:
    statistics = _taken(arrays, _STATISTIC)
    draws = Draws(centre=centre, statistics=statistics or None, **arrays)
    if draws.offset.shape[2:] != centre.offset.shape:
        raise ValueError(f"steps of the shape {draws.offset.shape}")
    return draws


def _taken(arrays: dict[str, Any], prefix: str) -> dict[str, Any]:
    """Take the arrays out that are called so, and return them without the prefix."""
    found = [name for name in arrays if name.startswith(prefix)]
    return {name.removeprefix(prefix): arrays.pop(name) for name in found}


def _unusable(given: str, file: Path, todo: str) -> FileFormatError:
    return FileFormatError(
        explain(
            given=given,
            wanted="what draws from the posterior are made from",
            where=str(file),
            todo=todo,
        )
    )


__all__ = [
    "CHAINS",
    "POSTERIOR",
    "PosteriorNames",
    "SavedPosterior",
    "read_posterior",
    "write_posterior",
]
