"""Measurements that stay where they are and count for nothing."""

from dataclasses import replace

import numpy as np

from reseau.model import Problem

NOTHING = 1e18
"""Factor of the covariances of measurements that are not to count."""


def without(problem: Problem, rows: np.ndarray) -> Problem:
    """Return the problem with some measurements that count for nothing.

    Parameters
    ----------
    rows
        Which, as a mask or as rows.
    """
    covariance = np.array(problem.measurements.covariance)
    covariance[rows] *= NOTHING
    measurements = replace(problem.measurements, covariance=covariance)
    return replace(problem, measurements=measurements)


__all__ = ["without"]
