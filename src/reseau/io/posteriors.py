"""The posterior of a solution in a file: ``posterior.npz``, what draws are made from.

A NumPy archive of plain arrays, not compressed, and read without executing anything.
Names are those of `PosteriorFactor` and `Parameters`; ids are int64.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from jaxtyping import Int

from reseau.errors import FileFormatError, explain
from reseau.model import Parameters
from reseau.solve.posterior_factor import PosteriorFactor

POSTERIOR = "posterior.npz"
"""The file's name in the directory of a solution."""

FORMAT = 1


@dataclass(frozen=True)
class PosteriorNames:
    """What the rows of a posterior are called.

    Attributes
    ----------
    source_id, exposure_id, detector_id
        Ids of the rows.
    coefficients, units
        Names of the distortion's coefficients, and their units.
    """

    source_id: Int[np.ndarray, "n_src"]
    exposure_id: Int[np.ndarray, "n_exp"]
    detector_id: Int[np.ndarray, "n_det"]
    coefficients: tuple[str, ...]
    units: tuple[str, ...]


@dataclass(frozen=True)
class SavedPosterior:
    """A posterior with its names.

    Attributes
    ----------
    factor
        What draws are made from.
    names
        What its rows are called.
    """

    factor: PosteriorFactor
    names: PosteriorNames


def write_posterior(posterior: SavedPosterior, folder: Path) -> None:
    """Write a posterior into the directory of a solution that is being made.

    Parameters
    ----------
    folder
        The directory; whoever makes it renames it when it is whole.
    """
    factor, names = posterior.factor, posterior.names
    arrays: dict[str, Any] = {"format": np.asarray(FORMAT)}
    arrays |= {f"centre_{k}": v for k, v in vars(factor.centre).items()}
    arrays |= {k: v for k, v in vars(factor).items() if k not in ("centre", "datum")}
    arrays["datum_directions"], arrays["datum_gain"] = factor.datum
    arrays["source_id"] = np.asarray(names.source_id, dtype=np.int64)
    arrays["exposure_id"] = np.asarray(names.exposure_id, dtype=np.int64)
    arrays["detector_id"] = np.asarray(names.detector_id, dtype=np.int64)
    arrays["coefficients"] = np.array(names.coefficients, dtype=np.str_)
    arrays["units"] = np.array(names.units, dtype=np.str_)
    np.savez(folder / POSTERIOR, allow_pickle=False, **arrays)


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
    file = Path(solution) / POSTERIOR
    if not file.is_file():
        raise _unusable(
            f"the solution has no {POSTERIOR}",
            file,
            "solve again by gauss-newton or svi with the guide arrow: other methods, "
            "and earlier versions, keep none",
        )
    try:
        # Opened here: NumPy leaves a file open that is no archive.
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        return _posterior(arrays)
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
        given = f"{file.name} cannot be used ({type(error).__name__}: {error})"
        raise _unusable(given, file, "solve again") from error


def _posterior(arrays: dict[str, np.ndarray]) -> SavedPosterior:
    """Put the arrays of a file together."""
    if int(arrays.pop("format")) != FORMAT:
        raise ValueError("another format version")
    names = PosteriorNames(
        source_id=arrays.pop("source_id"),
        exposure_id=arrays.pop("exposure_id"),
        detector_id=arrays.pop("detector_id"),
        coefficients=tuple(str(v) for v in arrays.pop("coefficients")),
        units=tuple(str(v) for v in arrays.pop("units")),
    )
    inside = {name for name in arrays if name.startswith("centre_")}
    centre = Parameters(**{n.removeprefix("centre_"): arrays.pop(n) for n in inside})
    datum = arrays.pop("datum_directions"), arrays.pop("datum_gain")
    factor = PosteriorFactor(centre=centre, datum=datum, **arrays)
    return SavedPosterior(factor, names)


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
    "POSTERIOR",
    "PosteriorNames",
    "SavedPosterior",
    "read_posterior",
    "write_posterior",
]
