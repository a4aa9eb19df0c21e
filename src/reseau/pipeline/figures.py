"""The figures of a demonstration: what `plots` draws, from a solution and its truth."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reseau.constants import DEGREE
from reseau.diagnostics import (
    DistortionMap,
    binned_vectors,
    detector_outlines,
    difference,
    evaluate_distortion,
    focal_plane_grid,
    running_statistics,
)
from reseau.errors import ReseauError
from reseau.instrument import from_pixel
from reseau.io import columns_of, os_errors
from reseau.model import Parameters
from reseau.plots import (
    convergence,
    distortion_pair,
    distortion_uncertainty,
    footprint,
    pull_histogram,
    residual_magnitude,
    residual_quiver,
    save,
)
from reseau.solve import Settings

from .columns import exposure_columns, residual_columns, source_columns
from .comparing import Comparison
from .simulating import Simulated
from .solving import Solved

CELLS = 24
"""Cells of the residual map along a side, a tenth of a detector or so."""

FILLED = 0.3
"""Cells with a smaller share of the average number, as over gaps, are left out."""

DOTS_PER_INCH = 110


def draw_figures(
    folder: Path, simulated: Simulated, solved: Solved, comparison: Comparison
) -> dict[str, Path]:
    """Draw all figures and return their files by name.

    Parameters
    ----------
    folder
        Where to; made if it does not exist.
    simulated
        Dataset and truth.
    solved
        The solution.
    comparison
        Solution against truth.
    """
    drawings: dict[str, Callable[[], Figure | Axes]] = {
        "footprint": partial(draw_footprint, simulated, solved),
        "residual_quiver": partial(draw_residual_quiver, solved),
        "residual_magnitude": partial(draw_residual_magnitude, simulated, solved),
        "pull_histogram": partial(draw_pulls, comparison),
        "convergence": partial(draw_convergence, solved),
    }
    calibration = comparison.calibration
    if calibration is not None and calibration.truth is not None:
        truth = calibration.truth
        drawings["distortion"] = partial(draw_distortion, solved, truth)
    drawings["distortion_uncertainty"] = partial(draw_uncertainty, solved)
    with os_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return {
        name: save(draw(), folder / f"{name}.png", dots_per_inch=DOTS_PER_INCH)
        for name, draw in drawings.items()
    }


def draw_footprint(simulated: Simulated, solved: Solved) -> Axes:
    """Draw detectors and sources on the sky."""
    exposures = exposure_columns(solved.prepared, solved.solution)
    attitude = np.stack([exposures[a] * DEGREE for a in ("ra", "dec", "pa")], axis=1)
    sources = source_columns(solved.prepared, solved.solution)
    position = np.stack([sources["ra"], sources["dec"]], axis=1)
    reference = solved.prepared.is_reference
    given = columns_of(simulated.dataset.exposures)
    rows = np.searchsorted(given["exposure_id"], solved.prepared.exposure_id)
    return footprint(
        detector_outlines(solved.instrument, attitude),
        reference=position[reference],
        target=position[~reference],
        field=given["field_id"][rows],
    )


def draw_distortion(solved: Solved, truth: Parameters) -> Figure:
    """Draw what the nominal and the fitted distortion leave of the true one."""
    nominal = solved.prepared.problem.instrument
    true = _map(solved, np.asarray(truth.coefficients), float(truth.skew))
    before = _map(solved, np.asarray(nominal.coefficients), float(nominal.skew))
    after = _fitted_map(solved)
    axes = distortion_pair(
        difference(before, true),
        difference(after, true),
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


def draw_uncertainty(solved: Solved) -> Axes:
    """Draw the formal error of the fitted distortion."""
    return distortion_uncertainty(
        _fitted_map(solved), title="formal error of the fitted distortion"
    )


def _map(
    solved: Solved,
    coefficients: np.ndarray,
    skew: float,
    covariance: np.ndarray | None = None,
) -> DistortionMap:
    distortion = solved.prepared.problem.instrument.distortion
    x, y = focal_plane_grid(_half_side(solved))
    return evaluate_distortion(
        distortion, coefficients, x=x, y=y, skew=skew, covariance=covariance
    )


def _fitted_map(solved: Solved) -> DistortionMap:
    solution = solved.solution
    layout = solved.prepared.problem.layout
    part = slice(layout.distortion.start, layout.skew + 1)
    return _map(
        solved,
        np.asarray(solution.parameters.coefficients),
        float(solution.parameters.skew),
        solution.shared_covariance[part, part],
    )


def _half_side(solved: Solved) -> float:
    """Return half the side of the square that the detectors fill [um]."""
    detectors = solved.prepared.problem.instrument.detectors
    half = np.asarray(detectors.naxis) * np.asarray(detectors.pitch) / 2.0
    reach = np.abs(np.asarray(detectors.centre)) + half
    size = float(reach.max())
    return size or solved.prepared.problem.instrument.distortion.normalisation or 1.0


def draw_residual_quiver(solved: Solved) -> Axes:
    """Draw mean residuals over the focal plane."""
    measurements = solved.prepared.problem.measurements
    x, y = _on_plane(solved, np.asarray(measurements.pixel))
    ahead = np.asarray(measurements.pixel) + solved.solution.residuals.pixel
    there = _on_plane(solved, ahead)
    sigma = _sigma_um(solved)
    return residual_quiver(
        binned_vectors(
            x,
            y,
            dx=there[0] - x,
            dy=there[1] - y,
            sigma_x=sigma,
            sigma_y=sigma,
            n_bins=CELLS,
            minimum_count=max(5, round(FILLED * x.size / CELLS**2)),
        ),
        unit="um",
    )


def _on_plane(solved: Solved, pixel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return focal-plane positions of pixels [um]."""
    row = solved.prepared.problem.measurements.detector
    detectors = solved.instrument.detectors
    with jax.enable_x64(True):
        names = ("centre", "pitch", "origin")
        centre, pitch, origin = (
            np.asarray(getattr(detectors, n))[row].T for n in names
        )
        found = from_pixel(
            jnp.asarray(pixel[:, 0]),
            jnp.asarray(pixel[:, 1]),
            centre_x=centre[0],
            centre_y=centre[1],
            theta=np.asarray(detectors.theta)[row],
            pitch_x=pitch[0],
            pitch_y=pitch[1],
            origin_x=origin[0],
            origin_y=origin[1],
        )
    return np.asarray(found[0]), np.asarray(found[1])


def _freedom(solved: Solved) -> float:
    """Return by what residuals are smaller than errors after a fit, on average."""
    solution = solved.solution
    n = 2 * solution.residuals.pixel.shape[0]
    return float(np.sqrt(max(solution.dof, 0.0) / n))


def _sigma_um(solved: Solved) -> np.ndarray:
    """Return the expected noise of a residual in the focal plane [um]."""
    measurements = solved.prepared.problem.measurements
    pitch = np.asarray(solved.instrument.detectors.pitch)[measurements.detector]
    variance = np.diagonal(measurements.covariance, axis1=1, axis2=2)
    return np.sqrt(np.mean(variance * pitch**2, axis=1)) * _freedom(solved)


def draw_residual_magnitude(simulated: Simulated, solved: Solved) -> Axes:
    """Draw residuals on the sky against magnitude."""
    residuals = residual_columns(solved.prepared, solved.solution)
    truth = columns_of(simulated.truth.sources)
    order = np.argsort(truth["source_id"])
    place = np.searchsorted(truth["source_id"][order], residuals["source_id"])
    magnitude = truth["phot_hw_mag"][order[place]]
    scale = _mas_per_um(solved)
    sigma = _sigma_um(solved) * scale
    both = np.concatenate([residuals["dxi"], residuals["deta"]])
    magnitude, sigma = np.tile(magnitude, 2), np.tile(sigma, 2)
    return residual_magnitude(
        magnitude, both, running_statistics(magnitude, both, sigma), band="Hw"
    )


def _mas_per_um(solved: Solved) -> float:
    focal = float(np.mean(np.asarray(solved.instrument.focal)))
    return 3.6e6 / (DEGREE * focal)


def draw_pulls(comparison: Comparison) -> Axes:
    """Draw the distribution of the errors over their formal errors."""
    shown = {n: p for n, p in comparison.pulls.items() if n != "target"}
    return pull_histogram(shown or comparison.pulls)


def draw_convergence(solved: Solved) -> Axes:
    """Draw how the iteration ended."""
    history = solved.solution.history
    return convergence(
        np.array([i.objective for i in history]),
        np.array([i.largest_step for i in history]),
        tolerance=Settings().tolerance,
    )


__all__ = ["draw_figures"]
