"""Whether a word names a model of the Galaxy: a preset, or a TOML file."""

import tomllib
from pathlib import Path

from reseau.galaxy.model import galaxy_presets

FORMAT = "reseau-galaxy/"


def galaxy_named(given: str | Path) -> str | Path | None:
    """Return the name or the file of a model of the Galaxy; None: it names none.

    Parameters
    ----------
    given
        As typed. What exists counts before a preset's name.
    """
    place = Path(given)
    if not place.exists():
        return str(given) if str(given) in galaxy_presets() else None
    if place.suffix.lower() != ".toml" or not place.is_file():
        return None
    try:
        content = tomllib.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return place if str(content.get("format")).startswith(FORMAT) else None


__all__ = ["galaxy_named"]
