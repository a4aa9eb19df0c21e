"""Files of a dataset lie in its folder, unless the reader said otherwise."""

from collections.abc import Callable
from pathlib import Path

from reseau.errors import ConfigError, explain


def keeper(folder: Path, *, allow_outside: bool) -> Callable[[Path], Path]:
    """Return a function that gives files back, or refuses those out of the folder.

    Parameters
    ----------
    folder
        That of the dataset. Links are followed.
    allow_outside
        Whether files elsewhere may be opened.
    """
    root = folder.resolve()

    def keep(file: Path) -> Path:
        if allow_outside or _lies_in(file, root):
            return file
        raise ConfigError(
            explain(
                given=f"a file of the dataset is outside its folder: {_where(file)}",
                wanted="files inside the folder that was named",
                where=str(folder),
                todo="copy the file there; or, if you trust whoever made the dataset, "
                "--allow-outside (in Python: allow_outside=True)",
            )
        )

    return keep


def _lies_in(file: Path, root: Path) -> bool:
    try:
        return file.resolve().is_relative_to(root)
    except (OSError, RuntimeError, ValueError):  # a circle of links, a NUL in the name
        return False


def _where(file: Path) -> str:
    try:
        found = file.resolve()
    except (OSError, RuntimeError, ValueError):
        return repr(str(file))
    return str(file) if found == file else f"{file} is {found}"


__all__ = ["keeper"]
