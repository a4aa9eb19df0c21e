"""Galaxies in files: TOML, every key checked, and the presets that come with reseau."""

import dataclasses
import hashlib
import json
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from reseau.config import Source, build, preset_files, preset_or_file, read_toml
from reseau.errors import some, suggestion
from reseau.galaxy.mass_function import MassFunction
from reseau.galaxy.remnants import living_per_mass

from .component import Component
from .component_entries import KINDS, NUCLEAR_DISCS
from .entries import ModelEntry, NormalisationEntry
from .galaxy import Galaxy
from .normalisation import number_densities
from .nuclear_table import DensityTable

MISSING = -1.0
"""Factor of a component whose number density is yet to be found."""


def galaxy_presets() -> dict[str, Path]:
    """Return the files of the galaxies that come with reseau, by name."""
    return preset_files("galaxies")


def read_galaxy(name_or_path: str | Path = "koshimoto2021") -> Galaxy:
    """Read a model of the Galaxy, and check every key of it.

    Parameters
    ----------
    name_or_path
        A name in `galaxy_presets`, or a TOML file.

    Raises
    ------
    ConfigError
        There is no such preset; a key is unknown, missing, of the wrong type or out of
        range.
    FileFormatError
        The file is absent or not TOML.
    """
    file = galaxy_file(name_or_path)
    entry, source = read_toml(file, ModelEntry)
    frame, mass_function = entry.frame.frame(), entry.mass_function.function()
    normalisation = _normalisation(entry.normalisation, source)
    components = tuple(
        _component(content, source.below("component", i), frame.r0, mass_function)
        for i, content in enumerate(entry.components)
    )
    _check_names(components, source)
    return Galaxy(
        name=entry.about.name,
        version=entry.about.version,
        digest=_digest(source.text, components),
        frame=frame,
        mass_function=mass_function,
        components=_normalised(components, mass_function, normalisation, source),
        normalisation=normalisation,
        kinematics=_table(entry.kinematics, "kinematics", source),
        source=source,
    )


def galaxy_file(name_or_path: str | Path) -> Path:
    """Return the file of a galaxy: itself, or of the preset that it names.

    Raises
    ------
    ConfigError
        There is no such preset.
    """
    return preset_or_file(name_or_path, "galaxies", "galaxy")


def _digest(text: str, components: tuple[Component, ...]) -> str:
    """Return the digest of values of a TOML text, and of tables that it names."""
    content = tomllib.loads(text, parse_float=Decimal)
    plain = json.dumps(content, sort_keys=True, default=_plain)
    found = hashlib.sha256(plain.encode())
    for component in components:
        if isinstance(component.law, DensityTable):
            for part in component.law.arrays:
                found.update(np.ascontiguousarray(part).tobytes())
    return found.hexdigest()


def _plain(value: Any) -> str:
    return repr(float(value)) if isinstance(value, Decimal) else str(value)


def _component(
    content: Any, source: Source, r0: float, mass_function: MassFunction
) -> Component:
    entry = _entry(content, source)
    top = entry.highest_living_mass
    if not mass_function.low < top <= mass_function.high:
        raise source.complain(
            "highest_living_mass_msun",
            f"highest_living_mass_msun = {top:g}",
            f"a mass of the mass function, {mass_function.low:g} to "
            f"{mass_function.high:g} Msun",
            "correct it",
        )
    per_mass = living_per_mass(mass_function, top)
    factor = per_mass
    if hasattr(entry, "number_density"):
        given = entry.number_density
        factor = MISSING if given is None else given
    return Component(
        name=entry.name,
        kind=entry.kind,
        youngest=entry.youngest,
        oldest=entry.oldest,
        age=entry.age,
        highest_living_mass=top,
        mass_per_star=1.0 / per_mass,
        law=entry.law(r0, Path(source.name).parent),
        factor=factor,
    )


def _entry(content: Any, source: Source) -> Any:
    """Return the record of a component, of its kind and law."""
    if not isinstance(content, dict):
        raise source.complain(
            None,
            "component is not a list of tables",
            "tables [[component]]",
            "double the brackets",
        )
    record = _chosen(content, "kind", KINDS, source)
    if content["kind"] == "nuclear disc":
        record = _chosen(content, "law", NUCLEAR_DISCS, source)
    return build(record, content, source)


def _chosen(content: dict[str, Any], key: str, known: Any, source: Source) -> Any:
    value = content.get(key)
    if not isinstance(value, str) or value not in known:
        raise source.complain(
            key if key in content else None,
            f"{key} = {value!r}" if key in content else f"the key {key} is missing",
            f"one of {some(known, len(known))}",
            suggestion(
                str(value), known, otherwise=f"add {key} = ... with one of these"
            ),
        )
    return known[value]


def _normalised(
    components: tuple[Component, ...],
    mass_function: MassFunction,
    quantities: NormalisationEntry | None,
    source: Source,
) -> tuple[Component, ...]:
    """Return components with the number densities that the file leaves out."""
    missing = [i for i, c in enumerate(components) if c.factor == MISSING]
    if not missing:
        return components
    if quantities is None:
        raise source.below("component", missing[0]).complain(
            None,
            f"{components[missing[0]].name} has no number_density_pc3, and there is no "
            "table [normalisation]",
            "the number density of living stars at the reference point, or physical "
            "quantities that it follows from",
            "add number_density_pc3, or [normalisation]",
        )
    known = {c.name: c.factor for c in components if c.factor != MISSING}
    found = number_densities(components, mass_function, quantities, known=known)
    for i in missing:
        if not found[components[i].name] > 0.0:
            raise source.below("normalisation").complain(
                "box_mass_msun",
                f"box_mass_msun = {quantities.box_mass:g}",
                f"more than the discs have in the box: nothing is left for "
                f"{components[i].name}",
                "raise it, or lower local_density_msun_pc3",
            )
    return tuple(
        dataclasses.replace(c, factor=found[c.name]) if c.factor == MISSING else c
        for c in components
    )


def _normalisation(content: Any, source: Source) -> NormalisationEntry | None:
    if content is None:
        return None
    table = _table(content, "normalisation", source)
    return build(NormalisationEntry, table, source.below("normalisation"))


def _table(content: Any, key: str, source: Source) -> dict[str, Any]:
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise source.complain(
            key, f"{key} is not a table", f"a table [{key}]", "correct it"
        )
    return content


def _check_names(components: tuple[Component, ...], source: Source) -> None:
    names = [c.name for c in components]
    if not names:
        raise source.complain(
            "component", "no component", "a table [[component]] or more", "add one"
        )
    for i, name in enumerate(names):
        if name in names[:i]:
            raise source.below("component", i).complain(
                "name", f"a second component {name}", "names used once", "rename one"
            )


__all__ = ["galaxy_file", "galaxy_presets", "read_galaxy"]
