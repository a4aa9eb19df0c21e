"""Every figure of a solution, by name: what it shows and what it needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from reseau.diagnostics import (
    binned_vectors,
    detector_outlines,
    difference,
    exposure_chi2,
    running_statistics,
)
from reseau.errors import ReseauError
from reseau.plates.photometry import COLOURS, MAGNITUDES, best_known
from reseau.plots import (
    chi2_of_exposures,
    convergence,
    distortion_map,
    distortion_pair,
    distortion_uncertainty,
    error_magnitude,
    footprint,
    pull_histogram,
    residual_against,
    residual_quiver,
)
from reseau.solvers import Settings

from .drawable import Drawable

CELLS = 24
"""Cells of the residual map along a side, a tenth of a detector or so."""

IN_CELL = 8
"""Measurements in a cell on average, for which cells are made larger."""

SINGLE = 100
"""Measurements up to which each has its arrow."""

FILLED = 0.3
"""Cells with a smaller share of the average number, as over gaps, are left out."""

LEAST_VARIANCE = 0.01
"""Of a residual, over the measurement's, below which it is left out of the pulls."""

Drawing = Figure | Axes


Given = TypeVar("Given")


@dataclass(frozen=True)
class Kind(Generic[Given]):
    """A kind of figure, drawn from what is given.

    Attributes
    ----------
    shows
        In words.
    draw
        Draws it.
    lacks
        Says what is missing for it; empty: nothing.
    """

    shows: str
    draw: Callable[[Given], Drawing]
    lacks: Callable[[Given], str] = lambda _: ""


def draw_footprint(given: Drawable) -> Axes:
    """Draw detectors and sources on the sky."""
    sources = given.solution.sources
    position = np.stack([sources["ra"], sources["dec"]], axis=1)
    reference = np.asarray(sources["is_reference"], dtype=bool)
    return footprint(
        detector_outlines(
            given.solution.instrument,
            given.attitude,
            pixel_range=given.plane_limits,
        ),
        reference=position[reference],
        target=position[~reference],
        field=given.field,
    )


def draw_residual_quiver(given: Drawable) -> Axes:
    """Draw mean residuals over the focal plane."""
    table = given.solution.residuals
    x, y = given.on_plane(table["x"], table["y"])
    there = given.on_plane(table["x"] + table["dx"], table["y"] + table["dy"])
    cells, fewest = _cells_for(x.size)
    return residual_quiver(
        binned_vectors(
            x,
            y,
            dx=there[0] - x,
            dy=there[1] - y,
            sigma_x=given.sigma,
            sigma_y=given.sigma,
            n_bins=cells,
            minimum_count=fewest,
        ),
        unit="um",
    )


def _cells_for(n: int) -> tuple[int, int]:
    """Return cells along a side, and how many of n measurements one must have."""
    if n <= SINGLE:
        return CELLS, 1
    cells = min(CELLS, int(np.sqrt(n / IN_CELL)))
    return cells, max(3, round(FILLED * n / cells**2))


def _against(given: Drawable, variable: np.ndarray, label: str) -> Axes:
    """Draw both coordinates of the residuals on the sky against a variable."""
    table = given.solution.residuals
    both = np.concatenate([table["dxi"], table["deta"]])
    variable, sigma = np.tile(variable, 2), np.tile(given.sky_sigma, 2)
    known = np.isfinite(variable) & np.isfinite(both)
    variable, both, sigma = variable[known], both[known], sigma[known]
    return residual_against(
        variable, both, running_statistics(variable, both, sigma), label=label
    )


def draw_residual_magnitude(given: Drawable) -> Axes:
    """Draw residuals against the magnitude of their source."""
    return _against_one_of(given, MAGNITUDES)


def draw_residual_colour(given: Drawable) -> Axes:
    """Draw residuals against the colour of their source."""
    return _against_one_of(given, COLOURS)


def _against_one_of(given: Drawable, names: Mapping[str, str]) -> Axes:
    sources = given.solution.sources
    name = best_known(sources, names)
    return _against(given, np.asarray(sources[name])[given.source], names[name])


def _unit(given: Drawable) -> str:
    return f"as measured [{given.solution.summary['residual_unit']}]"


def draw_residual_x(given: Drawable) -> Axes:
    """Draw residuals against the measured x."""
    return _against(given, given.solution.residuals["x"], f"x {_unit(given)}")


def draw_residual_y(given: Drawable) -> Axes:
    """Draw residuals against the measured y."""
    return _against(given, given.solution.residuals["y"], f"y {_unit(given)}")


def draw_residual_exposure(given: Drawable) -> Axes:
    """Draw residuals against the number of the exposure."""
    label = "exposure, in the order of the solution's table"
    ax = _against(given, given.exposure + 1.0, label)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    return ax


def draw_exposure_chi2(given: Drawable) -> Axes:
    """Draw the reduced chi² of each exposure with the range of chance."""
    table = given.solution.residuals
    found = exposure_chi2(
        given.exposure,
        table["pull_x"],
        table["pull_y"],
        n_exposures=given.solution.exposures["exposure_id"].size,
        dof=given.solution.summary["dof"] or None,
        redundancy=table["redundancy_x"] + table["redundancy_y"]
        if "redundancy_x" in table
        else None,
    )
    return chi2_of_exposures(found, given.solution.exposures["exposure_id"])


def draw_pulls(given: Drawable) -> Axes:
    """Draw errors over formal errors where truth is known, else residuals'."""
    if given.comparison is not None:
        pulls = given.comparison.pulls
        shown = {n: p for n, p in pulls.items() if n != "target"}
        return pull_histogram(shown or pulls)
    table, variance = given.solution.residuals, given.redundancy
    shown = {}
    for i, n in enumerate("xy"):
        told = variance[:, i] > LEAST_VARIANCE
        shown[n] = table[f"pull_{n}"][told] / np.sqrt(variance[told, i])
    label = "residual / its σ, that of the measurement less what the fit takes"
    return pull_histogram(shown, label=label)


def draw_error_magnitude(given: Drawable) -> Axes:
    """Draw formal errors of the positions against magnitude."""
    sources = given.solution.sources
    name = best_known(sources, MAGNITUDES)
    return error_magnitude(
        sources[name],
        sources["ra_error"],
        sources["dec_error"],
        is_reference=np.asarray(sources["is_reference"], dtype=bool),
        label=MAGNITUDES[name],
    )


def draw_distortion(given: Drawable) -> Drawing:
    """Draw the fitted distortion, or what is left of the true one where known."""
    calibration = given.comparison.calibration if given.comparison else None
    fitted = given.fitted_map
    if calibration is None or calibration.truth is None:
        return distortion_map(fitted, title="fitted distortion")
    truth, nominal = calibration.truth, given.solution.nominal
    true = given.map_of(np.asarray(truth.coefficients), float(truth.skew))
    if nominal is None:
        return distortion_map(
            difference(fitted, true), title="fitted − true distortion"
        )
    before = given.map_of(np.asarray(nominal.coefficients), float(nominal.skew))
    axes = distortion_pair(
        difference(before, true),
        difference(fitted, true),
        titles=("before: nominal − true distortion", "after: fitted − true distortion"),
    )
    figure = axes[0].get_figure(root=True)
    if not isinstance(figure, Figure):
        raise ReseauError("these axes belong to no figure")
    figure.supxlabel(
        "in the datum of the calibration; each panel has a colour scale of its own",
        fontsize="small",
    )
    return figure


def draw_uncertainty(given: Drawable) -> Axes:
    """Draw the formal error of the fitted distortion."""
    title = "formal error of the fitted distortion"
    return distortion_uncertainty(given.fitted_map, title=title)


def draw_convergence(given: Drawable) -> Axes:
    """Draw how the iteration ended."""
    history = given.solution.summary["history"]

    def of(name: str) -> np.ndarray:
        return np.array([i[name] for i in history], dtype=float)

    return convergence(
        of("objective"), of("largest_step"), tolerance=Settings().tolerance
    )


def _lacks_attitudes(given: Drawable) -> str:
    return "" if given.attitude.size else "no attitude is determined"


def _lacks_residuals(given: Drawable) -> str:
    known = np.isfinite(given.solution.residuals["dx"]).any()
    return "" if known else "the fit ended without residuals"


def _lacks_positions(given: Drawable) -> str:
    if given.has_positions:
        return _lacks_residuals(given)
    return "the residuals do not say where they were measured: solve again"


def _lacks(names: Mapping[str, str], what: str) -> Callable[[Drawable], str]:
    """Return what says that all of some columns of the sources are empty."""

    def lacking(given: Drawable) -> str:
        known = best_known(given.solution.sources, names)
        return _lacks_positions(given) if known else f"no source has a {what}"

    return lacking


def _lacks_distortion(given: Drawable) -> str:
    n = given.solution.instrument.distortion.n_coefficients
    return "" if n else "the instrument has no distortion"


def _lacks_history(given: Drawable) -> str:
    # A stochastic ascent has no steps in σ.
    history = given.solution.summary.get("history") or ()
    known = [i for i in history if i["largest_step"] is not None]
    return "" if known else "the solution has no iterations"


def _lacks_formal_errors(given: Drawable) -> str:
    errors = given.solution.sources["ra_error"]
    if not (np.nan_to_num(errors) > 0).any():
        return "no source has an error: all positions were held"
    return _lacks(MAGNITUDES, "magnitude")(given)


KINDS: dict[str, Kind[Drawable]] = {
    "footprint": Kind(
        "detectors and sources on the sky", draw_footprint, _lacks_attitudes
    ),
    "residual_quiver": Kind(
        "mean residuals over the focal plane", draw_residual_quiver, _lacks_positions
    ),
    "residual_magnitude": Kind(
        "residuals against magnitude",
        draw_residual_magnitude,
        _lacks(MAGNITUDES, "magnitude"),
    ),
    "residual_colour": Kind(
        "residuals against colour", draw_residual_colour, _lacks(COLOURS, "colour")
    ),
    "residual_x": Kind("residuals against x", draw_residual_x, _lacks_positions),
    "residual_y": Kind("residuals against y", draw_residual_y, _lacks_positions),
    "residual_exposure": Kind(
        "residuals by exposure", draw_residual_exposure, _lacks_positions
    ),
    "exposure_chi2": Kind(
        "reduced chi² of each exposure", draw_exposure_chi2, _lacks_residuals
    ),
    "pull_histogram": Kind(
        "pulls against the normal distribution", draw_pulls, _lacks_residuals
    ),
    "error_magnitude": Kind(
        "formal errors against magnitude", draw_error_magnitude, _lacks_formal_errors
    ),
    "distortion": Kind("the fitted distortion", draw_distortion, _lacks_distortion),
    "distortion_uncertainty": Kind(
        "formal error of the fitted distortion", draw_uncertainty, _lacks_distortion
    ),
    "convergence": Kind("how the iteration ended", draw_convergence, _lacks_history),
}
"""The figures of a solution, in the order in which they are drawn."""


__all__ = ["KINDS", "Kind"]
