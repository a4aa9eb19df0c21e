"""What declared terms multiply: time, row and column, colours and magnitudes.

``time`` is the epoch of the exposure less the mean of the plate's, over half their
span; ``row`` and ``column`` are the measured y and x from the detector's middle, over
half its size. All three are about within [-1, 1]. A colour or a magnitude is taken less
the term's zero.
"""

import numpy as np
from jaxtyping import Float, Int
from scipy.special import eval_legendre

from reseau.errors import ConfigError, explain
from reseau.instrument import CalibrationTerm, Instrument
from reseau.instrument.calibration_terms import TIMES

COLUMNS = {
    "colour": "colour in the measurements, or bp_rp in the reference",
    "magnitude": "mag in the measurements, or phot_hw_mag or phot_g_mean_mag in the "
    "reference",
}
"""Where covariates of stars are looked for."""


def term_covariates(
    instrument: Instrument,
    *,
    epoch: Float[np.ndarray, "n_exp"],
    exposure: Int[np.ndarray, "n_meas"],
    detector: Int[np.ndarray, "n_meas"],
    pixel: Float[np.ndarray, "n_meas 2"],
    colour: Float[np.ndarray, "n_meas"] | None = None,
    magnitude: Float[np.ndarray, "n_meas"] | None = None,
) -> Float[np.ndarray, "n_terms n_meas"]:
    """Return the covariates of an instrument's terms, less their zeros, a row a term.

    Parameters
    ----------
    instrument
        With the terms, and the detectors whose sizes count.
    epoch
        Of the plate's exposures [yr].
    exposure, detector
        Rows of the exposure and of the detector of each measurement.
    pixel
        Measured position (x, y) [pixel].
    colour, magnitude
        Of the star of each measurement [mag]; absent: unknown.

    Raises
    ------
    ConfigError
        A term needs what is not known, or has no meaning here.
    """
    known: dict[str, np.ndarray] = {}
    for term in instrument.terms:
        for factor in term.factors:
            if factor in known:
                continue
            if factor == "one":
                known[factor] = np.ones(len(exposure))
            elif factor in TIMES:
                degree = TIMES.index(factor) + 1
                time = _times(term, epoch)
                known[factor] = eval_legendre(degree, time)[exposure]
            elif factor in ("row", "column"):
                known[factor] = _places(term, factor, instrument, detector, pixel)
            else:
                given = {"colour": colour, "magnitude": magnitude}[factor]
                known[factor] = _of_stars(term, factor, given)
    rows = [_product(term, known) for term in instrument.terms]
    return np.stack(rows) if rows else np.zeros((0, len(exposure)))


def _product(term: CalibrationTerm, known: dict[str, np.ndarray]) -> np.ndarray:
    out = np.ones(1)
    for factor in term.factors:
        zero = term.zero if factor in COLUMNS else 0.0
        out = out * (known[factor] - zero)
    return out


def relative_times(epoch: Float[np.ndarray, "n_exp"]) -> Float[np.ndarray, "n_exp"]:
    """Return epochs less their mean over half their span; zero where that is none.

    Parameters
    ----------
    epoch
        Of the exposures [yr].
    """
    half = 0.5 * float(np.ptp(epoch))
    return (epoch - np.mean(epoch)) / half if half > 0 else np.zeros(len(epoch))


def relative_places(
    instrument: Instrument,
    detector: Int[np.ndarray, "n_meas"],
    pixel: Float[np.ndarray, "n_meas 2"],
) -> Float[np.ndarray, "n_meas 2"]:
    """Return column and row from the detector's middle over half its size.

    NaN on a plane without pixels.

    Parameters
    ----------
    instrument
        With the detectors.
    detector, pixel
        Of the measurements.
    """
    naxis = np.asarray(instrument.detectors.naxis)[detector]
    middle = np.asarray(instrument.detectors.origin)[detector]
    half = np.where(naxis > 0, 0.5 * naxis, np.nan)
    return np.asarray((pixel - middle) / half)


def _times(term: CalibrationTerm, epoch: np.ndarray) -> np.ndarray:
    found = relative_times(epoch)
    if not np.any(found):
        raise _meaningless(
            term,
            f"all {len(epoch)} exposures have one epoch",
            "exposures at different times",
        )
    return found


def _places(
    term: CalibrationTerm,
    factor: str,
    instrument: Instrument,
    detector: np.ndarray,
    pixel: np.ndarray,
) -> np.ndarray:
    found = relative_places(instrument, detector, pixel)[:, int(factor == "row")]
    if not np.all(np.isfinite(found)):
        raise _meaningless(
            term, "a plane without pixels", "detectors with naxis1 and naxis2"
        )
    return found


def _of_stars(
    term: CalibrationTerm, factor: str, values: np.ndarray | None
) -> np.ndarray:
    if values is not None and np.all(np.isfinite(values)):
        return values
    given = "no value" if values is None else "values that are missing"
    raise _meaningless(term, f"{given} of {factor}", f"a column {COLUMNS[factor]}")


def _meaningless(term: CalibrationTerm, given: str, wanted: str) -> ConfigError:
    return ConfigError(
        explain(
            given=given,
            wanted=f"{wanted}, for the covariate {term.covariate!r}",
            where=f"term {term.name!r}",
            todo="give it, or remove the term",
        )
    )


__all__ = ["COLUMNS", "relative_places", "relative_times", "term_covariates"]
