"""What a survey's description names: instrument, stars, errors, read and drawn."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from reseau.catalogue.reader import IN_DIRECTORY
from reseau.datasets import read_instrument
from reseau.datasets.instruments import presets
from reseau.errors import ConfigError, explain
from reseau.instrument import Instrument
from reseau.survey.star_config import EMBEDDED
from reseau.survey.survey import Survey, open_survey
from reseau.survey.survey_config import LARGEST_SEED, Description, read_survey
from reseau.tables import columns_of, read_table, validate
from reseau.tables.layouts import NOISE_TABLE, STARS


@dataclass(frozen=True)
class Described:
    """A survey, and the files that it was made of.

    Attributes
    ----------
    survey
        As opened.
    files
        What was read, but for presets.
    """

    survey: Survey
    files: tuple[Path, ...]


def open_described(
    survey: Any, *, scale: float = 1.0, seed: int | None = None
) -> Described:
    """Read a survey's description and all that it names, and draw what plates share.

    Parameters
    ----------
    survey
        A TOML file, the name of a preset, or a `SurveyConfig`.
    scale
        Part of the orbits.
    seed
        Instead of the description's.

    Raises
    ------
    ReseauError
        One of its children: see `errors`.
    """
    named = read_named(survey)
    config = named.described.config
    if seed is not None:
        config = replace(config, seed=_checked_seed(seed))
    _check_scale(scale)
    opened = open_survey(
        config,
        named.instrument,
        stars=named.stars,
        noise=named.noise,
        scale=scale,
        source=named.described.source,
    )
    return Described(opened, named.files)


@dataclass(frozen=True)
class Named:
    """A survey's description with what it names, before anything is drawn.

    Attributes
    ----------
    described
        The description, and where it stands.
    instrument
        As drawn.
    stars, noise
        Columns of the tables; None: there is none.
    files
        What was read, but for presets.
    """

    described: Description
    instrument: Instrument
    stars: Mapping[str, np.ndarray] | None
    noise: Mapping[str, np.ndarray] | None
    files: tuple[Path, ...]


def read_named(survey: Any) -> Named:
    """Read a survey's description and the files that it names.

    Parameters
    ----------
    survey
        A TOML file, the name of a preset, or a `SurveyConfig`.

    Raises
    ------
    ReseauError
        One of its children: see `errors`.
    """
    described = read_survey(survey)
    config, folder = described.config, described.folder
    files = []
    instrument = config.instrument
    if instrument not in presets():
        path = folder / instrument
        files.append(path)
        instrument = str(path)
    stars = noise = None
    if config.stars.source != EMBEDDED:
        path = table_of_stars(folder / config.stars.source)
        stars = star_columns(path)
        files.append(path)
    if config.noise.file is not None:
        path = folder / config.noise.file
        noise = _columns(path, NOISE_TABLE)
        files.append(path)
    return Named(described, read_instrument(instrument), stars, noise, tuple(files))


def table_of_stars(path: Path) -> Path:
    """Return the table of a mock's directory, where it is one, or what was given."""
    table = path / IN_DIRECTORY
    return table if table.is_file() else path


def star_columns(path: Path) -> dict[str, np.ndarray]:
    """Return the columns of a list of true stars, a mock catalogue among them.

    Parameters
    ----------
    path
        A table. Where it has columns ``*_true`` beside what was observed, those count;
        where it has J and H and no `colour`, that is J - H.
    """
    table = read_table(path)
    names = set(table.column_names)
    if "ra_true" in names:
        kept = [n for n in table.column_names if f"{n}_true" not in names]
        table = table.select(kept)
        table = table.rename_columns([n.removesuffix("_true") for n in kept])
    columns = dict(columns_of(validate(table, STARS, where=path)))
    j, h = columns.pop("phot_j_mag", None), columns.pop("phot_h_mag", None)
    if j is not None and h is not None:
        columns.setdefault("colour", np.asarray(j, float) - np.asarray(h, float))
    return columns


def _columns(path: Path, schema: Any) -> Mapping[str, np.ndarray]:
    return columns_of(validate(read_table(path), schema, where=path))


def _checked_seed(seed: int) -> int:
    whole = isinstance(seed, int) and not isinstance(seed, bool)
    if not whole or not 0 <= seed <= LARGEST_SEED:
        raise ConfigError(
            explain(
                given=f"seed = {seed!r}",
                wanted=f"an integer from 0 to {LARGEST_SEED:,}",
                where="the option seed",
                todo="correct it",
            )
        )
    return seed


def _check_scale(scale: float) -> None:
    if not 0.0 < scale <= 1.0:
        raise ConfigError(
            explain(
                given=f"scale = {scale}",
                wanted="a number greater than 0, at most 1",
                where="the option scale",
                todo="0.1 takes a tenth of the orbits",
            )
        )


__all__ = ["Described", "Named", "open_described", "read_named"]
