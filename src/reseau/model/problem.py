"""A plate's problem: what was measured, with what, and what is to be found."""

import equinox as eqx
import numpy as np
from jaxtyping import Float

from reseau._compiled import quick_jit
from reseau.errors import ShapeError
from reseau.instrument import Instrument, camera_axes
from reseau.records import Exposures, Measurements, SourcePrior

from .parameters import BLOCKS, DEFAULT_FREE, DETECTOR_NAMES, Layout, Parameters
from .terms import nominal_exposure_terms, nominal_terms, term_counts, term_names


class Problem(eqx.Module):
    """Everything that a solver needs of one plate.

    Attributes
    ----------
    instrument
        Nominal instrument, with prior widths.
    exposures, measurements, prior
        Records; indices of `measurements` point into the others.
    free
        Names of the free blocks, of `BLOCKS`.
    free_network
        Whether the priors of attitude, scale and sources are dropped and the datum
        is fixed by inner constraints.
    hold_scale
        In a free network, whether the mean focal length is held.
    """

    instrument: Instrument
    exposures: Exposures
    measurements: Measurements
    prior: SourcePrior
    free: tuple[str, ...] = eqx.field(static=True, default=DEFAULT_FREE)
    free_network: bool = eqx.field(static=True, default=False)
    hold_scale: bool = eqx.field(static=True, default=False)

    def __check_init__(self) -> None:
        given, wanted = self.measurements.covariates, len(self.instrument.terms)
        found = 0 if given is None else given.shape[0]
        if found != wanted:
            raise ShapeError(
                f"measurements have {found} rows of covariates where the instrument "
                f"has {wanted} terms"
            )

    @property
    def layout(self) -> Layout:
        """Return where the shared parameters sit."""
        n_detectors = self.instrument.detectors.centre.shape[0]
        of_terms = term_counts(self.instrument)
        return Layout(
            n_exposures=self.exposures.epoch.shape[0],
            n_coefficients=self.instrument.coefficients.shape[0],
            n_detectors=n_detectors,
            n_terms=of_terms.plate + n_detectors * of_terms.detector,
            n_exposure_terms=of_terms.exposure,
        )


_camera_axes = quick_jit(camera_axes)


def nominal_parameters(problem: Problem) -> Parameters:
    """Return the parameters at the prior means and the estimated attitudes."""
    instrument = problem.instrument
    n_exposures = problem.exposures.epoch.shape[0]
    return Parameters(
        offset=np.zeros((problem.prior.direction.shape[0], 2)),
        axes=np.asarray(_camera_axes(problem.exposures.attitude)),
        focal=np.tile(np.asarray(instrument.focal), (n_exposures, 1)),
        coefficients=np.asarray(instrument.coefficients),
        skew=np.asarray(instrument.skew),
        detectors=detector_parameters(instrument),
        terms=nominal_terms(instrument),
        exposure_terms=nominal_own_terms(problem),
    )


def nominal_own_terms(problem: Problem) -> Float[np.ndarray, "n_row k"]:
    """Return the declared terms that each exposure has; no rows if there are none."""
    own = nominal_exposure_terms(problem.instrument)
    return np.tile(own, (problem.exposures.epoch.shape[0] if own.size else 0, 1))


def detector_parameters(instrument: Instrument) -> Float[np.ndarray, "n_det 5"]:
    """Return the nominal detectors as rows of five parameters."""
    detectors = instrument.detectors
    return np.concatenate(
        [
            np.asarray(detectors.centre),
            np.asarray(detectors.theta)[:, None],
            np.asarray(detectors.pitch),
        ],
        axis=1,
    )


def parameter_names(
    problem: Problem, exposures: list[str], detectors: list[str]
) -> list[str]:
    """Return a name for each shared parameter, for messages.

    Parameters
    ----------
    exposures, detectors
        What to call each exposure and detector.
    """
    words = ("ra", "dec", "pa", "F_x", "F_y")
    instrument = problem.instrument
    own = (*words, *term_names(instrument, "exposure"))
    names = [f"{w} of exposure {e}" for e in exposures for w in own]
    names += list(instrument.distortion.names)
    names.append("skew")
    names += [f"{w} of detector {d}" for d in detectors for w in DETECTOR_NAMES]
    names += term_names(instrument, "plate")
    of_detector = term_names(instrument, "detector")
    names += [f"{w} of detector {d}" for d in detectors for w in of_detector]
    return names


__all__ = [
    "BLOCKS",
    "Problem",
    "detector_parameters",
    "nominal_own_terms",
    "nominal_parameters",
    "parameter_names",
]
