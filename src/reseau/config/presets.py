"""Files that come with reseau, by name: surveys, galaxies."""

from importlib import resources
from pathlib import Path

from reseau.errors import ConfigError, explain, some, suggestion


def preset_files(folder: str) -> dict[str, Path]:
    """Return the TOML files of a kind that come with reseau, by name.

    Parameters
    ----------
    folder
        Below `reseau.presets`: "surveys" or "galaxies".
    """
    inside = resources.files("reseau") / "presets" / folder
    files = (Path(str(f)) for f in inside.iterdir())
    return {f.stem: f for f in sorted(files) if f.suffix == ".toml"}


def preset_or_file(source: str | Path, folder: str, what: str) -> Path:
    """Return a file: itself, or that of the preset that is named.

    A preset's name is the preset also where a directory of that name lies.

    Parameters
    ----------
    source
        A name, or a TOML file.
    folder
        See `preset_files`.
    what
        What it describes, for the message.

    Raises
    ------
    ConfigError
        There is no such preset.
    """
    known = preset_files(folder)
    path = Path(source)
    if path.is_file() or path.suffix:
        return path
    if str(source) in known:
        return known[str(source)]
    if path.exists():
        return path
    raise ConfigError(
        explain(
            given=f"the {what} {source} is unknown",
            wanted=f"a TOML file or one of the presets {some(known)}",
            where=f"the {what}",
            todo=suggestion(str(source), known, otherwise="correct the name"),
        )
    )


__all__ = ["preset_files", "preset_or_file"]
