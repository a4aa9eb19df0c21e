"""`reseau sources` as a function: what sources do beyond straight motion."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from astropy.table import QTable

from reseau.errors import ConfigError, explain
from reseau.exchange.epoch_astrometry.reading import read_epoch_astrometry
from reseau.exchange.epoch_astrometry.velocities import read_velocities
from reseau.motions.source_models.choice import Choice, choose_models
from reseau.motions.source_models.options import SourceOptions
from reseau.motions.source_models.solution import SourceSolution, solution_of
from reseau.motions.source_models.solution_table import (
    solution_table,
    write_solutions,
)
from reseau.motions.source_models.solution_text import LIMIT, lines_of
from reseau.observers import parse_observer
from reseau.tables import check_output

from .source_figures import draw_sources


@dataclass(frozen=True, eq=False)
class SourceModels:
    """The models of sources; ``print`` it.

    Attributes
    ----------
    choice
        Models of all sources.
    files
        What was written: the table and the figures.
    """

    choice: Choice = field(repr=False)
    files: tuple[Path, ...] = ()

    def __len__(self) -> int:
        """Return how many sources there are."""
        return len(self.choice.kind)

    def __getitem__(self, place: int) -> SourceSolution:
        """Return the model of one source, by its place."""
        return solution_of(self.choice, range(len(self))[place])

    @cached_property
    def table(self) -> QTable:
        """Return one row a source, Gaia's names where Gaia has them."""
        return solution_table(self.choice)

    def lines(self) -> list[str]:
        """Return tables for people, of at most 80 columns."""
        return lines_of(self.choice)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; of many sources the first few."""
        sources = [
            {
                "source_id": int(one.astrometry.source_id[0]),
                "model": one.kind,
                "parameters": dict(zip(one.names, one.value.tolist(), strict=True)),
                "errors": dict(zip(one.names, one.error.tolist(), strict=True)),
                "elements": {name: value for name, (value, _) in one.derived.items()},
                "chi2": one.chi2,
                "degrees_of_freedom": one.degrees,
                "goodness_of_fit": one.goodness,
                "noise_floor": one.floor,
            }
            for one in (self[i] for i in range(min(len(self), LIMIT)))
        ]
        kinds = {kind: self.choice.kind.count(kind) for kind in set(self.choice.kind)}
        return {
            "origin": self.choice.astrometry.origin,
            "n_sources": len(self),
            "models": dict(sorted(kinds.items())),
            "sources": sources,
            "files": [str(path) for path in self.files],
        }

    def __str__(self) -> str:
        """Return the tables as text."""
        return "\n".join(self.lines())


def sources(
    source: Any,
    output: str | Path | None = None,
    *,
    model: str = "auto",
    radial_velocities: Any = None,
    noise_floor: str | float = "auto",
    robust: bool = False,
    dark_companion: bool = False,
    colour_prior: float | None = None,
    shortest_period: float | None = None,
    reference_epoch: float | None = None,
    observer: str = "geocentre",
    figures: str | Path | None = None,
    overwrite: bool = False,
) -> SourceModels:
    """Find what sources do: straight motion, acceleration, an orbit, a lens.

    Parameters
    ----------
    source
        Epoch astrometry: a file of Gaia, Hipparcos or pmpar, a table of positions, or
        the directory of a catalogue with residuals; see `read_epoch_astrometry`.
    output
        File of the table of results, ending in .parquet, .ecsv, .fits, .vot or .csv;
        absent: none is written.
    model
        "auto": the simplest that fits, in the order of Gaia DR3; or "5", "7", "9"
        parameters, "orbit", "lens".
    radial_velocities
        File or table of velocities of the only source: time, velocity, error [km/s].
    noise_floor
        Additional error of each row: "auto", "none", "fit", "stated", or a number
        [mas]; see `SourceOptions`.
    robust
        Whether rows that disagree count less, with the weights of AGIS.
    dark_companion
        Whether the speed of the star follows from its orbit on the sky and the
        parallax.
    colour_prior
        1σ of the pseudo-colour about zero [1/nm], to be fitted as a sixth parameter.
    shortest_period
        That is searched [d].
    reference_epoch
        From which motion counts [Julian year]; absent: that of the data.
    observer
        Where the telescope is, for parallax factors that are not given.
    figures
        Directory for figures of the first sources; absent: none are drawn.
    overwrite
        Whether files of the same names may be replaced.

    Raises
    ------
    ReseauError
        The file is of no known kind, lacks columns, or an option is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from reseau.verbs.sources import sources
    >>> t = 2030.0 + np.arange(40) / 10.0
    >>> places = {"ra": 0.0 * t + 266.4, "dec": 1e-7 * (t - 2032.0) - 29.0}
    >>> errors = dict.fromkeys(("ra_error", "dec_error"), 0.0 * t + 0.1)
    >>> found = sources({"epoch": t, **places, **errors})
    >>> round(found[0]["pmdec"], 3)
    0.36
    """
    options = SourceOptions(
        model=model,
        floor=noise_floor,
        robust=robust,
        dark=dark_companion,
        colour_prior=colour_prior,
        shortest_period=shortest_period,
    )
    parse_observer(observer)
    if output is not None:
        check_output(output, kind="file", overwrite=overwrite)
    astrometry = read_epoch_astrometry(
        source, observer=observer, reference_epoch=reference_epoch
    )
    if colour_prior is not None and astrometry.colour_factor is None:
        raise _refused(
            given=f"a prior of the pseudo-colour for {astrometry.origin}",
            wanted="data with colour factors, as Gaia's have them",
            where="--colour-prior",
            todo="leave it out",
        )
    velocities = None
    if radial_velocities is not None:
        velocities = read_velocities(radial_velocities)
        if len(astrometry.first) > 1:
            raise _refused(
                given=f"radial velocities for {len(astrometry.first)} sources",
                wanted="epoch astrometry of the one source that they are of",
                where="--radial-velocities",
                todo="choose the rows of that source",
            )
    choice = choose_models(astrometry, options, velocities)
    files: list[Path] = []
    if output is not None:
        files.append(write_solutions(choice, output, overwrite=overwrite))
    if figures is not None:
        files += draw_sources(choice, figures, observer=observer, overwrite=overwrite)
    return SourceModels(choice, tuple(files))


def _refused(*, given: str, wanted: str, where: str, todo: str) -> ConfigError:
    return ConfigError(explain(given=given, wanted=wanted, where=where, todo=todo))


__all__ = ["SourceModels", "sources"]
