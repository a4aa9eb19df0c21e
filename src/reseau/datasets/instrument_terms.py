"""Tables ``[[term]]`` of an instrument's file to its declared calibration terms."""

import numpy as np

from reseau.config import Source, to_number
from reseau.errors import ConfigError, ShapeError
from reseau.instrument import CalibrationTerm, Instrument, make_term
from reseau.instrument.calibration_terms import check_terms, for_detectors
from reseau.instrument.instrument import usual_normalisation

from .instrument_config import TermConfig


def read_terms(
    configs: tuple[TermConfig, ...], instrument: Instrument, source: Source
) -> tuple[CalibrationTerm, ...]:
    """Return the terms that a file declares.

    Parameters
    ----------
    configs
        As read.
    instrument
        All else of the instrument: its normalisation and detectors count.
    source
        The file.

    Raises
    ------
    ConfigError
        A value is out of range, or two terms have one name.
    """
    found: list[CalibrationTerm] = []
    for i, config in enumerate(configs):
        place = source.below("term", i)
        term = _term(config, instrument, place)
        if term.name in [other.name for other in found]:
            raise place.complain(
                "name" if config.name else "covariate",
                f"two terms are called {term.name!r}",
                "a name of its own for each term; without one it is the covariate's",
                'add name = "..." to one of them',
            )
        found.append(term)
    return tuple(found)


def _term(
    config: TermConfig, instrument: Instrument, source: Source
) -> CalibrationTerm:
    values = config.values
    given = None
    if values is not None:
        given = [to_number(v, "", source, "values") for v in values]
    degree = config.degree
    if degree is None:
        degree = max(1, config.minimum_degree)
    try:
        term = make_term(
            config.covariate,
            normalisation=config.normalisation or usual_normalisation(instrument),
            name=config.name,
            zero=config.zero,
            frame=config.frame,
            axes=config.axes,
            basis=config.basis,
            minimum_degree=config.minimum_degree,
            degree=degree,
            granularity=config.granularity,
            sigma=config.sigma,
            values=given,
        )
        return checked(term, instrument)
    except (ConfigError, ShapeError) as error:
        raise ConfigError(f"{error}\n  file:   {source.place()}") from error


def checked(term: CalibrationTerm, instrument: Instrument) -> CalibrationTerm:
    """Return a term with values for each detector, if there are as many as it needs.

    Parameters
    ----------
    term
        As read.
    instrument
        Its detectors count.
    """
    n = len(instrument.detectors.ids)
    found = for_detectors(term, n)
    check_terms((found,), n, where=f"instrument {instrument.name!r}")
    return found


def term_config(term: CalibrationTerm) -> TermConfig:
    """Return a term as it is written.

    Parameters
    ----------
    term
        Nominal or fitted.
    """
    values = np.asarray(term.values)
    return TermConfig(
        name=term.name,
        covariate=term.covariate,
        zero=term.zero,
        frame=term.frame,
        axes=term.axes,
        basis=term.basis,
        minimum_degree=term.minimum_degree,
        degree=term.degree,
        granularity=term.granularity,
        normalisation=term.normalisation,
        sigma=float(term.sigma),
        values=[float(v) for v in values] if np.any(values != 0) else None,
    )


__all__ = ["read_terms", "term_config"]
