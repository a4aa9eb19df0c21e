"""`reseau config` as functions: surveys, instruments and galaxies of reseau."""

from pathlib import Path
from typing import NamedTuple

from reseau.datasets import presets
from reseau.errors import unknown_name
from reseau.galaxy.model import galaxy_presets
from reseau.survey.survey_config import survey_presets


class Preset(NamedTuple):
    """A description that comes with reseau.

    Attributes
    ----------
    name
        By which verbs know it.
    kind
        "survey", "instrument" or "galaxy".
    about
        What it is, in a line.
    """

    name: str
    kind: str
    about: str


def list_presets() -> list[Preset]:
    """Return all presets, surveys first."""
    kinds = {
        "survey": survey_presets(),
        "instrument": presets(),
        "galaxy": galaxy_presets(),
    }
    return [
        Preset(name, kind, _first_comment(path))
        for kind, files in kinds.items()
        for name, path in files.items()
    ]


def preset_text(name: str) -> str:
    """Return the TOML file of a preset, with its comments.

    Parameters
    ----------
    name
        Of a survey, an instrument or a galaxy.

    Raises
    ------
    ConfigError
        There is no such preset; the nearest name is said.
    """
    files = {**presets(), **survey_presets(), **galaxy_presets()}
    if name not in files:
        raise unknown_name("preset", name, tuple(files), where="reseau config show")
    return files[name].read_text(encoding="utf-8")


def _first_comment(path: Path) -> str:
    """Return the comment that a file begins with, in one line."""
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("# "))
    return " ".join(lines)


__all__ = ["Preset", "list_presets", "preset_text"]
