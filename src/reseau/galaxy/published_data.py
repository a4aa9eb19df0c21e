"""Data of others that are installed beside: files of the package genulens, read."""

import importlib.metadata
from pathlib import Path

from reseau.errors import ConfigError, explain

PACKAGE = "genulens"
FOLDER = ("share", "genulens", "input_files")


def data_file(name: str) -> Path | None:
    """Return where genulens has a file of its input; None: it is not installed.

    Parameters
    ----------
    name
        Below its folder of input files, with slashes.
    """
    wanted = (*FOLDER, *name.split("/"))
    try:
        files = importlib.metadata.files(PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    for file in files:
        if file.parts[-len(wanted) :] == wanted:
            path = Path(str(file.locate()))
            return path if path.is_file() else None
    return None


def require_data_file(name: str, *, where: str, instead: str) -> Path:
    """Return where genulens has a file.

    Parameters
    ----------
    name
        As of `data_file`.
    where
        What asked for it, for the message.
    instead
        What may be taken in its place.

    Raises
    ------
    ConfigError
        The package is not installed, or lacks the file.
    """
    path = data_file(name)
    if path is None:
        raise ConfigError(
            explain(
                given=f"the package {PACKAGE} is not installed, or lacks this file",
                wanted=f"its file {name}",
                where=where,
                todo=f"pip install 'reseau[galaxy]', or {instead}",
            )
        )
    return path


__all__ = ["data_file", "require_data_file"]
