"""Figures of sources: the track on the sky, what is left over time, periods tried."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from reseau.motions.epoch_astrometry import EpochAstrometry
from reseau.motions.source_models.choice import UNKNOWN_NAME, Choice
from reseau.motions.source_models.normal_points import normal_points
from reseau.motions.source_models.orbit import DAYS_PER_YEAR, OrbitFit
from reseau.motions.source_models.solution import SourceSolution, solution_of
from reseau.motions.source_models.track import Track, beyond_five, track_of
from reseau.plots import period_gain, save, source_residuals, source_track
from reseau.tables import os_errors

from .plot import DOTS_PER_INCH, check_free

MOST = 10
"""Sources that are drawn."""

CURVE = 2000
"""Times at which a model is drawn."""


def draw_sources(
    choice: Choice,
    folder: str | Path,
    *,
    observer: str = "geocentre",
    overwrite: bool = False,
) -> list[Path]:
    """Draw the first sources that are determined, and return the files.

    Parameters
    ----------
    choice
        Models of all sources.
    folder
        Where to; made if it does not exist.
    observer
        Who sees the parallax.
    overwrite
        Whether figures of the same names may be replaced.
    """
    known = [i for i, kind in enumerate(choice.kind) if kind != UNKNOWN_NAME]
    places = known[:MOST]
    paths = {
        place: Path(folder) / f"source_{choice.astrometry.source_id[place]}.png"
        for place in places
    }
    check_free(paths.values(), overwrite)
    with os_errors(folder):
        Path(folder).mkdir(parents=True, exist_ok=True)
    return [
        save(
            source_figure(solution_of(choice, place), observer=observer),
            path,
            dots_per_inch=DOTS_PER_INCH,
        )
        for place, path in paths.items()
    ]


def source_figure(solution: SourceSolution, *, observer: str = "geocentre") -> Figure:
    """Return track, residuals and, of an orbit, the periods that were tried.

    Parameters
    ----------
    solution
        Of one source.
    observer
        Who sees the parallax.
    """
    points = normal_points(
        _with_residuals(solution), 0.0, np.ones(len(solution.residual))
    )
    used = points.is_used
    epochs = points.epoch[used]
    curve = np.linspace(epochs.min(), epochs.max(), CURVE)
    bends = bool(np.any(beyond_five(solution, curve)))
    orbit = None if solution.curved is None else solution.curved.fit
    periods = isinstance(orbit, OrbitFit)
    figure = Figure(figsize=(12.4, 10.4 if periods else 5.8), layout="constrained")
    grid = figure.add_gridspec(2 if periods else 1, 2)
    track = track_of(solution, curve, observer)
    whole = track.parallactic is not None
    source_track(
        _places(track, bends=bends),
        _places(track_of(solution, epochs, observer), bends=bends),
        points.value[used],
        points.error[used],
        points.direction[used],
        title=_title(bends=bends, whole=whole),
        ax=figure.add_subplot(grid[0, 0]),
    )
    source_residuals(
        epochs + points.reference_epoch,
        points.value[used],
        points.error[used],
        floor=solution.floor,
        ax=figure.add_subplot(grid[0, 1]),
    )
    if isinstance(orbit, OrbitFit):
        period_gain(
            DAYS_PER_YEAR / orbit.grid.frequency,
            orbit.grid.gain,
            chosen=solution["period"],
            span=float(np.ptp(epochs)) * DAYS_PER_YEAR,
            ax=figure.add_subplot(grid[1, :]),
        )
    name = int(points.source_id[0])
    figure.suptitle(f"source {name}: {solution.kind}", fontsize="medium")
    return figure


def _with_residuals(solution: SourceSolution) -> EpochAstrometry:
    return replace(solution.astrometry, value=solution.residual)


def _places(track: Track, *, bends: bool) -> np.ndarray:
    """Return what bends alone, or the whole track where nothing does."""
    if bends:
        return track.beyond
    return track.straight + (0.0 if track.parallactic is None else track.parallactic)


def _title(*, bends: bool, whole: bool) -> str:
    if bends:
        return "without position, motion and parallax"
    return "position, motion and parallax" if whole else "position and motion"


__all__ = ["draw_sources", "source_figure"]
