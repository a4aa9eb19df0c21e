"""Plates whose measurements are shifted by declared terms, by a formula of their own.

Nothing here uses the library's own terms but their declarations: the shifts are NumPy's
Legendre polynomials of positions that are found from the pixels.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from reseau.instrument import CalibrationTerm, Instrument
from reseau.model import Problem

Shifts = tuple[np.ndarray, np.ndarray]


def degrees(term: CalibrationTerm) -> list[tuple[int, int]]:
    """Return (k, l) by total degree, then by k descending."""
    return [
        (total - m, m)
        for total in range(term.minimum_degree, term.degree + 1)
        for m in range(total + 1)
    ]


def shift_of(
    term: CalibrationTerm,
    x: np.ndarray,
    y: np.ndarray,
    covariate: np.ndarray,
    coefficients: np.ndarray,
) -> Shifts:
    """Return u Σ c P_k(X/s) P_l(Y/s) along x and y.

    Parameters
    ----------
    x, y
        Undistorted positions [µm].
    coefficients
        Of each measurement, those of x, then those of y, (m, n).
    """
    kind = np.polynomial.legendre.legval
    if term.basis == "power":
        kind = np.polynomial.polynomial.polyval
    u, v = x / term.normalisation, y / term.normalisation

    def one(t: np.ndarray, n: int) -> np.ndarray:
        return np.asarray(kind(t, np.eye(n + 1)[n]))

    values = np.stack([one(u, k) * one(v, m) for k, m in degrees(term)], axis=1)
    n = values.shape[1]
    out = {"x": np.zeros(len(x)), "y": np.zeros(len(x))}
    for i, axis in enumerate(term.axes):
        own = coefficients[:, i * n : (i + 1) * n]
        out[axis] = covariate * np.sum(own * values, axis=1)
    return out["x"], out["y"]


def on_axes(
    instrument: Instrument, detector: np.ndarray, shift: Shifts, frame: str
) -> np.ndarray:
    """Return a shift in pixels, (m, 2), of nominal detectors."""
    if frame == "pixel":
        return np.stack(shift, axis=1)
    theta = np.asarray(instrument.detectors.theta)[detector]
    pitch = np.asarray(instrument.detectors.pitch)[detector]
    cos, sin = np.cos(theta), np.sin(theta)
    x, y = shift
    return np.stack([cos * x + sin * y, cos * y - sin * x], axis=1) / pitch


def places(
    instrument: Instrument, detector: np.ndarray, pixel: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return focal-plane positions of pixels on nominal detectors [µm]."""
    d = instrument.detectors
    origin = (np.asarray(d.naxis)[detector] - 1.0) / 2.0
    u, v = ((pixel - origin) * np.asarray(d.pitch)[detector]).T
    theta = np.asarray(d.theta)[detector]
    cos, sin = np.cos(theta), np.sin(theta)
    centre = np.asarray(d.centre)[detector]
    return centre[:, 0] + cos * u - sin * v, centre[:, 1] + sin * u + cos * v


def shifted(
    problem: Problem,
    terms: Sequence[CalibrationTerm],
    covariates: np.ndarray,
    coefficients: Sequence[np.ndarray],
    *,
    declared: bool = True,
) -> Problem:
    """Return a problem whose measurements the terms have moved.

    Parameters
    ----------
    covariates
        A row a term.
    coefficients
        True ones of each term: one set, a set a detector, or a set an exposure.
    declared
        Whether the solver is told of the terms.
    """
    measured, instrument = problem.measurements, problem.instrument
    detector, exposure = np.asarray(measured.detector), np.asarray(measured.exposure)
    pixel = np.array(measured.pixel)
    x, y = places(instrument, detector, pixel)
    index = {
        "plate": np.zeros_like(detector),
        "detector": detector,
        "exposure": exposure,
    }
    for term, u, values in zip(terms, covariates, coefficients, strict=True):
        own = np.atleast_2d(values)[index[term.granularity]]
        shift = shift_of(term, x, y, u, own)
        pixel += on_axes(instrument, detector, shift, term.frame)
    moved = replace(measured, pixel=pixel)
    if not declared:
        return replace(problem, measurements=moved)
    # At once: a problem has as many covariates as its instrument has terms.
    return Problem(
        **{
            **vars(problem),
            "instrument": replace(instrument, terms=tuple(terms)),
            "measurements": replace(moved, covariates=np.asarray(covariates)),
        }
    )
