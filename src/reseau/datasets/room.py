"""Whether there is room on a disk for what is going to be written."""

import shutil
from pathlib import Path

from reseau.errors import ReseauError, explain

SPARE = 1.05
"""By how much more than the estimate there has to be."""


def check_room(folder: Path, size: int) -> None:
    """Raise `ReseauError` where a folder's disk has no room for so many bytes.

    Parameters
    ----------
    folder
        Where they are to go; it need not be there yet.
    size
        How many.
    """
    there = next(p for p in (folder, *folder.absolute().parents) if p.is_dir())
    free = shutil.disk_usage(there).free
    if free >= SPARE * size:
        return
    raise ReseauError(
        explain(
            given=f"{free / 1e9:.2f} GB are free",
            wanted=f"about {SPARE * size / 1e9:.2f} GB",
            where=str(folder),
            todo="make room, choose another place, or simulate a part: --scale 0.1",
        )
    )


__all__ = ["check_room"]
