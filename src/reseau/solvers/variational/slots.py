"""Measurements in rows of one exposure of one detector, for gradients.

A density's gradient scatters what it found for each measurement back to its source,
exposure and detector. With a row a slot the latter two are sums over a row, and only
the sources are left to scatter: two to three times faster than measurement by
measurement.
"""

import equinox as eqx
import numpy as np
from jaxtyping import Array

from reseau.model import Density, Parameters, Problem, make_density
from reseau.model.arrangement import Arrangement, in_rows
from reseau.model.likelihood import Likelihood


def in_slots(problem: Problem) -> Arrangement:
    """Return a problem's measurements, (slots, measurements of the fullest slot)."""
    rows = in_rows(problem)
    n_detectors = problem.layout.n_detectors
    slot = np.asarray(rows.exposure).astype(np.int64) * n_detectors
    met, which, count = np.unique(
        slot + np.asarray(rows.detector), return_inverse=True, return_counts=True
    )
    order = np.lexsort((np.asarray(rows.source), which))
    first = np.cumsum(count) - count
    place = (which[order], np.arange(order.size) - first[which[order]])

    def spread(values: np.ndarray) -> np.ndarray:
        out = np.zeros((met.size, int(count.max())), dtype=values.dtype)
        out[place] = values[order]
        return out

    exposure, detector = np.divmod(met, n_detectors)
    return Arrangement(
        source=spread(np.asarray(rows.source)),
        exposure=exposure[:, None],
        detector=detector[:, None],
        pixel_x=spread(np.asarray(rows.pixel_x)),
        pixel_y=spread(np.asarray(rows.pixel_y)),
        whitening=np.stack([spread(np.asarray(w)) for w in rows.whitening]),
        covariates=None
        if rows.covariates is None
        else np.stack([spread(np.asarray(u)) for u in rows.covariates]),
    )


class HeavyTailed(eqx.Module):
    """A log density whose measurements and reference priors have heavy tails.

    Attributes
    ----------
    density
        With the measurements laid out.
    likelihood, reference_prior
        None: Normal.
    """

    density: Density
    likelihood: Likelihood | None = None
    reference_prior: Likelihood | None = None

    def __call__(self, parameters: Parameters) -> Array:
        """Return the log density, up to a constant."""
        return self.density(
            parameters,
            loss=None if self.likelihood is None else self.likelihood.loss,
            reference_loss=None
            if self.reference_prior is None
            else self.reference_prior.loss,
        )


def slot_density(
    problem: Problem,
    likelihood: Likelihood | None = None,
    reference_prior: Likelihood | None = None,
) -> HeavyTailed:
    """Return the log density of a problem with its measurements in slots.

    Parameters
    ----------
    likelihood, reference_prior
        Of measurements and of reference positions; None: Normal.
    """
    density = make_density(problem, in_slots(problem))
    return HeavyTailed(density, likelihood, reference_prior)
