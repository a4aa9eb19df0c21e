# The calls in the class body declare fields, as dataclasses.field does.
# ruff: noqa: RUF009
"""Keys of a survey's file, table by table."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reseau.config import (
    Checked,
    Source,
    entry,
    preset_files,
    preset_or_file,
    read_toml,
    shown,
    table,
)
from reseau.errors import ConfigError, FileFormatError, explain, some, suggestion
from reseau.observers import BODIES, DEFLECTORS

from .flaw_config import (
    AberrationsConfig,
    CameraConfig,
    ChromaticConfig,
    DistortionConfig,
    PersistenceConfig,
    PixelsConfig,
    ReadoutConfig,
    ThermalConfig,
    TransferConfig,
)
from .orbit_settings import SIMULATED
from .requirement_config import RequirementConfig
from .schedule_config import OrbitConfig, RegionConfig, ScheduleConfig
from .star_config import NoiseConfig, ReferenceConfig, StarsConfig

FORMAT = "reseau-survey/1"
EPHEMERIDES = ("builtin", "de440")
LARGEST_SEED = 2**60


def _optional(key: str, record: type) -> Any:
    return table(key, record, optional=True)


@dataclass(frozen=True)
class SurveyConfig(Checked):
    """A pointed survey: when and where, of what, with which camera and its flaws."""

    format: str = entry("format", str)
    name: str = entry("name", str)
    orbit: OrbitConfig = _optional("orbit", OrbitConfig)
    region: RegionConfig = _optional("region", RegionConfig)
    schedule: ScheduleConfig = _optional("schedule", ScheduleConfig)
    stars: StarsConfig = _optional("stars", StarsConfig)
    reference: ReferenceConfig = _optional("reference", ReferenceConfig)
    noise: NoiseConfig = _optional("noise", NoiseConfig)
    requirement: RequirementConfig = _optional("requirement", RequirementConfig)
    camera: CameraConfig = _optional("camera", CameraConfig)
    distortion: DistortionConfig = _optional("distortion", DistortionConfig)
    thermal: ThermalConfig = _optional("thermal", ThermalConfig)
    chromatic: ChromaticConfig = _optional("chromatic", ChromaticConfig)
    aberrations: AberrationsConfig = _optional("aberrations", AberrationsConfig)
    readout: ReadoutConfig = _optional("readout", ReadoutConfig)
    transfer: TransferConfig = _optional("transfer", TransferConfig)
    pixels: PixelsConfig = _optional("pixels", PixelsConfig)
    persistence: PersistenceConfig = _optional("persistence", PersistenceConfig)
    description: str | None = entry("description", str, default=None)
    seed: int = entry("seed", int, default=0, minimum=0, largest=LARGEST_SEED)
    instrument: str = entry("instrument", str, default="jasmine")
    effects: list | tuple = entry("effects", list, default=("aberration",))
    deflectors: list | tuple = entry("deflectors", list, default=DEFLECTORS)
    ephemeris: str = entry("ephemeris", str, default="builtin", choices=EPHEMERIDES)


def survey_presets() -> dict[str, Path]:
    """Return the files of the surveys that come with reseau, by name."""
    return preset_files("surveys")


def survey_file(source: str | Path) -> Path:
    """Return the file of a survey: itself, or of the preset that it names.

    Raises
    ------
    ConfigError
        There is no such preset.
    """
    return preset_or_file(source, "surveys", "survey")


@dataclass(frozen=True)
class Description:
    """A survey's description and where it stands.

    Attributes
    ----------
    config
        Checked key by key.
    source
        For messages of later checks.
    folder
        Where files are that it names.
    """

    config: SurveyConfig
    source: Source
    folder: Path


def read_survey(source: str | Path | SurveyConfig) -> Description:
    """Read the description of a survey, and check every key of it.

    Parameters
    ----------
    source
        Path of a TOML file, a name in `survey_presets`, or a description made in
        Python.

    Raises
    ------
    ConfigError
        A key is unknown, missing, of the wrong type or out of range.
    FileFormatError
        The file is absent, not TOML, or of another format.
    """
    if isinstance(source, SurveyConfig):
        found = Description(source, Source("the survey", ""), Path())
    elif isinstance(source, str | Path):
        file = survey_file(source)
        found = Description(*read_toml(file, SurveyConfig), file.parent)
    else:
        raise ConfigError(
            explain(
                given=f"a survey of type {type(source).__name__}",
                wanted="the name of a preset, a TOML file, or a SurveyConfig",
                where="the argument survey",
                todo='try "mini"',
            )
        )
    config, place = found.config, found.source
    if config.format != FORMAT:
        raise FileFormatError(
            explain(
                given=f"the format is {config.format!r}",
                wanted=FORMAT,
                where=place.place("format"),
                todo="correct it, or read it with the version that wrote it",
            )
        )
    for key, names in (("effects", SIMULATED), ("deflectors", tuple(BODIES))):
        check_names(getattr(config, key), key, names, place)
    return found


def check_names(
    given: list | tuple, key: str, known: tuple[str, ...], place: Source
) -> None:
    """Raise `ConfigError` for a name in a list that is not known."""
    for name in given:
        if name not in known:
            raise place.complain(
                key,
                f"{shown(name)} in {key} is unknown",
                f"some of {some(known, 12)}",
                suggestion(str(name), known, otherwise="correct or remove it"),
            )


__all__ = [
    "FORMAT",
    "Description",
    "SurveyConfig",
    "read_survey",
    "survey_file",
    "survey_presets",
]
