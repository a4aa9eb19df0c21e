"""`reseau forecast` as a function: what a survey will know, nothing drawn or solved."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
from matplotlib.axes import Axes

from reseau._compiled import computing
from reseau.diagnostics.forecast.table import Forecast, forecast_of
from reseau.diagnostics.forecast.text import (
    as_dict,
    lines_of,
    row_columns,
    star_columns,
)
from reseau.errors import unknown_name
from reseau.plots import FORMATS, save
from reseau.plots.forecast import forecast as draw
from reseau.tables import check_output, new_file, os_errors, write_table

from .plot import DOTS_PER_INCH, check_free
from .simulate import as_dataset
from .survey_input import open_described

Told = Callable[[int, int], None]


@dataclass(frozen=True)
class SurveyForecast:
    """What a survey will know of its stars; ``print`` it.

    Attributes
    ----------
    numbers
        The forecast.
    files
        What was written: "forecast" is a figure, "rows" the table against magnitude,
        "stars" that of each star.
    """

    numbers: Forecast = field(repr=False)
    files: dict[str, Path] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """Return tables for people, of at most 80 columns."""
        return lines_of(self.numbers)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        files = {kind: str(path) for kind, path in self.files.items()}
        return {**as_dict(self.numbers), "files": files}

    def __str__(self) -> str:
        """Return the tables as text."""
        return "\n".join(self.lines())


@computing()
def forecast(
    survey: Any,
    output: str | Path | None = None,
    *,
    scale: float = 1.0,
    seed: int | None = None,
    every_plate: bool | None = None,
    file_format: str = "png",
    overwrite: bool = False,
    told: Told | None = None,
) -> SurveyForecast:
    """Forecast errors of positions, motions and parallaxes from the schedule alone.

    They are Cramér-Rao bounds: of all plates together, with what calibration takes, and
    with references' priors once. No noise is drawn, and nothing is solved.

    Parameters
    ----------
    survey
        Description of the survey: a TOML file, the name of a preset ("mini",
        "mission"), or a `SurveyConfig`.
    output
        Directory for a figure and two tables; absent: none are written.
    scale
        Part of the survey's orbits that count, evenly spread.
    seed
        Instead of the description's.
    every_plate
        Whether each plate is computed; False: plates, exposures and stars that repeat
        each other are counted instead. Absent: whether there are at most 20.
    file_format
        Of the figure, "png" or "pdf".
    overwrite
        Whether files of the same names may be replaced; nothing else ever is.
    told
        Called after each plate, or kind of plate, with how many are done, and of how
        many.

    Raises
    ------
    ReseauError
        The description is wrong, references do not determine the datum, or a file is
        there already.

    Examples
    --------
    >>> from reseau.verbs.forecast import forecast
    >>> print(forecast("mission"))  # doctest: +SKIP
    """
    if file_format not in FORMATS:
        raise unknown_name("format", file_format, FORMATS, where="--format")
    paths: dict[str, Path] = {}
    if output is not None:
        names = (f"forecast.{file_format}", "forecast.csv", "stars.parquet")
        paths = {
            kind: Path(output) / name
            for kind, name in zip(("forecast", "rows", "stars"), names, strict=True)
        }
        check_free([paths["forecast"]], overwrite)
        for kind in ("rows", "stars"):
            check_output(paths[kind], kind="file", overwrite=overwrite)
    opened = open_described(survey, scale=scale, seed=seed).survey
    numbers = forecast_of(
        opened, lambda plate: as_dataset(plate).dataset, each=every_plate, told=told
    )
    if paths:
        _write(numbers, paths, overwrite)
    return SurveyForecast(numbers, paths)


def _write(numbers: Forecast, paths: dict[str, Path], overwrite: bool) -> None:
    folder = paths["rows"].parent
    with os_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    save(forecast_figure(numbers)[0], paths["forecast"], dots_per_inch=DOTS_PER_INCH)
    with new_file(paths["rows"], overwrite=overwrite) as temporary:
        pc.write_csv(pa.table(row_columns(numbers)), temporary)
    write_table(pa.table(star_columns(numbers)), paths["stars"], overwrite=overwrite)


def forecast_figure(numbers: Forecast) -> tuple[Axes, Axes]:
    """Return the figure of a forecast, its two axes.

    Parameters
    ----------
    numbers
        The forecast.
    """
    columns, wanted = row_columns(numbers), numbers.config.requirement

    def line(name: str, label: str) -> tuple[str, Any, Any]:
        motion = [
            columns[f"{name}_{axis}_error_uas_per_yr"] for axis in ("pmra", "pmdec")
        ]
        parallax = columns[f"{name}_parallax_error_uas"]
        return label, parallax, np.maximum(*motion)

    axes = draw(
        columns["phot_hw_mag"],
        [
            line("whole", "forecast, medians"),
            line("held", "the same, calibration held"),
            line("alone", "without an entry among the references"),
            line("random", "random limit of a typical star"),
        ],
        parallax_required=None
        if wanted.parallax_uas is None
        else (wanted.parallax_mag, wanted.parallax_uas),
        motion_required=None
        if wanted.motion_uas_per_yr is None
        else (wanted.motion_mag, wanted.motion_uas_per_yr),
    )
    axes[0].figure.suptitle(
        f"{numbers.config.name}: what it will know of its stars", fontsize="medium"
    )
    return axes


__all__ = ["SurveyForecast", "forecast", "forecast_figure"]
