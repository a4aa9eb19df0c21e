"""The information that a plate is expected to give, before it is measured."""

import numpy as np

from reseau._precision import in_double
from reseau.datasets.information import Information
from reseau.solvers.posterior.expected import expected_information
from reseau.solvers.posterior.source_information import EPSILON

from .preparation import Prepared


@in_double
def expected_plate(prepared: Prepared, epsilon: float = EPSILON) -> Information:
    """Return what a plate without errors, but with their covariances, says.

    Parameters
    ----------
    prepared
        The plate, measurements where they are expected.
    epsilon
        Share of information below which modes of the calibration are left out.
    """
    problem = prepared.problem
    found = expected_information(problem, epsilon)
    number = np.bincount(np.asarray(problem.measurements.source))
    return Information(
        plate_id=prepared.plate_id,
        epoch=prepared.epoch,
        observer=np.mean(np.asarray(problem.exposures.position), axis=0),
        source_id=prepared.source_id[found.row],
        direction=found.direction,
        gradient=np.zeros_like(found.gradient),
        blocks=found.blocks,
        columns=found.columns,
        share=found.share,
        left_out=found.left_out,
        epsilon=found.epsilon,
        chi2=np.zeros(found.row.size),
        n_measurements=number[found.row].astype(float),
        digest="",
        reference=np.zeros(found.row.size, dtype=np.int64),
    )


__all__ = ["expected_plate"]
