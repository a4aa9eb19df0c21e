"""The models of all sources as one table, with Gaia's names where Gaia has them."""

from pathlib import Path

import astropy.units as u
import numpy as np
from astropy.table import QTable
from jaxtyping import Float, Int

from reseau.catalogue.writer import write_columns

from .basis import FIVE
from .choice import LENS_NAME, LINEAR_NAMES, ORBIT_NAME, SHARED_NAME, Choice
from .linear_models import FittedModel
from .orbit import OrbitFit
from .solution import ELEMENT_UNITS, PARAMETER_UNITS, solution_of

_RENAMED = {"ra": "dra", "dec": "ddec"}
"""Displacements from the point from which values count; `ra` and `dec` are places."""

_OTHERS = {
    "chi2": "",
    "degrees_of_freedom": "",
    "goodness_of_fit": "",
    "bic": "",
    "significance_acceleration": "",
    "significance_change": "",
    "astrometric_excess_noise": "mas",
    "astrometric_excess_noise_sig": "",
    "false_alarm_probability": "",
}


def solution_table(choice: Choice) -> QTable:
    """Return one row a source.

    Parameters
    ----------
    choice
        Models of all sources.

    Notes
    -----
    ``nss_solution_type`` names the model. Parameters that a source's model does not
    have are NaN. ``t_periastron`` and ``t_closest`` count from ``ref_epoch``.
    """
    n = len(choice.astrometry.first)
    numbers: dict[str, Float[np.ndarray, s]] = {}
    done = np.zeros(n, bool)
    for model, name in LINEAR_NAMES.items():
        rows = np.flatnonzero([kind == name for kind in choice.kind])
        if len(rows):
            _fill(numbers, choice.linear[model], rows, rows, n)
            done[rows] = True
    for place, noise in choice.noisy.items():
        if not done[place] and choice.kind[place] not in (ORBIT_NAME, SHARED_NAME):
            _fill(numbers, noise, np.array([place]), np.array([0]), n)
    for place in choice.curved:
        if choice.kind[place] in (ORBIT_NAME, SHARED_NAME, LENS_NAME):
            _fill_one(numbers, choice, place, n)
    for column, name in enumerate(("acceleration", "change")):
        numbers[f"significance_{name}"] = choice.significance[:, column]
    return _assembled(choice, numbers)


def _fill(
    numbers: dict[str, Float[np.ndarray, "s"]],
    model: FittedModel,
    rows: Int[np.ndarray, "r"],
    places: Int[np.ndarray, "r"],
    n: int,
) -> None:
    fit = model.fit
    for column, parameter in enumerate(fit.names):
        name = _RENAMED.get(parameter, parameter)
        _column(numbers, name, n)[rows] = fit.value[places, column]
        _column(numbers, f"{name}_error", n)[rows] = fit.error[places, column]
    for name, values in (
        ("chi2", fit.chi2),
        ("degrees_of_freedom", fit.degrees),
        ("goodness_of_fit", fit.goodness),
        ("bic", model.bayesian_criterion),
        ("astrometric_excess_noise", model.floor),
        ("astrometric_excess_noise_sig", model.floor_significance),
    ):
        _column(numbers, name, n)[rows] = values[places]


def _fill_one(
    numbers: dict[str, Float[np.ndarray, "s"]], choice: Choice, place: int, n: int
) -> None:
    model, fit = choice.curved[place], choice.curved[place].fit
    for parameter, value, error in zip(fit.names, fit.value, fit.error, strict=True):
        name = _RENAMED.get(parameter, parameter)
        _column(numbers, name, n)[place] = value
        _column(numbers, f"{name}_error", n)[place] = error
    for name, (value, error) in solution_of(choice, place).derived.items():
        _column(numbers, name, n)[place] = value
        _column(numbers, f"{name}_error", n)[place] = error
    others = {
        "chi2": fit.chi2,
        "degrees_of_freedom": float(fit.degrees),
        "goodness_of_fit": fit.goodness,
        "bic": model.bayesian_criterion,
        "astrometric_excess_noise": model.floor,
        "astrometric_excess_noise_sig": model.floor_significance,
    }
    if isinstance(fit, OrbitFit):
        others["false_alarm_probability"] = fit.false_alarm
    for name, value in others.items():
        _column(numbers, name, n)[place] = value


def _column(
    numbers: dict[str, Float[np.ndarray, "s"]], name: str, n: int
) -> Float[np.ndarray, "s"]:
    return numbers.setdefault(name, np.full(n, np.nan))


def _assembled(choice: Choice, numbers: dict[str, Float[np.ndarray, "s"]]) -> QTable:
    astrometry = choice.astrometry
    table = QTable()
    table["source_id"] = astrometry.source_id
    table["nss_solution_type"] = np.array(choice.kind, dtype="U16")
    table["ref_epoch"] = np.full(len(choice.kind), astrometry.reference_epoch) * u.yr
    if np.isfinite(astrometry.position).any() and "dra" in numbers:
        ra, dec = astrometry.position.T
        shift = numbers["dra"] / 3_600_000.0 / np.cos(np.deg2rad(dec))
        table["ra"] = (ra + shift) % 360.0 * u.deg
        table["dec"] = (dec + numbers["ddec"] / 3_600_000.0) * u.deg
    for name, published in zip(FIVE[2:], astrometry.published.T, strict=True):
        if name in numbers:
            numbers[name] = numbers[name] + published
    units = {**PARAMETER_UNITS, **ELEMENT_UNITS, **_OTHERS, "dra": "mas", "ddec": "mas"}
    order = [
        spelt
        for name in ("dra", "ddec", *PARAMETER_UNITS, *ELEMENT_UNITS, *_OTHERS)
        for spelt in (name, f"{name}_error")
        if spelt in numbers
    ]
    for name in order:
        unit = units[name.removesuffix("_error") if name not in units else name]
        table[name] = numbers[name] * u.Unit(unit) if unit else numbers[name]
    table["n_obs"] = np.diff(astrometry.first, append=len(astrometry.epoch))
    table["n_good_obs"] = astrometry.n_used
    table.meta["origin"] = astrometry.origin
    return table


def write_solutions(
    choice: Choice, path: str | Path, *, overwrite: bool = False
) -> Path:
    """Write the table in the format that the suffix names, and return the file.

    Parameters
    ----------
    choice
        Models of all sources.
    path
        Ending in .parquet, .ecsv, .fits, .vot or .csv.
    overwrite
        Whether a file of that name may be replaced.
    """
    table = solution_table(choice)
    write_columns(table, path, name="source models", overwrite=overwrite)
    return Path(path)


__all__ = ["solution_table", "write_solutions"]
