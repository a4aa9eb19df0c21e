"""Which detectors a datum rests on: those that the measurements place by themselves."""

import numpy as np
from jaxtyping import Bool, Float

from .problem import Problem

MANY = 100
"""Measurements from which a detector is placed by them without further question."""

PLACED = 100.0
"""Least information of the measurements, in that of the priors: σ a tenth of theirs."""


def taking_part(problem: Problem) -> Bool[np.ndarray, "d"]:
    """Return which detectors take part in the datum of a plate.

    A detector that nothing hit, or too little to place, turn and scale it, is known by
    its priors alone. In a mean over all detectors it would lend the others their width.

    Parameters
    ----------
    problem
        Its measurements count; without any, all detectors take part.

    Returns
    -------
    True where the measurements of a detector, sources and camera known, say ten times
    more than its priors of its centre, rotation and pitches in any combination. If that
    is so for none, all that were hit take part.
    """
    count = np.bincount(
        np.asarray(problem.measurements.detector),
        minlength=len(problem.instrument.detectors.ids),
    )
    if not count.any():
        return np.ones(count.size, dtype=bool)
    taking = count >= MANY
    if not taking.all():
        few = np.flatnonzero((count > 0) & ~taking)
        taking[few] = [_least_information(problem, int(d)) >= PLACED for d in few]
    return taking if taking.any() else count > 0


def _least_information(problem: Problem, detector: int) -> float:
    """Return the information on the worst known combination, in that of the priors."""
    measurements, detectors = problem.measurements, problem.instrument.detectors
    rows = np.flatnonzero(np.asarray(measurements.detector) == detector)
    pitch = np.asarray(detectors.pitch)[detector]
    origin = np.asarray(detectors.origin)[detector]
    position = (np.asarray(measurements.pixel)[rows] - origin) * pitch
    u, v = position.T
    one, zero = np.ones_like(u), np.zeros_like(u)
    # Along the detector's own axes, where the shift's priors are as wide.
    columns = np.stack(
        [
            np.stack([one, zero, -v, u, zero], axis=1),
            np.stack([zero, one, u, zero, v], axis=1),
        ],
        axis=1,
    )
    covariance = np.asarray(measurements.covariance)[rows] * np.outer(pitch, pitch)
    width = _widths(problem, detector)
    columns = columns * width
    known = columns[:, :, width > 0]
    if not known.shape[2]:
        return np.inf
    information = np.einsum(
        "mia,mib->ab", known, np.linalg.solve(covariance, known), optimize=True
    )
    return float(np.linalg.eigvalsh(information)[0])


def _widths(problem: Problem, detector: int) -> Float[np.ndarray, "5"]:
    """Return prior widths of shifts [µm], rotation [rad] and relative pitches."""
    detectors = problem.instrument.detectors
    centre, theta, pitch = (
        float(np.asarray(sigma)[detector])
        for sigma in (
            detectors.sigma_centre,
            detectors.sigma_theta,
            detectors.sigma_pitch,
        )
    )
    return np.array([centre, centre, theta, pitch, pitch])


__all__ = ["taking_part"]
