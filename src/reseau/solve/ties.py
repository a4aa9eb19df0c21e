"""Which shared parameters are free, and which move as one."""

import numpy as np
from jaxtyping import Bool, Float

from reseau.model import PER_EXPOSURE, Problem


def tie_columns(
    problem: Problem, free: Bool[np.ndarray, "p"]
) -> Float[np.ndarray, "p q"]:
    """Return the shared parameters as combinations of independent ones.

    A free parameter of its own is a column of the unit matrix. Focal lengths that
    `Instrument.scale` ties to each other share one column of ones.
    """
    layout = problem.layout
    group = np.arange(layout.size)
    focal = group[layout.exposures].reshape(-1, PER_EXPOSURE)[:, 3:]
    scale = problem.instrument.scale
    if scale == "exposure":
        focal[:, 1] = focal[:, 0]
    elif scale == "plate-axis":
        focal[:] = focal[0]
    elif scale == "plate":
        focal[:] = focal[0, 0]
    columns, column = np.unique(group[free], return_inverse=True)
    basis = np.zeros((layout.size, columns.size))
    basis[np.flatnonzero(free), column] = 1.0
    return basis
