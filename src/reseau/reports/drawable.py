"""A solution as its figures need it: columns, and what follows from several of them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from reseau.constants import DEGREE, MILLIARCSECOND
from reseau.diagnostics import (
    Comparison,
    DistortionMap,
    evaluate_distortion,
    focal_plane_grid,
)
from reseau.diagnostics.comparison.solution import Columns, Compared
from reseau.plates.on_the_plane import plane_positions
from reseau.tables.ids import Index


@dataclass(frozen=True)
class Drawable:
    """What figures are drawn from.

    Attributes
    ----------
    solution
        Columns, instrument and summary of a solution.
    comparison
        Solution against truth, where there is one.
    field
        Number of the field of each exposure; absent: all are one field.
    """

    solution: Compared
    comparison: Comparison | None = None
    field: np.ndarray | None = None

    @cached_property
    def detector(self) -> np.ndarray:
        """Return the row of each measurement's detector."""
        ids = np.asarray(self.solution.instrument.detectors.ids)
        return Index(ids, "detector").require(self.solution.residuals["detector_id"])

    @cached_property
    def source(self) -> np.ndarray:
        """Return the row of each measurement's source; all measured ones are there."""
        ids = self.solution.sources["source_id"]
        return Index(ids, "source").require(self.solution.residuals["source_id"])

    @cached_property
    def exposure(self) -> np.ndarray:
        """Return the row of each measurement's exposure."""
        ids = self.solution.exposures["exposure_id"]
        return Index(ids, "exposure").require(self.solution.residuals["exposure_id"])

    @property
    def has_positions(self) -> bool:
        """Return whether the residuals say where they were measured."""
        return {"x", "y", "x_error", "y_error"} <= self.solution.residuals.keys()

    @property
    def freedom(self) -> float:
        """Return by what residuals are smaller than errors after a fit, on average."""
        n, dof = 2 * self.detector.size, self.solution.summary["dof"] or 0.0
        return float(np.sqrt(max(dof, 0.0) / n))

    @property
    def redundancy(self) -> np.ndarray:
        """Return the variances of residuals over those of measurements, (m, 2).

        Where the solution does not say them, of all what they are on average.
        """
        table = self.solution.residuals
        if "redundancy_x" in table:
            found = np.stack([table["redundancy_x"], table["redundancy_y"]], axis=1)
            if np.all(np.isfinite(found)):
                return np.maximum(found, 0.0)
        return np.full((self.detector.size, 2), self.freedom**2)

    def on_plane(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return focal-plane positions of measured ones [um].

        Parameters
        ----------
        x, y
            Of each measurement, in the unit in which it was made.
        """
        detectors = self.solution.instrument.detectors
        found = plane_positions(detectors, np.stack([x, y], axis=1), self.detector)
        return found[:, 0], found[:, 1]

    @cached_property
    def sigma(self) -> np.ndarray:
        """Return the expected noise of a residual in the focal plane [um]."""
        table = self.solution.residuals
        pitch = np.asarray(self.solution.instrument.detectors.pitch)[self.detector]
        error = np.stack([table["x_error"], table["y_error"]], axis=1)
        own = self.redundancy * (error * pitch) ** 2
        return np.sqrt(np.mean(own, axis=1))

    @property
    def sky_sigma(self) -> np.ndarray:
        """Return the expected noise of a residual on the sky [mas]."""
        return self.sigma / (self._focal * MILLIARCSECOND)

    @property
    def _focal(self) -> float:
        return float(np.mean(np.asarray(self.solution.instrument.focal)))

    @property
    def attitude(self) -> np.ndarray:
        """Return ra, dec and pa of the exposures that are determined [rad]."""
        columns = self.solution.exposures
        angles = np.stack([columns[a] * DEGREE for a in ("ra", "dec", "pa")], axis=1)
        return angles[np.isfinite(angles).all(axis=1)]

    @cached_property
    def plane_limits(self) -> np.ndarray:
        """Return first and last pixel of each detector, (n_det, 2, 2).

        Of a plane without pixels: the range of what was measured there.
        """
        naxis = np.asarray(self.solution.instrument.detectors.naxis, dtype=float)
        limits = np.stack([np.full(naxis.shape, -0.5), naxis - 0.5], axis=-1)
        for row in np.flatnonzero(~np.all(naxis > 0.0, axis=1)):
            limits[row] = 0.0
            here = self.detector == row
            if self.has_positions and here.any():
                for i, name in enumerate(("x", "y")):
                    values = self.solution.residuals[name][here]
                    limits[row, i] = values.min(), values.max()
        return limits

    @property
    def half_side(self) -> float:
        """Return half the side of the square about the axis that holds all [um]."""
        detectors = self.solution.instrument.detectors
        limits, origin = self.plane_limits, np.asarray(detectors.origin)
        pitch = np.asarray(detectors.pitch)
        reach = np.abs(limits - origin[:, :, None]).max(axis=-1) * pitch
        size = float(np.max(np.abs(np.asarray(detectors.centre)) + reach, initial=0.0))
        distortion = self.solution.instrument.distortion
        return size or distortion.normalisation or 1.0

    def map_of(
        self,
        coefficients: np.ndarray,
        skew: float,
        covariance: np.ndarray | None = None,
    ) -> DistortionMap:
        """Return the displacements by a distortion over the plane.

        Parameters
        ----------
        coefficients, skew
            Of the solution's distortion model.
        covariance
            Of the coefficients and, last, the skew.
        """
        x, y = focal_plane_grid(self.half_side)
        distortion = self.solution.instrument.distortion
        return evaluate_distortion(
            distortion, coefficients, x=x, y=y, skew=skew, covariance=covariance
        )

    @property
    def fitted_map(self) -> DistortionMap:
        """Return the fitted distortion with its uncertainty."""
        instrument = self.solution.instrument
        n = instrument.distortion.n_coefficients + 1
        return self.map_of(
            np.asarray(instrument.coefficients),
            float(instrument.skew),
            np.nan_to_num(self.solution.covariance[:n, :n]),
        )


__all__ = ["Columns", "Drawable"]
