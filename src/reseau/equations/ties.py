"""Which shared parameters are free, and which move as one."""

import numpy as np
import scipy.sparse
from jaxtyping import Bool

from reseau.model import PER_EXPOSURE, Problem


def tie_columns(
    problem: Problem, free: Bool[np.ndarray, "p"]
) -> scipy.sparse.csr_matrix:
    """Return the shared parameters as combinations of independent ones, (p, q).

    A free parameter of its own is a column of the unit matrix. Focal lengths that
    `Instrument.scale` ties to each other share one column of ones.
    """
    layout = problem.layout
    group = np.arange(layout.size)
    focal = layout.by_exposure(group)[:, 3:PER_EXPOSURE]
    scale = problem.instrument.scale
    if scale == "exposure":
        focal[:, 1] = focal[:, 0]
    elif scale == "plate-axis":
        focal[:] = focal[0]
    elif scale == "plate":
        focal[:] = focal[0, 0]
    columns, column = np.unique(group[free], return_inverse=True)
    entries = (np.ones(column.size), (np.flatnonzero(free), column))
    return scipy.sparse.csr_matrix(entries, shape=(layout.size, columns.size))
