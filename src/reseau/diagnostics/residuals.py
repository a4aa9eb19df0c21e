"""Residuals over the focal plane, against a variable and by exposure.

Residuals keep the unit in which they are given. Their expected noise is given beside
them: after a fit it is a little smaller than the error of the measurement, by about
√(1 − parameters/measurements) of the source.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray
from scipy import special

Grid = Float[ndarray, "n_y n_x"]
Column = Float[ndarray, "n"]
Bins = Float[ndarray, "n_bins"]


@dataclass(frozen=True)
class BinnedVectors:
    """Mean residual vectors in cells of the focal plane.

    Attributes
    ----------
    edges_x, edges_y
        Edges of the cells, in the unit of the position.
    dx, dy
        Mean residual, weighted by 1/σ²; NaN in a cell with too few measurements.
    expected_x, expected_y
        Standard deviation of that mean if the noise is white and as stated.
    count
        Number of measurements in the cell.
    """

    edges_x: Column
    edges_y: Float[ndarray, "m"]
    dx: Grid
    dy: Grid
    expected_x: Grid
    expected_y: Grid
    count: Int[ndarray, "n_y n_x"]

    @property
    def centres(self) -> tuple[Grid, Grid]:
        """Centres of the cells, x and y."""
        x, y = (0.5 * (e[1:] + e[:-1]) for e in (self.edges_x, self.edges_y))
        grid = np.meshgrid(x, y)
        return grid[0], grid[1]

    @property
    def used(self) -> ndarray:
        """Cells that have a mean."""
        return np.isfinite(self.dx) & np.isfinite(self.dy)

    @property
    def rms(self) -> float:
        """Root mean square of a component over the cells."""
        both = np.concatenate([self.dx[self.used], self.dy[self.used]])
        return float(np.sqrt(np.mean(both**2))) if both.size else float("nan")

    @property
    def expected(self) -> float:
        """Root mean square of a component that noise alone would give."""
        both = np.concatenate([self.expected_x[self.used], self.expected_y[self.used]])
        return float(np.sqrt(np.mean(both**2))) if both.size else float("nan")

    @property
    def reduced_chi2(self) -> float:
        """Mean square of a component over its expected variance; 1 for pure noise."""
        x = (self.dx / self.expected_x)[self.used]
        y = (self.dy / self.expected_y)[self.used]
        both = np.concatenate([x, y])
        return float(np.mean(both**2)) if both.size else float("nan")


def binned_vectors(
    x: Column,
    y: Column,
    *,
    dx: Column,
    dy: Column,
    sigma_x: Column,
    sigma_y: Column,
    n_bins: int = 20,
    minimum_count: int = 5,
) -> BinnedVectors:
    """Average residual vectors in square cells over the focal plane.

    Parameters
    ----------
    x, y
        Position in the focal plane.
    dx, dy
        Residual.
    sigma_x, sigma_y
        Its expected standard deviation, in the same unit.
    n_bins
        Number of cells along the longer side.
    minimum_count
        Cells with fewer measurements get no mean.
    """
    edges_x, edges_y = _square_edges(x, y, n_bins)
    shape = (len(edges_y) - 1, len(edges_x) - 1)
    cell = _index(y, edges_y) * shape[1] + _index(x, edges_x)
    count = np.bincount(cell, minlength=shape[0] * shape[1])
    enough = count >= max(minimum_count, 1)
    mean_x, noise_x = _weighted_mean(cell, dx, sigma_x, enough)
    mean_y, noise_y = _weighted_mean(cell, dy, sigma_y, enough)
    grids = (a.reshape(shape) for a in (mean_x, mean_y, noise_x, noise_y, count))
    return BinnedVectors(edges_x, edges_y, *grids)


def _square_edges(x: Column, y: Column, n_bins: int) -> tuple[ndarray, ndarray]:
    span_x, span_y = np.ptp(x), np.ptp(y)
    side = max(span_x, span_y) / n_bins or 1.0
    edges = []
    for values, span in ((x, span_x), (y, span_y)):
        # The tiny margin keeps n sides from rounding up to n + 1 cells.
        n = max(int(np.ceil(span / side - 1e-9)), 1)
        middle = 0.5 * (values.min() + values.max())
        edges.append(middle + side * (np.arange(n + 1) - 0.5 * n))
    return edges[0], edges[1]


def _index(values: Column, edges: Float[ndarray, "n_edges"]) -> ndarray:
    found = np.searchsorted(edges, values, side="right") - 1
    return np.clip(found, 0, len(edges) - 2)


def _weighted_mean(
    cell: ndarray, value: Column, sigma: Column, enough: ndarray
) -> tuple[ndarray, ndarray]:
    weight = 1.0 / sigma**2
    total = np.bincount(cell, weights=weight, minlength=enough.size)
    product = np.bincount(cell, weights=weight * value, minlength=enough.size)
    # An empty cell would divide by zero; it gets NaN either way.
    total = np.where(enough, total, np.nan)
    return product / total, 1.0 / np.sqrt(total)


@dataclass(frozen=True)
class Running:
    """Statistics of residuals in bins of a variable.

    Attributes
    ----------
    centre
        Median of the variable in the bin.
    count
        Number of values.
    median, low, high
        Median and the quantiles that enclose the central 68.27 per cent.
    rms
        Root mean square.
    expected
        Root mean square that the stated errors promise.
    """

    centre: Bins
    count: Int[ndarray, "n_bins"]
    median: Bins
    low: Bins
    high: Bins
    rms: Bins
    expected: Bins


def running_statistics(
    variable: Column,
    residual: Column,
    sigma: Column,
    *,
    n_bins: int = 24,
    minimum_count: int = 30,
) -> Running:
    """Return running median, 68 per cent band, RMS and expected RMS.

    Parameters
    ----------
    variable
        What the residual is looked at against: magnitude, colour, time, ...; rows
        where it is missing (NaN) are left out.
    residual
        Residuals of one coordinate, or of both pooled.
    sigma
        Their expected standard deviations, in the same unit.
    n_bins
        Number of bins of equal width.
    minimum_count
        Bins with fewer values are joined with their neighbours.
    """
    known = np.isfinite(variable)
    variable, residual, sigma = variable[known], residual[known], sigma[known]
    if not variable.size:
        return Running(*(np.zeros(0, int if i == 1 else float) for i in range(7)))
    edges = np.linspace(variable.min(), variable.max(), n_bins + 1)
    bins = _index(variable, edges)
    order = np.argsort(bins, kind="stable")
    ends = _merged_ends(np.bincount(bins, minlength=n_bins), max(minimum_count, 1))
    rows = [
        _bin_statistics(variable[part], residual[part], sigma[part])
        for part in np.split(order, ends)
    ]
    columns = np.array(rows, dtype=float).reshape(-1, 7).T
    return Running(columns[0], columns[1].astype(int), *columns[2:])


def _merged_ends(count: ndarray, minimum: int) -> list[int]:
    # Rows after which a bin ends, neighbours joined until each has enough.
    ends, total = [0], np.cumsum(count)
    for end in total.tolist():
        if end - ends[-1] >= minimum:
            ends.append(end)
    # What is left over at the end joins the last.
    return ends[1:-1]


def _bin_statistics(
    variable: Column, residual: Column, sigma: Column
) -> tuple[float, ...]:
    middle = special.ndtr([-1.0, 0.0, 1.0])
    low, median, high = np.quantile(residual, middle)
    rms, expected = (np.sqrt(np.mean(a**2)) for a in (residual, sigma))
    return np.median(variable), len(residual), median, low, high, rms, expected


@dataclass(frozen=True)
class ExposureChi2:
    """Reduced chi² of each exposure and the range that chance allows.

    Attributes
    ----------
    reduced
        Chi² over its expectation; NaN for an exposure without measurements.
    n_coordinates
        Number of coordinates.
    low, high
        Range that holds the given share of exposures by chance.
    """

    reduced: Bins
    n_coordinates: Int[ndarray, "n_bins"]
    low: Bins
    high: Bins


LEAST_DOF = 1e-3
"""Of an exposure's residuals, below which they are only rounding."""


def exposure_chi2(
    exposure: Int[ndarray, "n"],
    pull_x: Column,
    pull_y: Column,
    *,
    n_exposures: int,
    dof: float | None = None,
    redundancy: Column | None = None,
    probability: float = 0.99,
) -> ExposureChi2:
    """Return the reduced chi² of each exposure.

    Parameters
    ----------
    exposure
        Row of the exposure of each measurement.
    pull_x, pull_y
        Residuals over their measurement errors, decorrelated.
    n_exposures
        Number of exposures.
    dof
        Degrees of freedom of the whole fit, shared out among the exposures by their
        numbers of coordinates; absent: no parameters were fitted.
    redundancy
        Expectation of each measurement's sum of squares, where it is known: then `dof`
        does not count.
    probability
        Share of exposures that the range holds by chance.
    """
    chi2 = np.bincount(exposure, pull_x**2 + pull_y**2, minlength=n_exposures)
    n = 2 * np.bincount(exposure, minlength=n_exposures)
    share = 1.0 if dof is None else dof / max(n.sum(), 1)
    expected = share * n
    if redundancy is not None and np.all(np.isfinite(redundancy)):
        expected = np.bincount(exposure, redundancy, minlength=n_exposures)
    expected = np.where(expected > LEAST_DOF, expected, np.nan)
    tail = 0.5 * (1.0 - probability)
    low = special.chdtri(expected, 1.0 - tail) / expected
    high = special.chdtri(expected, tail) / expected
    return ExposureChi2(chi2 / expected, n, low, high)


__all__ = [
    "BinnedVectors",
    "ExposureChi2",
    "Running",
    "binned_vectors",
    "exposure_chi2",
    "running_statistics",
]
