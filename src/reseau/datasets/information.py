"""What a plate says about its sources, in memory and as ``information.npz``."""

import hashlib
import zipfile
from pathlib import Path
from typing import Any

import equinox as eqx
import numpy as np
from jaxtyping import Float, Int

from reseau._archives import UNREADABLE, map_array, read_arrays, write_arrays
from reseau.errors import FileFormatError, explain
from reseau.tables import piece_file

FORMAT = "reseau-information/1"
FILE = "information.npz"
"""Its name in the directory of a plate's solution."""


class Information(eqx.Module):
    """The log likelihood of a plate's sources to second order, without their priors.

    ``−log L = ½ dᵀ(D − U Uᵀ)d − gᵀd`` with d the displacements of the sources in their
    tangent planes, towards East and North, from `direction`: as the observer saw them,
    free of aberration and deflection. Everything else of the plate is marginalised.

    Attributes
    ----------
    plate_id, epoch
        Of the plate; Julian year TCB, NaN where it is not known.
    observer
        Barycentric position, ICRS axes [au]; zeros where it is not known.
    source_id
        Of the sources, in the order of all arrays.
    direction
        Unit vectors, ICRS: the point of the expansion.
    gradient
        g [1/rad].
    blocks
        D [1/rad²].
    columns
        U [1/rad].
    share
        What part of the information each column takes, largest first.
    left_out
        The same of the columns that were left out, together.
    epsilon
        Share below which columns were left out.
    chi2, n_measurements
        Of each source: squared residuals over the errors at the plate's own solution,
        and the number of measurements, both weighted as they counted.
    digest
        Of the measurements: by it a plate that was solved twice is known.
    reference
        Of each source, a digest of its row in the references that the plate was solved
        with; 0: it is not among them.
    """

    plate_id: int = eqx.field(static=True)
    epoch: float = eqx.field(static=True)
    observer: Float[np.ndarray, "3"]
    source_id: Int[np.ndarray, "n"]
    direction: Float[np.ndarray, "n 3"]
    gradient: Float[np.ndarray, "n 2"]
    blocks: Float[np.ndarray, "n 2 2"]
    columns: Float[np.ndarray, "n 2 r"]
    share: Float[np.ndarray, "r"]
    left_out: float = eqx.field(static=True)
    epsilon: float = eqx.field(static=True)
    chi2: Float[np.ndarray, "n"]
    n_measurements: Float[np.ndarray, "n"]
    digest: str = eqx.field(static=True)
    reference: Int[np.ndarray, "n"]


_ARRAYS = (
    *("observer", "source_id", "direction", "gradient", "blocks", "columns"),
    *("share", "chi2", "n_measurements", "reference"),
)
_VALUES: dict[str, type] = {
    "plate_id": int,
    "epoch": float,
    "left_out": float,
    "epsilon": float,
    "digest": str,
}


def content_digest(information: Information) -> str:
    """Return a digest of what is said of the sources, but for the columns.

    Parameters
    ----------
    information
        Of a plate.
    """
    found = hashlib.sha256()
    for name in ("source_id", "direction", "gradient", "blocks", "share"):
        found.update(np.ascontiguousarray(getattr(information, name)).tobytes())
    return found.hexdigest()[:16]


def write_information(information: Information, folder: str | Path) -> None:
    """Write what a plate says beside its solution.

    Parameters
    ----------
    information
        Of a plate.
    folder
        Directory of the solution.
    """
    written = {
        "format": np.asarray(FORMAT),
        "content": np.asarray(content_digest(information)),
    }
    for name in (*_VALUES, *_ARRAYS):
        written[name] = np.asarray(getattr(information, name))
    with piece_file(Path(folder) / FILE) as file:
        write_arrays(file, written)


def read_information(path: str | Path) -> Information:
    """Read what a plate says about its sources.

    Parameters
    ----------
    path
        The file, or the directory of the solution that it lies in.

    Raises
    ------
    FileFormatError
        There is none, or it is damaged, or of another format.
    """
    file = Path(path)
    file = file / FILE if file.is_dir() else file
    if not file.exists():
        raise _refused(
            "no information of the plate",
            file,
            "solve it again with --information (for all plates that is the default)",
        )
    found = _content(file)
    form = str(found.get("format", "none"))
    if form != FORMAT:
        raise _refused(f"the format is {form!r}", file, "solve the plate again")
    lacking = [name for name in (*_ARRAYS, *_VALUES) if name not in found]
    if lacking:
        raise _refused(f"{lacking[0]} is missing", file, "solve the plate again")
    values = {name: kind(found[name].item()) for name, kind in _VALUES.items()}
    arrays = {name: found[name] for name in _ARRAYS}
    information = Information(**values, **arrays)
    if content_digest(information) != str(found.get("content")):
        raise _refused(
            "its content is not what was written",
            file,
            "solve the plate again: files of a solution must not be changed",
        )
    return information


def _content(file: Path) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(file) as archive:
            names = [name.removesuffix(".npy") for name in archive.namelist()]
        found = read_arrays(file, [name for name in names if name != "columns"])
        if "columns" in names:
            found["columns"] = map_array(file, "columns")
        return found
    except UNREADABLE as error:
        raise _refused(
            f"the file is damaged ({error})", file, "solve the plate again"
        ) from error


def _refused(given: str, file: Path, todo: str) -> FileFormatError:
    return FileFormatError(
        explain(
            given=given,
            wanted=f"what a plate says about its sources, of format {FORMAT}",
            where=str(file),
            todo=todo,
        )
    )


__all__ = [
    "FILE",
    "FORMAT",
    "Information",
    "content_digest",
    "read_information",
    "write_information",
]
