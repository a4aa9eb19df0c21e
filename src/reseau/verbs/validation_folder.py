"""The directory of a validation: begun, continued, and filled with what was found."""

import json
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from reseau.datasets.solutions import plain
from reseau.errors import OutputExistsError, explain
from reseau.plots import save
from reseau.tables import new_file

IDENTITY = "validate.json"


def begin(folder: Path, identity: Mapping[str, Any], *, overwrite: bool) -> None:
    """Make the folder of a validation, or accept what the same one has begun.

    Parameters
    ----------
    folder
        Where it goes.
    identity
        What makes its content, as plain values.
    overwrite
        Whether another validation there may be replaced.

    Raises
    ------
    OutputExistsError
        Something else is there.
    """
    file, text = folder / IDENTITY, json.dumps(identity, indent=2) + "\n"
    if file.is_file() and file.read_text(encoding="utf-8") == text:
        return
    if folder.exists() and any(folder.iterdir()):
        if not (overwrite and file.is_file()):
            raise OutputExistsError(
                explain(
                    given=f"{folder} is there already",
                    wanted="a new directory, or the same validation to be continued",
                    where=str(folder),
                    todo="give another name, or --overwrite for an earlier validation",
                )
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def draw_pages(folder: Path, pages: Mapping[str, Axes]) -> dict[str, Path]:
    """Write pages into the folder of figures, and return their files.

    Parameters
    ----------
    folder
        Of the validation.
    pages
        By name.
    """
    place = folder / "figures"
    place.mkdir(exist_ok=True)
    return {name: save(axes, place / f"{name}.png") for name, axes in pages.items()}


def write_result(file: Path, values: Mapping[str, Any]) -> None:
    """Write what a validation found.

    Parameters
    ----------
    file
        Whose older version is replaced.
    values
        What `plain` takes.
    """
    with new_file(file, overwrite=True) as temporary:
        text = json.dumps(plain(values), indent=2, allow_nan=False)
        temporary.write_text(text + "\n", encoding="utf-8")


class Clock:
    """Seconds by stage.

    Attributes
    ----------
    seconds
        Of the stages that have ended.
    """

    def __init__(self) -> None:
        self.began = time.perf_counter()
        self.seconds: dict[str, float] = {}

    def ends(self, stage: str) -> None:
        """Note that a stage ends here.

        Parameters
        ----------
        stage
            Its name.
        """
        now = time.perf_counter()
        self.seconds[stage], self.began = now - self.began, now


__all__ = ["Clock", "begin", "draw_pages", "write_result"]
