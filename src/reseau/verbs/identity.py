"""What makes the content of an output: by it a run knows what it may continue."""

import hashlib
import pickle
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from reseau.datasets import PlateByPlate, digests
from reseau.plates import SolveOptions
from reseau.tables import is_path, table_file

_TAIL = 65_536
"""Bytes at the end of a file of measurements, where Parquet says what is in it."""


def identity_of(
    opened: PlateByPlate,
    options: SolveOptions,
    *,
    reference: Any = None,
    instrument: Any = None,
) -> dict[str, Any]:
    """Return what the solutions of a dataset's plates depend on, in plain values.

    Parameters
    ----------
    opened
        The dataset.
    options
        Of `solve`.
    reference, instrument
        Of `solve`; files by their content.
    """
    chosen = {
        field.name: _plain(getattr(options, field.name))
        for field in fields(SolveOptions)
        if getattr(options, field.name) is not field.default
        and getattr(options, field.name) != field.default
    }
    more = {"reference_table": reference, "instrument": instrument}
    chosen |= {name: _plain(value) for name, value in more.items() if value is not None}
    return {
        "verb": "solve",
        "input": str(opened.folder.resolve()),
        "digests": {**opened.shared.digests, **opened.index.digests},
        "measurements": _of_files(opened),
        "options": chosen,
    }


def _of_files(opened: PlateByPlate) -> str | None:
    """Return a digest of the plates' own files: of names, sizes and ends."""
    if not opened.index.files:
        return None
    digest = hashlib.sha256()
    for plate, files in sorted(opened.index.files.items()):
        for file in files:
            size = file.stat().st_size
            digest.update(f"{plate} {file.name} {size}\n".encode())
            with file.open("rb") as content:
                content.seek(max(size - _TAIL, 0))
                digest.update(content.read())
    return digest.hexdigest()


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; of files and of tables in memory, a digest."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if is_path(value) and table_file(value).is_file():
        return f"{value} {digests([value])[table_file(value).name]}"
    if isinstance(value, (str, Path)):
        return str(value)
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(v) for v in value]
    return f"{type(value).__name__} {hashlib.sha256(pickle.dumps(value)).hexdigest()}"


__all__ = ["identity_of"]
