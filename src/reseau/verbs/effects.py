"""The picture of `reseau effects`: arrow maps of the terms over the field."""

from pathlib import Path

from reseau.diagnostics import Effects
from reseau.errors import ConfigError, explain
from reseau.plots import effect_maps, save


def draw_effects(found: Effects, path: str | Path) -> Path:
    """Draw what the terms do over the field, and return the file.

    Parameters
    ----------
    found
        As `effects` returns it.
    path
        A PNG file; an older one is replaced.

    Raises
    ------
    ConfigError
        The name has another suffix.
    """
    if Path(path).suffix.lower() != ".png":
        raise ConfigError(
            explain(
                given=f"a figure named {Path(path).name!r}",
                wanted="a name that ends in .png",
                where=str(path),
                todo="give it that suffix: figures are PNG images",
            )
        )
    title = (
        f"Displacements relative to the field's centre, ra {found.ra:.9g}°, "
        f"dec {found.dec:.9g}°, epoch {found.epoch:.9g}, seen from {found.observer}"
    )
    fields = [row.field for row in found.rows if not row.in_catalogues]
    return save(effect_maps(fields, title=title)[0], path)


__all__ = ["draw_effects"]
