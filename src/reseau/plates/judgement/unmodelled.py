"""Whether residuals are a smooth function of the place on the focal plane."""

from typing import Any

import numpy as np
from scipy import special

from reseau.instrument import NoDistortion, basis_name
from reseau.plates.on_the_plane import plane_positions
from reseau.plates.preparation import Prepared
from reseau.solvers import Solution

from .unit_weight import is_chance

DEGREE = 3
"""Degree of the polynomial that residuals are compared with."""

NOTABLE = 0.2
"""Share of chi² that it must take up to be worth a word."""

CHANCE = 1e-6
"""Probability that noise alone gives a polynomial as much."""


def pattern_sentences(prepared: Prepared, solution: Solution) -> list[str]:
    """Say that a distortion is missing, if residuals show one.

    Parameters
    ----------
    prepared, solution
        The plate as solved.
    """
    dof = solution.dof if np.isfinite(solution.dof) else 0.0
    told = None if solution.redundancy is None else solution.redundancy.of_errors
    fits = round(dof) <= 0 or solution.chi2 <= dof
    fits = fits or is_chance(solution.chi2, dof, told)
    if fits or not solution.converged:
        return []
    share = _share_of_polynomial(prepared, solution)
    if share < NOTABLE:
        return []
    model = prepared.problem.instrument.distortion
    head = (
        f"The residuals follow the place on the focal plane: a polynomial of degree "
        f"{DEGREE} takes up {100 * min(share, 0.999):.3g} per cent of chi²"
    )
    if isinstance(model, NoDistortion):
        return [
            f"{head}. The instrument has no distortion: try --distortion legendre "
            "--degree auto."
        ]
    return [
        f"{head}, which the distortion ({basis_name(model)}) cannot follow: try "
        "--distortion legendre --degree auto, or look for detectors that moved."
    ]


def _share_of_polynomial(prepared: Prepared, solution: Solution) -> float:
    """Return the share of chi² that a polynomial takes up; 0 if it may be chance."""
    x, y, dx, dy, sigma = _on_plane(prepared, solution)
    size = max(float(np.max(np.abs([x, y]), initial=0.0)), 1e-30)
    powers = [(i, j) for i in range(DEGREE + 1) for j in range(DEGREE + 1 - i)]
    columns = np.stack([(x / size) ** i * (y / size) ** j for i, j in powers], axis=1)
    n, k = 2 * x.size, 2 * len(powers)
    dof = n - k - prepared.problem.layout.size
    if dof < k:
        return 0.0
    weighted = columns / sigma[:, None]
    product = weighted.T @ weighted
    before = after = 0.0
    for residual in (dx / sigma, dy / sigma):
        found = np.linalg.lstsq(product, weighted.T @ residual, rcond=None)[0]
        before += float(residual @ residual)
        left = residual - weighted @ found
        after += float(left @ left)
    if not (np.isfinite(before) and before > after > 0.0):
        return 0.0
    ratio = (before - after) / k / (after / dof)
    return 1.0 - after / before if special.fdtrc(k, dof, ratio) < CHANCE else 0.0


def _on_plane(prepared: Prepared, solution: Solution) -> tuple[Any, ...]:
    """Return places, residuals and errors of the measurements, in the plane [um]."""
    problem = prepared.problem
    detectors, measured = problem.instrument.detectors, problem.measurements
    row = np.asarray(measured.detector)
    pitch = np.asarray(detectors.pitch)[row]
    pixel = np.asarray(measured.pixel)
    variance = np.trace(np.asarray(measured.covariance), axis1=1, axis2=2)
    sigma = np.sqrt(0.5 * variance * np.mean(pitch, axis=1) ** 2)
    here = plane_positions(detectors, pixel, row)
    left = np.asarray(solution.residuals.pixel)
    there = plane_positions(detectors, pixel + left, row)
    moved = there - here
    return here[:, 0], here[:, 1], moved[:, 0], moved[:, 1], sigma


__all__ = ["pattern_sentences"]
